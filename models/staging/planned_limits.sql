select limit_code, limit_quantity, population, "window", limit_msv, valid_from, valid_to
from reference.dose_limits
where kind = 'LIMIT' and not_computed_because is null
