with episodes as (
    select episodes.*, limits.population, limits.kind
    from exceedance_episodes as episodes
    inner join reference.dose_limits as limits using (limit_code)
    where episodes.basis = 'current' and episodes.status = 'detected'
),

-- Of a person under 18, only what was worn before that day counts against their limits.
worn as (
    select distinct population, worker_key, limit_quantity, site, period_start, period_end
    from limited_doses
    where basis = 'current'
),

in_window as (
    select
        episodes.kind, episodes.population, episodes.worker_key, episodes.limit_code, episodes.limit_quantity,
        episodes.peak_site, episodes.first_date, records.dose_id, records.establishment_key, records.dosimetry,
        records.quantity, records.radiation, records.body_location, records.period_start, records.period_end,
        records.counted_msv, records.result_status, records.sender_code, records.situation, records.site,
        records.badge_position, records.limit_quantity as record_quantity
    from episodes
    inner join dose_records as records
        on records.worker_key = episodes.worker_key
        and records.dosimetry <> 'OPERATIONAL'
        and records.counted_msv > 0
        and records.period_end > episodes.peak_after_date
        and records.period_end <= episodes.peak_date
),

planned as (
    select in_window.*
    from in_window
    inner join worn
        on worn.population = in_window.population
        and worn.worker_key = in_window.worker_key
        and worn.limit_quantity = in_window.limit_quantity
        and worn.site = in_window.site
        and worn.period_start = in_window.period_start
        and worn.period_end = in_window.period_end
    where in_window.record_quantity = in_window.limit_quantity and in_window.site = in_window.peak_site
),

emergency as (
    select *
    from in_window
    where
        kind = 'EMERGENCY_LIMIT'
        and situation = 'SUR'
        and counts_in_emergency(dosimetry, quantity, badge_position, body_location)
)

select
    worker_key, limit_code, limit_quantity, first_date, dose_id, establishment_key, dosimetry, quantity, radiation,
    body_location, period_start, period_end, counted_msv, result_status, sender_code
from planned
union all
select
    worker_key, limit_code, limit_quantity, first_date, dose_id, establishment_key, dosimetry, quantity, radiation,
    body_location, period_start, period_end, counted_msv, result_status, sender_code
from emergency
order by worker_key, limit_code, first_date, period_end, dose_id
