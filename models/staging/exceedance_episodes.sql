-- An episode is a run of days on which the limit stays passed in the same state.
with marked as (
    select
        *,
        case when status is distinct from lag(status) over days then 1 else 0 end as starts_episode,
        lead(on_date) over days as next_date
    from limit_days
    window days as (partition by basis, worker_key, limit_code order by on_date)
),

numbered as (
    select
        *,
        sum(starts_episode) over (
            partition by basis, worker_key, limit_code order by on_date
            rows between unbounded preceding and current row
        ) as episode
    from marked
),

above as (
    select
        *,
        row_number() over (
            partition by basis, worker_key, limit_code, episode order by dose_msv desc, on_date
        ) as rank_in_episode
    from numbered
    where status <> 'below'
)

select
    basis,
    worker_key,
    limit_quantity,
    limit_code,
    max(limit_msv) as limit_msv,
    status,
    min(on_date) as first_date,
    arg_min(after_date, on_date) as first_after_date,
    arg_min(site, on_date) as first_site,
    -- Above until the next change; where none comes, as long as the limit is in force.
    case
        when bool_or(next_date is null) then max(valid_to)
        else cast(max(next_date) - interval 1 day as date)
    end as last_date,
    max(on_date) filter (where rank_in_episode = 1) as peak_date,
    max(after_date) filter (where rank_in_episode = 1) as peak_after_date,
    max(site) filter (where rank_in_episode = 1) as peak_site,
    max(dose_msv) as peak_msv,
    max(wear_start) filter (where rank_in_episode = 1) as earliest_wear
from above
group by basis, worker_key, limit_quantity, limit_code, status, episode
union all
select
    basis, worker_key, limit_quantity, limit_code, limit_msv, status, first_date, first_after_date, first_site,
    last_date, peak_date, peak_after_date, peak_site, peak_msv, earliest_wear
from emergency_episodes
where basis not like 'come by %'
