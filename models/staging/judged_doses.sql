with quantity_locations as (
    select
        dosimetry, quantity, radiation, coalesce(body_location, '') as body_location, limit_quantity, site, component,
        makes_monitored
    from reference.quantity_locations
),

judged as (
    select
        doses.dose_id,
        coalesce(person_keys.person_key, doses.worker_key) as worker_key,
        doses.worker_key as sent_key,
        doses.establishment_key,
        doses.workplace_key,
        doses.sender_code,
        doses.dosimetry,
        doses.quantity,
        doses.radiation,
        doses.body_location,
        doses.badge_position,
        doses.period_start,
        doses.period_end,
        doses.dose_msv,
        doses.result_status,
        doses.situation,
        doses.emergency_id,
        doses.sur_group,
        doses.record_action,
        doses.author_role,
        doses.motive_code,
        doses.sent_on,
        doses.received_at,
        removed_rows.removed_by,
        removed_rows.removed_at,
        case
            when doses.result_status = 'BELOW_THRESHOLD' then cast(0 as decimal(9, 3))
            when doses.result_status not in ('MEASURED', 'ESTIMATED') then null
            when doses.dose_msv < doses.recording_threshold_msv then cast(0 as decimal(9, 3))
            else doses.dose_msv
        end as counted_msv,
        quantity_locations.limit_quantity,
        quantity_locations.site,
        quantity_locations.component,
        coalesce(quantity_locations.makes_monitored, false) as makes_monitored
    from lake.doses
    left join person_keys on person_keys.worker_key = doses.worker_key
    left join removed_rows on removed_rows.dose_row = doses.dose_id >> 3
    left join quantity_locations
        on quantity_locations.dosimetry = doses.dosimetry
        and quantity_locations.quantity = doses.quantity
        and quantity_locations.radiation = doses.radiation
        and quantity_locations.body_location = coalesce(doses.body_location, '')
)

select
    *,
    case
        when record_action = 'CANCEL' then 'cancellation'
        when removed_by = 'CANCEL' then 'cancelled'
        when removed_by = 'REPLACE' then 'replaced'
        when result_status not in ('MEASURED', 'ESTIMATED', 'BELOW_THRESHOLD') then 'no_result'
        when situation = 'SUR' then 'emergency'
        when badge_position = 'OVER_APRON' then 'over_apron'
        when body_location = 'ABDOMEN' then 'abdomen'
        when limit_quantity is null then 'not_limited'
        when counted_msv = 0 and dose_msv > 0 then 'below_threshold'
        when result_status = 'BELOW_THRESHOLD' then 'below_threshold'
        when counted_msv = 0 then 'zero'
        when dosimetry = 'OPERATIONAL' then 'operational'
        else 'considered'
    end as disposition
from judged
