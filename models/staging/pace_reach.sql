select max(year) - 4 as first_year, max(year) as last_year
from annual_worker_doses
cross join lake.clock
where year < year(clock.today)
having max(year) is not null
