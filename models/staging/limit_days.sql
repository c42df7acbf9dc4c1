-- A window changes when a dose enters it, when one leaves it twelve months later, and when the limit does.
with smallest_limits as (
    select limit_quantity, population, min(limit_msv) as limit_msv
    from planned_limits
    where "window" = '12_MONTHS'
    group by limit_quantity, population
),

block_sums as (
    select
        doses.basis, doses.population, doses.worker_key, doses.limit_quantity,
        sum(doses.dose_msv) as dose_msv, min(limits.limit_msv) as limit_msv
    from limited_doses as doses
    inner join planned_limits as limits
        on limits.limit_quantity = doses.limit_quantity
        and limits.population = doses.population
        and doses.period_end >= limits.valid_from
        and doses.period_end <= coalesce(limits.valid_to, date '9999-12-31')
    where limits."window" = 'BLOCK'
    group by doses.basis, doses.population, doses.worker_key, doses.limit_quantity, doses.site, limits.limit_code
),

near_a_limit as (
    select windows.basis, windows.population, windows.worker_key, windows.limit_quantity
    from rolling_windows as windows
    inner join smallest_limits as limits
        on limits.limit_quantity = windows.limit_quantity
        and limits.population = windows.population
        and windows.dose_12m_msv > limits.limit_msv
    union
    select basis, population, worker_key, limit_quantity
    from block_sums
    where dose_msv > limit_msv
),

near_doses as (
    select doses.basis, doses.population, doses.worker_key, doses.limit_quantity, doses.site, doses.period_start,
        doses.period_end, doses.dose_msv
    from limited_doses as doses
    inner join near_a_limit using (basis, population, worker_key, limit_quantity)
),

days as (
    select basis, population, worker_key, limit_quantity, period_end as on_date
    from near_doses
    union
    select basis, population, worker_key, limit_quantity, cast(period_end + interval 12 month as date)
    from near_doses
    union
    select near.basis, near.population, near.worker_key, near.limit_quantity, limits.valid_from
    from near_a_limit as near
    inner join planned_limits as limits
        on limits.limit_quantity = near.limit_quantity and limits.population = near.population
),

limited_days as (
    select
        days.basis, days.population, days.worker_key, days.limit_quantity, days.on_date,
        limits.limit_code, limits.limit_msv, limits.valid_from, limits.valid_to, former.limit_msv as former_msv,
        case
            when limits."window" = 'BLOCK' then cast(limits.valid_from - interval 1 day as date)
            else months_before(days.on_date, 12)
        end as after_date
    from days
    inner join planned_limits as limits
        on limits.limit_quantity = days.limit_quantity
        and limits.population = days.population
        and days.on_date >= limits.valid_from
        and days.on_date <= coalesce(limits.valid_to, date '9999-12-31')
    left join planned_limits as former
        on former.limit_quantity = limits.limit_quantity
        and former.population = limits.population
        and former."window" = limits."window"
        and former.valid_to = limits.valid_from - interval 1 day
),

sites as (
    select
        days.basis, days.population, days.worker_key, days.limit_quantity, days.limit_code, days.limit_msv,
        days.former_msv, days.valid_to, days.on_date, days.after_date, doses.site,
        coalesce(sum(doses.dose_msv), 0) as dose_msv,
        coalesce(sum(doses.dose_msv) filter (where doses.period_start >= days.valid_from), 0) as alone_msv,
        min(doses.period_start) as wear_start
    from limited_days as days
    left join near_doses as doses
        on doses.basis = days.basis
        and doses.population = days.population
        and doses.worker_key = days.worker_key
        and doses.limit_quantity = days.limit_quantity
        and doses.period_end > days.after_date
        and doses.period_end <= days.on_date
    group by
        days.basis, days.population, days.worker_key, days.limit_quantity, days.limit_code, days.limit_msv,
        days.former_msv, days.valid_to, days.on_date, days.after_date, doses.site
),

highest_sites as (
    select *, max(alone_msv) over (partition by basis, population, worker_key, limit_code, on_date) as highest_alone_msv
    from sites
    qualify row_number() over (
        partition by basis, population, worker_key, limit_code, on_date order by dose_msv desc, site
    ) = 1
)

select
    basis,
    population,
    worker_key,
    limit_quantity,
    limit_code,
    limit_msv,
    valid_to,
    on_date,
    after_date,
    site,
    cast(dose_msv as decimal(12, 3)) as dose_msv,
    wear_start,
    -- Approximation of an open point of law: wear that began under an earlier limit makes no exceedance of a lower one,
    -- unless it passes the earlier one too.
    case
        when dose_msv <= limit_msv then 'below'
        when highest_alone_msv > limit_msv or dose_msv > former_msv then 'detected'
        else 'transition'
    end as status
from highest_sites
