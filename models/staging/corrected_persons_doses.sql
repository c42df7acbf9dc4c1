-- Every row ever received of those years, replaced and cancelled ones as if they stood: of any other year of the person the
-- rows that stand are all there are.
with corrected as (
    select distinct
        coalesce(person_keys.person_key, doses.worker_key) as worker_key,
        year(doses.period_end) as year
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
    judged.dose_id, judged.worker_key, judged.establishment_key, judged.radiation, judged.body_location,
    judged.period_start, judged.period_end, judged.dose_msv, cast(judged.counted_msv as decimal(12, 3)) as counted_msv,
    judged.limit_quantity, judged.site, judged.component, judged.dosimetry, judged.makes_monitored, judged.sender_code,
    judged.received_at
from judged_doses as judged
inner join corrected on corrected.worker_key = judged.worker_key and corrected.year = year(judged.period_end)
where
    -- By the key as sent, which the scan of the lake can be bound by.
    judged.sent_key in (select worker_key from keys)
    and judged.record_action <> 'CANCEL'
    and judged.counted_msv is not null
    and judged.situation <> 'SUR'
    and judged.badge_position is distinct from 'OVER_APRON'
    and judged.body_location is distinct from 'ABDOMEN'
    and judged.limit_quantity is not null
