with refused_later as (
    select distinct delivery_no, row_no
    from lake.rejections
    where judged_by > delivery_no and severity in ('R', 'D')
)

select *
from unloaded_rows
where not exists (
    select 1
    from refused_later
    where refused_later.delivery_no = unloaded_rows.delivery_no and refused_later.row_no = unloaded_rows.row_no
)
