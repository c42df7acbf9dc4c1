with doses as (
    select
        worker_key, establishment_key, year(period_end) as year, dose_msv,
        case when component in ('internal', 'radon', 'cosmic') then component else 'badges' end as component
    from component_doses
    where basis = 'current' and limit_quantity = 'effective'
    union all
    select worker_key, establishment_key, year(period_end), 0, component
    from dose_records
    where limit_quantity = 'effective' and component in ('internal', 'radon', 'cosmic') and counted_msv is not null
),

described as (
    select doses.*, coalesce(main_domains.domain, 'UNDETERMINED') as domain
    from doses
    left join main_domains using (worker_key, year)
),

groups as (
    select 'ALL' as dimension, 'ALL' as group_code, * from described
    union all
    select 'domain', domain, * from described
),

persons as (
    select year, component, dimension, group_code, worker_key, cast(sum(dose_msv) as decimal(12, 3)) as dose_msv
    from groups
    group by year, component, dimension, group_code, worker_key
),

of_persons as (
    select
        year, component, dimension, group_code,
        count(*) as monitored,
        count(*) filter (where dose_msv > 0) as exposed,
        sum(dose_msv) as dose_msv,
        percentile_msv(list(dose_msv) filter (where dose_msv > 0), 50) as median_msv,
        percentile_msv(list(dose_msv) filter (where dose_msv > 0), 95) as p95_msv,
        share_of(max(dose_msv), sum(dose_msv)) as top_share
    from persons
    group by year, component, dimension, group_code
),

establishments as (
    select year, component, dimension, group_code, establishment_key, sum(dose_msv) as dose_msv
    from groups
    group by year, component, dimension, group_code, establishment_key
),

of_establishments as (
    select
        year, component, dimension, group_code,
        count(*) as n_establishments,
        count(*) filter (where dose_msv > 0) as n_with_dose,
        share_of(max(dose_msv), sum(dose_msv)) as top_share
    from establishments
    group by year, component, dimension, group_code
),

parts as (
    select
        year, component, dimension, group_code, of_persons.exposed, of_establishments.n_with_dose, of_persons.top_share,
        of_establishments.top_share as top_establishment_share,
        count(*) over (partition by year, dimension, group_code) = 1 as is_whole
    from of_persons
    inner join of_establishments using (year, component, dimension, group_code)
    where of_persons.exposed > 0
),

-- A domain of one part alone is told by its total: what is shown of the country leaves that part of the others.
left_of_the_country as (
    select year, component, 'ALL' as dimension, 'ALL' as group_code, exposed, n_with_dose, top_share,
        top_establishment_share
    from parts
    where dimension = 'domain'
    qualify not is_whole and bool_or(is_whole) over (partition by year, component)
),

-- Whoever takes what is shown of a group from its total finds the parts that are not.
margins as (
    select
        year, dimension, group_code,
        min(exposed) as smallest_margin,
        min(n_with_dose) as margin_establishments,
        max(top_share) as top_share,
        max(top_establishment_share) as top_establishment_share_dose
    from (
        select * exclude (is_whole) from parts
        union all
        select * from left_of_the_country
    )
    group by year, dimension, group_code
)

select
    year,
    component,
    dimension,
    group_code,
    of_persons.monitored,
    of_persons.exposed,
    cast(of_persons.dose_msv * 0.001::decimal(4, 3) as decimal(18, 6)) as collective_dose_man_sv,
    mean_msv(of_persons.dose_msv, of_persons.exposed) as mean_exposed_msv,
    of_persons.median_msv as median_exposed_msv,
    of_persons.p95_msv as p95_exposed_msv,
    of_establishments.n_establishments,
    margins.top_share,
    margins.top_establishment_share_dose,
    margins.smallest_margin,
    margins.margin_establishments
from of_persons
inner join of_establishments using (year, component, dimension, group_code)
left join margins using (year, dimension, group_code)
where component <> 'badges'
order by year, component, dimension, group_code
