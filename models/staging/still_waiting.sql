-- As in ingestion/held.py: the latest judgement, of a dose that was neither loaded nor refused since.
with latest as (
    select *
    from lake.waiting
    qualify row_number() over (partition by dose_id order by judged_by desc) = 1
),

-- A waiting record that was sent again and loaded stands in the doses under its sender's identifier.
sent_again as (
    select distinct latest.dose_id
    from latest
    inner join lake.doses on doses.sender_code = latest.sender_code and doses.record_id = latest.record_id
),

refused_later as (
    select distinct delivery_no, row_no
    from lake.rejections
    where judged_by > delivery_no and severity in ('R', 'D')
)

select latest.*
from latest
where
    not exists (select 1 from sent_again where sent_again.dose_id = latest.dose_id)
    and not exists (
        select 1
        from refused_later
        where refused_later.delivery_no = latest.delivery_no and refused_later.row_no = latest.row_no
    )
