select establishment_key, year, limit_quantity, worker_key, dose_msv, is_monitored
from annual_worker_doses
