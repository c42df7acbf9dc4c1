-- 12 months lie in 60 months, 60 months in the career, and none is negative.
select worker_key, limit_quantity, on_date
from rolling_doses
where dose_12m_msv < 0 or dose_12m_msv > dose_60m_msv or dose_60m_msv > career_msv
