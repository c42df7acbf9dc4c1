-- What a person brings to a mean and two variances: the sum, the number and the squares of their years.
with persons as (
    select
        limit_quantity, occupation_code, category, worker_key,
        min(establishment_key) as establishment_key,
        sum(dose_msv) as dose_msv,
        sum(dose_msv * dose_msv) as squares,
        cast(count(*) as varchar) as years,
        bool_or(has_internal_dose) as has_internal_dose
    from paced_years
    group by limit_quantity, occupation_code, category, worker_key
)

select
    limit_quantity, occupation_code, category, 'sum' as aspect, worker_key, establishment_key, dose_msv,
    true as is_monitored, years as other, has_internal_dose as exposed_internally
from persons
union all
select
    limit_quantity, occupation_code, category, 'squares', worker_key, establishment_key, cast(squares as decimal(18, 3)),
    true, years, has_internal_dose
from persons
