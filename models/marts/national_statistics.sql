with of_persons as (
    select
        year, limit_quantity, dimension, group_code, parent_code,
        count(*) filter (where is_monitored) as monitored,
        count(*) filter (where dose_msv > 0) as exposed,
        count(*) filter (where dose_msv > 0 and not is_monitored) as exposed_unmonitored,
        cast(sum(dose_msv) as decimal(18, 3)) as dose_msv,
        sum(dose_msv) filter (where is_monitored) as monitored_dose_msv,
        max(dose_msv) as highest_msv,
        count(*) filter (where dose_msv > 1) as n_gt_1,
        count(*) filter (where dose_msv > 2) as n_gt_2,
        count(*) filter (where dose_msv > 5) as n_gt_5,
        count(*) filter (where dose_msv > 6) as n_gt_6,
        count(*) filter (where dose_msv > 10) as n_gt_10,
        count(*) filter (where dose_msv > 15) as n_gt_15,
        count(*) filter (where dose_msv > 20) as n_gt_20,
        count(*) filter (where dose_msv > 50) as n_gt_50,
        count(*) filter (where is_monitored and dose_msv > 15) as monitored_gt_15,
        sum(dose_msv) filter (where is_monitored and dose_msv > 15) as dose_gt_15,
        count(*) filter (where is_monitored and dose_msv > 10) as monitored_gt_10,
        sum(dose_msv) filter (where is_monitored and dose_msv > 10) as dose_gt_10,
        count(*) filter (where is_monitored and dose_msv > 5) as monitored_gt_5,
        sum(dose_msv) filter (where is_monitored and dose_msv > 5) as dose_gt_5,
        count(*) filter (where is_monitored and dose_msv > 1) as monitored_gt_1,
        sum(dose_msv) filter (where is_monitored and dose_msv > 1) as dose_gt_1
    from person_groups
    group by year, limit_quantity, dimension, group_code, parent_code
),

establishment_groups as (
    select year, limit_quantity, dimension, group_code, establishment_key, dose_msv, 1 as workers
    from group_members
    where basis = 'current' and employments_in_year = 1
    union all
    select
        year, limit_quantity, dimension, group_code, establishment_key, cast(sum(dose_msv) as decimal(12, 3)), 1
    from group_members
    where basis = 'current' and employments_in_year > 1
    group by worker_key, year, limit_quantity, dimension, group_code, establishment_key
),

establishment_totals as (
    select
        year, limit_quantity, dimension, group_code, establishment_key,
        sum(dose_msv) as dose_msv,
        sum(workers) as workers
    from establishment_groups
    group by year, limit_quantity, dimension, group_code, establishment_key
),

of_establishments as (
    select
        year, limit_quantity, dimension, group_code,
        count(*) as n_establishments,
        share_of(max(dose_msv), sum(dose_msv)) as top_establishment_share_dose,
        share_of(max(workers), sum(workers)) as top_establishment_share_workers
    from establishment_totals
    group by year, limit_quantity, dimension, group_code
)

select
    year,
    limit_quantity,
    dimension,
    group_code,
    parent_code,
    break_years.series_breaks,
    monitored,
    exposed,
    cast(dose_msv * 0.001::decimal(4, 3) as decimal(18, 6)) as collective_dose_man_sv,
    mean_msv(coalesce(monitored_dose_msv, 0), monitored) as mean_monitored_msv,
    mean_msv(dose_msv, exposed) as mean_exposed_msv,
    median_exposed_msv,
    p25_exposed_msv,
    p75_exposed_msv,
    p90_exposed_msv,
    p95_exposed_msv,
    p99_exposed_msv,
    median_monitored_msv,
    p25_monitored_msv,
    p75_monitored_msv,
    p90_monitored_msv,
    p95_monitored_msv,
    p99_monitored_msv,
    n_gt_1,
    n_gt_2,
    n_gt_5,
    n_gt_6,
    n_gt_10,
    n_gt_15,
    n_gt_20,
    n_gt_50,
    share_of(monitored_gt_15, monitored) as number_ratio_15,
    share_of(monitored_gt_10, monitored) as number_ratio_10,
    share_of(monitored_gt_5, monitored) as number_ratio_5,
    share_of(monitored_gt_1, monitored) as number_ratio_1,
    share_of(coalesce(dose_gt_15, 0), monitored_dose_msv) as dose_ratio_15,
    share_of(coalesce(dose_gt_10, 0), monitored_dose_msv) as dose_ratio_10,
    share_of(coalesce(dose_gt_5, 0), monitored_dose_msv) as dose_ratio_5,
    share_of(coalesce(dose_gt_1, 0), monitored_dose_msv) as dose_ratio_1,
    exposed_unmonitored,
    share_of(highest_msv, dose_msv) as top_share,
    n_establishments,
    top_establishment_share_dose,
    top_establishment_share_workers
from of_persons
inner join of_establishments using (year, limit_quantity, dimension, group_code)
left join (from dose_quantiles where basis = 'current') as quantiles
    using (year, limit_quantity, dimension, group_code)
left join break_years using (year, limit_quantity, dimension)
order by year, limit_quantity, dimension, group_code
