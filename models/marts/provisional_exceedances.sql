select
    worker_key, limit_code, limit_quantity, limit_msv, first_date, last_date, peak_date, peak_msv,
    'provisional' as status
from exceedance_episodes as waiting
where
    basis = 'provisional'
    and status = 'detected'
    and not exists (
        select 1
        from exceedance_episodes as counted
        where
            counted.basis = 'current'
            and counted.status = 'detected'
            and counted.worker_key = waiting.worker_key
            and counted.limit_code = waiting.limit_code
            and counted.first_date <= waiting.last_date
            and counted.last_date >= waiting.first_date
    )
order by worker_key, limit_code, first_date
