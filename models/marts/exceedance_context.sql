select
    limit_code, limit_quantity, limit_msv, year, first_date, last_date, peak_date, peak_msv, status, siret, company_name,
    town, domain, sector_code, occupation_code, category, state, state_since
from exceedance_places
where status <> 'gone'
order by year, limit_code, domain
