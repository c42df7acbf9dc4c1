-- The same effective dose is counted by period, by year, in the careers and in the ledger.
with totals as (
    select
        limit_quantity,
        (select sum(dose_msv) from period_doses where period_doses.limit_quantity = quantities.limit_quantity)
            as in_periods,
        (select sum(dose_msv) from annual_worker_doses where annual_worker_doses.limit_quantity = quantities.limit_quantity)
            as in_years,
        (
            select sum(career_msv)
            from (
                select max(career_msv) as career_msv
                from rolling_doses
                where rolling_doses.limit_quantity = quantities.limit_quantity
                group by worker_key
            )
        ) as in_careers
    from (select unnest(['effective', 'effective_external', 'lens', 'operational']) as limit_quantity) as quantities
)

select *
from totals
where
    coalesce(in_periods, 0) <> coalesce(in_years, 0)
    or coalesce(in_periods, 0) <> coalesce(in_careers, 0)
