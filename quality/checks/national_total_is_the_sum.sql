-- The national collective dose is the sum of the workers' annual doses, to the microsievert.
with by_worker as (
    select year, limit_quantity, cast(sum(dose_msv) * 0.001::decimal(4, 3) as decimal(18, 6)) as man_sv
    from annual_worker_doses
    group by year, limit_quantity
)

select by_worker.year, by_worker.limit_quantity
from by_worker
full join (select * from national_statistics where dimension = 'ALL') as national using (year, limit_quantity)
where coalesce(by_worker.man_sv, 0) <> coalesce(national.collective_dose_man_sv, 0)
