-- A row refused at once leaves nothing of its person; one that waited first is still known by its waiting.
with refusals as (
    select
        rejections.delivery_no,
        rejections.row_no,
        min(rejections.code) as code,
        min(cast(deliveries.received_at at time zone 'Europe/Paris' as date)) as refused_on
    from lake.rejections
    inner join lake.deliveries on deliveries.delivery_no = rejections.judged_by
    where rejections.judged_by > rejections.delivery_no and rejections.severity = 'R'
    group by rejections.delivery_no, rejections.row_no
),

latest as (
    select
        dose_id, delivery_no, row_no, sender_code, worker_key, dosimetry, quantity, period_start, period_end,
        record_action
    from lake.waiting
    qualify row_number() over (partition by dose_id order by judged_by desc) = 1
)

select
    latest.dose_id,
    latest.sender_code,
    coalesce(person_keys.person_key, latest.worker_key) as worker_key,
    latest.dosimetry,
    latest.quantity,
    latest.period_start,
    latest.period_end,
    refusals.code,
    refusals.refused_on
from latest
inner join refusals on refusals.delivery_no = latest.delivery_no and refusals.row_no = latest.row_no
left join person_keys on person_keys.worker_key = latest.worker_key
where latest.worker_key is not null and latest.record_action <> 'CANCEL'
