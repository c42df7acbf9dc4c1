select year, 'now' as aspect, worker_key, establishment_key, dose_msv, is_monitored, job as other
from job_years
where unit_key = 0
union all
select year + 1, 'before', worker_key, establishment_key, dose_msv, is_monitored, job
from job_years
where unit_key = 0
