-- A career's total never falls: once passed, the limit stays passed as long as it is in force.
with days as (
    select
        basis, worker_key, period_end as on_date,
        sum(dose_msv) as day_msv, min(period_start) as wear_start
    from emergency_periods
    group by basis, worker_key, period_end
),

careers as (
    select
        basis, worker_key, on_date,
        sum(day_msv) over career as dose_msv,
        min(wear_start) over career as wear_start
    from days
    window career as (
        partition by basis, worker_key order by on_date range between unbounded preceding and current row
    )
),

-- To this day; one that a correction took away, to the day of the correction.
until as (
    select
        basis, worker_key,
        greatest(
            max(on_date),
            case
                when basis like 'before %'
                    then cast(cast(substr(basis, length('before ') + 1) as timestamptz) as date)
                else (select today from lake.clock)
            end
        ) as until_date
    from days
    group by basis, worker_key
)

select
    careers.basis,
    careers.worker_key,
    limits.limit_quantity,
    limits.limit_code,
    limits.limit_msv,
    'detected' as status,
    greatest(min(careers.on_date) filter (where careers.dose_msv > limits.limit_msv), limits.valid_from) as first_date,
    date '0001-01-01' as first_after_date,
    'WHOLE_BODY' as first_site,
    coalesce(limits.valid_to, until.until_date) as last_date,
    greatest(max(careers.on_date), limits.valid_from) as peak_date,
    date '0001-01-01' as peak_after_date,
    'WHOLE_BODY' as peak_site,
    cast(max(careers.dose_msv) as decimal(12, 3)) as peak_msv,
    min(careers.wear_start) as earliest_wear
from careers
inner join until using (basis, worker_key)
inner join computed_limits as limits
    on limits.kind = 'EMERGENCY_LIMIT'
    and limits."window" = 'CAREER'
    and careers.on_date <= coalesce(limits.valid_to, date '9999-12-31')
    and limits.valid_from <= until.until_date
group by
    careers.basis, careers.worker_key, limits.limit_quantity, limits.limit_code, limits.limit_msv, limits.valid_from,
    limits.valid_to, until.until_date
having max(careers.dose_msv) > limits.limit_msv
