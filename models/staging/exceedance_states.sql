-- Inquiry and conclusion: detected, notified, under inquiry, then confirmed, modified, cancelled or, in silence, retained.
with episodes as (
    select
        episodes.worker_key, episodes.limit_code, episodes.limit_quantity, episodes.limit_msv, limits.kind,
        limits.population, episodes.first_date, episodes.first_after_date, episodes.first_site, episodes.last_date,
        episodes.peak_site
    from exceedance_episodes as episodes
    inner join reference.dose_limits as limits using (limit_code)
    where episodes.basis = 'current' and episodes.status = 'detected'
),

of_exceeding_persons as (
    select
        doses.dose_id, doses.worker_key, doses.sent_key, doses.establishment_key, doses.radiation, doses.body_location,
        doses.component, doses.period_start, doses.period_end, doses.received_at, doses.removed_by, doses.removed_at,
        doses.disposition, doses.site, doses.counted_msv,
        case when doses.situation = 'SUR' then 'EMERGENCY_LIMIT' else 'LIMIT' end as kind,
        case when doses.situation = 'SUR' then 'effective' else doses.limit_quantity end as limit_quantity,
        -- Of a person under 18, only what was worn before that day counts against their limits.
        coalesce(doses.period_start < minors.adult_on, false) as is_worn_young
    from judged_doses as doses
    left join minors on minors.worker_key = doses.worker_key
    where
        doses.worker_key in (select worker_key from episodes union select worker_key from gone_episodes)
        and doses.dosimetry <> 'OPERATIONAL'
        and doses.counted_msv > 0
        and doses.record_action <> 'CANCEL'
        and case
            when doses.situation = 'SUR'
                then counts_in_emergency(doses.dosimetry, doses.quantity, doses.badge_position, doses.body_location)
            else doses.badge_position is distinct from 'OVER_APRON' and doses.body_location is distinct from 'ABDOMEN'
        end
),

-- What an exceedance is, or was, made of.
parts as (
    select episodes.worker_key, episodes.limit_code, episodes.first_date, doses.dose_id
    from episodes
    inner join of_exceeding_persons as doses
        on doses.worker_key = episodes.worker_key
        and doses.kind = episodes.kind
        and doses.limit_quantity = episodes.limit_quantity
        and (episodes.population <> 'MINOR' or doses.is_worn_young)
        and (doses.kind = 'EMERGENCY_LIMIT' or doses.site in (episodes.first_site, episodes.peak_site))
        and doses.period_end > episodes.first_after_date
        and doses.period_end <= episodes.last_date
),

-- An exceedance is seen on any of its days: a later result that moves its first one does not make it seen later.
days_passed as (
    select episodes.*, days.on_date, days.after_date
    from episodes
    inner join limit_days as days
        on days.basis = 'current'
        and days.status = 'detected'
        and days.worker_key = episodes.worker_key
        and days.limit_code = episodes.limit_code
        and days.on_date between episodes.first_date and episodes.last_date
),

-- When the results of these days came, and when it was known whose they are.
arrivals as (
    select
        days.worker_key, days.limit_code, days.first_date, days.limit_msv, days.on_date, doses.establishment_key,
        doses.radiation, doses.body_location, doses.component, doses.site, doses.period_start, doses.period_end,
        doses.counted_msv, greatest(doses.received_at, links.known_at) as known_at
    from days_passed as days
    inner join of_exceeding_persons as doses
        on doses.worker_key = days.worker_key
        and doses.kind = days.kind
        and doses.limit_quantity = days.limit_quantity
        and (days.population <> 'MINOR' or doses.is_worn_young)
        and doses.disposition = 'considered'
        and doses.period_end > days.after_date
        and doses.period_end <= days.on_date
    left join latest_links as links on links.worker_key = doses.sent_key
),

moments as (
    select distinct worker_key, limit_code, first_date, limit_msv, on_date, known_at
    from arrivals
),

-- What had come by each of these moments; of badges worn together the highest counts, as in component_doses.
come_at_locations as (
    select
        moments.worker_key, moments.limit_code, moments.first_date, moments.limit_msv, moments.on_date,
        moments.known_at, arrivals.site, arrivals.establishment_key, arrivals.period_start, arrivals.period_end,
        arrivals.component,
        worn_together(
            arrivals.component,
            max(arrivals.counted_msv) filter (where arrivals.radiation = 'PHOTON'),
            max(arrivals.counted_msv) filter (where arrivals.radiation = 'BETA'),
            max(arrivals.counted_msv) filter (where arrivals.radiation = 'MIXED'),
            max(arrivals.counted_msv),
            sum(arrivals.counted_msv)
        ) as dose_msv
    from moments
    inner join arrivals
        on arrivals.worker_key = moments.worker_key
        and arrivals.limit_code = moments.limit_code
        and arrivals.first_date = moments.first_date
        and arrivals.on_date = moments.on_date
        and arrivals.known_at <= moments.known_at
    group by
        moments.worker_key, moments.limit_code, moments.first_date, moments.limit_msv, moments.on_date,
        moments.known_at, arrivals.site, arrivals.establishment_key, arrivals.period_start, arrivals.period_end,
        arrivals.component, arrivals.body_location
),

come as (
    select worker_key, limit_code, first_date, limit_msv, known_at, sum(dose_msv) as dose_msv
    from (
        select * exclude (dose_msv), max(dose_msv) as dose_msv
        from come_at_locations
        group by all
    )
    group by worker_key, limit_code, first_date, limit_msv, on_date, known_at, site
),

-- The register could see an exceedance once what had come passed the limit.
detections as (
    select worker_key, limit_code, first_date, min(known_at) as detected_at
    from come
    where dose_msv > limit_msv
    group by worker_key, limit_code, first_date
    union all
    select
        episodes.worker_key, episodes.limit_code, episodes.first_date,
        min(cast(substr(come.basis, length('come by ') + 1) as timestamptz))
    from episodes
    inner join emergency_episodes as come
        on come.basis like 'come by %'
        and come.worker_key = episodes.worker_key
        and come.limit_code = episodes.limit_code
    group by episodes.worker_key, episodes.limit_code, episodes.first_date
),

events as (
    select
        coalesce(person_keys.person_key, events.worker_key) as worker_key, events.limit_code, events.on_date,
        events.event, events.happened_on, events.known_at, events.delivery_no, events.row_no
    from lake.inquiry_events as events
    left join person_keys on person_keys.worker_key = events.worker_key
),

events_of_episodes as (
    select episodes.worker_key, episodes.limit_code, episodes.first_date, events.* exclude (worker_key, limit_code)
    from episodes
    inner join events
        on events.worker_key = episodes.worker_key
        and events.limit_code = episodes.limit_code
        and events.on_date between episodes.first_date and episodes.last_date
),

alerts as (
    select
        worker_key, limit_code, first_date,
        max(happened_on) filter (where event = 'NOTIFIED') as notified_on,
        max(happened_on) filter (where event = 'OPENED') as opened_on,
        max(known_at) filter (where event = 'OPENED') as opened_at
    from events_of_episodes
    group by worker_key, limit_code, first_date
),

-- A decision that takes nothing away confirms, if it was made of what the exceedance is made of.
maintained as (
    select
        parts.worker_key, parts.limit_code, parts.first_date, 'confirmed' as state,
        decisions.decided_on as concluded_on, decisions.known_at, decisions.delivery_no, decisions.row_no
    from lake.decisions
    inner join parts on parts.dose_id = decisions.dose_id
    inner join detections
        on detections.worker_key = parts.worker_key
        and detections.limit_code = parts.limit_code
        and detections.first_date = parts.first_date
        and detections.detected_at <= decisions.known_at
    where decisions.decision = 'MAINTAIN'
),

-- One that changes a dose leaves the exceedance modified, if it was one before.
modified as (
    select
        episodes.worker_key, episodes.limit_code, episodes.first_date, 'modified' as state,
        decisions.decided_on as concluded_on, decisions.known_at, decisions.delivery_no, decisions.row_no
    from lake.decisions
    inner join of_exceeding_persons as doses on doses.dose_id = decisions.dose_id
    inner join episodes
        on episodes.worker_key = doses.worker_key
        and episodes.kind = doses.kind
        and episodes.limit_quantity = doses.limit_quantity
        and (episodes.population <> 'MINOR' or doses.is_worn_young)
    inner join exceedance_episodes as earlier
        on earlier.basis = 'before ' || decisions.known_at
        and earlier.status = 'detected'
        and earlier.worker_key = episodes.worker_key
        and earlier.limit_code = episodes.limit_code
        and earlier.first_date <= episodes.last_date
        and earlier.last_date >= episodes.first_date
        and doses.period_end > earlier.first_after_date
        and doses.period_end <= earlier.last_date
        and (doses.kind = 'EMERGENCY_LIMIT' or doses.site in (earlier.first_site, earlier.peak_site))
    where decisions.decision in ('MODIFY', 'CANCEL')
),

confirmed as (
    select
        events.worker_key, events.limit_code, events.first_date, 'confirmed' as state,
        events.happened_on as concluded_on, events.known_at, events.delivery_no, events.row_no
    from events_of_episodes as events
    inner join detections
        on detections.worker_key = events.worker_key
        and detections.limit_code = events.limit_code
        and detections.first_date = events.first_date
        and detections.detected_at <= events.known_at
    where events.event = 'CONFIRMED'
),

conclusions as (
    select *
    from (
        select * from maintained
        union all
        select * from modified
        union all
        select * from confirmed
    )
    qualify row_number() over (
        partition by worker_key, limit_code, first_date
        order by known_at desc, delivery_no desc, row_no desc, concluded_on desc, state
    ) = 1
),

silence as (
    select cast(value as integer) as days
    from reference.thresholds
    where name = 'inquiry_silence_days'
),

standing as (
    select
        episodes.worker_key, episodes.limit_code, episodes.first_date, detections.detected_at, alerts.notified_on,
        alerts.opened_on,
        -- An inquiry opened after a conclusion is open again.
        case
            when alerts.opened_at is null or conclusions.known_at >= alerts.opened_at then conclusions.state
        end as concluded,
        conclusions.concluded_on,
        cast(greatest(alerts.notified_on, alerts.opened_on) + silence.days + 1 as date) as retained_on
    from episodes
    cross join silence
    left join detections using (worker_key, limit_code, first_date)
    left join alerts using (worker_key, limit_code, first_date)
    left join conclusions using (worker_key, limit_code, first_date)
),

-- Gone by a correction: by whose, stands in the dose; all of it that was taken away then was cancelled, or something
-- stands in its place. Where nothing of it was, a dose of another year weighed in a mean of five.
lifted as (
    select
        gone.worker_key, gone.limit_code, gone.first_date,
        case
            when coalesce(
                bool_or(doses.removed_by = 'REPLACE') filter (
                    where doses.period_end > earlier.first_after_date
                    and doses.period_end <= earlier.last_date
                    and (doses.kind = 'EMERGENCY_LIMIT' or doses.site in (earlier.first_site, earlier.peak_site))
                    and (limits.population <> 'MINOR' or doses.is_worn_young)
                ),
                bool_or(doses.removed_by = 'REPLACE')
            ) then 'modified'
            else 'cancelled'
        end as state,
        cast(gone.gone_at as date) as state_since
    from gone_episodes as gone
    inner join reference.dose_limits as limits using (limit_code)
    inner join exceedance_episodes as earlier
        on earlier.basis = 'before ' || gone.gone_at
        and earlier.status = 'detected'
        and earlier.worker_key = gone.worker_key
        and earlier.limit_code = gone.limit_code
        and earlier.first_date between gone.first_date and gone.last_date
    inner join of_exceeding_persons as doses
        on doses.worker_key = gone.worker_key
        and doses.removed_at = gone.gone_at
        and doses.kind = limits.kind
        and doses.limit_quantity = gone.limit_quantity
    group by gone.worker_key, gone.limit_code, gone.first_date, gone.gone_at
)

select
    worker_key,
    limit_code,
    first_date,
    'detected' as status,
    case
        when concluded is not null then concluded
        when retained_on <= clock.today then 'retained_by_default'
        when opened_on is not null then 'under_inquiry'
        when notified_on is not null then 'notified'
        else 'detected'
    end as state,
    case
        when concluded is not null then concluded_on
        when retained_on <= clock.today then retained_on
        when opened_on is not null then opened_on
        when notified_on is not null then notified_on
        else cast(detected_at as date)
    end as state_since
from standing
cross join lake.clock as clock
union all
select worker_key, limit_code, first_date, 'gone', state, state_since
from lifted
