with in_classes as (
    select
        groups.year, groups.limit_quantity, groups.dimension, groups.group_code, groups.establishment_key,
        classes.class_code, classes.position,
        groups.current_msv, groups.all_msv,
        (groups.current_msv > 0 or groups.is_monitored_now)
            and is_in_class(groups.current_msv, classes.above_msv, classes.up_to_msv) as is_in_now,
        (groups.all_msv > 0 or groups.is_monitored_in_all)
            and is_in_class(groups.all_msv, classes.above_msv, classes.up_to_msv) as is_in_all
    from corrected_groups as groups
    inner join reference.dose_classes as classes on classes.limit_quantity = groups.limit_quantity
    where groups.dimension in ('ALL', 'domain', 'category')
),

changes as (
    select
        *,
        case when is_in_all then all_msv else 0 end - case when is_in_now then current_msv else 0 end as change_msv
    from in_classes
),

at_establishments as (
    select
        year, limit_quantity, dimension, group_code, class_code, position, establishment_key,
        count(*) filter (where is_in_all) - count(*) filter (where is_in_now) as workers,
        count(*) filter (where is_in_all <> is_in_now) as crossed,
        count(*) as persons,
        sum(change_msv) as dose_msv,
        sum(abs(change_msv)) as corrected_msv,
        max(abs(change_msv)) as highest_msv
    from changes
    where is_in_all <> is_in_now or change_msv <> 0
    group by year, limit_quantity, dimension, group_code, class_code, position, establishment_key
),

differences as (
    select
        year, limit_quantity, dimension, group_code, class_code, position,
        sum(workers) as workers,
        sum(crossed) as crossed,
        sum(persons) as persons,
        sum(dose_msv) as dose_msv,
        sum(corrected_msv) as corrected_msv,
        max(highest_msv) as highest_msv,
        count(*) as establishments,
        max(corrected_msv) as highest_of_establishments_msv
    from at_establishments
    group by year, limit_quantity, dimension, group_code, class_code, position
),

side_by_side as (
    select
        coalesce(nation.year, differences.year) as year,
        coalesce(nation.limit_quantity, differences.limit_quantity) as limit_quantity,
        coalesce(nation.dimension, differences.dimension) as dimension,
        coalesce(nation.group_code, differences.group_code) as group_code,
        coalesce(nation.class_code, differences.class_code) as class_code,
        coalesce(nation.position, differences.position) as position,
        coalesce(nation.workers, 0) as workers,
        coalesce(nation.n_establishments, 0) as n_establishments,
        coalesce(nation.exposed, 0) as exposed,
        coalesce(nation.collective_dose_man_sv, 0) as collective_dose_man_sv,
        nation.top_share,
        cast(coalesce(differences.workers, 0) as bigint) as workers_difference,
        cast(differences.crossed as bigint) as crossed,
        cast(differences.persons as bigint) as persons,
        differences.establishments,
        coalesce(differences.dose_msv, 0) as difference_msv,
        coalesce(differences.corrected_msv, 0) as corrected_msv,
        share_of(differences.highest_msv, differences.corrected_msv) as top_corrected_share,
        share_of(differences.highest_of_establishments_msv, differences.corrected_msv) as top_corrected_establishment_share
    from dose_distribution as nation
    full outer join differences
        on differences.year = nation.year
        and differences.limit_quantity = nation.limit_quantity
        and differences.dimension = nation.dimension
        and differences.group_code = nation.group_code
        and differences.class_code = nation.class_code
)

select
    year,
    limit_quantity,
    dimension,
    group_code,
    class_code,
    position,
    workers,
    n_establishments,
    exposed,
    collective_dose_man_sv,
    workers + workers_difference as workers_all_rows,
    cast(collective_dose_man_sv + difference_msv * 0.001::decimal(4, 3) as decimal(18, 6))
        as collective_dose_all_rows_man_sv,
    persons as corrected_persons,
    establishments as corrected_establishments,
    nullif(crossed, 0) as crossed_persons,
    nullif(abs(workers_difference), 0) as workers_difference,
    cast(corrected_msv as decimal(18, 3)) as corrected_msv,
    top_corrected_share,
    top_corrected_establishment_share,
    top_share
from side_by_side
order by year, limit_quantity, dimension, group_code, position
