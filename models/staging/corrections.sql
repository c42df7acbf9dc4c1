-- Who is told by a figure of the results that stand beside that of all received: whoever is in the part of the group that it
-- speaks of in one view alone, or has another dose in it. A part is called as the figure. The dose above a level tells, by
-- subtraction, those between it and any lower one.
with bounds as (
    select 'ALL' as part, cast(null as boolean) as of_monitored, cast(null as decimal(9, 3)) as above_msv, null as up_to_msv
    union all
    select 'monitored', true, null, null
    union all
    select 'unmonitored', false, null, null
    union all
    select 'exposed', null, 0, null
    union all
    select 'n_gt_' || level, of_monitored, level, null
    from (select unnest([1, 2, 5, 6, 10, 15, 20, 50]) as level)
    cross join (select unnest([null, true]) as of_monitored)
    union all
    select 'dose_ratio_' || level, true, level, null
    from (select unnest([1, 5, 10, 15]) as level)
    union all
    select 'dose_ratio_' || higher.level, true, lower.level, higher.level
    from (select unnest([0, 1, 5, 10]) as level) as lower
    inner join (select unnest([1, 5, 10, 15]) as level) as higher on lower.level < higher.level
),

parts as (
    select quantities.limit_quantity, bounds.*, false as is_class
    from bounds
    cross join (select distinct limit_quantity from corrected_groups) as quantities
    union all
    select limit_quantity, class_code, null, above_msv, up_to_msv, true
    from reference.dose_classes
),

in_parts as (
    select
        groups.year, groups.limit_quantity, groups.dimension, groups.group_code, groups.parent_code,
        groups.establishment_key, groups.current_msv, groups.all_msv,
        parts.part, parts.of_monitored, parts.above_msv, parts.up_to_msv,
        (groups.current_msv > 0 or groups.is_monitored_now)
            and groups.is_monitored_now = coalesce(parts.of_monitored, groups.is_monitored_now)
            and is_in_class(groups.current_msv, parts.above_msv, parts.up_to_msv) as is_in_now,
        (groups.all_msv > 0 or groups.is_monitored_in_all)
            and groups.is_monitored_in_all = coalesce(parts.of_monitored, groups.is_monitored_in_all)
            and is_in_class(groups.all_msv, parts.above_msv, parts.up_to_msv) as is_in_all
    from corrected_groups as groups
    inner join parts
        on parts.limit_quantity = groups.limit_quantity
        and (not parts.is_class or groups.dimension in ('ALL', 'domain', 'category'))
),

changes as (
    select
        * exclude (current_msv, all_msv),
        case when is_in_all then all_msv else 0 end - case when is_in_now then current_msv else 0 end as change_msv
    from in_parts
    where is_in_now <> is_in_all or (is_in_now and current_msv <> all_msv)
),

at_establishments as (
    select
        year, limit_quantity, dimension, group_code, parent_code, part, of_monitored, above_msv, up_to_msv, establishment_key,
        count(*) as persons,
        count(*) filter (where change_msv <> 0) as persons_of_dose,
        count(*) filter (where is_in_all) - count(*) filter (where is_in_now) as difference,
        count(*) filter (where is_in_all <> is_in_now) as crossed,
        sum(change_msv) as difference_msv,
        sum(abs(change_msv)) as corrected_msv,
        max(abs(change_msv)) as highest_msv
    from changes
    group by
        year, limit_quantity, dimension, group_code, parent_code, part, of_monitored, above_msv, up_to_msv, establishment_key
)

-- Those of whom no dose changes do not hide the others; nor do as many who come hide those who go.
select
    year,
    limit_quantity,
    dimension,
    group_code,
    parent_code,
    part,
    of_monitored,
    above_msv,
    up_to_msv,
    cast(sum(difference) as bigint) as difference,
    sum(difference_msv) as difference_msv,
    cast(least(nullif(abs(sum(difference)), 0), nullif(sum(crossed), 0)) as bigint) as crossed,
    nullif(count(*) filter (where crossed > 0), 0) as crossed_establishments,
    cast(least(nullif(sum(persons_of_dose), 0), sum(persons)) as bigint) as corrected,
    coalesce(nullif(count(*) filter (where persons_of_dose > 0), 0), count(*)) as corrected_establishments,
    cast(sum(corrected_msv) as decimal(18, 3)) as corrected_msv,
    share_of(max(highest_msv), sum(corrected_msv)) as top_corrected_share,
    share_of(max(corrected_msv), sum(corrected_msv)) as top_corrected_establishment_share
from at_establishments
group by year, limit_quantity, dimension, group_code, parent_code, part, of_monitored, above_msv, up_to_msv
