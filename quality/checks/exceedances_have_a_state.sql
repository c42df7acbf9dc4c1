-- Every exceedance that stands or is gone says how far its inquiry is, and since when.
select worker_key, limit_code, first_date
from exceedance_history
where status in ('detected', 'gone') and (state is null or state_since is null)
