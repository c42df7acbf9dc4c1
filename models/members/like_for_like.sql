-- What a reading leaves out, and what stands between the two, follow from the nation's figure: each is told apart.
with facts as (
    select
        annual.year, annual.worker_key, annual.establishment_key, annual.dose_msv, annual.is_monitored,
        annual.category in ('A', 'B', 'NR', 'UNSPECIFIED') and not coalesce(sectors.bilan_domain = 'NATURAL', false)
            as is_counted,
        annual.category in ('A', 'B') as is_classified
    from annual_worker_doses as annual
    left join reference.sectors on sectors.code = annual.sector_code
    where annual.limit_quantity = 'effective'
)

select year, 'BLANK_IN' as reading, case when is_counted then 'own' else 'others' end as aspect, worker_key,
    establishment_key, dose_msv, is_monitored
from facts
union all
select year, 'BLANK_OUT', case when is_counted and is_classified then 'own' else 'others' end, worker_key,
    establishment_key, dose_msv, is_monitored
from facts
union all
select year, 'BLANK_OUT', 'between', worker_key, establishment_key, dose_msv, is_monitored
from facts
where is_counted and not is_classified
