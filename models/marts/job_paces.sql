-- Bühlmann: of the persons of a job, how much a year differs within a person, and how much persons differ. In whole
-- numbers up to the last step: a person has five years at most, and sixty times the mean of squares is whole.
with persons as (
    select
        limit_quantity, occupation_code, category, worker_key,
        min(establishment_key) as establishment_key,
        cast(count(*) as hugeint) as years,
        sum(dose_msv) as dose_msv,
        cast(sum(dose_msv) * 1000 as hugeint) as dose_usv,
        sum_of_squares(dose_msv) as squares,
        bool_or(has_internal_dose) as has_internal_dose
    from paced_years
    group by limit_quantity, occupation_code, category, worker_key
),

establishments as (
    select limit_quantity, occupation_code, category, establishment_key, sum(dose_msv) as dose_msv
    from persons
    group by limit_quantity, occupation_code, category, establishment_key
),

largest as (
    select limit_quantity, occupation_code, category, share_of(max(dose_msv), sum(dose_msv)) as top_share
    from establishments
    group by limit_quantity, occupation_code, category
),

jobs as (
    select
        limit_quantity, occupation_code, category,
        count(*) as monitored,
        count(*) filter (where dose_msv > 0) as exposed,
        count(*) filter (where has_internal_dose) as exposed_internally,
        count(distinct establishment_key) as n_establishments,
        share_of(max(dose_msv), sum(dose_msv)) as top_share,
        case when sum(squares) > 0 then cast(sqrt(cast(max(squares) as double) / sum(squares)) as decimal(12, 6)) end
            as top_share_of_squares,
        sum(dose_usv) as dose_usv,
        sum(years) as years,
        sum(years * years) as years2,
        sum(squares) as squares,
        sum(60 // years * dose_usv * dose_usv) as sixty_between
    from persons
    group by limit_quantity, occupation_code, category
),

-- NULL where nobody has two years; between persons, where there is one alone.
variances as (
    select
        *,
        nullif(years - monitored, 0) as more_years,
        60 * squares - sixty_between as sixty_within,
        nullif(years * years - years2, 0) as effective,
        (sixty_between * years - 60 * dose_usv * dose_usv) * more_years - (monitored - 1) * sixty_within * years as excess
    from jobs
)

select
    variances.limit_quantity,
    variances.occupation_code,
    variances.category,
    pace_reach.first_year,
    pace_reach.last_year,
    monitored,
    exposed,
    exposed_internally,
    cast(exact_quotient(dose_usv * 1000, years) * 0.000001::decimal(7, 6) as decimal(12, 6)) as mean_msv,
    cast(exact_quotient(sixty_within, 60 * more_years) * 0.000001::decimal(7, 6) as decimal(18, 6))
        as variance_within_msv2,
    cast(exact_quotient(greatest(excess, 0), 60 * more_years * effective) * 0.000001::decimal(7, 6) as decimal(18, 6))
        as variance_between_msv2,
    n_establishments,
    variances.top_share,
    top_share_of_squares,
    largest.top_share as top_establishment_share_dose
from variances
inner join largest using (limit_quantity, occupation_code, category)
cross join pace_reach
order by variances.limit_quantity, variances.occupation_code, variances.category
