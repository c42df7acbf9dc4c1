-- Which limited quantity a wear plan asks for. A wear is of the domain that its dose would be counted in: that of the
-- employment, else of the establishment.
with due as (
    select
        wears.worker_key,
        year(wears.period_end) as year,
        case wears.quantity when 'HP3' then 'lens' when 'HP007' then 'extremities' else 'effective' end as limit_quantity,
        coalesce(sectors.bilan_domain, 'UNDETERMINED') as domain,
        wears.period_start,
        wears.state = 'received' as is_received
    from expected_doses as wears
    left join employment_slices as slices
        on slices.worker_key = wears.worker_key
        and slices.establishment_key = wears.establishment_key
        and wears.period_end between slices.slice_from and slices.slice_to
    left join establishment_lines as lines
        on lines.establishment_key = wears.establishment_key
        and wears.period_end between lines.holds_from and lines.holds_to
    left join reference.sectors on sectors.code = coalesce(slices.sector_code, lines.sector_code)
),

expected as (
    select
        year, limit_quantity,
        case when grouping(domain) = 1 then 'ALL' else 'domain' end as dimension,
        case when grouping(domain) = 1 then 'ALL' else domain end as group_code,
        count(distinct worker_key) as expected_persons,
        min(period_start) as expected_from,
        count(*) as expected_periods,
        count(*) filter (where is_received) as received_periods
    from due
    group by grouping sets ((year, limit_quantity), (year, limit_quantity, domain))
),

monitored as (
    select
        annual.worker_key, annual.year, annual.limit_quantity,
        coalesce(sectors.bilan_domain, 'UNDETERMINED') as domain,
        annual.occupation_code is not null as has_occupation
    from annual_worker_doses as annual
    left join reference.sectors on sectors.code = annual.sector_code
    where annual.is_monitored and annual.limit_quantity in ('effective', 'lens', 'extremities', 'skin')
),

persons as (
    select
        year, limit_quantity,
        case when grouping(domain) = 1 then 'ALL' else 'domain' end as dimension,
        case when grouping(domain) = 1 then 'ALL' else domain end as group_code,
        count(distinct worker_key) as monitored,
        count(distinct worker_key) filter (where has_occupation) as with_occupation
    from monitored
    group by grouping sets ((year, limit_quantity), (year, limit_quantity, domain))
)

-- A group of which nothing has come is the least complete of all: it has a row too.
select
    year,
    limit_quantity,
    dimension,
    group_code,
    persons.monitored,
    persons.with_occupation,
    expected.expected_persons,
    expected.expected_from,
    expected.expected_periods,
    expected.received_periods,
    results.results_from,
    results.results_until,
    results.results_received,
    results.results_nowcast,
    results.results_nowcast_low,
    results.results_nowcast_high,
    results.received_results_share
from persons
full outer join expected using (year, limit_quantity, dimension, group_code)
full outer join nowcast_years as results using (year, limit_quantity, dimension, group_code)
order by year, limit_quantity, dimension, group_code
