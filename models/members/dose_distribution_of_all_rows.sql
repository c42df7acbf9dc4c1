-- Both views, and who is told by their difference: whose dose in the class, or whose class, is not the same.
with corrected as (
    select distinct worker_key, year
    from annual_doses_of_all_rows
),

persons as (
    select
        views.aspect, members.year, members.limit_quantity, members.dimension, members.group_code, members.worker_key,
        min(members.establishment_key) as establishment_key, sum(members.dose_msv) as dose_msv
    from group_members as members
    left join corrected using (worker_key, year)
    inner join (select unnest(['current', 'all']) as aspect) as views
        on members.basis = views.aspect or (views.aspect = 'all' and corrected.worker_key is null)
    where members.dimension in ('ALL', 'domain', 'category')
    group by all
),

changes as (
    select
        groups.year, groups.limit_quantity, groups.dimension, groups.group_code, classes.class_code, groups.worker_key,
        groups.establishment_key,
        case
            when
                (groups.current_msv > 0 or groups.is_monitored_now)
                and groups.current_msv > coalesce(classes.above_msv, -1)
                and groups.current_msv <= coalesce(classes.up_to_msv, 999999999) then groups.current_msv
        end as current_msv,
        case
            when
                (groups.all_msv > 0 or groups.is_monitored_in_all)
                and groups.all_msv > coalesce(classes.above_msv, -1)
                and groups.all_msv <= coalesce(classes.up_to_msv, 999999999) then groups.all_msv
        end as all_msv
    from corrected_groups as groups
    inner join reference.dose_classes as classes on classes.limit_quantity = groups.limit_quantity
    where groups.dimension in ('ALL', 'domain', 'category')
)

select
    persons.aspect, persons.year, persons.limit_quantity, persons.dimension, persons.group_code, classes.class_code,
    persons.worker_key, persons.establishment_key, cast(persons.dose_msv as decimal(12, 3)) as dose_msv,
    true as is_monitored
from persons
inner join reference.dose_classes as classes
    on classes.limit_quantity = persons.limit_quantity
    and persons.dose_msv > coalesce(classes.above_msv, -1)
    and persons.dose_msv <= coalesce(classes.up_to_msv, 999999999)
union all
select
    'corrected', year, limit_quantity, dimension, group_code, class_code, worker_key, establishment_key,
    coalesce(all_msv, 0) - coalesce(current_msv, 0), current_msv is null or all_msv is null
from changes
where current_msv is distinct from all_msv
