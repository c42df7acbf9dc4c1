-- What the register knew just before each correction: between two of them more doses only add up.
with smallest_limit as (
    select min(limit_msv) as limit_msv from planned_limits
),

countable as (
    select
        worker_key, establishment_key, radiation, body_location, period_start, period_end,
        cast(counted_msv as decimal(12, 3)) as counted_msv, limit_quantity, site, component, received_at, removed_at
    from judged_doses
    where
        record_action <> 'CANCEL'
        and counted_msv > 0
        and situation <> 'SUR'
        and badge_position is distinct from 'OVER_APRON'
        and limit_quantity is not null
        and dosimetry <> 'OPERATIONAL'
),

corrections as (
    select distinct worker_key, removed_at as corrected_at
    from countable
    where removed_at is not null
),

near_a_limit as (
    select worker_key
    from countable
    where worker_key in (select worker_key from corrections)
    group by worker_key
    having sum(counted_msv) > (select limit_msv from smallest_limit)
)

select
    corrections.corrected_at, countable.worker_key, countable.establishment_key, countable.radiation,
    countable.body_location, countable.period_start, countable.period_end, countable.counted_msv,
    countable.limit_quantity, countable.site, countable.component
from countable
inner join corrections using (worker_key)
where
    countable.worker_key in (select worker_key from near_a_limit)
    and countable.received_at < corrections.corrected_at
    and (countable.removed_at is null or countable.removed_at >= corrections.corrected_at)
