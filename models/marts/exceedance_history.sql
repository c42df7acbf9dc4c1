with episodes as (
    select
        worker_key, limit_code, limit_quantity, limit_msv, first_date, last_date, peak_date, peak_msv,
        cast(null as timestamptz) as gone_at, status
    from exceedance_episodes
    where basis = 'current'
    union all
    select
        worker_key, limit_code, limit_quantity, limit_msv, first_date, last_date, peak_date, peak_msv, gone_at, 'gone'
    from gone_episodes
)

select
    episodes.worker_key, episodes.limit_code, episodes.limit_quantity, episodes.limit_msv, episodes.first_date,
    episodes.last_date, episodes.peak_date, episodes.peak_msv, episodes.gone_at, episodes.status,
    states.state, states.state_since
from episodes
left join exceedance_states as states
    on states.worker_key = episodes.worker_key
    and states.limit_code = episodes.limit_code
    and states.status = episodes.status
    and states.first_date = episodes.first_date
order by episodes.worker_key, episodes.limit_code, episodes.first_date
