with described as (
    select
        annual_days.basis,
        annual_days.worker_key,
        year(annual_days.period_end) as year,
        annual_days.limit_quantity,
        annual_days.establishment_key,
        annual_days.dose_msv,
        annual_days.is_monitored,
        annual_days.results,
        coalesce(slices.category, 'UNSPECIFIED') as category,
        coalesce(slices.sector_code, lines.sector_code, 'UNSPECIFIED') as sector_code,
        slices.sector_code is null as sector_imputed,
        slices.occupation_code,
        slices.contract_type,
        lines.region_code,
        lines.headcount_band
    from annual_days
    left join employment_slices as slices
        on slices.worker_key = annual_days.worker_key
        and slices.establishment_key = annual_days.establishment_key
        and annual_days.period_end between slices.slice_from and slices.slice_to
    left join establishment_lines as lines
        on lines.establishment_key = annual_days.establishment_key
        and annual_days.period_end between lines.holds_from and lines.holds_to
),

employment_years as (
    select
        basis, worker_key, year, limit_quantity, establishment_key, category, sector_code, sector_imputed, occupation_code,
        contract_type,
        max(region_code) as region_code,
        max(headcount_band) as headcount_band,
        cast(sum(dose_msv) as decimal(12, 3)) as dose_msv,
        bool_or(is_monitored) as is_monitored,
        cast(sum(results) as integer) as results
    from described
    group by
        basis, worker_key, year, limit_quantity, establishment_key, category, sector_code, sector_imputed, occupation_code,
        contract_type
    having sum(dose_msv) > 0 or bool_or(is_monitored)
)

select
    basis,
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
    row_number() over main_first = 1 as is_main,
    count(*) over (partition by basis, worker_key, year, limit_quantity) as employments_in_year
from employment_years
window main_first as (
    partition by basis, worker_key, year, limit_quantity
    order by dose_msv desc, results desc, establishment_key, sector_code, category, occupation_code, contract_type
)
