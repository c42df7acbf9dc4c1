with waiting as (
    select *
    from still_waiting
    where
        worker_key is not null
        and record_action <> 'CANCEL'
        and situation <> 'SUR'
        and badge_position is distinct from 'OVER_APRON'
        and dosimetry <> 'OPERATIONAL'
        and result_status in ('MEASURED', 'ESTIMATED')
        and dose_msv >= coalesce(recording_threshold_msv, 0)
        and dose_msv > 0
        and not exists (select 1 from removed_rows where removed_rows.dose_row = still_waiting.dose_id >> 3)
)

select
    waiting.dose_id,
    waiting.replaces_dose_id >> 3 as replaced_row,
    coalesce(person_keys.person_key, waiting.worker_key) as worker_key,
    waiting.establishment_key,
    waiting.radiation,
    waiting.body_location,
    waiting.period_start,
    waiting.period_end,
    cast(waiting.dose_msv as decimal(12, 3)) as counted_msv,
    quantity_locations.limit_quantity,
    quantity_locations.site,
    quantity_locations.component
from waiting
left join person_keys on person_keys.worker_key = waiting.worker_key
inner join reference.quantity_locations
    on quantity_locations.dosimetry = waiting.dosimetry
    and quantity_locations.quantity = waiting.quantity
    and quantity_locations.radiation = waiting.radiation
    and coalesce(quantity_locations.body_location, '') = coalesce(waiting.body_location, '')
where quantity_locations.limit_quantity is not null
