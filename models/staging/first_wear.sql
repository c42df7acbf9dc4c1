select cast(date_trunc('month', min(period_start)) as date) as first_day
from lake.doses
where dosimetry in ('PASSIVE', 'RADON', 'COSMIC')
