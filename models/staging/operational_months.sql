select
    min(dose_id) as dose_id,
    worker_key,
    establishment_key,
    cast(date_trunc('month', period_end) as date) as period_start,
    last_day(period_end) as period_end,
    count(*) as readings,
    cast(sum(dose_msv) as decimal(12, 3)) as dose_msv,
    cast(sum(counted_msv) as decimal(12, 3)) as counted_msv,
    min(sender_code) as sender_code,
    max(received_at) as received_at
from current_doses
where dosimetry = 'OPERATIONAL' and limit_quantity is not null and counted_msv is not null
group by worker_key, establishment_key, cast(date_trunc('month', period_end) as date), last_day(period_end)
