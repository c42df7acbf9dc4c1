-- Each person once per site and relation, under the least certain basis of any dose there.
with persons as (
    select
        year, site, relation, worker_key,
        case
            when bool_or(basis = 'ESTIMATED') then 'ESTIMATED'
            when bool_or(basis = 'EMPLOYER') then 'EMPLOYER'
            when bool_or(basis = 'PLACED') then 'PLACED'
            else 'STATED'
        end as basis,
        cast(sum(dose_msv) as decimal(12, 3)) as dose_msv,
        bool_or(is_monitored) as is_monitored
    from dose_places
    group by year, site, relation, worker_key
),

of_persons as (
    select
        year, site, relation, basis,
        count(*) filter (where is_monitored) as monitored,
        count(*) filter (where dose_msv > 0) as exposed,
        count(*) filter (where dose_msv > 0 and not is_monitored) as exposed_unmonitored,
        sum(dose_msv) as dose_msv,
        coalesce(sum(dose_msv) filter (where is_monitored), 0) as monitored_dose_msv,
        share_of(max(dose_msv), sum(dose_msv)) as top_share
    from persons
    group by year, site, relation, basis
),

-- A site or an employer may dominate: both are establishments that the figure must not tell.
contributors as (
    select
        persons.year, persons.site, persons.relation, persons.basis, side, contributor_key,
        sum(places.dose_msv) as dose_msv
    from persons
    inner join dose_places as places using (year, site, relation, worker_key)
    cross join lateral (
        select unnest(['place', 'employer']) as side,
            unnest([places.place_key, places.establishment_key]) as contributor_key
    )
    group by persons.year, persons.site, persons.relation, persons.basis, side, contributor_key
),

of_sides as (
    select
        year, site, relation, basis, side,
        count(*) as n_establishments,
        share_of(max(dose_msv), sum(dose_msv)) as top_share
    from contributors
    group by year, site, relation, basis, side
),

of_establishments as (
    select
        year, site, relation, basis,
        min(n_establishments) as n_establishments,
        max(top_share) filter (where side = 'place') as top_place_share,
        max(top_share) filter (where side = 'employer') as top_employer_share
    from of_sides
    group by year, site, relation, basis
)

select
    year,
    site,
    relation,
    basis,
    monitored,
    exposed,
    cast(dose_msv * 0.001::decimal(4, 3) as decimal(18, 6)) as collective_dose_man_sv,
    mean_msv(monitored_dose_msv, monitored) as mean_monitored_msv,
    mean_msv(dose_msv, exposed) as mean_exposed_msv,
    n_establishments,
    exposed_unmonitored,
    top_share,
    top_place_share,
    top_employer_share
from of_persons
inner join of_establishments using (year, site, relation, basis)
order by year, site, relation, basis
