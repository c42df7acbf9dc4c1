-- From how many persons have which dose. Means and ratios are taken once, of whole sums.
with sums as (
    select
        basis, year, limit_quantity, dimension, group_code,
        cast(coalesce(sum(persons) filter (where is_monitored), 0) as bigint) as monitored,
        cast(coalesce(sum(persons) filter (where dose_msv > 0), 0) as bigint) as exposed,
        cast(coalesce(sum(persons) filter (where dose_msv > 0 and not is_monitored), 0) as bigint) as exposed_unmonitored,
        cast(sum(dose_msv * persons) as decimal(18, 3)) as dose_msv,
        coalesce(sum(dose_msv * persons) filter (where is_monitored), 0) as monitored_dose_msv,
        max(dose_msv) as highest_msv,
        cast(coalesce(sum(persons) filter (where dose_msv > 1), 0) as bigint) as n_gt_1,
        cast(coalesce(sum(persons) filter (where dose_msv > 2), 0) as bigint) as n_gt_2,
        cast(coalesce(sum(persons) filter (where dose_msv > 5), 0) as bigint) as n_gt_5,
        cast(coalesce(sum(persons) filter (where dose_msv > 6), 0) as bigint) as n_gt_6,
        cast(coalesce(sum(persons) filter (where dose_msv > 10), 0) as bigint) as n_gt_10,
        cast(coalesce(sum(persons) filter (where dose_msv > 15), 0) as bigint) as n_gt_15,
        cast(coalesce(sum(persons) filter (where dose_msv > 20), 0) as bigint) as n_gt_20,
        cast(coalesce(sum(persons) filter (where dose_msv > 50), 0) as bigint) as n_gt_50,
        coalesce(sum(persons) filter (where is_monitored and dose_msv > 15), 0) as monitored_gt_15,
        coalesce(sum(persons) filter (where is_monitored and dose_msv > 10), 0) as monitored_gt_10,
        coalesce(sum(persons) filter (where is_monitored and dose_msv > 5), 0) as monitored_gt_5,
        coalesce(sum(persons) filter (where is_monitored and dose_msv > 1), 0) as monitored_gt_1,
        coalesce(sum(dose_msv * persons) filter (where is_monitored and dose_msv > 15), 0) as dose_gt_15,
        coalesce(sum(dose_msv * persons) filter (where is_monitored and dose_msv > 10), 0) as dose_gt_10,
        coalesce(sum(dose_msv * persons) filter (where is_monitored and dose_msv > 5), 0) as dose_gt_5,
        coalesce(sum(dose_msv * persons) filter (where is_monitored and dose_msv > 1), 0) as dose_gt_1
    from dose_counts
    group by basis, year, limit_quantity, dimension, group_code
)

select
    basis,
    year,
    limit_quantity,
    dimension,
    group_code,
    monitored,
    exposed,
    cast(dose_msv * 0.001::decimal(4, 3) as decimal(18, 6)) as collective_dose_man_sv,
    mean_msv(monitored_dose_msv, monitored) as mean_monitored_msv,
    mean_msv(dose_msv, exposed) as mean_exposed_msv,
    quantiles.* exclude (basis, year, limit_quantity, dimension, group_code),
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
    share_of(dose_gt_15, monitored_dose_msv) as dose_ratio_15,
    share_of(dose_gt_10, monitored_dose_msv) as dose_ratio_10,
    share_of(dose_gt_5, monitored_dose_msv) as dose_ratio_5,
    share_of(dose_gt_1, monitored_dose_msv) as dose_ratio_1,
    exposed_unmonitored,
    share_of(highest_msv, dose_msv) as top_share
from sums
left join dose_quantiles as quantiles using (basis, year, limit_quantity, dimension, group_code)
