select
    year,
    limit_code,
    limit_quantity,
    domain,
    count(*) filter (where status = 'detected') as exceedances,
    count(*) filter (where status = 'provisional') as provisional
from exceedance_context
group by year, limit_code, limit_quantity, domain
order by year, limit_code, domain
