select
    year,
    nation.series_breaks,
    monitored,
    exposed,
    change_msv,
    headcount_effect_msv,
    mix_effect_msv,
    rate_effect_msv,
    smallest_job,
    unexposed,
    of_several_jobs,
    top_share,
    margin_establishments,
    top_establishment_share_dose
from change_effects
left join (
    select year, series_breaks from national_statistics where limit_quantity = 'effective' and dimension = 'ALL'
) as nation using (year)
where unit_key = 0
order by year
