with received as (
    select
        delivery_no, sender_code, refusal_code,
        cast(date_trunc('month', received_at at time zone 'Europe/Paris') as date) as month
    from lake.deliveries
),

found as (
    select
        received.sender_code,
        received.month,
        rejections.code,
        rejections.severity,
        count(distinct (rejections.delivery_no, rejections.row_no))
            filter (where rejections.judged_by = rejections.delivery_no) as rows_at_first,
        count(distinct (rejections.delivery_no, rejections.row_no))
            filter (where rejections.judged_by > rejections.delivery_no) as rows_later,
        count(distinct rejections.delivery_no) as deliveries
    from lake.rejections
    inner join received on received.delivery_no = rejections.delivery_no
    group by received.sender_code, received.month, rejections.code, rejections.severity
),

refused_files as (
    select sender_code, month, refusal_code, count(*) as deliveries
    from received
    where refusal_code is not null
    group by sender_code, month, refusal_code
)

select sender_code, month, code, severity, rows_at_first, rows_later, deliveries
from found
union all
select sender_code, month, refusal_code as code, 'F' as severity, 0 as rows_at_first, 0 as rows_later, deliveries
from refused_files
order by sender_code, month, code
