with late_after as (
    select cast(value as integer) as days
    from reference.thresholds
    where name = 'late_after_days'
),

transmitted as (
    select
        sender_code,
        dosimetry,
        cast(date_trunc('month', period_end) as date) as month,
        result_status = 'ABSENT' as is_absence,
        cast(received_at at time zone 'Europe/Paris' as date) - period_end as delay_days
    from dose_records
    where dosimetry <> 'OPERATIONAL' and author_role <> 'PHYSICIAN' and situation <> 'SUR'
)

select
    sender_code,
    dosimetry,
    month,
    count(*) as rows_sent,
    count(*) filter (where delay_days <= late_after.days) as on_time,
    count(*) filter (where delay_days > late_after.days) as late,
    count(*) filter (where is_absence) as open_absences,
    cast(quantile_disc(delay_days, 0.5) as integer) as median_delay_days,
    cast(quantile_disc(delay_days, 0.9) as integer) as p90_delay_days
from transmitted
cross join late_after
group by sender_code, dosimetry, month
order by sender_code, dosimetry, month
