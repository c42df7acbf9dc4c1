-- Every row ever received of those years, replaced and cancelled ones as if they stood: of any other year or quantity of the
-- person the rows that stand are all there are.
with corrected as (
    select distinct worker_key, year(period_end) as year, limit_quantity
    from judged_doses
    where removed_by is not null and limit_quantity is not null
)

select
    judged.dose_id, judged.worker_key, judged.establishment_key, judged.radiation, judged.body_location,
    judged.period_start, judged.period_end, judged.dose_msv, cast(judged.counted_msv as decimal(12, 3)) as counted_msv,
    judged.limit_quantity, judged.site, judged.component, judged.dosimetry, judged.makes_monitored, judged.sender_code,
    judged.received_at
from judged_doses as judged
inner join corrected
    on corrected.worker_key = judged.worker_key
    and corrected.year = year(judged.period_end)
    and corrected.limit_quantity = judged.limit_quantity
where
    judged.record_action <> 'CANCEL'
    and judged.counted_msv is not null
    and judged.situation <> 'SUR'
    and judged.badge_position is distinct from 'OVER_APRON'
    and judged.body_location is distinct from 'ABDOMEN'
