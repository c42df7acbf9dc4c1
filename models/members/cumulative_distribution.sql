with person_years as (
    select worker_key, year, sum(dose_msv) as dose_msv, bool_or(is_monitored) as is_monitored
    from annual_worker_doses
    where limit_quantity = 'effective'
    group by worker_key, year
),

sums as (
    select
        worker_key, year, is_monitored,
        sum(dose_msv) over (partition by worker_key order by year range between 4 preceding and current row) as five_year,
        sum(dose_msv) over (partition by worker_key order by year) as career
    from person_years
),

spans as (
    select worker_key, year, '5_YEARS' as span, cast(five_year as decimal(12, 3)) as dose_msv
    from sums
    where is_monitored
    union all
    select worker_key, year, 'CAREER', cast(career as decimal(12, 3))
    from sums
    where is_monitored
),

groups as (
    select spans.*, main_domains.establishment_key, 'ALL' as dimension, 'ALL' as group_code
    from spans
    inner join main_domains using (worker_key, year)
    union all
    select spans.*, main_domains.establishment_key, 'domain', main_domains.domain
    from spans
    inner join main_domains using (worker_key, year)
)

select
    groups.year, groups.span, dimension, group_code, classes.class_code,
    worker_key, establishment_key, dose_msv, true as is_monitored
from groups
inner join reference.cumulative_dose_classes as classes
    on classes.span = groups.span
    and dose_msv > coalesce(classes.above_msv, -1)
    and dose_msv <= coalesce(classes.up_to_msv, 999999999)
