select
    unit_key as establishment_key,
    year,
    monitored,
    exposed,
    change_msv,
    headcount_effect_msv,
    mix_effect_msv,
    rate_effect_msv,
    smallest_job,
    unexposed,
    of_several_jobs,
    top_share
from change_effects
where unit_key > 0
order by establishment_key, year
