select
    parts.year, parts.component, groups.dimension, case groups.dimension when 'ALL' then 'ALL'
        else coalesce(main_domains.domain, 'UNDETERMINED') end as group_code,
    parts.worker_key, parts.establishment_key, parts.dose_msv, true as is_monitored
from dose_parts as parts
left join main_domains using (worker_key, year)
cross join (select unnest(['ALL', 'domain']) as dimension) as groups
where parts.component in ('internal', 'radon', 'cosmic')
