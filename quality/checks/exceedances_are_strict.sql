-- A dose equal to the limit complies; a peak is the value of its own window and quantity.
with limits as (
    select
        coalesce(counted_as, limit_code) as limit_code, limit_quantity, limit_msv, min(valid_from) as valid_from,
        max(coalesce(valid_to, date '9999-12-31')) as valid_to
    from reference.dose_limits
    group by coalesce(counted_as, limit_code), limit_quantity, limit_msv
)

select exceedances.worker_key, exceedances.limit_code, exceedances.first_date
from limit_exceedances as exceedances
inner join limits using (limit_code)
where
    exceedances.peak_msv <= limits.limit_msv
    or exceedances.limit_msv <> limits.limit_msv
    or exceedances.limit_quantity <> limits.limit_quantity
    or exceedances.first_date < limits.valid_from
    or exceedances.last_date > limits.valid_to
