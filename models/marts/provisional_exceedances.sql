with overlapping as (
    select
        waiting.worker_key, waiting.limit_code, waiting.limit_quantity, waiting.limit_msv, waiting.first_date,
        waiting.last_date, waiting.peak_date, waiting.peak_msv, max(counted.peak_msv) as counted_peak_msv
    from exceedance_episodes as waiting
    left join exceedance_episodes as counted
        on counted.basis = 'current'
        and counted.status = 'detected'
        and counted.worker_key = waiting.worker_key
        and counted.limit_code = waiting.limit_code
        and counted.first_date <= waiting.last_date
        and counted.last_date >= waiting.first_date
    where waiting.basis = 'provisional' and waiting.status = 'detected'
    group by
        waiting.worker_key, waiting.limit_code, waiting.limit_quantity, waiting.limit_msv, waiting.first_date,
        waiting.last_date, waiting.peak_date, waiting.peak_msv
)

-- What waits and would raise a counted peak is as urgent as what would make one.
select
    worker_key, limit_code, limit_quantity, limit_msv, first_date, last_date, peak_date, peak_msv, counted_peak_msv,
    'provisional' as status
from overlapping
where counted_peak_msv is null or peak_msv > counted_peak_msv
order by worker_key, limit_code, first_date
