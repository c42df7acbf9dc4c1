select * exclude (dimension, group_code)
from nowcast_months
where dimension = 'ALL'
order by limit_quantity, month
