-- Both views, and what corrections change between them: each would tell few of the others.
with members as (
    select
        year, limit_quantity, dimension, group_code, basis, worker_key, establishment_key, dose_msv, is_monitored,
        sum(dose_msv) over (partition by basis, worker_key, year, limit_quantity, dimension, group_code) as person_msv,
        corrected.worker_key is not null as is_corrected
    from group_members
    left join (select distinct worker_key, year from annual_doses_of_all_rows) as corrected using (worker_key, year)
),

-- Whoever is above a dose in one of two sums is counted: in the view of all rows, or by what corrections change.
sides as (
    select
        year, limit_quantity, dimension, group_code, 'current' as aspect, worker_key, establishment_key, dose_msv,
        is_monitored, person_msv as current_msv, 0 as one_msv, 0 as other_msv
    from members
    where basis = 'current'
    union all
    select
        year, limit_quantity, dimension, group_code, 'all', worker_key, establishment_key, dose_msv, is_monitored,
        0, person_msv, 0
    from members
    where basis = 'all' or not is_corrected
    union all
    select
        year, limit_quantity, dimension, group_code, 'corrected', worker_key, establishment_key, all_msv - current_msv,
        is_monitored_in_all <> is_monitored_now, 0, all_msv, current_msv
    from corrected_groups
)

select
    year, limit_quantity, dimension, group_code, aspect, worker_key, establishment_key, dose_msv, is_monitored,
    current_msv > 0 as exposed,
    current_msv > 1 as n_gt_1,
    current_msv > 2 as n_gt_2,
    current_msv > 5 as n_gt_5,
    current_msv > 6 as n_gt_6,
    current_msv > 10 as n_gt_10,
    current_msv > 15 as n_gt_15,
    current_msv > 20 as n_gt_20,
    current_msv > 50 as n_gt_50,
    (one_msv > 0) <> (other_msv > 0) as exposed_all_rows,
    (one_msv > 1) <> (other_msv > 1) as n_gt_1_all_rows,
    (one_msv > 2) <> (other_msv > 2) as n_gt_2_all_rows,
    (one_msv > 5) <> (other_msv > 5) as n_gt_5_all_rows,
    (one_msv > 6) <> (other_msv > 6) as n_gt_6_all_rows,
    (one_msv > 10) <> (other_msv > 10) as n_gt_10_all_rows,
    (one_msv > 15) <> (other_msv > 15) as n_gt_15_all_rows,
    (one_msv > 20) <> (other_msv > 20) as n_gt_20_all_rows,
    (one_msv > 50) <> (other_msv > 50) as n_gt_50_all_rows
from sides
