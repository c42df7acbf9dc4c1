-- Doses as first sent, before any replacement or cancellation, of persons who could have passed a limit by them.
with smallest_limit as (
    select min(limit_msv) as limit_msv from reference.dose_limits
),

corrected_persons as (
    select distinct worker_key
    from judged_doses
    where removed_by is not null and dose_msv > 0
),

first_sent as (
    select
        worker_key, establishment_key, radiation, body_location, period_start, period_end,
        cast(counted_msv as decimal(12, 3)) as counted_msv, limit_quantity, site, component
    from judged_doses
    where
        record_action = 'NEW'
        and counted_msv > 0
        and situation <> 'SUR'
        and badge_position is distinct from 'OVER_APRON'
        and limit_quantity is not null
        and dosimetry <> 'OPERATIONAL'
        and worker_key in (select worker_key from corrected_persons)
),

near_a_limit as (
    select worker_key
    from first_sent
    group by worker_key
    having sum(counted_msv) > (select limit_msv from smallest_limit)
)

select first_sent.*
from first_sent
where worker_key in (select worker_key from near_a_limit)
