with person_years as (
    select
        establishment_key, year, limit_quantity, worker_key,
        cast(sum(dose_msv) as decimal(12, 3)) as dose_msv,
        bool_or(is_monitored) as is_monitored
    from annual_worker_doses
    group by establishment_key, year, limit_quantity, worker_key
)

select
    establishment_key,
    year,
    limit_quantity,
    count(*) filter (where is_monitored) as monitored,
    count(*) filter (where dose_msv > 0) as exposed,
    cast(sum(dose_msv) * 0.001::decimal(4, 3) as decimal(18, 6)) as collective_dose_man_sv,
    mean_msv(
        coalesce(sum(dose_msv) filter (where is_monitored), 0), count(*) filter (where is_monitored)
    ) as mean_monitored_msv,
    mean_msv(sum(dose_msv), count(*) filter (where dose_msv > 0)) as mean_exposed_msv,
    percentile_msv(list(dose_msv) filter (where dose_msv > 0), 50) as median_exposed_msv,
    percentile_msv(list(dose_msv) filter (where dose_msv > 0), 25) as p25_exposed_msv,
    percentile_msv(list(dose_msv) filter (where dose_msv > 0), 75) as p75_exposed_msv,
    percentile_msv(list(dose_msv) filter (where is_monitored), 50) as median_monitored_msv,
    percentile_msv(list(dose_msv) filter (where is_monitored), 25) as p25_monitored_msv,
    percentile_msv(list(dose_msv) filter (where is_monitored), 75) as p75_monitored_msv,
    count(*) filter (where dose_msv > 1) as n_gt_1,
    count(*) filter (where dose_msv > 6) as n_gt_6,
    count(*) filter (where dose_msv > 0 and not is_monitored) as exposed_unmonitored,
    share_of(max(dose_msv), sum(dose_msv)) as top_share
from person_years
group by establishment_key, year, limit_quantity
order by establishment_key, year, limit_quantity
