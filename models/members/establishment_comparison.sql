select establishment_key, year, jobs.occupation_code, jobs.category, 'own' as aspect, worker_key, dose_msv, is_monitored
from annual_worker_doses
cross join lateral (
    select
        unnest(['ALL', coalesce(annual_worker_doses.occupation_code, 'UNSPECIFIED')]) as occupation_code,
        unnest(['ALL', annual_worker_doses.category]) as category
) as jobs
where limit_quantity = 'effective'
