with dose_days as (
    select basis, worker_key, establishment_key, limit_quantity, site, period_end,
        cast(sum(dose_msv) as decimal(12, 3)) as dose_msv
    from limited_doses
    where basis in ('current', 'all') and population = 'ADULT'
    group by basis, worker_key, establishment_key, limit_quantity, site, period_end
),

-- Skin and extremities: the site with the highest total of the person's year counts, over all employers.
site_years as (
    select basis, worker_key, limit_quantity, year(period_end) as year, site, sum(dose_msv) as dose_msv
    from dose_days
    where limit_quantity in (
        select limit_quantity from reference.quantity_locations group by limit_quantity having count(distinct site) > 1
    )
    group by basis, worker_key, limit_quantity, year(period_end), site
),

lower_sites as (
    select basis, worker_key, limit_quantity, year, site
    from site_years
    qualify row_number() over (
        partition by basis, worker_key, limit_quantity, year order by dose_msv desc, site
    ) > 1
),

counted_days as (
    select
        dose_days.basis, dose_days.worker_key, dose_days.establishment_key, dose_days.limit_quantity,
        dose_days.period_end, dose_days.dose_msv, false as is_monitored, 0 as results
    from dose_days
    where not exists (
        select 1 from lower_sites
        where
            lower_sites.basis = dose_days.basis
            and lower_sites.worker_key = dose_days.worker_key
            and lower_sites.limit_quantity = dose_days.limit_quantity
            and lower_sites.year = year(dose_days.period_end)
            and lower_sites.site = dose_days.site
    )
    union all
    select basis, worker_key, establishment_key, limit_quantity, period_end, 0, is_monitored, 1
    from result_days
)

select
    basis, worker_key, establishment_key, limit_quantity, period_end,
    cast(sum(dose_msv) as decimal(12, 3)) as dose_msv,
    bool_or(is_monitored) as is_monitored,
    cast(sum(results) as integer) as results
from counted_days
group by basis, worker_key, establishment_key, limit_quantity, period_end
