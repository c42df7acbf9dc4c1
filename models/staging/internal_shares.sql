-- Total and external effective dose of the same group differ by its internal dose, which is under medical secrecy.
with internal_years as (
    select distinct worker_key, year(period_end) as year
    from component_doses
    where basis = 'current' and component = 'internal' and dose_msv > 0
),

members as (
    select
        group_members.year, dimension, group_code, group_members.worker_key,
        coalesce(sum(dose_msv) filter (where limit_quantity = 'effective'), 0)
            - coalesce(sum(dose_msv) filter (where limit_quantity = 'effective_external'), 0) as internal_msv
    from group_members
    inner join internal_years using (worker_key, year)
    where limit_quantity in ('effective', 'effective_external')
    group by group_members.year, dimension, group_code, group_members.worker_key
    union all
    select
        doses.year, 'establishment', cast(establishment_key as varchar), worker_key,
        coalesce(sum(dose_msv) filter (where limit_quantity = 'effective'), 0)
            - coalesce(sum(dose_msv) filter (where limit_quantity = 'effective_external'), 0)
    from annual_worker_doses as doses
    inner join internal_years using (worker_key, year)
    where limit_quantity in ('effective', 'effective_external')
    group by doses.year, establishment_key, worker_key
)

-- 1 where fewer persons than a published cell needs are behind the difference: as if one person were all of it.
select
    year,
    dimension,
    group_code,
    'effective_external' as limit_quantity,
    case
        when count(*) < (
            select cast(value as integer) from reference.thresholds where name = 'person_count'
        ) then cast(1 as decimal(12, 6))
        else share_of(max(internal_msv), sum(internal_msv))
    end as top_internal_share
from members
where internal_msv > 0
group by year, dimension, group_code
