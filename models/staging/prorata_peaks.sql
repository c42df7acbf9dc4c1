-- Each dose spread evenly over its days of wear, in whole picosieverts, on every day of an episode, and before it while
-- what made the limit passed was worn: the spread dose may pass it then, and no more on the last day.
with episodes as (
    select worker_key, limit_quantity, limit_code, first_date, last_date, limits.population, limits.valid_from
    from exceedance_episodes
    inner join planned_limits as limits using (limit_quantity, limit_code)
    where basis = 'current' and status = 'detected' and "window" = '12_MONTHS'
),

worn as (
    select episodes.*, min(doses.period_start) as wear_start
    from episodes
    left join limited_doses as doses
        on doses.worker_key = episodes.worker_key
        and doses.limit_quantity = episodes.limit_quantity
        and doses.basis = 'current'
        and doses.population = episodes.population
        and doses.period_end = episodes.first_date
    group by all
),

days as (
    select
        *,
        cast(day as date) as on_date,
        months_before(cast(day as date), 12) as after_date
    from worn, unnest(
        generate_series(greatest(valid_from, least(wear_start, first_date)), last_date, interval 1 day)
    ) as series (day)
),

sites as (
    select
        days.worker_key, days.limit_code, days.first_date, days.on_date, doses.site,
        sum(
            cast(doses.dose_msv * 1000 as hugeint) * 1000000
            * (least(doses.period_end, days.on_date) - greatest(doses.period_start, days.after_date + 1) + 1)
            // (doses.period_end - doses.period_start + 1)
        ) as dose_psv
    from days
    inner join limited_doses as doses
        on doses.worker_key = days.worker_key
        and doses.limit_quantity = days.limit_quantity
        and doses.basis = 'current'
        and doses.population = days.population
        and doses.period_start <= days.on_date
        and doses.period_end > days.after_date
    group by days.worker_key, days.limit_code, days.first_date, days.on_date, doses.site
)

select
    worker_key,
    limit_code,
    first_date,
    cast((max(dose_psv) + 500000) // 1000000 as decimal(12, 0)) * 0.001::decimal(4, 3) as prorata_peak_msv,
    max(dose_psv) as prorata_peak_psv
from sites
group by worker_key, limit_code, first_date
