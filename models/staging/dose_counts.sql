-- Of millions of doses few are different. For the view of all rows, corrected persons are moved from count to count.
with counted as (
    select year, limit_quantity, dimension, group_code, dose_msv, is_monitored, count(*) as persons
    from person_groups
    group by year, limit_quantity, dimension, group_code, dose_msv, is_monitored
),

corrections as (
    select
        year, limit_quantity, dimension, group_code, current_msv as dose_msv, is_monitored_now as is_monitored, -1 as persons
    from corrected_groups
    where current_msv > 0 or is_monitored_now
    union all
    select year, limit_quantity, dimension, group_code, all_msv, is_monitored_in_all, 1
    from corrected_groups
    where all_msv > 0 or is_monitored_in_all
)

select 'current' as basis, year, limit_quantity, dimension, group_code, dose_msv, is_monitored, persons
from counted
union all
select 'all', year, limit_quantity, dimension, group_code, dose_msv, is_monitored, cast(sum(persons) as bigint)
from (
    select * from counted
    union all
    select * from corrections
)
group by year, limit_quantity, dimension, group_code, dose_msv, is_monitored
having sum(persons) > 0
