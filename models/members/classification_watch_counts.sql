-- No dose is told, only who is there and who is flagged.
select year, rule_code, limit_quantity, category, dimension, group_code, worker_key, establishment_key, 0 as dose_msv,
    is_monitored, is_flagged as flagged
from watched_groups
