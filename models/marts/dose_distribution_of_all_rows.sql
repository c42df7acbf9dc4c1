with side_by_side as (
    select
        year,
        limit_quantity,
        dimension,
        group_code,
        class_code,
        coalesce(nation.workers, 0) as workers,
        coalesce(nation.n_establishments, 0) as n_establishments,
        coalesce(nation.exposed, 0) as exposed,
        coalesce(nation.collective_dose_man_sv, 0) as collective_dose_man_sv,
        coalesce(changed.difference, 0) as difference,
        coalesce(changed.difference_msv, 0) as difference_msv,
        changed.corrected as corrected_persons,
        changed.corrected_establishments,
        changed.crossed as crossed_persons,
        changed.crossed_establishments,
        coalesce(changed.corrected_msv, 0) as corrected_msv,
        changed.top_corrected_share,
        changed.top_corrected_establishment_share,
        nation.top_share
    from dose_distribution as nation
    full outer join (select *, part as class_code from corrections) as changed
        using (year, limit_quantity, dimension, group_code, class_code)
)

select
    year,
    limit_quantity,
    dimension,
    group_code,
    class_code,
    classes.position,
    workers,
    n_establishments,
    exposed,
    collective_dose_man_sv,
    workers + difference as workers_all_rows,
    cast(collective_dose_man_sv + difference_msv * 0.001::decimal(4, 3) as decimal(18, 6))
        as collective_dose_all_rows_man_sv,
    corrected_persons,
    corrected_establishments,
    crossed_persons,
    crossed_establishments,
    corrected_msv,
    top_corrected_share,
    top_corrected_establishment_share,
    top_share
from side_by_side
inner join reference.dose_classes as classes using (limit_quantity, class_code)
order by year, limit_quantity, dimension, group_code, classes.position
