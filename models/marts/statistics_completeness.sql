-- Which limited quantity a wear plan asks for.
with expected as (
    select
        year(period_end) as year,
        case quantity when 'HP3' then 'lens' when 'HP007' then 'extremities' else 'effective' end as limit_quantity,
        min(period_start) as expected_from,
        count(*) as expected_periods,
        count(*) filter (where state = 'received') as received_periods
    from expected_doses
    group by all
),

persons as (
    select
        year, limit_quantity,
        count(distinct worker_key) as monitored,
        count(distinct worker_key) filter (where occupation_code is not null) as with_occupation
    from annual_worker_doses
    where is_monitored and limit_quantity in ('effective', 'lens', 'extremities', 'skin')
    group by year, limit_quantity
),

rules as (
    select cast(value as integer) as fewest_persons
    from reference.thresholds
    where name = 'person_count'
)

select
    persons.year,
    persons.limit_quantity,
    expected.expected_from,
    expected.expected_periods,
    expected.received_periods,
    share_of(expected.received_periods, expected.expected_periods) as received_periods_share,
    share_of_persons(persons.with_occupation, persons.monitored, rules.fewest_persons) as occupation_known_share,
    results.results_from,
    results.results_until,
    results.results_received,
    results.results_nowcast,
    results.results_nowcast_low,
    results.results_nowcast_high,
    results.received_results_share
from persons
cross join rules
left join expected using (year, limit_quantity)
left join (from nowcast_years where dimension = 'ALL') as results using (year, limit_quantity)
order by persons.year, persons.limit_quantity
