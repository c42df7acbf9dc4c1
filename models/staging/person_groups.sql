-- Each person once per group: the doses of one person's employments in the group are summed first.
-- Most persons have one employment in a year, and nothing to sum.
select year, limit_quantity, dimension, group_code, parent_code, establishment_key, dose_msv, is_monitored
from group_members
where basis = 'current' and employments_in_year = 1
union all
select
    year, limit_quantity, dimension, group_code, parent_code, min(establishment_key),
    cast(sum(dose_msv) as decimal(12, 3)), bool_or(is_monitored)
from group_members
where basis = 'current' and employments_in_year > 1
group by worker_key, year, limit_quantity, dimension, group_code, parent_code
