with several_sites as (
    select limit_quantity
    from reference.quantity_locations
    where limit_quantity is not null
    group by limit_quantity
    having count(distinct site) > 1
),

days as (
    select
        basis, population, worker_key, limit_quantity, site, period_end as on_date,
        cast(sum(dose_msv) as decimal(12, 3)) as dose_msv,
        min(period_start) as wear_start
    from limited_doses
    where basis <> 'all'
    group by basis, population, worker_key, limit_quantity, site, period_end
),

-- Each site accumulates apart, so each is looked at on every date of the person and quantity.
dates as (
    select distinct basis, population, worker_key, limit_quantity, on_date
    from days
    where limit_quantity in (select limit_quantity from several_sites)
),

sites as (
    select distinct basis, population, worker_key, limit_quantity, site
    from days
    where limit_quantity in (select limit_quantity from several_sites)
),

site_days as (
    select *
    from days
    where limit_quantity not in (select limit_quantity from several_sites)
    union all
    select
        dates.basis, dates.population, dates.worker_key, dates.limit_quantity, sites.site, dates.on_date,
        coalesce(days.dose_msv, 0), days.wear_start
    from dates
    inner join sites
        on sites.basis = dates.basis and sites.population = dates.population
        and sites.worker_key = dates.worker_key and sites.limit_quantity = dates.limit_quantity
    left join days
        on days.basis = dates.basis and days.population = dates.population
        and days.worker_key = dates.worker_key and days.limit_quantity = dates.limit_quantity
        and days.site = sites.site and days.on_date = dates.on_date
),

bounded as (
    select
        *,
        on_date - date '1970-01-01' as day_number,
        on_date - months_before(on_date, 12) - 1 as days_in_12m,
        on_date - months_before(on_date, 60) - 1 as days_in_60m
    from site_days
),

windows as (
    select
        basis, population, worker_key, limit_quantity, site, on_date,
        cast(sum(dose_msv) over in_12m as decimal(12, 3)) as dose_12m_msv,
        cast(sum(dose_msv) over in_60m as decimal(12, 3)) as dose_60m_msv,
        cast(sum(dose_msv) over career as decimal(12, 3)) as career_msv,
        min(wear_start) over in_12m as wear_start_12m
    from bounded
    window
        in_12m as (
            partition by basis, population, worker_key, limit_quantity, site order by day_number
            range between days_in_12m preceding and current row
        ),
        in_60m as (
            partition by basis, population, worker_key, limit_quantity, site order by day_number
            range between days_in_60m preceding and current row
        ),
        career as (
            partition by basis, population, worker_key, limit_quantity, site order by day_number
            range between unbounded preceding and current row
        )
)

select basis, population, worker_key, limit_quantity, on_date, dose_12m_msv, dose_60m_msv, career_msv, wear_start_12m
from windows
where limit_quantity not in (select limit_quantity from several_sites)
union all
select
    basis, population, worker_key, limit_quantity, on_date,
    max(dose_12m_msv), max(dose_60m_msv), max(career_msv),
    -- Of sites with the same sum, the earliest wear.
    arg_max(wear_start_12m, row(dose_12m_msv, date '1970-01-01' - wear_start_12m))
from windows
where limit_quantity in (select limit_quantity from several_sites)
group by basis, population, worker_key, limit_quantity, on_date
