select
    person_groups.year,
    person_groups.limit_quantity,
    person_groups.dimension,
    person_groups.group_code,
    any_value(break_years.series_breaks) as series_breaks,
    classes.class_code,
    max(classes.position) as position,
    count(*) as workers,
    count(distinct person_groups.establishment_key) as n_establishments,
    count(*) filter (where person_groups.dose_msv > 0) as exposed,
    cast(sum(person_groups.dose_msv) * 0.001::decimal(4, 3) as decimal(18, 6)) as collective_dose_man_sv,
    share_of(max(person_groups.dose_msv), sum(person_groups.dose_msv)) as top_share
from person_groups
inner join reference.dose_classes as classes
    on classes.limit_quantity = person_groups.limit_quantity
    and is_in_class(person_groups.dose_msv, classes.above_msv, classes.up_to_msv)
left join break_years
    on break_years.year = person_groups.year
    and break_years.limit_quantity = person_groups.limit_quantity
    and break_years.dimension = person_groups.dimension
where person_groups.dimension in ('ALL', 'domain', 'category')
group by
    person_groups.year, person_groups.limit_quantity, person_groups.dimension, person_groups.group_code,
    classes.class_code
order by year, limit_quantity, dimension, group_code, position
