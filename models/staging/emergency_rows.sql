-- What the effective dose of an emergency is made of: as it stands, what of this had come by each moment, with what waits,
-- and before each correction.
with stated as (
    select
        judged.dose_id, judged.worker_key, judged.establishment_key, coalesce(judged.emergency_id, '') as emergency_id,
        judged.sur_group, judged.quantity, judged.radiation, judged.body_location, judged.period_start,
        judged.period_end, cast(judged.counted_msv as decimal(12, 3)) as counted_msv, judged.received_at,
        greatest(judged.received_at, links.known_at) as known_at, judged.removed_at
    from judged_doses as judged
    left join latest_links as links on links.worker_key = judged.sent_key
    where
        situation = 'SUR'
        and record_action <> 'CANCEL'
        and counted_msv > 0
        and counts_in_emergency(dosimetry, quantity, badge_position, body_location)
),

waiting as (
    select
        still_waiting.replaces_dose_id >> 3 as replaced_row,
        coalesce(person_keys.person_key, still_waiting.worker_key) as worker_key,
        still_waiting.establishment_key, coalesce(still_waiting.emergency_id, '') as emergency_id,
        still_waiting.sur_group, still_waiting.quantity, still_waiting.radiation, still_waiting.body_location,
        still_waiting.period_start, still_waiting.period_end,
        cast(still_waiting.dose_msv as decimal(12, 3)) as counted_msv
    from still_waiting
    left join person_keys on person_keys.worker_key = still_waiting.worker_key
    where
        still_waiting.worker_key is not null
        and situation = 'SUR'
        and record_action <> 'CANCEL'
        and result_status in ('MEASURED', 'ESTIMATED')
        and dose_msv >= coalesce(recording_threshold_msv, 0)
        and dose_msv > 0
        and counts_in_emergency(dosimetry, quantity, badge_position, body_location)
        and not exists (select 1 from removed_rows where removed_rows.dose_row = still_waiting.dose_id >> 3)
),

corrections as (
    select distinct worker_key, removed_at as corrected_at
    from stated
    where removed_at is not null
),

moments as (
    select distinct worker_key, known_at
    from stated
    where
        removed_at is null
        and worker_key in (
            select worker_key
            from stated
            where removed_at is null
            group by worker_key
            having sum(counted_msv) > (select min(limit_msv) from computed_limits where kind = 'EMERGENCY_LIMIT')
        )
)

select
    'current' as basis, worker_key, establishment_key, emergency_id, sur_group, quantity, radiation, body_location,
    period_start, period_end, counted_msv
from stated
where removed_at is null
union all
select
    'come by ' || moments.known_at, stated.worker_key, stated.establishment_key, stated.emergency_id,
    stated.sur_group, stated.quantity, stated.radiation, stated.body_location, stated.period_start, stated.period_end,
    stated.counted_msv
from stated
inner join moments using (worker_key)
where stated.removed_at is null and stated.known_at <= moments.known_at
union all
select
    'provisional', worker_key, establishment_key, emergency_id, sur_group, quantity, radiation, body_location,
    period_start, period_end, counted_msv
from stated
where
    removed_at is null
    and worker_key in (select worker_key from waiting)
    and not exists (select 1 from waiting where waiting.replaced_row = stated.dose_id >> 3)
union all
select
    'provisional', worker_key, establishment_key, emergency_id, sur_group, quantity, radiation, body_location,
    period_start, period_end, counted_msv
from waiting
union all
select
    'before ' || corrections.corrected_at, stated.worker_key, stated.establishment_key, stated.emergency_id,
    stated.sur_group, stated.quantity, stated.radiation, stated.body_location, stated.period_start, stated.period_end,
    stated.counted_msv
from stated
inner join corrections using (worker_key)
where
    stated.received_at < corrections.corrected_at
    and (stated.removed_at is null or stated.removed_at >= corrections.corrected_at)
