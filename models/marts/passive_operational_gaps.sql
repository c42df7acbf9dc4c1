with passive as (
    select worker_key, year(period_end) as year, cast(sum(dose_msv) as decimal(12, 3)) as passive_msv
    from component_doses
    where
        basis = 'current' and limit_quantity = 'effective' and component in ('non_neutron', 'neutron')
    group by worker_key, year(period_end)
),

operational as (
    select worker_key, year(period_end) as year, cast(sum(counted_msv) as decimal(12, 3)) as operational_msv
    from dose_records
    where dosimetry = 'OPERATIONAL'
    group by worker_key, year(period_end)
),

threshold as (
    select cast(value as decimal(9, 3)) as from_msv
    from reference.thresholds
    where name = 'gap_from_passive_msv'
),

monitored as (
    select distinct worker_key, year
    from annual_worker_doses
    where limit_quantity = 'effective' and is_monitored
),

persons as (
    select
        operational.year, main_domains.domain, main_domains.establishment_key,
        case when passive.passive_msv >= threshold.from_msv then passive.passive_msv end as passive_msv,
        case when passive.passive_msv >= threshold.from_msv then operational.operational_msv end as operational_msv
    from operational
    inner join monitored using (worker_key, year)
    inner join main_domains using (worker_key, year)
    left join passive using (worker_key, year)
    cross join threshold
),

groups as (
    select 'ALL' as dimension, 'ALL' as group_code, * from persons
    union all
    select 'domain', domain, * from persons
),

-- Per mille, so that percentiles are taken as those of doses are.
ratios as (
    select *, cast(share_of(operational_msv, passive_msv) * 1000 as decimal(12, 3)) as ratio_per_mille
    from groups
),

of_persons as (
    select
        year, dimension, group_code,
        count(*) as monitored,
        count(passive_msv) as exposed,
        share_of(sum(operational_msv), sum(passive_msv)) as ratio_of_sums,
        percentile_msv(list(ratio_per_mille) filter (where ratio_per_mille is not null), 25) as p25_per_mille,
        percentile_msv(list(ratio_per_mille) filter (where ratio_per_mille is not null), 50) as median_per_mille,
        percentile_msv(list(ratio_per_mille) filter (where ratio_per_mille is not null), 75) as p75_per_mille,
        share_of(max(passive_msv), sum(passive_msv)) as top_share
    from ratios
    group by year, dimension, group_code
),

establishments as (
    select year, dimension, group_code, establishment_key, sum(passive_msv) as passive_msv
    from groups
    group by year, dimension, group_code, establishment_key
),

of_establishments as (
    select
        year, dimension, group_code,
        count(*) as n_establishments,
        share_of(max(passive_msv), sum(passive_msv)) as top_establishment_share_dose
    from establishments
    group by year, dimension, group_code
)

-- The lower the operational part, the wider the gap: percentiles change ends.
select
    year,
    dimension,
    group_code,
    monitored,
    exposed,
    cast(1 - ratio_of_sums as decimal(12, 6)) as gap_of_sums,
    cast(1 - median_per_mille * 0.001::decimal(4, 3) as decimal(12, 6)) as median_gap,
    cast(1 - p75_per_mille * 0.001::decimal(4, 3) as decimal(12, 6)) as p25_gap,
    cast(1 - p25_per_mille * 0.001::decimal(4, 3) as decimal(12, 6)) as p75_gap,
    n_establishments,
    top_share,
    top_establishment_share_dose
from of_persons
inner join of_establishments using (year, dimension, group_code)
order by year, dimension, group_code
