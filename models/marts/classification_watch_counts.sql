with counts as (
    select
        year, rule_code, limit_quantity, category, dimension, group_code, parent_code,
        count(*) filter (where is_monitored and stands_once)
            + count(distinct worker_key) filter (where is_monitored and not stands_once) as monitored,
        count(distinct worker_key) filter (where is_flagged) as flagged,
        count(distinct establishment_key) as n_establishments
    from watched_groups
    group by year, rule_code, limit_quantity, category, dimension, group_code, parent_code
),

levels as (
    select rule_code, limit_quantity, category, min(level_msv) filter (where passes = 'ABOVE') as above_msv
    from reference.classification_levels
    group by rule_code, limit_quantity, category
),

-- What national_statistics tells of the same groups: readers subtract.
everybody as (
    select
        people.year, levels.rule_code, people.dimension, people.group_code,
        count(*) filter (where people.is_monitored) as monitored,
        count(*) filter (where people.dose_msv > levels.above_msv) as above
    from person_groups as people
    inner join levels on levels.limit_quantity = people.limit_quantity
    where people.dimension in ('ALL', 'domain', 'sector')
    group by people.year, levels.rule_code, people.dimension, people.group_code
),

-- Of the nation it tells every category.
categories as (
    select year, limit_quantity, group_code as category, count(*) as monitored
    from person_groups
    where dimension = 'category' and is_monitored
    group by year, limit_quantity, group_code
),

other_categories as (
    select categories.year, levels.rule_code, 'ALL' as dimension, min(categories.monitored) as fewest
    from categories
    inner join levels
        on levels.limit_quantity = categories.limit_quantity
        and levels.category <> categories.category
    group by categories.year, levels.rule_code
),

watched as (
    select year, limit_quantity, dimension, group_code, sum(monitored) as monitored
    from (select distinct year, limit_quantity, category, dimension, group_code, monitored from counts)
    group by year, limit_quantity, dimension, group_code
)

select
    year,
    rule_code,
    limit_quantity,
    category,
    dimension,
    group_code,
    parent_code,
    counts.monitored,
    counts.flagged,
    counts.n_establishments,
    cast(least(
        nullif(everybody.monitored - counts.monitored, 0),
        nullif(abs(everybody.monitored - watched.monitored), 0),
        other_categories.fewest
    ) as bigint) as smallest_margin,
    case when counts.flagged > 0 and everybody.above > counts.flagged then everybody.above - counts.flagged end
        as above_unflagged
from counts
inner join watched using (year, limit_quantity, dimension, group_code)
left join everybody using (year, rule_code, dimension, group_code)
left join other_categories using (year, rule_code, dimension)
order by year, rule_code, dimension, group_code
