-- A row refused at once leaves nothing of its person; one that waited first is still known by its waiting, until its sender
-- sends it again.
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
)

select
    rows.dose_id,
    rows.sender_code,
    coalesce(person_keys.person_key, rows.worker_key) as worker_key,
    rows.dosimetry,
    rows.quantity,
    rows.period_start,
    rows.period_end,
    refusals.code,
    refusals.refused_on
from unloaded_rows as rows
inner join refusals on refusals.delivery_no = rows.delivery_no and refusals.row_no = rows.row_no
left join person_keys on person_keys.worker_key = rows.worker_key
where rows.worker_key is not null and rows.record_action <> 'CANCEL' and rows.situation <> 'SUR'
