select limit_code, limit_quantity, population, "window", limit_msv, valid_from, valid_to
from computed_limits
where kind = 'LIMIT'
