with current_episodes as (
    select * from exceedance_episodes where basis = 'current'
),

-- Passed by what was known before some correction, and no longer by what stands now.
gone as (
    select earlier.*, cast(substr(earlier.basis, length('before ') + 1) as timestamptz) as corrected_at
    from exceedance_episodes as earlier
    where
        earlier.basis like 'before %'
        and earlier.status = 'detected'
        and not exists (
            select 1
            from current_episodes
            where
                current_episodes.worker_key = earlier.worker_key
                and current_episodes.limit_code = earlier.limit_code
                and current_episodes.status = 'detected'
                and current_episodes.first_date <= earlier.last_date
                and current_episodes.last_date >= earlier.first_date
        )
),

-- Before each of several corrections the same days may have been above the limit: one episode, told once.
same_days as (
    select
        *,
        coalesce(first_date > max(last_date) over (
            partition by worker_key, limit_code order by first_date, corrected_at
            rows between unbounded preceding and 1 preceding
        ), true) as is_apart
    from gone
),

numbered as (
    select
        *,
        count_if(is_apart) over (partition by worker_key, limit_code order by first_date, corrected_at) as episode
    from same_days
),

ranked as (
    select
        *,
        row_number() over (
            partition by worker_key, limit_code, episode order by peak_msv desc, peak_date, corrected_at
        ) as rank_in_episode
    from numbered
)

select
    worker_key,
    limit_code,
    any_value(limit_quantity) as limit_quantity,
    any_value(limit_msv) as limit_msv,
    min(first_date) as first_date,
    min(first_after_date) as first_after_date,
    max(last_date) as last_date,
    max(peak_date) filter (where rank_in_episode = 1) as peak_date,
    max(peak_msv) as peak_msv,
    max(corrected_at) as gone_at,
    -- What was known when the peak was highest.
    max(basis) filter (where rank_in_episode = 1) as basis
from ranked
group by worker_key, limit_code, episode
