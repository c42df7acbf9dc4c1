with readings as (
    select
        'current' as basis, dose_id, worker_key, establishment_key, period_end, dose_msv, counted_msv, sender_code,
        received_at
    from current_doses
    where dosimetry = 'OPERATIONAL' and limit_quantity is not null and counted_msv is not null
    union all
    select
        'all', dose_id, worker_key, establishment_key, period_end, dose_msv, counted_msv, sender_code, received_at
    from corrected_persons_doses
    where dosimetry = 'OPERATIONAL'
)

select
    basis,
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
from readings
group by basis, worker_key, establishment_key, cast(date_trunc('month', period_end) as date), last_day(period_end)
