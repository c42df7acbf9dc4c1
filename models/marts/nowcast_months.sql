-- Chain ladder: what months of wear grew by from one age to the next, over all months that have passed both; kept as
-- [later, earlier], so that products of such ratios are exact.
with growth as (
    select
        earlier.sender_code, earlier.limit_quantity, earlier.dimension, earlier.group_code, earlier.step,
        case
            when sum(earlier.results) > 0 then [cast(sum(later.results) as bigint), cast(sum(earlier.results) as bigint)]
        end as growth,
        arg_min([later.results, earlier.results], later.results / earlier.results)
            filter (where earlier.results > 0) as least_growth,
        arg_max([later.results, earlier.results], later.results / earlier.results)
            filter (where earlier.results > 0) as most_growth
    from arrivals_by_age as earlier
    inner join arrivals_by_age as later
        on later.sender_code = earlier.sender_code
        and later.limit_quantity = earlier.limit_quantity
        and later.dimension = earlier.dimension
        and later.group_code = earlier.group_code
        and later.month_end = earlier.month_end
        and later.step = earlier.step + 1
    group by earlier.sender_code, earlier.limit_quantity, earlier.dimension, earlier.group_code, earlier.step
),

-- An age that no month has passed yet leaves what is to come unknown.
still_to_come as (
    select
        sender_code, limit_quantity, dimension, group_code, step,
        case when bool_and(growth is not null) over ahead then list(growth) over ahead end as growth,
        case when bool_and(growth is not null) over ahead then list(least_growth) over ahead end as least_growth,
        case when bool_and(growth is not null) over ahead then list(most_growth) over ahead end as most_growth,
        max(step) over (partition by sender_code, limit_quantity, dimension, group_code) as last_step
    from growth
    window ahead as (
        partition by sender_code, limit_quantity, dimension, group_code order by step desc rows unbounded preceding
    )
),

horizon as (
    select
        max(case when name = 'nowcast_horizon_days' then cast(value as integer) end)
            // max(case when name = 'nowcast_step_days' then cast(value as integer) end) as steps
    from reference.thresholds
),

of_senders as (
    select
        latest.sender_code, latest.limit_quantity, latest.dimension, latest.group_code, latest.month_end,
        latest.results_by_now,
        case
            when latest.is_settled then latest.results_by_now
            when still_to_come.last_step = horizon.steps - 1 and latest.results > 0
                then greatest(grown(latest.results, still_to_come.growth, 'half_up'), latest.results_by_now)
        end as nowcast,
        case
            when latest.is_settled then latest.results_by_now
            when still_to_come.last_step = horizon.steps - 1 and latest.results > 0
                then greatest(grown(latest.results, still_to_come.least_growth, 'down'), latest.results_by_now)
        end as lowest,
        case
            when latest.is_settled then latest.results_by_now
            when still_to_come.last_step = horizon.steps - 1 and latest.results > 0
                then greatest(grown(latest.results, still_to_come.most_growth, 'up'), latest.results_by_now)
        end as highest
    from arrivals_by_age as latest
    cross join horizon
    left join still_to_come using (sender_code, limit_quantity, dimension, group_code, step)
    where latest.is_latest
),

-- A body that sent of half the months of the year before, and nothing of this one yet, leaves the month unknown.
months as (
    select distinct limit_quantity, dimension, group_code, month_end
    from of_senders
),

silent as (
    select months.limit_quantity, months.dimension, months.group_code, months.month_end, earlier.sender_code
    from months
    inner join of_senders as earlier
        on earlier.limit_quantity = months.limit_quantity
        and earlier.dimension = months.dimension
        and earlier.group_code = months.group_code
        and earlier.month_end < months.month_end
        and earlier.month_end > months_before(months.month_end, 13)
    left join of_senders as own
        on own.limit_quantity = months.limit_quantity
        and own.dimension = months.dimension
        and own.group_code = months.group_code
        and own.month_end = months.month_end
        and own.sender_code = earlier.sender_code
    where own.sender_code is null
    group by months.limit_quantity, months.dimension, months.group_code, months.month_end, earlier.sender_code
    having count(*) >= 6
),

silent_bodies as (
    select limit_quantity, dimension, group_code, month_end, count(*) as bodies
    from silent
    group by limit_quantity, dimension, group_code, month_end
),

of_months as (
    select
        limit_quantity,
        dimension,
        group_code,
        month_end,
        cast(sum(of_senders.results_by_now) as bigint) as results_received,
        cast(sum(nowcast) as bigint) as nowcast,
        cast(sum(lowest) as bigint) as lowest,
        cast(sum(highest) as bigint) as highest,
        coalesce(any_value(silent_bodies.bodies), 0) as silent_bodies,
        bool_and(nowcast is not null) and any_value(silent_bodies.bodies) is null as is_foreseen
    from of_senders
    left join silent_bodies using (limit_quantity, dimension, group_code, month_end)
    group by limit_quantity, dimension, group_code, month_end
)

select
    limit_quantity,
    dimension,
    group_code,
    cast(date_trunc('month', month_end) as date) as month,
    results_received,
    case when is_foreseen then nowcast end as results_nowcast,
    case when is_foreseen then lowest end as results_nowcast_low,
    case when is_foreseen then highest end as results_nowcast_high,
    case when is_foreseen then share_of(results_received, nowcast) end as received_share,
    silent_bodies
from of_months
order by limit_quantity, dimension, group_code, month
