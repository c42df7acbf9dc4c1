select
    episodes.worker_key,
    episodes.limit_code,
    episodes.limit_quantity,
    episodes.limit_msv,
    episodes.first_date,
    episodes.last_date,
    episodes.peak_date,
    episodes.peak_msv,
    episodes.earliest_wear,
    cast(prorata.prorata_peak_msv as decimal(12, 3)) as prorata_peak_msv,
    prorata.prorata_peak_psv <= cast(episodes.limit_msv * 1000 as hugeint) * 1000000 as complies_prorata,
    episodes.status,
    states.state,
    states.state_since
from exceedance_episodes as episodes
left join prorata_peaks as prorata
    on prorata.worker_key = episodes.worker_key
    and prorata.limit_code = episodes.limit_code
    and prorata.first_date = episodes.first_date
left join exceedance_states as states
    on states.worker_key = episodes.worker_key
    and states.limit_code = episodes.limit_code
    and states.status = episodes.status
    and states.first_date = episodes.first_date
where episodes.basis = 'current' and episodes.status = 'detected'
order by episodes.worker_key, episodes.limit_code, episodes.first_date
