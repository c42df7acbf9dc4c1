with expected as (
    select
        establishment_key,
        year(period_end) as year,
        min(period_start) as expected_from,
        count(*) as expected_periods,
        count(*) filter (where state = 'received') as received_periods,
        count(*) filter (where state = 'waiting') as waiting_periods,
        count(*) filter (where state = 'refused') as refused_periods,
        count(*) filter (where state = 'absent') as absent_periods,
        count(*) filter (where state = 'overdue') as overdue_periods
    from expected_doses
    group by establishment_key, year(period_end)
),

persons as (
    select
        establishment_key, year,
        count(distinct worker_key) as monitored,
        count(distinct worker_key) filter (where occupation_code is not null) as with_occupation
    from annual_worker_doses
    where is_monitored and limit_quantity = 'effective'
    group by establishment_key, year
),

rules as (
    select cast(value as integer) as fewest_persons
    from reference.thresholds
    where name = 'person_count'
)

select
    coalesce(expected.establishment_key, persons.establishment_key) as establishment_key,
    coalesce(expected.year, persons.year) as year,
    expected.expected_from,
    expected.expected_periods,
    expected.received_periods,
    expected.waiting_periods,
    expected.refused_periods,
    expected.absent_periods,
    expected.overdue_periods,
    share_of(expected.received_periods, expected.expected_periods) as received_periods_share,
    share_of_persons(persons.with_occupation, persons.monitored, rules.fewest_persons) as occupation_known_share
from expected
full outer join persons on persons.establishment_key = expected.establishment_key and persons.year = expected.year
cross join rules
order by establishment_key, year
