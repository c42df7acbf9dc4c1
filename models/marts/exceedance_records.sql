with episodes as (
    select episodes.*, limits.population
    from exceedance_episodes as episodes
    inner join reference.dose_limits as limits using (limit_code)
    where episodes.basis = 'current' and episodes.status = 'detected'
),

-- Of a person under 18, only what was worn before that day counts against their limits.
worn as (
    select distinct population, worker_key, limit_quantity, site, period_start, period_end
    from limited_doses
    where basis = 'current'
)

select
    episodes.worker_key,
    episodes.limit_code,
    episodes.limit_quantity,
    episodes.first_date,
    records.dose_id,
    records.establishment_key,
    records.dosimetry,
    records.quantity,
    records.radiation,
    records.body_location,
    records.period_start,
    records.period_end,
    records.counted_msv,
    records.result_status,
    records.sender_code
from episodes
inner join dose_records as records
    on records.worker_key = episodes.worker_key
    and records.limit_quantity = episodes.limit_quantity
    and records.site = episodes.peak_site
    and records.dosimetry <> 'OPERATIONAL'
    and records.counted_msv > 0
    and records.period_end > episodes.peak_after_date
    and records.period_end <= episodes.peak_date
inner join worn
    on worn.population = episodes.population
    and worn.worker_key = records.worker_key
    and worn.limit_quantity = records.limit_quantity
    and worn.site = records.site
    and worn.period_start = records.period_start
    and worn.period_end = records.period_end
order by worker_key, limit_code, first_date, period_end, dose_id
