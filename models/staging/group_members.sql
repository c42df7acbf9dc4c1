-- One row per employment year and group it belongs to; the same facts stand once under every dimension.
with facts as (
    select
        annual.basis, annual.worker_key, annual.year, annual.limit_quantity, annual.establishment_key, annual.dose_msv,
        annual.is_monitored,
        annual.employments_in_year,
        annual.sector_code,
        coalesce(sectors.bilan_domain, 'UNDETERMINED') as domain,
        coalesce(annual.occupation_code, 'UNSPECIFIED') as occupation_code,
        annual.category,
        coalesce(annual.contract_type, 'UNSPECIFIED') as contract_type,
        coalesce(annual.region_code, 'UNSPECIFIED') as region_code,
        coalesce(bands.size_band, 'UNSPECIFIED') as size_band,
        coalesce(persons.sex, 'UNSPECIFIED') as sex,
        case
            when persons.birth_year is null then 'UNSPECIFIED'
            when annual.year - persons.birth_year < 25 then '<25'
            when annual.year - persons.birth_year < 35 then '25-34'
            when annual.year - persons.birth_year < 45 then '35-44'
            when annual.year - persons.birth_year < 55 then '45-54'
            when annual.year - persons.birth_year < 65 then '55-64'
            else '65+'
        end as age_band
    from annual_doses as annual
    left join persons on persons.worker_key = annual.worker_key
    left join reference.sectors on sectors.code = annual.sector_code
    left join reference.headcount_bands as bands on bands.code = annual.headcount_band
)

select basis, worker_key, year, limit_quantity, establishment_key, dose_msv, is_monitored, employments_in_year,
    category, 'ALL' as dimension, 'ALL' as group_code, cast(null as varchar) as parent_code
from facts
union all
select basis, worker_key, year, limit_quantity, establishment_key, dose_msv, is_monitored, employments_in_year,
    category, 'domain', domain, null
from facts
union all
select basis, worker_key, year, limit_quantity, establishment_key, dose_msv, is_monitored, employments_in_year,
    category, 'occupation', occupation_code, null
from facts
union all
select basis, worker_key, year, limit_quantity, establishment_key, dose_msv, is_monitored, employments_in_year,
    category, 'category', category, null
from facts
union all
select basis, worker_key, year, limit_quantity, establishment_key, dose_msv, is_monitored, employments_in_year,
    category, 'sex', sex, null
from facts
union all
select basis, worker_key, year, limit_quantity, establishment_key, dose_msv, is_monitored, employments_in_year,
    category, 'age_band', age_band, null
from facts
union all
select basis, worker_key, year, limit_quantity, establishment_key, dose_msv, is_monitored, employments_in_year,
    category, 'region', region_code, null
from facts
union all
select basis, worker_key, year, limit_quantity, establishment_key, dose_msv, is_monitored, employments_in_year,
    category, 'contract', contract_type, null
from facts
union all
select basis, worker_key, year, limit_quantity, establishment_key, dose_msv, is_monitored, employments_in_year,
    category, 'size_band', size_band, null
from facts
union all
select
    facts.basis, facts.worker_key, facts.year, facts.limit_quantity, facts.establishment_key, facts.dose_msv,
    facts.is_monitored, facts.employments_in_year, facts.category,
    'sector', coalesce(sector_levels.ancestor_code, 'UNSPECIFIED'), sector_levels.parent_code
from facts
left join sector_levels on sector_levels.code = facts.sector_code
