with establishment_groups as (
    select year, limit_quantity, dimension, group_code, parent_code, establishment_key, dose_msv, 1 as workers
    from group_members
    where basis = 'current' and employments_in_year = 1
    union all
    select
        year, limit_quantity, dimension, group_code, any_value(parent_code), establishment_key,
        cast(sum(dose_msv) as decimal(12, 3)), 1
    from group_members
    where basis = 'current' and employments_in_year > 1
    group by worker_key, year, limit_quantity, dimension, group_code, establishment_key
),

establishment_totals as (
    select
        year, limit_quantity, dimension, group_code, establishment_key,
        any_value(parent_code) as parent_code,
        sum(dose_msv) as dose_msv,
        sum(workers) as workers
    from establishment_groups
    group by year, limit_quantity, dimension, group_code, establishment_key
),

of_establishments as (
    select
        year, limit_quantity, dimension, group_code,
        any_value(parent_code) as parent_code,
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
    of_persons.* exclude (basis, year, limit_quantity, dimension, group_code),
    n_establishments,
    top_establishment_share_dose,
    top_establishment_share_workers
from group_statistics as of_persons
inner join of_establishments using (year, limit_quantity, dimension, group_code)
left join break_years using (year, limit_quantity, dimension)
where of_persons.basis = 'current'
order by year, limit_quantity, dimension, group_code
