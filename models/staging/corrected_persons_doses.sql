-- Every row ever received of those persons, replaced and cancelled ones as if they stood. Electronic readings stand apart.
with corrected as (
    select distinct coalesce(person_keys.person_key, doses.worker_key) as worker_key
    from lake.doses
    inner join removed_rows on removed_rows.dose_row = doses.dose_id >> 3
    left join person_keys on person_keys.worker_key = doses.worker_key
),

keys as (
    select worker_key
    from corrected
    union
    select person_keys.worker_key
    from person_keys
    inner join corrected on corrected.worker_key = person_keys.person_key
)

select
    worker_key, establishment_key, radiation, body_location, period_start, period_end,
    cast(counted_msv as decimal(12, 3)) as counted_msv, limit_quantity, site, component, dosimetry, makes_monitored
from judged_doses
where
    -- By the key as sent, which the scan of the lake can be bound by.
    sent_key in (select worker_key from keys)
    and record_action <> 'CANCEL'
    and counted_msv is not null
    and situation <> 'SUR'
    and badge_position is distinct from 'OVER_APRON'
    and body_location is distinct from 'ABDOMEN'
    and limit_quantity is not null
    and dosimetry <> 'OPERATIONAL'
