with current_episodes as (
    select * from exceedance_episodes where basis = 'current'
),

-- Passed by the doses as first sent, and no longer passed once replacements and cancellations are counted.
gone as (
    select first_sent.*
    from exceedance_episodes as first_sent
    where
        first_sent.basis = 'first_sent'
        and first_sent.status = 'detected'
        and not exists (
            select 1
            from current_episodes
            where
                current_episodes.worker_key = first_sent.worker_key
                and current_episodes.limit_code = first_sent.limit_code
                and current_episodes.status = 'detected'
                and current_episodes.first_date <= first_sent.last_date
                and current_episodes.last_date >= first_sent.first_date
        )
)

select worker_key, limit_code, limit_quantity, limit_msv, first_date, last_date, peak_date, peak_msv, status
from current_episodes
union all
select worker_key, limit_code, limit_quantity, limit_msv, first_date, last_date, peak_date, peak_msv, 'gone'
from gone
order by worker_key, limit_code, first_date
