-- A person's year has exactly one main employment per quantity.
select worker_key, year, limit_quantity
from annual_worker_doses
group by worker_key, year, limit_quantity
having count(*) filter (where is_main) <> 1
