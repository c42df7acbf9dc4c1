-- Every lifetime total of emergencies above its limit stands in an episode.
select doses.worker_key, doses.period_end
from emergency_doses as doses
inner join reference.dose_limits as limits
    on limits.kind = 'EMERGENCY_LIMIT'
    and limits.limit_quantity = doses.limit_quantity
    and doses.period_end between limits.valid_from and coalesce(limits.valid_to, date '9999-12-31')
    and doses.lifetime_msv > limits.limit_msv
where not exists (
    select 1
    from limit_exceedances as exceedances
    where
        exceedances.worker_key = doses.worker_key
        and exceedances.limit_code = coalesce(limits.counted_as, limits.limit_code)
        and doses.period_end between exceedances.first_date and exceedances.last_date
)
