-- limit_quantity effective only: the headline of the annual reports.
with facts as (
    select
        annual.worker_key, annual.year, annual.establishment_key, annual.dose_msv, annual.is_monitored,
        case
            when annual.category in ('A', 'B') then 'classified'
            when annual.category in ('NR', 'UNSPECIFIED') then 'blank'
            else 'other'
        end as standing,
        coalesce(sectors.bilan_domain = 'NATURAL', false) as is_natural
    from annual_worker_doses as annual
    left join reference.sectors on sectors.code = annual.sector_code
    where annual.limit_quantity = 'effective'
),

-- The tables by category and by domain are published too: whoever subtracts finds each of these cells.
cells as (
    select *, standing || ' ' || is_natural as cell, null as reading
    from facts
    union all
    select *, 'BLANK_OUT', 'BLANK_OUT'
    from facts
    where standing = 'classified' and not is_natural
    union all
    select *, 'BLANK_IN', 'BLANK_IN'
    from facts
    where standing in ('classified', 'blank') and not is_natural
),

persons as (
    select
        year, cell, reading, worker_key,
        cast(sum(dose_msv) as decimal(12, 3)) as dose_msv,
        bool_or(is_monitored) as is_monitored
    from cells
    group by year, cell, reading, worker_key
),

establishments as (
    select year, cell, establishment_key, sum(dose_msv) as dose_msv
    from cells
    group by year, cell, establishment_key
),

of_establishments as (
    select
        year, cell,
        count(*) as n_establishments,
        share_of(max(dose_msv), sum(dose_msv)) as top_establishment_share_dose
    from establishments
    group by year, cell
),

figures as (
    select
        year, cell, reading,
        count(*) as persons,
        count(*) filter (where is_monitored) as monitored,
        count(*) filter (where dose_msv > 0) as exposed,
        count(*) filter (where dose_msv > 0 and not is_monitored) as exposed_unmonitored,
        sum(dose_msv) as dose_msv,
        coalesce(sum(dose_msv) filter (where is_monitored), 0) as monitored_dose_msv,
        share_of(max(dose_msv), sum(dose_msv)) as top_share
    from persons
    group by year, cell, reading
),

-- Some are blank for a part of the year alone: between the bounds stand fewer than are blank.
between_bounds as (
    select
        year,
        nullif(max(monitored) - min(monitored), 0) as monitored,
        nullif(max(exposed) - min(exposed), 0) as exposed
    from figures
    where reading is not null
    group by year
),

margins as (
    select
        figures.year,
        least(
            min(least(figures.persons, case when figures.exposed > 0 then figures.exposed else figures.persons end)),
            min(between_bounds.monitored),
            min(between_bounds.exposed)
        ) as smallest_margin,
        min(of_establishments.n_establishments) as margin_establishments,
        max(figures.top_share) as top_share,
        max(of_establishments.top_establishment_share_dose) as top_establishment_share_dose
    from figures
    inner join of_establishments using (year, cell)
    inner join between_bounds using (year)
    where figures.reading is null
    group by figures.year
)

select
    figures.year,
    figures.reading,
    figures.monitored,
    figures.exposed,
    cast(figures.dose_msv * 0.001::decimal(4, 3) as decimal(18, 6)) as collective_dose_man_sv,
    mean_msv(figures.monitored_dose_msv, figures.monitored) as mean_monitored_msv,
    mean_msv(figures.dose_msv, figures.exposed) as mean_exposed_msv,
    of_establishments.n_establishments,
    figures.exposed_unmonitored,
    greatest(figures.top_share, margins.top_share) as top_share,
    greatest(of_establishments.top_establishment_share_dose, margins.top_establishment_share_dose)
        as top_establishment_share_dose,
    margins.smallest_margin,
    margins.margin_establishments
from figures
inner join of_establishments using (year, cell)
inner join margins using (year)
where figures.reading is not null
order by figures.year, figures.reading
