-- severity: warning
-- A replaced dose is in the lake, or waits.
select replacing.dose_id, replacing.replaces_dose_id
from lake.doses as replacing
where
    replacing.replaces_dose_id is not null
    and not exists (select 1 from lake.doses as replaced where replaced.dose_id >> 3 = replacing.replaces_dose_id >> 3)
    and not exists (select 1 from lake.waiting as waits where waits.dose_id >> 3 = replacing.replaces_dose_id >> 3)
