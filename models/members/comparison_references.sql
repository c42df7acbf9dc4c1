-- Not a table of its own: who stands in the references of establishment_comparison.
select
    sector_levels.ancestor_code as reference_sector, annual.year, jobs.occupation_code, jobs.category, annual.worker_key,
    annual.establishment_key, annual.dose_msv, annual.is_monitored
from annual_worker_doses as annual
inner join sector_levels on sector_levels.code = annual.sector_code
cross join lateral (
    select
        unnest(['ALL', coalesce(annual.occupation_code, 'UNSPECIFIED')]) as occupation_code,
        unnest(['ALL', annual.category]) as category
) as jobs
where annual.limit_quantity = 'effective'
