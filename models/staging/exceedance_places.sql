with episodes as (
    select
        'current' as basis, worker_key, limit_code, limit_quantity, limit_msv, first_date, last_date, peak_date,
        peak_msv, status
    from limit_exceedances
    union all
    select
        'provisional', worker_key, limit_code, limit_quantity, limit_msv, first_date, last_date, peak_date, peak_msv,
        status
    from provisional_exceedances
    union all
    select
        basis, worker_key, limit_code, limit_quantity, limit_msv, first_date, last_date, peak_date, peak_msv, 'gone'
    from gone_episodes
),

doses_of_a_kind as (
    select basis, population, worker_key, limit_quantity, establishment_key, period_end, dose_msv
    from limited_doses
    union all
    select basis, 'EMERGENCY', worker_key, 'effective', establishment_key, period_end, dose_msv
    from emergency_periods
),

-- The employment behind an episode is that of the largest dose on its peak date; what was received before a limit came
-- into force peaks when it did, on no dose, and is that of the last one.
peak_doses as (
    select episodes.*, doses.establishment_key
    from episodes
    inner join reference.dose_limits as limits using (limit_code)
    left join doses_of_a_kind as doses
        on doses.basis = episodes.basis
        and doses.population = limits.population
        and doses.worker_key = episodes.worker_key
        and doses.limit_quantity = episodes.limit_quantity
        and doses.period_end <= episodes.peak_date
    qualify row_number() over (
        partition by episodes.worker_key, episodes.limit_code, episodes.status, episodes.first_date
        order by doses.period_end desc, doses.dose_msv desc, doses.establishment_key
    ) = 1
)

select
    episodes.worker_key,
    episodes.limit_code,
    episodes.limit_quantity,
    episodes.limit_msv,
    year(episodes.first_date) as year,
    episodes.first_date,
    episodes.last_date,
    episodes.peak_date,
    episodes.peak_msv,
    episodes.status,
    states.state,
    states.state_since,
    lines.siret,
    lines.company_name,
    lines.town,
    coalesce(sectors.bilan_domain, 'UNDETERMINED') as domain,
    coalesce(slices.sector_code, lines.sector_code, 'UNSPECIFIED') as sector_code,
    slices.occupation_code,
    coalesce(slices.category, 'UNSPECIFIED') as category
from peak_doses as episodes
left join exceedance_states as states
    on states.worker_key = episodes.worker_key
    and states.limit_code = episodes.limit_code
    and states.status = episodes.status
    and states.first_date = episodes.first_date
left join employment_slices as slices
    on slices.worker_key = episodes.worker_key
    and slices.establishment_key = episodes.establishment_key
    and episodes.peak_date between slices.slice_from and slices.slice_to
left join establishment_lines as lines
    on lines.establishment_key = episodes.establishment_key
    and episodes.peak_date between lines.holds_from and lines.holds_to
left join reference.sectors on sectors.code = coalesce(slices.sector_code, lines.sector_code)
