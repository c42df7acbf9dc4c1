-- The employers of the days above the limit: they stop the exposure.
select distinct
    employments.establishment_key,
    episodes.worker_key,
    episodes.limit_code,
    episodes.first_date
from exceedance_episodes as episodes
inner join employment_statuses as employments
    on employments.worker_key = episodes.worker_key
    and employments.valid_from <= episodes.last_date
    and employments.valid_to >= episodes.first_date
where episodes.basis = 'current' and episodes.status = 'detected'
order by establishment_key, first_date, worker_key, limit_code
