with sizes as (
    select
        counts.*,
        coalesce(least(counts.monitored, counts.expected_persons), 0) as persons,
        cast(rules.value as integer) as fewest_persons
    from completeness_counts as counts
    inner join reference.thresholds as rules on rules.name = 'person_count'
),

beside_others as (
    select
        *,
        count(*) filter (where persons < fewest_persons) over alike as groups_of_few,
        sum(persons) filter (where persons < fewest_persons) over alike as persons_of_few,
        row_number() over (alike order by persons, group_code) as position
    from sizes
    window alike as (partition by year, limit_quantity, dimension)
),

-- A reader subtracts the domains that are shown from the nation: two at least are left, of enough persons together.
told as (
    select
        *,
        persons < fewest_persons
        or (
            dimension <> 'ALL'
            and position = groups_of_few + 1
            and (groups_of_few = 1 or coalesce(persons_of_few < fewest_persons, false))
        ) as suppressed
    from beside_others
)

select
    year,
    limit_quantity,
    dimension,
    group_code,
    shown.expected_from,
    shown.expected_periods,
    shown.received_periods,
    share_of(shown.received_periods, shown.expected_periods) as received_periods_share,
    share_of_persons(shown.with_occupation, shown.monitored, shown.fewest_persons) as occupation_known_share,
    shown.results_from,
    shown.results_until,
    shown.results_received,
    shown.results_nowcast,
    shown.results_nowcast_low,
    shown.results_nowcast_high,
    shown.received_results_share,
    told.suppressed
from told
left join (from told where not suppressed) as shown using (year, limit_quantity, dimension, group_code)
order by year, limit_quantity, dimension, group_code
