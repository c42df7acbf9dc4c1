-- Radon and emergency statuses may run beside A, B, NC or NR; on a day of both, the latter describes the dose.
with edges as (
    select worker_key, establishment_key, valid_from as edge from employment_statuses
    union
    select worker_key, establishment_key, cast(valid_to + interval 1 day as date)
    from employment_statuses
    where valid_to < date '9999-12-31'
),

slices as (
    select
        worker_key,
        establishment_key,
        edge as slice_from,
        coalesce(
            cast(lead(edge) over (partition by worker_key, establishment_key order by edge) - interval 1 day as date),
            date '9999-12-31'
        ) as slice_to
    from edges
)

select
    slices.worker_key,
    slices.establishment_key,
    slices.slice_from,
    slices.slice_to,
    statuses.category,
    statuses.sector_code,
    statuses.occupation_code,
    statuses.contract_type
from slices
inner join employment_statuses as statuses
    on statuses.worker_key = slices.worker_key
    and statuses.establishment_key = slices.establishment_key
    and statuses.valid_from <= slices.slice_from
    and statuses.valid_to >= slices.slice_to
qualify row_number() over (
    partition by slices.worker_key, slices.establishment_key, slices.slice_from
    order by statuses.excludes_others desc, statuses.valid_from desc, statuses.known_order desc
) = 1
