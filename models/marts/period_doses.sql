select
    worker_key, establishment_key, limit_quantity, site, period_start, period_end, dose_msv, considered_msv, has_overlap
from limited_doses
where basis = 'current' and population = 'ADULT'
order by worker_key, limit_quantity, period_end, period_start
