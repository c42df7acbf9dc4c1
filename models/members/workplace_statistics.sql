with relations as (
    select
        year, site, relation, worker_key,
        case
            when bool_or(basis = 'ESTIMATED') then 'ESTIMATED'
            when bool_or(basis = 'EMPLOYER') then 'EMPLOYER'
            when bool_or(basis = 'PLACED') then 'PLACED'
            else 'STATED'
        end as basis
    from dose_places
    group by year, site, relation, worker_key
)

select
    places.year, places.site, places.relation, relations.basis, places.worker_key, places.establishment_key,
    places.dose_msv, places.is_monitored
from dose_places as places
inner join relations using (year, site, relation, worker_key)
