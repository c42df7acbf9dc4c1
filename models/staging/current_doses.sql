select
    dose_id,
    worker_key,
    establishment_key,
    workplace_key,
    sender_code,
    dosimetry,
    quantity,
    radiation,
    body_location,
    badge_position,
    period_start,
    period_end,
    dose_msv,
    counted_msv,
    result_status,
    situation,
    author_role,
    motive_code,
    sent_on,
    received_at,
    case
        when disposition in ('no_result', 'below_threshold', 'zero', 'operational', 'considered')
            and situation <> 'SUR' and badge_position is distinct from 'OVER_APRON' then limit_quantity
    end as limit_quantity,
    site,
    component,
    makes_monitored
        and disposition in ('below_threshold', 'zero', 'operational', 'considered') as makes_monitored
from judged_doses
where disposition not in ('cancellation', 'cancelled', 'replaced')
