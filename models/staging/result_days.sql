-- effective_external is monitored by the same badges as effective.
with results as (
    select
        'current' as basis, worker_key, establishment_key, limit_quantity, period_end,
        bool_or(makes_monitored) as makes_monitored
    from dose_records
    where limit_quantity is not null and result_status in ('MEASURED', 'BELOW_THRESHOLD', 'ESTIMATED')
    group by worker_key, establishment_key, limit_quantity, period_end
    union all
    select 'all', worker_key, establishment_key, limit_quantity, period_end, bool_or(makes_monitored)
    from corrected_persons_doses
    where dosimetry <> 'OPERATIONAL'
    group by worker_key, establishment_key, limit_quantity, period_end
    union all
    select 'all', worker_key, establishment_key, 'operational', period_end, false
    from operational_months
    where basis = 'all'
)

select
    basis, worker_key, establishment_key, limit_quantity, period_end,
    limit_quantity <> 'effective' or makes_monitored as is_monitored
from results
union all
select basis, worker_key, establishment_key, 'effective_external', period_end, true
from results
where limit_quantity = 'effective' and makes_monitored
