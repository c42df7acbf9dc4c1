-- Each delivery's refused and duplicate rows stand in the rejections, as many as its report says.
with judged as (
    select delivery_no, row_no, bool_or(severity = 'R') as is_refused, bool_or(severity = 'D') as is_held
    from lake.rejections
    where judged_by = delivery_no
    group by delivery_no, row_no
),

found as (
    select
        delivery_no,
        count(*) filter (where is_refused) as rows_refused,
        count(*) filter (where is_held and not is_refused) as rows_duplicate
    from judged
    group by delivery_no
)

select deliveries.delivery_no
from lake.deliveries
left join found on found.delivery_no = deliveries.delivery_no
where
    deliveries.rows_refused <> coalesce(found.rows_refused, 0)
    or deliveries.rows_duplicate <> coalesce(found.rows_duplicate, 0)
