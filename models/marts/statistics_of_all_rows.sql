with at_establishments as (
    select
        year, limit_quantity, dimension, group_code, parent_code, establishment_key,
        count(*) filter (where is_monitored_in_all) - count(*) filter (where is_monitored_now) as monitored,
        count(*) filter (where all_msv > 0) - count(*) filter (where current_msv > 0) as exposed,
        sum(all_msv - current_msv) as dose_msv,
        count(*) as persons,
        sum(abs(all_msv - current_msv)) as corrected_msv,
        max(abs(all_msv - current_msv)) as highest_msv
    from corrected_groups
    group by year, limit_quantity, dimension, group_code, parent_code, establishment_key
),

differences as (
    select
        year, limit_quantity, dimension, group_code, parent_code,
        sum(monitored) as monitored,
        sum(exposed) as exposed,
        sum(dose_msv) as dose_msv,
        sum(persons) as persons,
        sum(corrected_msv) as corrected_msv,
        max(highest_msv) as highest_msv,
        count(*) as establishments,
        max(corrected_msv) as highest_of_establishments_msv
    from at_establishments
    group by year, limit_quantity, dimension, group_code, parent_code
),

side_by_side as (
    select
        coalesce(nation.year, differences.year) as year,
        coalesce(nation.limit_quantity, differences.limit_quantity) as limit_quantity,
        coalesce(nation.dimension, differences.dimension) as dimension,
        coalesce(nation.group_code, differences.group_code) as group_code,
        coalesce(nation.parent_code, differences.parent_code) as parent_code,
        coalesce(nation.monitored, 0) as monitored,
        coalesce(nation.exposed, 0) as exposed,
        coalesce(nation.collective_dose_man_sv, 0) as collective_dose_man_sv,
        cast(coalesce(differences.monitored, 0) as bigint) as monitored_difference,
        cast(coalesce(differences.exposed, 0) as bigint) as exposed_difference,
        coalesce(differences.dose_msv, 0) as difference_msv,
        cast(differences.persons as bigint) as corrected_persons,
        differences.establishments as corrected_establishments,
        coalesce(differences.corrected_msv, 0) as corrected_msv,
        share_of(differences.highest_msv, differences.corrected_msv) as top_corrected_share,
        share_of(differences.highest_of_establishments_msv, differences.corrected_msv) as top_corrected_establishment_share,
        coalesce(nation.n_establishments, 0) as n_establishments,
        nation.top_share,
        nation.top_establishment_share_dose,
        nation.top_establishment_share_workers
    from national_statistics as nation
    full outer join differences
        on differences.year = nation.year
        and differences.limit_quantity = nation.limit_quantity
        and differences.dimension = nation.dimension
        and differences.group_code = nation.group_code
)

select
    year,
    limit_quantity,
    dimension,
    group_code,
    parent_code,
    monitored,
    exposed,
    collective_dose_man_sv,
    monitored + monitored_difference as monitored_all_rows,
    exposed + exposed_difference as exposed_all_rows,
    cast(collective_dose_man_sv + difference_msv * 0.001::decimal(4, 3) as decimal(18, 6))
        as collective_dose_all_rows_man_sv,
    quantiles.median_exposed_msv as median_exposed_all_rows_msv,
    quantiles.p25_exposed_msv as p25_exposed_all_rows_msv,
    quantiles.p75_exposed_msv as p75_exposed_all_rows_msv,
    quantiles.p90_exposed_msv as p90_exposed_all_rows_msv,
    quantiles.p95_exposed_msv as p95_exposed_all_rows_msv,
    quantiles.p99_exposed_msv as p99_exposed_all_rows_msv,
    quantiles.median_monitored_msv as median_monitored_all_rows_msv,
    quantiles.p25_monitored_msv as p25_monitored_all_rows_msv,
    quantiles.p75_monitored_msv as p75_monitored_all_rows_msv,
    quantiles.p90_monitored_msv as p90_monitored_all_rows_msv,
    quantiles.p95_monitored_msv as p95_monitored_all_rows_msv,
    quantiles.p99_monitored_msv as p99_monitored_all_rows_msv,
    corrected_persons,
    corrected_establishments,
    nullif(abs(monitored_difference), 0) as monitored_difference,
    nullif(abs(exposed_difference), 0) as exposed_difference,
    nullif(abs(monitored + monitored_difference - exposed - exposed_difference), 0) as unexposed_all_rows,
    cast(corrected_msv as decimal(18, 3)) as corrected_msv,
    top_corrected_share,
    top_corrected_establishment_share,
    n_establishments,
    top_share,
    top_establishment_share_dose,
    top_establishment_share_workers
from side_by_side
left join (from dose_quantiles where basis = 'all') as quantiles using (year, limit_quantity, dimension, group_code)
order by year, limit_quantity, dimension, group_code
