with recursive ancestors (code, ancestor_code, level, parent_code) as (
    select code, code, level, parent_code
    from reference.sectors
    union all
    select ancestors.code, sectors.code, sectors.level, sectors.parent_code
    from ancestors
    inner join reference.sectors on sectors.code = ancestors.parent_code
)

select ancestors.code, ancestors.ancestor_code, ancestors.level, ancestors.parent_code, sectors.bilan_domain
from ancestors
inner join reference.sectors on sectors.code = ancestors.code
