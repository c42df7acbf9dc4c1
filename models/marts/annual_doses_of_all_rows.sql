select
    worker_key,
    year,
    limit_quantity,
    establishment_key,
    category,
    sector_code,
    sector_imputed,
    occupation_code,
    contract_type,
    region_code,
    headcount_band,
    dose_msv,
    is_monitored,
    results,
    is_main,
    employments_in_year
from annual_doses
where basis = 'all'
order by worker_key, year, limit_quantity, establishment_key
