with persons as (
    select
        year, limit_quantity, dimension, group_code,
        max(dose_msv) as highest_msv,
        sum(dose_msv) as dose_msv,
        count(*) filter (where dose_msv > 0) as exposed
    from person_groups
    group by year, limit_quantity, dimension, group_code
    having sum(dose_msv) > 0
),

at_establishments as (
    select
        year, limit_quantity, dimension, group_code, establishment_key, worker_key,
        cast(sum(dose_msv) as decimal(12, 3)) as dose_msv
    from group_members
    where basis = 'current' and dose_msv > 0
    group by year, limit_quantity, dimension, group_code, establishment_key, worker_key
),

top_establishments as (
    select year, limit_quantity, dimension, group_code, establishment_key, sum(dose_msv) as dose_msv
    from at_establishments
    group by year, limit_quantity, dimension, group_code, establishment_key
    qualify row_number() over (
        partition by year, limit_quantity, dimension, group_code order by sum(dose_msv) desc, establishment_key
    ) = 1
),

elsewhere as (
    select
        doses.year, doses.limit_quantity, doses.dimension, doses.group_code,
        count(distinct doses.worker_key) as exposed
    from at_establishments as doses
    inner join top_establishments as top
        on top.year = doses.year
        and top.limit_quantity = doses.limit_quantity
        and top.dimension = doses.dimension
        and top.group_code = doses.group_code
        and top.establishment_key <> doses.establishment_key
    group by doses.year, doses.limit_quantity, doses.dimension, doses.group_code
)

select
    year,
    limit_quantity,
    dimension,
    group_code,
    share_of(persons.highest_msv, persons.dose_msv) as top_person_share,
    cast((persons.dose_msv - persons.highest_msv) * 0.001::decimal(4, 3) as decimal(18, 6))
        as collective_dose_without_person_man_sv,
    mean_msv(persons.dose_msv - persons.highest_msv, persons.exposed - 1) as mean_exposed_without_person_msv,
    share_of(top_establishments.dose_msv, persons.dose_msv) as top_establishment_share,
    cast((persons.dose_msv - top_establishments.dose_msv) * 0.001::decimal(4, 3) as decimal(18, 6))
        as collective_dose_without_establishment_man_sv,
    mean_msv(persons.dose_msv - top_establishments.dose_msv, elsewhere.exposed)
        as mean_exposed_without_establishment_msv
from persons
inner join top_establishments using (year, limit_quantity, dimension, group_code)
left join elsewhere using (year, limit_quantity, dimension, group_code)
order by year, limit_quantity, dimension, group_code
