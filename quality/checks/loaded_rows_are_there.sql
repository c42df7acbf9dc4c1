-- Each delivery of doses has as many rows in the lake as its report says were loaded; released rows come on top.
with found as (
    select dose_id >> 32 as delivery_no, count(distinct dose_id >> 3) as rows_found
    from lake.doses
    where judged_by = delivery_no
    group by dose_id >> 32
)

select deliveries.delivery_no, deliveries.rows_loaded, coalesce(found.rows_found, 0) as rows_found
from lake.deliveries
left join found using (delivery_no)
where
    deliveries.layout in ('PASS', 'OPER', 'INTE', 'RADN', 'COSM')
    and deliveries.accepted
    and deliveries.rows_loaded <> coalesce(found.rows_found, 0)
