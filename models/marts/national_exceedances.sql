select
    year,
    limit_code,
    limit_quantity,
    domain,
    count(*) filter (where status = 'detected') as exceedances,
    count(*) filter (where status = 'detected' and state = 'detected') as detected,
    count(*) filter (where status = 'detected' and state = 'notified') as notified,
    count(*) filter (where status = 'detected' and state = 'under_inquiry') as under_inquiry,
    count(*) filter (where status = 'detected' and state = 'confirmed') as confirmed,
    count(*) filter (where status = 'detected' and state = 'modified') as modified,
    count(*) filter (where status = 'detected' and state = 'retained_by_default') as retained_by_default,
    count(*) filter (where status = 'gone' and state = 'modified') as gone_modified,
    count(*) filter (where status = 'gone' and state = 'cancelled') as gone_cancelled,
    count(*) filter (where status = 'provisional') as provisional
from exceedance_places
group by year, limit_code, limit_quantity, domain
order by year, limit_code, domain
