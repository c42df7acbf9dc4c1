select establishment_key, year, occupations.occupation_code, 'own' as aspect, worker_key, dose_msv, is_monitored
from annual_worker_doses
cross join lateral (
    select unnest(['ALL', coalesce(annual_worker_doses.occupation_code, 'UNSPECIFIED')]) as occupation_code
) as occupations
where limit_quantity = 'effective'
