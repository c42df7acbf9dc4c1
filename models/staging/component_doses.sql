with countable as (
    select
        'current' as basis, worker_key, establishment_key, radiation, body_location, period_start, period_end,
        counted_msv, limit_quantity, site, component, dosimetry
    from dose_records
    where counted_msv > 0 and limit_quantity is not null and dosimetry <> 'OPERATIONAL'
    union all
    select
        'provisional', worker_key, establishment_key, radiation, body_location, period_start, period_end,
        counted_msv, limit_quantity, site, component, dosimetry
    from dose_records
    where
        counted_msv > 0 and limit_quantity is not null and dosimetry <> 'OPERATIONAL'
        and worker_key in (select worker_key from waiting_doses)
        and not exists (select 1 from waiting_doses where waiting_doses.replaced_row = dose_records.dose_id >> 3)
    union all
    select
        'provisional', worker_key, establishment_key, radiation, body_location, period_start, period_end,
        counted_msv, limit_quantity, site, component, null
    from waiting_doses
    union all
    select
        'before ' || corrected_at, worker_key, establishment_key, radiation, body_location, period_start, period_end,
        counted_msv, limit_quantity, site, component, null
    from doses_before_corrections
    union all
    select
        'all', worker_key, establishment_key, radiation, body_location, period_start, period_end,
        counted_msv, limit_quantity, site, component, dosimetry
    from corrected_persons_doses
    where counted_msv > 0 and dosimetry <> 'OPERATIONAL'
),

at_each_location as (
    select
        basis, worker_key, establishment_key, limit_quantity, site, component, period_start, period_end, body_location,
        max(dosimetry) as dosimetry,
        max(counted_msv) filter (where radiation = 'PHOTON') as photon_msv,
        max(counted_msv) filter (where radiation = 'BETA') as beta_msv,
        max(counted_msv) filter (where radiation = 'MIXED') as mixed_msv,
        max(counted_msv) as highest_msv,
        cast(sum(counted_msv) as decimal(12, 3)) as considered_msv,
        count(*) as records,
        cast(count(*) filter (where radiation = 'PHOTON') > 0 as integer)
            + cast(count(*) filter (where radiation = 'BETA') > 0 as integer) as photon_beta_records
    from countable
    group by
        basis, worker_key, establishment_key, limit_quantity, site, component, period_start, period_end, body_location
),

location_doses as (
    select
        *,
        cast(worn_together(component, photon_msv, beta_msv, mixed_msv, highest_msv, considered_msv) as decimal(12, 3))
            as location_msv,
        case
            when component = 'non_neutron' and coalesce(photon_msv, 0) + coalesce(beta_msv, 0) >= coalesce(mixed_msv, 0)
                then photon_beta_records
            when component in ('non_neutron', 'neutron') then 1
            else records
        end as location_records
    from at_each_location
),

highest_locations as (
    select
        basis, worker_key, establishment_key, limit_quantity, site, component, period_start, period_end,
        max(dosimetry) as dosimetry,
        max(location_msv) as dose_msv,
        cast(sum(considered_msv) as decimal(12, 3)) as considered_msv,
        cast(sum(records) as bigint) as records,
        cast(arg_max(location_records, row(location_msv, location_records)) as bigint) as counted_records
    from location_doses
    group by basis, worker_key, establishment_key, limit_quantity, site, component, period_start, period_end
)

select
    basis,
    worker_key,
    establishment_key,
    limit_quantity,
    site,
    component,
    period_start,
    period_end,
    dosimetry,
    dose_msv,
    considered_msv,
    records,
    counted_records,
    coalesce(max(period_end) over earlier >= period_start, false)
        or coalesce(lead(period_start) over in_time <= period_end, false) as has_overlap
from highest_locations
window
    in_time as (
        partition by basis, worker_key, establishment_key, limit_quantity, site, component
        order by period_start, period_end
    ),
    earlier as (
        partition by basis, worker_key, establishment_key, limit_quantity, site, component
        order by period_start, period_end rows between unbounded preceding and 1 preceding
    )
