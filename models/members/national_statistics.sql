select year, limit_quantity, dimension, group_code, worker_key, establishment_key, dose_msv, is_monitored
from group_members
where basis = 'current'
