with levels as (
    select
        limits.limit_code, limits.limit_quantity, limits.population, limits.valid_from,
        coalesce(limits.valid_to, date '9999-12-31') as valid_to,
        cast(limits.limit_msv * cast(shares.value as decimal(5, 3)) as decimal(12, 3)) as level_msv
    from planned_limits as limits
    inner join reference.thresholds as shares on shares.name = 'significant_event_share'
    where limits."window" = '12_MONTHS'
),

-- What may have been received in one operation: an entry by its electronic reading, an intake, at most a whole wear.
received as (
    select
        'ENTRY' as kind, worker_key, establishment_key, limit_quantity, 'ADULT' as population, period_start, period_end,
        sum(counted_msv) as dose_msv
    from current_doses
    where dosimetry = 'OPERATIONAL' and limit_quantity = 'operational' and counted_msv > 0
    -- Photons and neutrons of one entry stand in one row as it was sent.
    group by dose_id >> 3, worker_key, establishment_key, limit_quantity, period_start, period_end
    having sum(counted_msv) > (select min(level_msv) from levels)
    union all
    select
        'INTAKE', worker_key, establishment_key, limit_quantity, 'ADULT', period_start, period_end, dose_msv
    from component_doses
    where basis = 'current' and component = 'internal' and dose_msv > (select min(level_msv) from levels)
    union all
    select 'WEAR', worker_key, establishment_key, limit_quantity, population, period_start, period_end, max(dose_msv)
    from limited_doses
    where
        basis = 'current' and limit_quantity in ('effective_external', 'lens', 'skin', 'extremities')
        and dose_msv > (select min(level_msv) from levels)
    group by worker_key, establishment_key, limit_quantity, population, period_start, period_end
)

select
    received.worker_key,
    received.establishment_key,
    received.kind,
    received.limit_quantity,
    received.period_start,
    received.period_end,
    cast(received.dose_msv as decimal(12, 3)) as dose_msv,
    levels.limit_code,
    levels.level_msv
from received
inner join levels
    on levels.population = received.population
    and levels.limit_quantity = case
        when received.limit_quantity in ('operational', 'effective_external') then 'effective'
        else received.limit_quantity
    end
    and received.period_end between levels.valid_from and levels.valid_to
where received.dose_msv > levels.level_msv
order by received.worker_key, received.period_end, received.kind, received.limit_quantity, levels.limit_code,
    received.establishment_key, received.period_start
