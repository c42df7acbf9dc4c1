-- As in ingestion/held.py: a waiting record that was sent again and loaded stands in the doses under its sender's
-- identifier.
with latest as (
    select *
    from lake.waiting
    qualify row_number() over (partition by dose_id order by judged_by desc) = 1
),

sent_again as (
    select distinct latest.dose_id
    from latest
    inner join lake.doses on doses.sender_code = latest.sender_code and doses.record_id = latest.record_id
)

select latest.*
from latest
where not exists (select 1 from sent_again where sent_again.dose_id = latest.dose_id)
