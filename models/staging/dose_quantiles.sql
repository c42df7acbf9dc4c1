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
            partition by basis, year, limit_quantity, dimension, group_code, population order by dose_msv
        ) as last_rank,
        sum(persons) over (partition by basis, year, limit_quantity, dimension, group_code, population) as number
    from populations
),

neighbours as (
    select
        basis, year, limit_quantity, dimension, group_code, population, percent,
        min(dose_msv) filter (where last_rank > (number - 1) * percent // 100) as lower_msv,
        min(dose_msv) filter (where last_rank > least((number - 1) * percent // 100 + 1, number - 1)) as upper_msv,
        any_value((number - 1) * percent % 100) as hundredths
    from ranked
    cross join (select unnest([25, 50, 75, 90, 95, 99]) as percent)
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
