-- Bühlmann: of the persons of a job, how much a year differs within a person, and how much persons differ.
with reach as (
    select max(year) as last_year
    from annual_worker_doses
    cross join lake.clock
    where year < year(clock.today)
),

person_years as (
    select
        limit_quantity, occupation_code, category, worker_key, year,
        min(establishment_key) as establishment_key,
        cast(sum(dose_msv) * 1000 as hugeint) as dose_usv
    from annual_worker_doses
    cross join reach
    where
        is_main and is_monitored and occupation_code is not null
        and year > reach.last_year - 5 and year <= reach.last_year
    group by limit_quantity, occupation_code, category, worker_key, year
),

persons as (
    select
        limit_quantity, occupation_code, category, worker_key,
        min(establishment_key) as establishment_key,
        cast(count(*) as hugeint) as years,
        sum(dose_usv) as dose_usv,
        sum(dose_usv * dose_usv) as squares
    from person_years
    group by limit_quantity, occupation_code, category, worker_key
),

jobs as (
    select
        limit_quantity, occupation_code, category,
        count(*) as persons,
        count(*) filter (where dose_usv > 0) as exposed,
        count(distinct establishment_key) as establishments,
        max(dose_usv) as highest_usv,
        sum(dose_usv) as dose_usv,
        sum(years) as years,
        sum(years * years) as years2,
        sum(squares) as squares,
        sum(dose_usv * dose_usv // years) as between_squares
    from persons
    group by limit_quantity, occupation_code, category
),

rules as (
    select
        max(case when name = 'person_count' then cast(value as integer) end) as fewest_persons,
        max(case when name = 'establishment_count' then cast(value as integer) end) as fewest_establishments,
        max(case when name = 'dominance_share' then cast(value as decimal(5, 3)) end) as largest_share
    from reference.thresholds
),

variances as (
    select
        *,
        cast(dose_usv as double) / years as mean_usv,
        greatest(cast(squares - between_squares as double), 0) / nullif(years - persons, 0) as variance_within,
        years - cast(years2 as double) / years as effective
    from jobs
    cross join rules
    -- A projection mixes the job's mean into one person's: it must tell nobody else's.
    where
        persons >= fewest_persons
        and (exposed = 0 or exposed >= fewest_persons)
        and establishments >= fewest_establishments
        and highest_usv <= largest_share * dose_usv
)

select
    limit_quantity,
    occupation_code,
    category,
    persons,
    cast(mean_usv / 1000 as decimal(12, 6)) as mean_msv,
    cast(variance_within / 1000000 as decimal(18, 6)) as variance_within_msv2,
    cast(
        greatest((cast(between_squares - dose_usv * dose_usv // years as double) - (persons - 1) * variance_within) / effective, 0)
        / 1000000 as decimal(18, 6)
    ) as variance_between_msv2
from variances
where variance_within is not null and effective > 0
order by limit_quantity, occupation_code, category
