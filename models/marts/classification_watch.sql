-- The classification is a forecast: what passes its level is looked at again, it breaks no rule.
with soil_radon as (
    select worker_key, period_end, counted_msv
    from dose_records
    where dosimetry = 'RADON' and situation = 'EXISTING' and counted_msv > 0
),

-- The external part is told as well, for readers who see no more.
levels as (
    select rule_code, category, limit_quantity, passes, level_msv, years, valid_from, valid_to
    from reference.classification_levels
    union all
    select rule_code, category, 'effective_external', passes, level_msv, years, valid_from, valid_to
    from reference.classification_levels
    where limit_quantity = 'effective'
),

high_windows as (
    select
        levels.rule_code, levels.level_msv, windows.worker_key, windows.limit_quantity, windows.on_date,
        slices.establishment_key, coalesce(slices.sector_code, lines.sector_code, 'UNSPECIFIED') as sector_code,
        windows.dose_12m_msv, months_before(windows.on_date, 12) as after_date
    from rolling_windows as windows
    inner join levels
        on levels.passes = 'ABOVE'
        and levels.limit_quantity = windows.limit_quantity
        and windows.dose_12m_msv > levels.level_msv
        and windows.on_date between levels.valid_from and coalesce(levels.valid_to, date '9999-12-31')
    inner join employment_slices as slices
        on slices.worker_key = windows.worker_key
        and slices.category = levels.category
        and windows.on_date between slices.slice_from and slices.slice_to
    left join establishment_lines as lines
        on lines.establishment_key = slices.establishment_key
        and windows.on_date between lines.holds_from and lines.holds_to
    where windows.basis = 'current' and windows.population = 'ADULT'
),

without_radon as (
    select
        high.rule_code, high.level_msv, high.worker_key, high.limit_quantity, high.on_date, high.establishment_key,
        high.sector_code,
        high.dose_12m_msv - coalesce(sum(soil_radon.counted_msv), 0) as value_msv
    from high_windows as high
    left join soil_radon
        on high.limit_quantity in ('effective', 'effective_external')
        and soil_radon.worker_key = high.worker_key
        and soil_radon.period_end > high.after_date
        and soil_radon.period_end <= high.on_date
    group by
        high.rule_code, high.level_msv, high.worker_key, high.limit_quantity, high.on_date, high.establishment_key,
        high.sector_code, high.dose_12m_msv
),

above as (
    select
        worker_key, rule_code, limit_quantity, establishment_key, sector_code, cast(year(on_date) as integer) as year,
        level_msv, cast(value_msv as decimal(12, 3)) as value_msv
    from without_radon
    where value_msv > level_msv
    qualify row_number() over (
        partition by worker_key, rule_code, limit_quantity, establishment_key, year(on_date)
        order by value_msv desc, on_date
    ) = 1
),

-- Years of nothing but the category, monitored, with a dose under the level.
low_years as (
    select
        levels.rule_code, levels.level_msv, levels.years, annual.worker_key, annual.limit_quantity, annual.year,
        max(annual.establishment_key) filter (where annual.is_main) as establishment_key,
        max(annual.sector_code) filter (where annual.is_main) as sector_code,
        cast(sum(annual.dose_msv) as decimal(12, 3)) as value_msv
    from annual_worker_doses as annual
    inner join levels
        on levels.passes = 'BELOW'
        and levels.limit_quantity = annual.limit_quantity
        and make_date(annual.year, 12, 31) between levels.valid_from and coalesce(levels.valid_to, date '9999-12-31')
    group by
        levels.rule_code, levels.level_msv, levels.years, levels.category, annual.worker_key, annual.limit_quantity,
        annual.year
    having
        bool_and(annual.category = levels.category) and bool_or(annual.is_monitored)
        and sum(annual.dose_msv) < levels.level_msv
),

below as (
    select
        *,
        count(*) over running as low_years_running,
        max(value_msv) over running as highest_msv
    from low_years
    window running as (
        partition by worker_key, rule_code, limit_quantity order by year
        range between years - 1 preceding and current row
    )
)

select worker_key, rule_code, limit_quantity, establishment_key, sector_code, year, level_msv, value_msv
from above
union all
select worker_key, rule_code, limit_quantity, establishment_key, sector_code, year, level_msv, highest_msv
from below
where low_years_running = years
order by worker_key, rule_code, limit_quantity, year, establishment_key
