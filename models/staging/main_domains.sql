-- limit_quantity effective only.
select
    annual.worker_key,
    annual.year,
    annual.establishment_key,
    annual.category,
    coalesce(sectors.bilan_domain, 'UNDETERMINED') as domain
from annual_worker_doses as annual
left join reference.sectors on sectors.code = annual.sector_code
where annual.limit_quantity = 'effective' and annual.is_main
