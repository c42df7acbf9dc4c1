-- limit_quantity effective only. Each person once, so that headcounts of jobs add up.
select
    establishment_key,
    year,
    worker_key,
    first(row(sector_code, occupation_code, category) order by dose_msv desc, results desc, sector_code, category,
        occupation_code, contract_type) as job,
    cast(sum(dose_msv) as decimal(12, 3)) as dose_msv,
    bool_or(is_monitored) as is_monitored
from annual_worker_doses
where limit_quantity = 'effective'
group by establishment_key, year, worker_key
