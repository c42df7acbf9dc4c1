with persons_of_groups as (
    select
        year, limit_quantity, dimension, group_code, worker_key,
        min(establishment_key) as establishment_key,
        cast(sum(dose_msv) as decimal(12, 3)) as dose_msv
    from group_members
    where basis = 'current' and dimension in ('ALL', 'domain', 'category')
    group by year, limit_quantity, dimension, group_code, worker_key
)

select
    persons_of_groups.year, persons_of_groups.limit_quantity, dimension, group_code, classes.class_code,
    worker_key, establishment_key, dose_msv, true as is_monitored
from persons_of_groups
inner join reference.dose_classes as classes
    on classes.limit_quantity = persons_of_groups.limit_quantity
    and dose_msv > coalesce(classes.above_msv, -1)
    and dose_msv <= coalesce(classes.up_to_msv, 999999999)
