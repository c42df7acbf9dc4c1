-- What badges read is the effective dose less its other parts.
with readings as (
    select worker_key, year, 'operational' as aspect, sum(dose_msv) as dose_msv
    from dose_parts
    where component = 'operational'
    group by worker_key, year
    union all
    select worker_key, year, 'passive', sum(dose_msv)
    from (
        select worker_key, year, dose_msv from annual_worker_doses where limit_quantity = 'effective'
        union all
        select worker_key, year, -dose_msv from dose_parts where component in ('internal', 'radon', 'cosmic')
    )
    group by worker_key, year
)

select
    readings.year, groups.dimension, case groups.dimension when 'ALL' then 'ALL' else main_domains.domain end as group_code,
    readings.aspect, worker_key, main_domains.establishment_key, cast(readings.dose_msv as decimal(12, 3)) as dose_msv,
    true as is_monitored, readings.aspect = 'passive' and readings.dose_msv >= cast(compared.value as decimal(9, 3)) as exposed
from readings
inner join reference.thresholds as compared on compared.name = 'gap_from_passive_msv'
inner join main_domains using (worker_key, year)
inner join (select distinct worker_key, year from dose_parts where component = 'operational') as read_twice
    using (worker_key, year)
cross join (select unnest(['ALL', 'domain']) as dimension) as groups
