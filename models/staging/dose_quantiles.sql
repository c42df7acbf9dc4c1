with populations as (
    select *, 'exposed' as population
    from dose_counts
    where dose_msv > 0
    union all
    select *, 'monitored'
    from dose_counts
    where is_monitored
),

ranked as (
    select
        *,
        sum(persons) over (
            partition by basis, year, limit_quantity, dimension, group_code, population
            order by dose_msv rows unbounded preceding
        ) as last_rank,
        sum(persons) over (partition by basis, year, limit_quantity, dimension, group_code, population) as number
    from populations
),

-- Of the doses in their order, from 0: those on either side of each percentile. Equal doses stand in any order.
ranks as (
    select
        *,
        last_rank - persons as first_rank,
        list_transform([25, 50, 75, 90, 95, 99], lambda percent: row(percent, (number - 1) * percent // 100)) as below
    from ranked
),

picked as (
    select
        basis, year, limit_quantity, dimension, group_code, population, number, dose_msv, 'lower' as side,
        unnest(list_filter(below, lambda rank: rank[2] >= first_rank and rank[2] < last_rank))[1] as percent
    from ranks
    union all
    select
        basis, year, limit_quantity, dimension, group_code, population, number, dose_msv, 'upper',
        unnest(list_filter(
            below,
            lambda rank: least(rank[2] + 1, number - 1) >= first_rank and least(rank[2] + 1, number - 1) < last_rank
        ))[1]
    from ranks
),

neighbours as (
    select
        basis, year, limit_quantity, dimension, group_code, population, percent,
        max(dose_msv) filter (where side = 'lower') as lower_msv,
        max(dose_msv) filter (where side = 'upper') as upper_msv,
        any_value((number - 1) * percent % 100) as hundredths
    from picked
    group by basis, year, limit_quantity, dimension, group_code, population, percent
),

percentiles as (
    select
        basis, year, limit_quantity, dimension, group_code, population || ' ' || percent as which,
        between_ranks(lower_msv, upper_msv, hundredths) as dose_msv
    from neighbours
)

select
    basis,
    year,
    limit_quantity,
    dimension,
    group_code,
    max(dose_msv) filter (where which = 'exposed 25') as p25_exposed_msv,
    max(dose_msv) filter (where which = 'exposed 50') as median_exposed_msv,
    max(dose_msv) filter (where which = 'exposed 75') as p75_exposed_msv,
    max(dose_msv) filter (where which = 'exposed 90') as p90_exposed_msv,
    max(dose_msv) filter (where which = 'exposed 95') as p95_exposed_msv,
    max(dose_msv) filter (where which = 'exposed 99') as p99_exposed_msv,
    max(dose_msv) filter (where which = 'monitored 25') as p25_monitored_msv,
    max(dose_msv) filter (where which = 'monitored 50') as median_monitored_msv,
    max(dose_msv) filter (where which = 'monitored 75') as p75_monitored_msv,
    max(dose_msv) filter (where which = 'monitored 90') as p90_monitored_msv,
    max(dose_msv) filter (where which = 'monitored 95') as p95_monitored_msv,
    max(dose_msv) filter (where which = 'monitored 99') as p99_monitored_msv
from percentiles
group by basis, year, limit_quantity, dimension, group_code
