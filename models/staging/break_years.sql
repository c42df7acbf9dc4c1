-- A break is told at its own year, and where the years before it were recomputed, at the first of those: a reader may hold
-- either series.
with series as (
    select distinct year, limit_quantity, dimension
    from group_members
    where basis = 'current'
)

select
    series.year,
    series.limit_quantity,
    series.dimension,
    string_agg(breaks.break_code, ';' order by breaks.since, breaks.break_code) as series_breaks
from series
inner join reference.series_breaks as breaks
    on series.year in (year(breaks.since), breaks.recomputed_from)
    and list_contains(
        string_split(coalesce(breaks.limit_quantities, series.limit_quantity), ';'), series.limit_quantity
    )
    and list_contains(string_split(coalesce(breaks.dimensions, series.dimension), ';'), series.dimension)
group by series.year, series.limit_quantity, series.dimension
