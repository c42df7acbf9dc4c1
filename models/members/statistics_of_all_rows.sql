-- Both views, and what corrections change between them: each would tell few of the others.
with members as (
    select
        year, limit_quantity, dimension, group_code, basis, worker_key, establishment_key, dose_msv, is_monitored,
        corrected.worker_key is not null as is_corrected
    from group_members
    left join (select distinct worker_key, year from annual_doses_of_all_rows) as corrected using (worker_key, year)
)

select
    year, limit_quantity, dimension, group_code, 'current' as aspect, worker_key, establishment_key, dose_msv, is_monitored,
    dose_msv > 0 as exposed, false as exposed_all_rows
from members
where basis = 'current'
union all
select
    year, limit_quantity, dimension, group_code, 'all', worker_key, establishment_key, dose_msv, is_monitored,
    false, dose_msv > 0
from members
where basis = 'all' or not is_corrected
union all
select
    year, limit_quantity, dimension, group_code, 'corrected', worker_key, establishment_key, all_msv - current_msv,
    is_monitored_in_all <> is_monitored_now, false, (all_msv > 0) <> (current_msv > 0)
from corrected_groups
