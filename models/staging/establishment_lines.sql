with latest_lines as (
    select *
    from lake.establishments
    qualify row_number() over (
        partition by establishment_key, valid_from order by known_at desc, delivery_no desc, row_no desc
    ) = 1
)

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
    least(
        coalesce(valid_to, date '9999-12-31'),
        coalesce(cast(lead(valid_from) over lines - interval 1 day as date), date '9999-12-31')
    ) as valid_to,
    -- A dose outside every line still has a sector and a region: those of the nearest line.
    case when row_number() over lines = 1 then date '1900-01-01' else valid_from end as holds_from,
    coalesce(cast(lead(valid_from) over lines - interval 1 day as date), date '9999-12-31') as holds_to
from latest_lines
window lines as (partition by establishment_key order by valid_from)
