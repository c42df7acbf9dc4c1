select worker_key, limit_quantity, on_date, dose_12m_msv, dose_60m_msv, career_msv, wear_start_12m,
    cast(null as date) as counted_from
from rolling_windows
where basis = 'current' and population = 'ADULT'
order by worker_key, limit_quantity, on_date
