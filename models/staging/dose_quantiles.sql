-- Of millions of doses few are different: ranks are counted over the values.
with value_counts as (
    select year, limit_quantity, dimension, group_code, dose_msv, count(*) as persons
    from person_groups
    where dose_msv > 0
    group by year, limit_quantity, dimension, group_code, dose_msv
),

ranked as (
    select
        *,
        sum(persons) over (
            partition by year, limit_quantity, dimension, group_code order by dose_msv
        ) as last_rank,
        sum(persons) over (partition by year, limit_quantity, dimension, group_code) as exposed
    from value_counts
),

neighbours as (
    select
        year, limit_quantity, dimension, group_code, percent,
        min(dose_msv) filter (where last_rank > (exposed - 1) * percent // 100) as lower_msv,
        min(dose_msv) filter (where last_rank > least((exposed - 1) * percent // 100 + 1, exposed - 1)) as upper_msv,
        any_value((exposed - 1) * percent % 100) as hundredths
    from ranked
    cross join (select unnest([25, 50, 75, 90, 95]) as percent)
    group by year, limit_quantity, dimension, group_code, percent
),

percentiles as (
    select
        year, limit_quantity, dimension, group_code, percent,
        between_ranks(lower_msv, upper_msv, hundredths) as dose_msv
    from neighbours
)

select
    year,
    limit_quantity,
    dimension,
    group_code,
    max(dose_msv) filter (where percent = 25) as p25_msv,
    max(dose_msv) filter (where percent = 50) as median_msv,
    max(dose_msv) filter (where percent = 75) as p75_msv,
    max(dose_msv) filter (where percent = 90) as p90_msv,
    max(dose_msv) filter (where percent = 95) as p95_msv
from percentiles
group by year, limit_quantity, dimension, group_code
