-- Doses laid to places of work are the annual doses, to the microsievert.
with by_place as (
    select year, sum(collective_dose_man_sv) as man_sv
    from workplace_statistics
    group by year
),

by_employer as (
    select year, cast(sum(dose_msv) * 0.001::decimal(4, 3) as decimal(18, 6)) as man_sv
    from annual_worker_doses
    where limit_quantity = 'effective'
    group by year
)

select year
from by_employer
full join by_place using (year)
where coalesce(by_employer.man_sv, 0) <> coalesce(by_place.man_sv, 0)
