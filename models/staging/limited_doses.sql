with limited as (
    select
        basis, worker_key, establishment_key, limit_quantity, site, period_start, period_end, dose_msv, considered_msv,
        has_overlap
    from component_doses
    union all
    select
        basis, worker_key, establishment_key, 'effective_external', site, period_start, period_end, dose_msv,
        considered_msv, has_overlap
    from component_doses
    where limit_quantity = 'effective' and component <> 'internal'
    union all
    select
        basis, worker_key, establishment_key, 'operational', 'WHOLE_BODY', period_start, period_end, counted_msv,
        counted_msv, false
    from operational_months
    where counted_msv > 0
),

periods as (
    select
        basis, worker_key, establishment_key, limit_quantity, site, period_start, period_end,
        cast(sum(dose_msv) as decimal(12, 3)) as dose_msv,
        cast(sum(considered_msv) as decimal(12, 3)) as considered_msv,
        bool_or(has_overlap) as has_overlap
    from limited
    group by basis, worker_key, establishment_key, limit_quantity, site, period_start, period_end
)

select
    periods.basis, 'ADULT' as population, periods.worker_key, periods.establishment_key, periods.limit_quantity,
    periods.site, periods.period_start, periods.period_end, periods.dose_msv, periods.considered_msv, periods.has_overlap
from periods
union all
select
    periods.basis, 'MINOR', periods.worker_key, periods.establishment_key, periods.limit_quantity,
    periods.site, periods.period_start, periods.period_end, periods.dose_msv, periods.considered_msv, periods.has_overlap
from periods
inner join minors on minors.worker_key = periods.worker_key and periods.period_start < minors.adult_on
