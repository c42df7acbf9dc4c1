-- limit_quantity effective only: other quantities accumulate by site of the body.
with person_years as (
    select
        worker_key, year,
        sum(dose_msv) as dose_msv,
        bool_or(is_monitored) as is_monitored
    from annual_worker_doses
    where limit_quantity = 'effective'
    group by worker_key, year
),

sums as (
    select
        worker_key, year, is_monitored,
        cast(sum(dose_msv) over five_years as decimal(12, 3)) as five_year_msv,
        cast(sum(dose_msv) over career as decimal(12, 3)) as career_msv
    from person_years
    window
        five_years as (partition by worker_key order by year range between 4 preceding and current row),
        career as (partition by worker_key order by year range between unbounded preceding and current row)
),

held as (
    select min(year) as since_year
    from person_years
),

-- Five years are summed where the register holds five.
spans as (
    select worker_key, year, '5_YEARS' as span, year - 4 as since_year, five_year_msv as dose_msv
    from sums
    cross join held
    where is_monitored and year - 4 >= held.since_year
    union all
    select worker_key, year, 'CAREER', held.since_year, career_msv
    from sums
    cross join held
    where is_monitored
),

described as (
    select spans.*, main_domains.domain, main_domains.establishment_key
    from spans
    inner join main_domains using (worker_key, year)
),

groups as (
    select 'ALL' as dimension, 'ALL' as group_code, * from described
    union all
    select 'domain', domain, * from described
)

select
    groups.year,
    groups.span,
    any_value(groups.since_year) as since_year,
    groups.dimension,
    groups.group_code,
    classes.class_code,
    any_value(classes.position) as position,
    count(*) as workers,
    count(distinct groups.establishment_key) as n_establishments,
    count(*) filter (where groups.dose_msv > 0) as exposed,
    cast(sum(groups.dose_msv) * 0.001::decimal(4, 3) as decimal(18, 6)) as collective_dose_man_sv,
    share_of(max(groups.dose_msv), sum(groups.dose_msv)) as top_share
from groups
inner join reference.cumulative_dose_classes as classes
    on classes.span = groups.span
    and is_in_class(groups.dose_msv, classes.above_msv, classes.up_to_msv)
group by groups.year, groups.span, groups.dimension, groups.group_code, classes.class_code
order by groups.year, groups.span, groups.dimension, groups.group_code, position
