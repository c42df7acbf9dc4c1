-- Every 12-month window above an adult limit in force stands in an episode, detected or in transition.
select windows.worker_key, windows.limit_quantity, windows.on_date
from rolling_doses as windows
inner join reference.dose_limits as limits
    on limits.limit_quantity = windows.limit_quantity
    and limits.population = 'ADULT'
    and limits."window" = '12_MONTHS'
    and windows.dose_12m_msv > limits.limit_msv
    and windows.on_date between limits.valid_from and coalesce(limits.valid_to, date '9999-12-31')
where not exists (
    select 1
    from exceedance_history as history
    where
        history.worker_key = windows.worker_key
        and history.limit_code = coalesce(limits.counted_as, limits.limit_code)
        and history.status <> 'gone'
        and windows.on_date between history.first_date and history.last_date
)
