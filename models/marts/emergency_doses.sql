with readings as (
    select worker_key, emergency_id, sur_group, period_start, period_end, has_overlap, 'effective' as limit_quantity,
        dose_msv
    from emergency_periods
    where basis = 'current'
    union all
    select worker_key, emergency_id, sur_group, period_start, period_end, has_overlap, 'effective_external',
        external_msv
    from emergency_periods
    where basis = 'current' and external_msv > 0
),

emergencies as (
    select
        worker_key, emergency_id, limit_quantity, min(sur_group) as sur_group, min(period_start) as period_start,
        max(period_end) as period_end, sum(dose_msv) as dose_msv, bool_or(has_overlap) as has_overlap
    from readings
    group by worker_key, emergency_id, limit_quantity
),

days as (
    select worker_key, emergency_id, limit_quantity, period_end as on_date, sum(dose_msv) as dose_msv
    from readings
    group by worker_key, emergency_id, limit_quantity, period_end
),

lifetimes as (
    select
        emergencies.worker_key, emergencies.emergency_id, emergencies.limit_quantity,
        sum(days.dose_msv) as lifetime_msv
    from emergencies
    inner join days
        on days.worker_key = emergencies.worker_key
        and days.limit_quantity = emergencies.limit_quantity
        and days.on_date <= emergencies.period_end
    group by emergencies.worker_key, emergencies.emergency_id, emergencies.limit_quantity
),

so_far as (
    select
        worker_key, emergency_id, limit_quantity, on_date,
        sum(dose_msv) over (
            partition by worker_key, emergency_id, limit_quantity order by on_date
            range between unbounded preceding and current row
        ) as dose_msv
    from days
),

-- The external dose is part of the whole: what it passes alone, the whole passes.
passed as (
    select
        so_far.worker_key, so_far.emergency_id, so_far.limit_quantity, levels.limit_code, levels.limit_msv,
        min(so_far.on_date) as passed_on
    from so_far
    inner join reference.dose_limits as levels
        on levels.kind = 'REFERENCE_LEVEL'
        and levels."window" = 'EMERGENCY'
        and so_far.on_date between levels.valid_from and coalesce(levels.valid_to, date '9999-12-31')
        and so_far.dose_msv > levels.limit_msv
        and so_far.limit_quantity in (levels.limit_quantity, 'effective_external')
    group by so_far.worker_key, so_far.emergency_id, so_far.limit_quantity, levels.limit_code, levels.limit_msv
),

highest_levels as (
    select
        emergencies.worker_key, emergencies.emergency_id, emergencies.limit_quantity, passed.limit_code,
        passed.limit_msv, passed.passed_on
    from emergencies
    inner join passed
        on passed.worker_key = emergencies.worker_key
        and passed.emergency_id = emergencies.emergency_id
        and (emergencies.limit_quantity = 'effective' or passed.limit_quantity = emergencies.limit_quantity)
    qualify row_number() over (
        partition by emergencies.worker_key, emergencies.emergency_id, emergencies.limit_quantity
        order by passed.limit_msv desc, passed.passed_on, passed.limit_code
    ) = 1
)

select
    emergencies.worker_key,
    nullif(emergencies.emergency_id, '') as emergency_id,
    emergencies.sur_group,
    emergencies.limit_quantity,
    emergencies.period_start,
    emergencies.period_end,
    cast(emergencies.dose_msv as decimal(12, 3)) as dose_msv,
    highest_levels.limit_code as level_code,
    highest_levels.limit_msv as level_msv,
    highest_levels.passed_on,
    cast(lifetimes.lifetime_msv as decimal(12, 3)) as lifetime_msv,
    emergencies.has_overlap
from emergencies
inner join lifetimes using (worker_key, emergency_id, limit_quantity)
left join highest_levels using (worker_key, emergency_id, limit_quantity)
order by emergencies.worker_key, emergencies.period_end, emergency_id, emergencies.limit_quantity
