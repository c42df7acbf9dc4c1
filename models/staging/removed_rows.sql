-- One set over all years: a replacement may move a dose to another year.
select
    replaces_dose_id >> 3 as dose_row,
    min(record_action) as removed_by,
    min(received_at) as removed_at
from lake.doses
where replaces_dose_id is not null and record_action in ('REPLACE', 'CANCEL')
group by replaces_dose_id >> 3
