-- Both views, and what corrections change between them: each would tell few of the others.
with members as (
    select
        year, limit_quantity, dimension, group_code, basis, worker_key, establishment_key, dose_msv, is_monitored,
        corrected.worker_key is not null as is_corrected
    from group_members
    left join (select distinct worker_key, year from annual_doses_of_all_rows) as corrected using (worker_key, year)
    where limit_quantity <> 'operational'
),

differences as (
    select
        year, limit_quantity, dimension, group_code, worker_key,
        min(establishment_key) as establishment_key,
        sum(case basis when 'all' then dose_msv else -dose_msv end) as dose_msv,
        coalesce(bool_or(is_monitored) filter (where basis = 'all'), false) as is_monitored_in_all,
        coalesce(bool_or(is_monitored) filter (where basis = 'current'), false) as is_monitored_now,
        coalesce(bool_or(dose_msv > 0) filter (where basis = 'all'), false) as is_exposed_in_all,
        coalesce(bool_or(dose_msv > 0) filter (where basis = 'current'), false) as is_exposed_now
    from members
    where is_corrected
    group by year, limit_quantity, dimension, group_code, worker_key
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
    year, limit_quantity, dimension, group_code, 'corrected', worker_key, establishment_key, dose_msv,
    is_monitored_in_all <> is_monitored_now, false, is_exposed_in_all <> is_exposed_now
from differences
where dose_msv <> 0 or is_monitored_in_all <> is_monitored_now
