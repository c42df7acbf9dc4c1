with late_after as (
    select cast(value as integer) as days
    from reference.thresholds
    where name = 'late_after_days'
),

due as (
    select
        expected_wear.worker_key,
        expected_wear.establishment_key,
        expected_wear.oa_code,
        expected_wear.dosimetry,
        expected_wear.quantity,
        expected_wear.period_code,
        expected_wear.period_start,
        expected_wear.period_end,
        expected_wear.is_planned,
        expected_wear.period_end + late_after.days as due_on
    from expected_wear
    cross join late_after
    cross join lake.clock
    where expected_wear.period_end + late_after.days < clock.today
),

told as (
    select
        worker_key, establishment_key, dosimetry, quantity, period_start, period_end, result_status,
        result_status in ('MEASURED', 'BELOW_THRESHOLD', 'ESTIMATED') as has_result,
        cast(received_at at time zone 'Europe/Paris' as date) as told_on
    from current_doses
    where dosimetry in ('PASSIVE', 'RADON', 'COSMIC') and situation <> 'SUR'
),

results as (
    select
        due.worker_key, due.establishment_key, due.oa_code, due.dosimetry, due.quantity, due.period_code,
        due.period_start,
        bool_or(told.has_result) as has_result,
        min(told.told_on) filter (where not told.has_result) as absent_since,
        arg_max(told.result_status, row(told.told_on, told.result_status)) filter (where not told.has_result) as absence
    from due
    inner join told
        on told.worker_key = due.worker_key
        and told.establishment_key = due.establishment_key
        and told.dosimetry = due.dosimetry
        and told.quantity = due.quantity
        and told.period_start <= due.period_end
        and told.period_end >= due.period_start
    group by all
),

-- What waits may wait for this very employment: the establishment it was sent under is not asked.
waits as (
    select
        coalesce(person_keys.person_key, still_waiting.worker_key) as worker_key,
        still_waiting.dosimetry,
        still_waiting.quantity,
        still_waiting.period_start,
        still_waiting.period_end,
        still_waiting.code,
        cast(still_waiting.received_at at time zone 'Europe/Paris' as date) as waits_since
    from still_waiting
    left join person_keys on person_keys.worker_key = still_waiting.worker_key
    where
        still_waiting.worker_key is not null
        and still_waiting.record_action <> 'CANCEL'
        and still_waiting.situation <> 'SUR'
        and not exists (select 1 from removed_rows where removed_rows.dose_row = still_waiting.dose_id >> 3)
),

waiting as (
    select
        due.worker_key, due.establishment_key, due.oa_code, due.dosimetry, due.quantity, due.period_code,
        due.period_start,
        min(waits.waits_since) as waits_since,
        arg_min(waits.code, row(waits.waits_since, waits.code)) as code
    from due
    inner join waits
        on waits.worker_key = due.worker_key
        and waits.dosimetry = due.dosimetry
        and waits.quantity = due.quantity
        and waits.period_start <= due.period_end
        and waits.period_end >= due.period_start
    group by all
),

refused as (
    select
        due.worker_key, due.establishment_key, due.oa_code, due.dosimetry, due.quantity, due.period_code,
        due.period_start,
        min(refused_since.refused_on) as refused_on,
        arg_min(refused_since.code, row(refused_since.refused_on, refused_since.code)) as code
    from due
    inner join refused_since
        on refused_since.worker_key = due.worker_key
        and refused_since.dosimetry = due.dosimetry
        and refused_since.quantity = due.quantity
        and refused_since.period_start <= due.period_end
        and refused_since.period_end >= due.period_start
    group by all
),

settled as (
    select
        due.worker_key,
        due.establishment_key,
        due.oa_code,
        due.dosimetry,
        due.quantity,
        due.period_code,
        due.period_start,
        due.period_end,
        due.is_planned,
        due.due_on,
        case
            when results.has_result then 'received'
            when waiting.code is not null then 'waiting'
            when refused.code is not null then 'refused'
            when results.absence is not null then 'absent'
            else 'overdue'
        end as state,
        waiting.code as waiting_code,
        waiting.waits_since,
        refused.code as refused_code,
        refused.refused_on,
        results.absence,
        results.absent_since
    from due
    left join results
        on results.worker_key = due.worker_key
        and results.establishment_key = due.establishment_key
        and results.oa_code is not distinct from due.oa_code
        and results.dosimetry = due.dosimetry
        and results.quantity = due.quantity
        and results.period_code = due.period_code
        and results.period_start = due.period_start
    left join waiting
        on waiting.worker_key = due.worker_key
        and waiting.establishment_key = due.establishment_key
        and waiting.oa_code is not distinct from due.oa_code
        and waiting.dosimetry = due.dosimetry
        and waiting.quantity = due.quantity
        and waiting.period_code = due.period_code
        and waiting.period_start = due.period_start
    left join refused
        on refused.worker_key = due.worker_key
        and refused.establishment_key = due.establishment_key
        and refused.oa_code is not distinct from due.oa_code
        and refused.dosimetry = due.dosimetry
        and refused.quantity = due.quantity
        and refused.period_code = due.period_code
        and refused.period_start = due.period_start
)

select
    worker_key,
    establishment_key,
    oa_code,
    dosimetry,
    quantity,
    period_start,
    period_end,
    is_planned,
    due_on,
    state,
    case state
        when 'waiting' then waiting_code
        when 'refused' then refused_code
        when 'absent' then absence
    end as reason,
    case
        when state = 'received' then null
        when state = 'waiting' then 'EMPLOYER'
        when state = 'absent' and absence <> 'ABSENT' then 'EMPLOYER'
        when state = 'overdue' and oa_code is null then 'EMPLOYER'
        else 'BODY'
    end as who_acts,
    case state
        when 'waiting' then waits_since
        when 'refused' then refused_on
        when 'absent' then absent_since
        when 'overdue' then due_on
    end as since
from settled
order by worker_key, period_end, establishment_key, quantity
