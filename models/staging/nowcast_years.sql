select
    year(month) as year,
    limit_quantity,
    dimension,
    group_code,
    min(month) as results_from,
    last_day(max(month)) as results_until,
    cast(sum(results_received) as bigint) as results_received,
    cast(sum(results_nowcast) as bigint) as results_nowcast,
    cast(sum(results_nowcast_low) as bigint) as results_nowcast_low,
    cast(sum(results_nowcast_high) as bigint) as results_nowcast_high,
    share_of(sum(results_received), sum(results_nowcast)) as received_results_share
from nowcast_months
where results_nowcast is not null
group by year(month), limit_quantity, dimension, group_code
