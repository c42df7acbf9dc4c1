-- The external dose has no row: beside the total's it would give the internal dose of a job.
with years as (
    select annual.*
    from annual_worker_doses as annual
    inner join pace_reach on annual.year between pace_reach.first_year and pace_reach.last_year
),

with_internal_dose as (
    select worker_key, year
    from years
    where limit_quantity in ('effective', 'effective_external')
    group by worker_key, year
    having sum(case limit_quantity when 'effective' then dose_msv else -dose_msv end) > 0
)

select
    limit_quantity, coalesce(occupation_code, 'UNSPECIFIED') as occupation_code, category, worker_key, year,
    min(establishment_key) as establishment_key,
    cast(sum(dose_msv) as decimal(12, 3)) as dose_msv,
    limit_quantity = 'effective' and bool_or(with_internal_dose.worker_key is not null) as has_internal_dose
from years
left join with_internal_dose using (worker_key, year)
where is_main and is_monitored and limit_quantity <> 'effective_external'
group by limit_quantity, coalesce(occupation_code, 'UNSPECIFIED'), category, worker_key, year
