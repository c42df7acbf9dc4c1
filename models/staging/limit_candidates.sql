with passed_in_12_months as (
    select
        windows.basis, windows.population, windows.worker_key, windows.limit_quantity, windows.on_date,
        windows.dose_12m_msv as dose_msv,
        limits.limit_code, limits.limit_msv, limits.valid_from,
        case
            when windows.on_date = last_day(windows.on_date) then last_day(windows.on_date - interval 12 month)
            else cast(windows.on_date - interval 12 month as date)
        end as after_date
    from rolling_windows as windows
    inner join reference.dose_limits as limits
        on limits.limit_quantity = windows.limit_quantity
        and limits.population = windows.population
        and windows.dose_12m_msv > limits.limit_msv
        and windows.on_date >= limits.valid_from
        and windows.on_date <= coalesce(limits.valid_to, date '9999-12-31')
    where limits."window" = '12_MONTHS'
),

block_sums as (
    select
        doses.basis, doses.population, doses.worker_key, doses.limit_quantity, doses.period_end as on_date,
        limits.limit_code, limits.limit_msv, limits.valid_from,
        sum(doses.dose_msv) over (
            partition by
                doses.basis, doses.population, doses.worker_key, doses.limit_quantity, doses.site, limits.limit_code
            order by doses.period_end
        ) as dose_msv
    from limited_doses as doses
    inner join reference.dose_limits as limits
        on limits.limit_quantity = doses.limit_quantity
        and limits.population = doses.population
        and doses.period_end >= limits.valid_from
        and doses.period_end <= coalesce(limits.valid_to, date '9999-12-31')
    where limits."window" = 'BLOCK'
),

passed_in_block as (
    select
        basis, population, worker_key, limit_quantity, on_date, cast(max(dose_msv) as decimal(12, 3)) as dose_msv,
        limit_code, limit_msv, valid_from, cast(valid_from - interval 1 day as date) as after_date
    from block_sums
    where dose_msv > limit_msv
    group by basis, population, worker_key, limit_quantity, on_date, limit_code, limit_msv, valid_from
),

passed as (
    select basis, population, worker_key, limit_quantity, on_date, dose_msv, limit_code, limit_msv, valid_from,
        after_date
    from passed_in_12_months
    union all
    select basis, population, worker_key, limit_quantity, on_date, dose_msv, limit_code, limit_msv, valid_from,
        after_date
    from passed_in_block
),

-- Approximation of an open point of law: only wear that began under the limit makes an exceedance of it.
worn_under_the_limit as (
    select
        passed.basis, passed.population, passed.worker_key, passed.limit_code, passed.on_date, doses.site,
        sum(doses.dose_msv) as dose_msv
    from passed
    inner join limited_doses as doses
        on doses.basis = passed.basis
        and doses.population = passed.population
        and doses.worker_key = passed.worker_key
        and doses.limit_quantity = passed.limit_quantity
        and doses.period_end > passed.after_date
        and doses.period_end <= passed.on_date
        and doses.period_start >= passed.valid_from
    group by passed.basis, passed.population, passed.worker_key, passed.limit_code, passed.on_date, doses.site
),

alone as (
    select basis, population, worker_key, limit_code, on_date, max(dose_msv) as dose_msv
    from worn_under_the_limit
    group by basis, population, worker_key, limit_code, on_date
)

select
    passed.basis,
    passed.worker_key,
    passed.limit_quantity,
    passed.limit_code,
    passed.limit_msv,
    passed.on_date,
    passed.after_date,
    passed.dose_msv,
    case when coalesce(alone.dose_msv, 0) > passed.limit_msv then 'detected' else 'transition' end as status
from passed
left join alone
    on alone.basis = passed.basis
    and alone.population = passed.population
    and alone.worker_key = passed.worker_key
    and alone.limit_code = passed.limit_code
    and alone.on_date = passed.on_date
