-- Members of a category that a rule watches, once as monitored, and once more as flagged: whoever is flagged by what was
-- received elsewhere need not be monitored there.
with rules as (
    select rule_code, category, limit_quantity, passes, years, valid_from,
        coalesce(valid_to, date '9999-12-31') as valid_to
    from reference.classification_levels
),

flagged as (
    select
        watch.year, watch.rule_code, watch.limit_quantity, rules.category, watch.worker_key, watch.establishment_key,
        watch.sector_code
    from classification_watch as watch
    inner join (select distinct rule_code, category, limit_quantity from rules) as rules
        using (rule_code, limit_quantity)
)

select
    members.year, rules.rule_code, rules.limit_quantity, rules.category, members.dimension, members.group_code,
    members.parent_code, members.worker_key, members.establishment_key, members.employments_in_year = 1 as stands_once,
    true as is_monitored, false as is_flagged
from group_members as members
inner join rules
    on rules.category = members.category
    and rules.limit_quantity = members.limit_quantity
    -- What is below a level is judged at the end of each of the years; what is above one, on any day.
    and make_date(members.year - rules.years + 1, 12, 31) >= rules.valid_from
    and case rules.passes when 'ABOVE' then make_date(members.year, 1, 1) else make_date(members.year, 12, 31) end
        <= rules.valid_to
where members.basis = 'current' and members.is_monitored and members.dimension in ('ALL', 'domain', 'sector')
union all
select
    year, rule_code, limit_quantity, category, 'ALL', 'ALL', null, worker_key, establishment_key, false, false, true
from flagged
union all
select
    flagged.year, flagged.rule_code, flagged.limit_quantity, flagged.category, 'domain',
    coalesce(sectors.bilan_domain, 'UNDETERMINED'), null, flagged.worker_key, flagged.establishment_key, false, false, true
from flagged
left join reference.sectors on sectors.code = flagged.sector_code
union all
select
    flagged.year, flagged.rule_code, flagged.limit_quantity, flagged.category, 'sector',
    coalesce(sector_levels.ancestor_code, 'UNSPECIFIED'), sector_levels.parent_code, flagged.worker_key,
    flagged.establishment_key, false, false, true
from flagged
left join sector_levels on sector_levels.code = flagged.sector_code
