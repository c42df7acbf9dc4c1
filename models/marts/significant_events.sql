with levels as (
    select
        limits.limit_code, limits.limit_quantity, limits.population, limits.valid_from,
        coalesce(limits.valid_to, date '9999-12-31') as valid_to,
        cast(limits.limit_msv * cast(shares.value as decimal(5, 3)) as decimal(12, 3)) as level_msv
    from planned_limits as limits
    inner join reference.thresholds as shares on shares.name = 'significant_event_share'
    where limits."window" = '12_MONTHS'
),

-- A wear is known by the component that gave most of it.
wears as (
    select
        worker_key, establishment_key, period_start, period_end,
        case limit_quantity when 'effective' then 'effective_external' else limit_quantity end as limit_quantity,
        arg_max(dosimetry, row(dose_msv, dosimetry)) as dosimetry
    from component_doses
    where basis = 'current' and component <> 'internal' and worker_key in (
        select worker_key from limited_doses where dose_msv > (select min(level_msv) from levels)
    )
    group by all
),

-- What may have been received in one operation: an entry by its electronic reading, an intake, at most a whole wear.
received as (
    select
        'ENTRY' as kind, 'OPERATIONAL' as dosimetry, worker_key, establishment_key, limit_quantity, period_start, period_end,
        dose_id >> 3 as row_key, sum(counted_msv) as dose_msv
    from current_doses
    where dosimetry = 'OPERATIONAL' and limit_quantity = 'operational' and counted_msv > 0
    -- Photons and neutrons of one entry stand in one row as it was sent.
    group by dose_id >> 3, worker_key, establishment_key, limit_quantity, period_start, period_end
    having sum(counted_msv) > (select min(level_msv) from levels)
    union all
    select
        'INTAKE', 'INTERNAL', worker_key, establishment_key, limit_quantity, period_start, period_end, 0, dose_msv
    from component_doses
    where basis = 'current' and component = 'internal' and dose_msv > (select min(level_msv) from levels)
    union all
    select
        'WEAR', any_value(wears.dosimetry), worker_key, establishment_key, limit_quantity, period_start, period_end, 0,
        max(dose_msv)
    from limited_doses
    inner join wears using (worker_key, establishment_key, limit_quantity, period_start, period_end)
    where
        basis = 'current' and population = 'ADULT'
        and limit_quantity in ('effective_external', 'lens', 'skin', 'extremities')
        and dose_msv > (select min(level_msv) from levels)
    group by worker_key, establishment_key, limit_quantity, period_start, period_end
),

-- A minor is held to the limits of adults too.
of_populations as (
    select 'ADULT' as population, received.*
    from received
    union all
    select 'MINOR', received.*
    from received
    inner join minors on minors.worker_key = received.worker_key and received.period_start < minors.adult_on
)

select
    worker_key,
    establishment_key,
    kind,
    dosimetry,
    of_populations.limit_quantity,
    period_start,
    period_end,
    cast(row_number() over (
        partition by worker_key, establishment_key, kind, of_populations.limit_quantity, period_start, period_end, limit_code
        order by dose_msv desc, row_key
    ) as integer) as operation_no,
    cast(dose_msv as decimal(12, 3)) as dose_msv,
    levels.limit_code,
    levels.level_msv
from of_populations
inner join levels
    on levels.population = of_populations.population
    and levels.limit_quantity = case
        when of_populations.limit_quantity in ('operational', 'effective_external') then 'effective'
        else of_populations.limit_quantity
    end
    and period_end between levels.valid_from and levels.valid_to
where dose_msv > levels.level_msv
order by worker_key, period_end, kind, of_populations.limit_quantity, limit_code, establishment_key, period_start,
    operation_no
