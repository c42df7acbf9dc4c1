with facts as (
    select
        annual.year, annual.worker_key, annual.establishment_key, annual.dose_msv, annual.is_monitored,
        annual.category in ('A', 'B') as is_classified
    from annual_worker_doses as annual
    left join reference.sectors on sectors.code = annual.sector_code
    where
        annual.limit_quantity = 'effective' and annual.category in ('A', 'B', 'NR', 'UNSPECIFIED')
        and not coalesce(sectors.bilan_domain = 'NATURAL', false)
)

select year, 'BLANK_IN' as reading, worker_key, establishment_key, dose_msv, is_monitored
from facts
union all
select year, 'BLANK_OUT', worker_key, establishment_key, dose_msv, is_monitored
from facts
where is_classified
