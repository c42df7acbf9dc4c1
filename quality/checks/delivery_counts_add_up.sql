-- total = loaded + refused + waiting + duplicate.
select delivery_no, rows_total, rows_loaded, rows_refused, rows_waiting, rows_duplicate
from lake.deliveries
where rows_total <> rows_loaded + rows_refused + rows_waiting + rows_duplicate
