-- A dose equal to the limit complies; a peak is the value of its own window and quantity.
select exceedances.worker_key, exceedances.limit_code, exceedances.first_date
from limit_exceedances as exceedances
inner join reference.dose_limits as limits using (limit_code)
where
    exceedances.peak_msv <= limits.limit_msv
    or exceedances.limit_msv <> limits.limit_msv
    or exceedances.limit_quantity <> limits.limit_quantity
    or exceedances.first_date < limits.valid_from
    or exceedances.last_date > coalesce(limits.valid_to, date '9999-12-31')
