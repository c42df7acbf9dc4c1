-- A limit that a later text took over unchanged is one limit, exceeded once by what runs across both.
select
    kind, coalesce(counted_as, limit_code) as limit_code, limit_quantity, population, "window", limit_msv,
    min(valid_from) as valid_from,
    case when count(valid_to) = count(*) then max(valid_to) end as valid_to
from reference.dose_limits
where kind in ('LIMIT', 'EMERGENCY_LIMIT') and not_computed_because is null
group by kind, coalesce(counted_as, limit_code), limit_quantity, population, "window", limit_msv
