-- Dose = headcount × Σ over jobs of share of the headcount × mean. Each effect is the mean over the orders in which the
-- three may change one after the other (Shapley), so that none depends on which is taken first.
with of_years as (
    select
        unit_key, year,
        count(*) as persons,
        count(*) filter (where is_monitored) as monitored,
        count(*) filter (where dose_msv > 0) as exposed,
        nullif(abs(count(*) filter (where is_monitored) - count(*) filter (where dose_msv > 0)), 0) as unexposed,
        nullif(count_if(has_several_jobs), 0) as of_several_jobs
    from job_years
    group by unit_key, year
),

pairs as (
    select
        now.unit_key, now.year,
        cast(before.persons as hugeint) as persons_1, cast(now.persons as hugeint) as persons_2,
        least(before.monitored, now.monitored) as monitored,
        least(before.exposed, now.exposed) as exposed,
        least(before.unexposed, now.unexposed) as unexposed,
        least(before.of_several_jobs, now.of_several_jobs) as of_several_jobs
    from of_years as now
    inner join of_years as before
        on before.unit_key = now.unit_key
        and before.year = now.year - 1
),

jobs as (
    select
        unit_key, year, job,
        count(*) as persons,
        count(*) filter (where dose_msv > 0) as exposed,
        sum(dose_msv) as dose_msv,
        max(dose_msv) as highest_msv
    from job_years
    group by unit_key, year, job
),

both_years as (
    select unit_key, year + 1 as year, job, 1 as which, persons, exposed, dose_msv, highest_msv
    from jobs
    union all
    select unit_key, year, job, 2, persons, exposed, dose_msv, highest_msv
    from jobs
),

-- A figure of the nation must not tell one establishment's.
job_places as (
    select unit_key, year, job, establishment_key, sum(dose_msv) as dose_msv
    from job_years
    where unit_key = 0
    group by unit_key, year, job, establishment_key
),

places_of_both_years as (
    select unit_key, year + 1 as year, job, 1 as which, establishment_key, dose_msv
    from job_places
    union all
    select unit_key, year, job, 2, establishment_key, dose_msv
    from job_places
),

of_places as (
    select
        unit_key, year, job, which,
        count(*) as n_establishments,
        share_of(max(dose_msv), sum(dose_msv)) as top_share
    from places_of_both_years
    group by unit_key, year, job, which
),

rules as (
    select
        max(case when name = 'person_count' then cast(value as integer) end) as fewest_persons,
        max(case when name = 'establishment_count' then cast(value as integer) end) as fewest_establishments,
        max(case when name = 'dominance_share' then cast(value as decimal(5, 3)) end) as largest_share
    from reference.thresholds
),

-- The effects and the headcounts of jobs give the jobs' means: a job of few is counted with the other jobs of few.
large_jobs as (
    select unit_key, year, job
    from both_years
    left join of_places using (unit_key, year, job, which)
    cross join rules
    group by unit_key, year, job
    having
        min(both_years.exposed) >= max(fewest_persons)
        and coalesce(min(of_places.n_establishments) >= max(fewest_establishments), true)
        and coalesce(max(of_places.top_share) <= max(largest_share), true)
),

places_of_cells as (
    select
        places.unit_key, places.year, large_jobs.job, places.which, places.establishment_key,
        sum(places.dose_msv) as dose_msv
    from places_of_both_years as places
    left join large_jobs using (unit_key, year, job)
    group by places.unit_key, places.year, large_jobs.job, places.which, places.establishment_key
),

of_establishments as (
    select
        unit_key, year,
        min(n_establishments) as margin_establishments,
        max(top_share) as top_establishment_share_dose
    from (
        select
            unit_key, year, job, which,
            count(*) as n_establishments,
            share_of(max(dose_msv), sum(dose_msv)) as top_share
        from places_of_cells
        group by unit_key, year, job, which
    )
    group by unit_key, year
),

job_cells as (
    select
        both_years.unit_key, both_years.year, large_jobs.job, both_years.which,
        cast(sum(both_years.persons) as hugeint) as persons,
        cast(sum(both_years.exposed) as bigint) as exposed,
        cast(sum(both_years.dose_msv) * 1000 as hugeint) as dose_usv,
        share_of(max(both_years.highest_msv), sum(both_years.dose_msv)) as top_share
    from both_years
    left join large_jobs using (unit_key, year, job)
    group by both_years.unit_key, both_years.year, large_jobs.job, both_years.which
),

side_by_side as (
    select
        unit_key, year, job,
        max(persons) filter (where which = 1) as persons_1,
        max(persons) filter (where which = 2) as persons_2,
        max(dose_usv) filter (where which = 1) as dose_1,
        max(dose_usv) filter (where which = 2) as dose_2,
        -- Nobody exposed tells each one's dose, as one alone does.
        min(greatest(exposed, 1)) as smallest_exposed,
        max(top_share) as top_share
    from job_cells
    group by unit_key, year, job
),

-- A job of one year alone has no other mean to change from: that year's stands for both.
cells as (
    select
        unit_key, year, job, smallest_exposed, top_share,
        coalesce(persons_1, 0) as n1, coalesce(persons_2, 0) as n2,
        coalesce(dose_1, 0) as dose_1, coalesce(dose_2, 0) as dose_2,
        coalesce(dose_1, dose_2) as a1, coalesce(persons_1, persons_2) as b1,
        coalesce(dose_2, dose_1) as a2, coalesce(persons_2, persons_1) as b2
    from side_by_side
),

-- In whole picosieverts: a_i / b_i is the job's mean in year i, n_i / persons_i its share of the headcount.
effects as (
    select
        unit_key, year,
        min(smallest_exposed) as smallest_job,
        max(top_share) as top_share,
        sum(dose_2 - dose_1) * 1000000 as change_psv,
        sum(
            (persons_2 - persons_1) * 1000000
            * (n1 * persons_2 * (2 * a1 * b2 + a2 * b1) + n2 * persons_1 * (2 * a2 * b1 + a1 * b2))
            // (6 * persons_1 * persons_2 * b1 * b2)
        ) as headcount_psv,
        sum(
            (n2 * persons_1 - n1 * persons_2) * 1000000
            * (persons_1 * (2 * a1 * b2 + a2 * b1) + persons_2 * (2 * a2 * b1 + a1 * b2))
            // (6 * persons_1 * persons_2 * b1 * b2)
        ) as mix_psv
    from cells
    inner join pairs using (unit_key, year)
    group by unit_key, year
),

in_msv as (
    select
        unit_key, year, smallest_job, top_share,
        psv_in_msv(change_psv) as change_msv,
        psv_in_msv(headcount_psv) as headcount_effect_msv,
        psv_in_msv(mix_psv) as mix_effect_msv
    from effects
)

select
    unit_key,
    year,
    pairs.monitored,
    pairs.exposed,
    in_msv.change_msv,
    in_msv.headcount_effect_msv,
    in_msv.mix_effect_msv,
    -- What is left, so that the three are the change to the last decimal.
    cast(change_msv - headcount_effect_msv - mix_effect_msv as decimal(18, 3)) as rate_effect_msv,
    in_msv.smallest_job,
    pairs.unexposed,
    pairs.of_several_jobs,
    in_msv.top_share,
    of_establishments.margin_establishments,
    of_establishments.top_establishment_share_dose
from pairs
inner join in_msv using (unit_key, year)
left join of_establishments using (unit_key, year)
