-- What transmission_quality counts of a sender is what its deliveries' reports count.
with shown as (
    select
        sender_code,
        sum(deliveries) as deliveries,
        sum(rows_total) as rows_total,
        sum(rows_loaded + rows_refused + rows_waiting + rows_duplicate) as rows_settled
    from transmission_quality
    group by sender_code
),

reported as (
    select sender_code, count(*) as deliveries, sum(rows_total) as rows_total
    from lake.deliveries
    group by sender_code
)

select coalesce(shown.sender_code, reported.sender_code) as sender_code
from shown
full join reported on reported.sender_code = shown.sender_code
where
    shown.deliveries is distinct from reported.deliveries
    or shown.rows_total is distinct from reported.rows_total
    or shown.rows_settled is distinct from reported.rows_total
