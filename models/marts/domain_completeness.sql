-- A wear is of the domain that its dose would be counted in: that of the employment, else of the establishment.
with expected as (
    select
        year(wears.period_end) as year,
        case wears.quantity when 'HP3' then 'lens' when 'HP007' then 'extremities' else 'effective' end as limit_quantity,
        coalesce(sectors.bilan_domain, 'UNDETERMINED') as domain,
        min(wears.period_start) as expected_from,
        count(*) as expected_periods,
        count(*) filter (where wears.state = 'received') as received_periods
    from expected_doses as wears
    left join employment_slices as slices
        on slices.worker_key = wears.worker_key
        and slices.establishment_key = wears.establishment_key
        and wears.period_end between slices.slice_from and slices.slice_to
    left join establishment_lines as lines
        on lines.establishment_key = wears.establishment_key
        and wears.period_end between lines.holds_from and lines.holds_to
    left join reference.sectors on sectors.code = coalesce(slices.sector_code, lines.sector_code)
    group by all
),

persons as (
    select
        annual.year, annual.limit_quantity, coalesce(sectors.bilan_domain, 'UNDETERMINED') as domain,
        count(distinct annual.worker_key) as monitored,
        count(distinct annual.worker_key) filter (where annual.occupation_code is not null) as with_occupation
    from annual_worker_doses as annual
    left join reference.sectors on sectors.code = annual.sector_code
    where annual.is_monitored and annual.limit_quantity in ('effective', 'lens', 'extremities', 'skin')
    group by annual.year, annual.limit_quantity, coalesce(sectors.bilan_domain, 'UNDETERMINED')
),

rules as (
    select cast(value as integer) as fewest_persons
    from reference.thresholds
    where name = 'person_count'
)

-- A domain of which nothing has come is the least complete of all: it has a row too.
select
    year,
    limit_quantity,
    domain,
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
full outer join expected using (year, limit_quantity, domain)
full outer join (select * rename (group_code as domain) from nowcast_years where dimension = 'domain') as results
    using (year, limit_quantity, domain)
cross join rules
order by year, limit_quantity, domain
