-- limit_quantity effective only. Each person once, so that headcounts of jobs add up: at an establishment the job of most
-- of their dose there, in the nation that of the main employment. A nation's jobs are its domains and categories.
select
    establishment_key as unit_key,
    year,
    worker_key,
    establishment_key,
    first(concat_ws(' ', sector_code, coalesce(occupation_code, 'UNSPECIFIED'), category)
        order by dose_msv desc, results desc, sector_code, category, occupation_code, contract_type) as job,
    cast(sum(dose_msv) as decimal(12, 3)) as dose_msv,
    bool_or(is_monitored) as is_monitored,
    -- Tables by occupation, or by domain and category, count the doses of such a person apart.
    count(distinct coalesce(occupation_code, 'UNSPECIFIED')) filter (where dose_msv > 0) > 1 as has_several_jobs
from annual_worker_doses
where limit_quantity = 'effective'
group by establishment_key, year, worker_key
union all
select
    0,
    annual.year,
    annual.worker_key,
    main_domains.establishment_key,
    concat_ws(' ', main_domains.domain, main_domains.category),
    cast(sum(annual.dose_msv) as decimal(12, 3)),
    bool_or(annual.is_monitored),
    count(distinct concat_ws(' ', coalesce(sectors.bilan_domain, 'UNDETERMINED'), annual.category))
        filter (where annual.dose_msv > 0) > 1
from annual_worker_doses as annual
inner join main_domains using (worker_key, year)
left join reference.sectors on sectors.code = annual.sector_code
where annual.limit_quantity = 'effective'
group by annual.year, annual.worker_key, main_domains.establishment_key, main_domains.domain, main_domains.category
