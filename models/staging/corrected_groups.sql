-- Each person once per group and view, in the years in which a result of the quantity was replaced or cancelled.
with corrected as (
    select distinct worker_key, year, limit_quantity
    from group_members
    where basis = 'all'
),

persons as (
    select
        basis, worker_key, year, limit_quantity, dimension, group_code, parent_code,
        min(establishment_key) as establishment_key, sum(dose_msv) as dose_msv, bool_or(is_monitored) as is_monitored
    from group_members
    inner join corrected using (worker_key, year, limit_quantity)
    group by basis, worker_key, year, limit_quantity, dimension, group_code, parent_code
)

select
    worker_key,
    year,
    limit_quantity,
    dimension,
    group_code,
    parent_code,
    min(establishment_key) as establishment_key,
    cast(coalesce(max(dose_msv) filter (where basis = 'current'), 0) as decimal(12, 3)) as current_msv,
    cast(coalesce(max(dose_msv) filter (where basis = 'all'), 0) as decimal(12, 3)) as all_msv,
    coalesce(bool_or(is_monitored) filter (where basis = 'current'), false) as is_monitored_now,
    coalesce(bool_or(is_monitored) filter (where basis = 'all'), false) as is_monitored_in_all
from persons
group by worker_key, year, limit_quantity, dimension, group_code, parent_code
having current_msv <> all_msv or is_monitored_now <> is_monitored_in_all
