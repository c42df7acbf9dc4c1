select
    establishment_key,
    siret,
    company_name,
    town,
    region_code,
    department_code,
    naf,
    sector_code,
    domain,
    is_inb,
    headcount_band,
    valid_from,
    nullif(valid_to, date '9999-12-31') as valid_to,
    valid_to < clock.today as is_closed
from establishment_lines
cross join lake.clock
where clock.today between holds_from and holds_to
order by establishment_key
