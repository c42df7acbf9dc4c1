-- Every row ever received of those persons, replaced and cancelled ones as if they stood. Electronic readings stand apart.
select
    worker_key, establishment_key, radiation, body_location, period_start, period_end,
    cast(counted_msv as decimal(12, 3)) as counted_msv, limit_quantity, site, component, dosimetry, makes_monitored
from judged_doses
where
    worker_key in (select worker_key from judged_doses where removed_by is not null)
    and record_action <> 'CANCEL'
    and counted_msv is not null
    and situation <> 'SUR'
    and badge_position is distinct from 'OVER_APRON'
    and body_location is distinct from 'ABDOMEN'
    and limit_quantity is not null
    and dosimetry <> 'OPERATIONAL'
