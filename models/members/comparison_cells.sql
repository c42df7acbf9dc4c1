-- Not a table of its own: who stands in the jobs whose national means the expected dose is made of.
select
    sector_code, year, coalesce(occupation_code, 'UNSPECIFIED') as occupation_code, category, worker_key,
    establishment_key, dose_msv, is_monitored
from annual_worker_doses
where limit_quantity = 'effective'
