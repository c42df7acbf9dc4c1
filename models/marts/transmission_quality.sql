with late_after as (
    select cast(value as integer) as days
    from reference.thresholds
    where name = 'late_after_days'
),

received as (
    select
        delivery_no, sender_code, accepted, rows_total, rows_loaded, rows_refused, rows_waiting, rows_duplicate,
        cast(date_trunc('month', received_at at time zone 'Europe/Paris') as date) as month,
        cast(received_at at time zone 'Europe/Paris' as date) as received_on
    from lake.deliveries
),

counted as (
    select
        sender_code,
        month,
        count(*) as deliveries,
        count(*) filter (where not accepted) as deliveries_refused,
        cast(sum(rows_total) as bigint) as rows_total,
        cast(sum(rows_loaded) as bigint) as rows_loaded,
        cast(sum(rows_refused) as bigint) as rows_refused,
        cast(sum(rows_waiting) as bigint) as rows_waiting,
        cast(sum(rows_duplicate) as bigint) as rows_duplicate
    from received
    group by sender_code, month
),

still as (
    select received.sender_code, received.month, count(distinct still_waiting.dose_id >> 3) as rows_still_waiting
    from still_waiting
    inner join received on received.delivery_no = still_waiting.delivery_no
    group by received.sender_code, received.month
),

-- By the day the file came, also for a row that a list released later: the sender was on time then.
results as (
    select delivery_no, row_no, min(period_end) as period_end
    from lake.doses
    where
        record_action = 'NEW' and dosimetry in ('PASSIVE', 'RADON', 'COSMIC') and author_role <> 'PHYSICIAN'
        and situation <> 'SUR'
    group by delivery_no, row_no
),

timely as (
    select
        received.sender_code,
        received.month,
        count(*) as rows_with_deadline,
        count(*) filter (where received.received_on - results.period_end <= late_after.days) as rows_on_time
    from results
    inner join received on received.delivery_no = results.delivery_no
    cross join late_after
    group by received.sender_code, received.month
),

absent as (
    select
        received.sender_code,
        received.month,
        count(*) filter (where open_absences.age_days <= 30) as absences_to_30_days,
        count(*) filter (where open_absences.age_days between 31 and 90) as absences_31_to_90_days,
        count(*) filter (where open_absences.age_days between 91 and 180) as absences_91_to_180_days,
        count(*) filter (where open_absences.age_days > 180) as absences_above_180_days
    from open_absences
    inner join received on received.delivery_no = open_absences.delivery_no
    group by received.sender_code, received.month
)

select
    counted.sender_code,
    counted.month,
    counted.deliveries,
    counted.deliveries_refused,
    counted.rows_total,
    counted.rows_loaded,
    counted.rows_refused,
    counted.rows_waiting,
    counted.rows_duplicate,
    coalesce(still.rows_still_waiting, 0) as rows_still_waiting,
    coalesce(timely.rows_with_deadline, 0) as rows_with_deadline,
    coalesce(timely.rows_on_time, 0) as rows_on_time,
    cast(exact_quotient(timely.rows_on_time * 10000, timely.rows_with_deadline) * 0.0001 as decimal(5, 4))
        as on_time_share,
    coalesce(absent.absences_to_30_days, 0) as absences_to_30_days,
    coalesce(absent.absences_31_to_90_days, 0) as absences_31_to_90_days,
    coalesce(absent.absences_91_to_180_days, 0) as absences_91_to_180_days,
    coalesce(absent.absences_above_180_days, 0) as absences_above_180_days
from counted
left join still on still.sender_code = counted.sender_code and still.month = counted.month
left join timely on timely.sender_code = counted.sender_code and timely.month = counted.month
left join absent on absent.sender_code = counted.sender_code and absent.month = counted.month
order by counted.sender_code, counted.month
