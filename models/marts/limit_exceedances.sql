select worker_key, limit_code, limit_quantity, limit_msv, first_date, last_date, peak_date, peak_msv, status
from exceedance_episodes
where basis = 'current' and status = 'detected'
order by worker_key, limit_code, first_date
