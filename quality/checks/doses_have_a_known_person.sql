-- severity: warning
-- Everyone who has a dose stands in the persons table.
select distinct worker_key
from annual_worker_doses
where worker_key not in (select worker_key from persons)
