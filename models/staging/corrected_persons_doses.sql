-- Every row ever received of those years, replaced and cancelled ones as if they stood: of any other year or quantity of the
-- person the rows that stand are all there are.
with counting as (
    select *
    from judged_doses
    where
        record_action <> 'CANCEL'
        and counted_msv is not null
        and situation <> 'SUR'
        and badge_position is distinct from 'OVER_APRON'
        and body_location is distinct from 'ABDOMEN'
        and limit_quantity is not null
),

corrected as (
    select distinct worker_key, year(period_end) as year, limit_quantity
    from counting
    where removed_by is not null
)

select
    counting.dose_id, counting.worker_key, counting.establishment_key, counting.radiation, counting.body_location,
    counting.period_start, counting.period_end, counting.dose_msv,
    cast(counting.counted_msv as decimal(12, 3)) as counted_msv, counting.limit_quantity, counting.site,
    counting.component, counting.dosimetry, counting.makes_monitored, counting.sender_code, counting.received_at
from counting
inner join corrected
    on corrected.worker_key = counting.worker_key
    and corrected.year = year(counting.period_end)
    and corrected.limit_quantity = counting.limit_quantity
