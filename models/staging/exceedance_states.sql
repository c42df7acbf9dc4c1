-- Inquiry and conclusion: detected, notified, under inquiry, then confirmed, modified, cancelled or, in silence, retained.
with episodes as (
    select
        episodes.worker_key, episodes.limit_code, episodes.limit_quantity, episodes.limit_msv, limits.kind,
        limits.population, episodes.first_date, episodes.first_after_date, episodes.first_site, episodes.first_msv,
        episodes.last_date, episodes.peak_site
    from exceedance_episodes as episodes
    inner join reference.dose_limits as limits using (limit_code)
    where episodes.basis = 'current' and episodes.status = 'detected'
),

of_exceeding_persons as (
    select
        dose_id, worker_key, sent_key, period_start, period_end, received_at, disposition, site, counted_msv,
        counted_msv > 0
            and record_action <> 'CANCEL'
            and case when situation = 'SUR' then counts_in_emergency(dosimetry, quantity, badge_position, body_location)
                else badge_position is distinct from 'OVER_APRON' and body_location is distinct from 'ABDOMEN' end
            as counts,
        case when situation = 'SUR' then 'EMERGENCY_LIMIT' else 'LIMIT' end as kind,
        case when situation = 'SUR' then 'effective' else limit_quantity end as limit_quantity
    from judged_doses
    where worker_key in (select worker_key from episodes) and dosimetry <> 'OPERATIONAL'
),

-- Of a person under 18, only what was worn before that day counts against their limits.
worn_young as (
    select distinct worker_key, limit_quantity, site, period_start, period_end
    from limited_doses
    where basis = 'current' and population = 'MINOR'
),

-- What an exceedance is, or was, made of.
parts as (
    select
        episodes.worker_key, episodes.limit_code, episodes.first_date, episodes.first_msv, episodes.limit_msv,
        doses.dose_id, doses.sent_key, doses.received_at, doses.counted_msv,
        doses.disposition in ('considered', 'emergency')
            and doses.period_end <= episodes.first_date
            and (doses.kind = 'EMERGENCY_LIMIT' or doses.site = episodes.first_site)
            as is_of_first_day
    from episodes
    inner join of_exceeding_persons as doses
        on doses.worker_key = episodes.worker_key
        and doses.kind = episodes.kind
        and doses.limit_quantity = episodes.limit_quantity
        and doses.counts
        and (doses.kind = 'EMERGENCY_LIMIT' or doses.site in (episodes.first_site, episodes.peak_site))
        and doses.period_end > episodes.first_after_date
        and doses.period_end <= episodes.last_date
    left join worn_young
        on worn_young.worker_key = doses.worker_key
        and worn_young.limit_quantity = doses.limit_quantity
        and worn_young.site = doses.site
        and worn_young.period_start = doses.period_start
        and worn_young.period_end = doses.period_end
    where episodes.population <> 'MINOR' or worn_young.worker_key is not null
),

latest_links as (
    select worker_key, known_at
    from lake.identity_links
    qualify row_number() over (partition by worker_key order by known_at desc, delivery_no desc, person_key) = 1
),

-- When the results of the first day came, and when it was known whose they are.
arrivals as (
    select
        parts.worker_key, parts.limit_code, parts.first_date, parts.first_msv, parts.limit_msv,
        greatest(parts.received_at, links.known_at) as known_at,
        sum(parts.counted_msv) as dose_msv
    from parts
    left join latest_links as links on links.worker_key = parts.sent_key
    where parts.is_of_first_day
    group by
        parts.worker_key, parts.limit_code, parts.first_date, parts.first_msv, parts.limit_msv,
        greatest(parts.received_at, links.known_at)
),

-- The register could see an exceedance once all that came later no longer made the difference.
detections as (
    select worker_key, limit_code, first_date, min(known_at) as detected_at
    from (
        select
            *,
            coalesce(sum(dose_msv) over (
                partition by worker_key, limit_code, first_date order by known_at desc
                rows between unbounded preceding and 1 preceding
            ), 0) as later_msv
        from arrivals
    )
    where first_msv - later_msv > limit_msv
    group by worker_key, limit_code, first_date
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
                    where doses.period_end > gone.first_after_date and doses.period_end <= gone.last_date
                ),
                bool_or(doses.removed_by = 'REPLACE')
            ) then 'modified'
            else 'cancelled'
        end as state,
        cast(gone.gone_at as date) as state_since
    from gone_episodes as gone
    inner join reference.dose_limits as limits using (limit_code)
    inner join judged_doses as doses
        on doses.worker_key = gone.worker_key
        and doses.removed_at = gone.gone_at
        and case when limits.kind = 'EMERGENCY_LIMIT' then doses.situation = 'SUR'
            else doses.situation <> 'SUR' and doses.limit_quantity = gone.limit_quantity end
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
