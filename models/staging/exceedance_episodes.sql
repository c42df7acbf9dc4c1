-- An episode ends when the next date that passes the limit is a whole window later.
with marked as (
    select
        *,
        case
            when lag(on_date) over dates > after_date then 0
            else 1
        end as starts_episode
    from limit_candidates
    window dates as (partition by basis, worker_key, limit_code, status order by on_date)
),

numbered as (
    select
        *,
        sum(starts_episode) over (
            partition by basis, worker_key, limit_code, status order by on_date
            rows between unbounded preceding and current row
        ) as episode
    from marked
)

select
    basis,
    worker_key,
    limit_quantity,
    limit_code,
    max(limit_msv) as limit_msv,
    status,
    min(on_date) as first_date,
    max(on_date) as last_date,
    arg_max(on_date, dose_msv) as peak_date,
    max(dose_msv) as peak_msv
from numbered
group by basis, worker_key, limit_quantity, limit_code, status, episode
