-- limit_quantity effective only: the comparison is read with total effective dose, as published statistics are.
with rules as (
    select
        max(case when name = 'person_count' then cast(value as integer) end) as fewest_persons,
        max(case when name = 'establishment_count' then cast(value as integer) end) as fewest_establishments,
        max(case when name = 'dominance_share' then cast(value as decimal(5, 3)) end) as largest_share,
        max(case when name = 'interval_level' then cast(value as double) end) as interval_level,
        max(case when name = 'funnel_level_inner' then cast(value as double) end) as inner_level,
        max(case when name = 'funnel_level_outer' then cast(value as double) end) as outer_level
    from reference.thresholds
),

facts as (
    select
        worker_key, year, establishment_key, sector_code, category, dose_msv, is_monitored,
        coalesce(occupation_code, 'UNSPECIFIED') as occupation_code
    from annual_worker_doses
    where limit_quantity = 'effective'
),

by_job as (
    select worker_key, year, establishment_key, sector_code, dose_msv, is_monitored, occupation_code, category
    from facts
    union all
    select worker_key, year, establishment_key, sector_code, dose_msv, is_monitored, 'ALL', 'ALL'
    from facts
),

own_persons as (
    select
        establishment_key, year, occupation_code, category, worker_key,
        cast(sum(dose_msv) as decimal(12, 3)) as dose_msv,
        bool_or(is_monitored) as is_monitored
    from by_job
    group by establishment_key, year, occupation_code, category, worker_key
),

own as (
    select
        establishment_key,
        year,
        occupation_code,
        category,
        count(*) filter (where is_monitored) as monitored,
        count(*) filter (where dose_msv > 0) as exposed,
        cast(sum(dose_msv) as decimal(18, 3)) as dose_msv,
        sum_of_squares(dose_msv) as squares_usv2,
        mean_msv(sum(dose_msv), count(*) filter (where dose_msv > 0)) as mean_exposed,
        percentile_msv(list(dose_msv) filter (where dose_msv > 0), 50) as median_exposed,
        share_of(max(dose_msv), sum(dose_msv)) as top_share,
        share_of_squares(max(dose_msv), sum_of_squares(dose_msv)) as top_share_of_squares
    from own_persons
    group by establishment_key, year, occupation_code, category
),

-- The establishment's own sector in the year is the one of most of its workers.
own_sectors as (
    select establishment_key, year, sector_code
    from facts
    group by establishment_key, year, sector_code
    qualify row_number() over (
        partition by establishment_key, year order by count(distinct worker_key) desc, sector_code
    ) = 1
),

sector_persons as (
    select
        sector_levels.ancestor_code as reference_sector, sector_levels.level, by_job.year,
        by_job.occupation_code, by_job.category, by_job.establishment_key, by_job.worker_key,
        cast(sum(by_job.dose_msv) as decimal(12, 3)) as dose_msv
    from by_job
    inner join sector_levels on sector_levels.code = by_job.sector_code
    group by
        sector_levels.ancestor_code, sector_levels.level, by_job.year, by_job.occupation_code, by_job.category,
        by_job.establishment_key, by_job.worker_key
),

sector_establishments as (
    select
        reference_sector, level, year, occupation_code, category, establishment_key,
        count(*) filter (where dose_msv > 0) as exposed,
        sum(dose_msv) as dose_msv,
        count(*) as workers,
        mean_msv(sum(dose_msv), count(*) filter (where dose_msv > 0)) as mean_exposed
    from sector_persons
    group by reference_sector, level, year, occupation_code, category, establishment_key
),

reference_totals as (
    select
        reference_sector, level, year, occupation_code, category,
        count(*) as n_establishments,
        cast(sum(exposed) as bigint) as exposed,
        cast(sum(dose_msv) as decimal(18, 3)) as dose_msv,
        cast(sum(workers) as bigint) as workers,
        max(dose_msv, 2) as highest_doses,
        max(workers, 2) as highest_workers
    from sector_establishments
    group by reference_sector, level, year, occupation_code, category
),

-- A reader can take their own establishment out of a reference: what is left must neither hide nor reveal one big other.
without_own as (
    select
        own.establishment_key, own.year, own.occupation_code, own.category,
        totals.reference_sector, totals.level, totals.n_establishments,
        totals.n_establishments - cast(self.establishment_key is not null as integer) as others,
        totals.exposed - coalesce(self.exposed, 0) as others_exposed,
        totals.dose_msv - coalesce(self.dose_msv, 0) as others_dose_msv,
        totals.workers - coalesce(self.workers, 0) as others_workers,
        coalesce(
            case when self.dose_msv = totals.highest_doses[1] then totals.highest_doses[2] end, totals.highest_doses[1]
        ) as highest_other_dose_msv,
        coalesce(
            case when self.workers = totals.highest_workers[1] then totals.highest_workers[2] end,
            totals.highest_workers[1]
        ) as highest_other_workers
    from own
    inner join own_sectors using (establishment_key, year)
    inner join sector_levels on sector_levels.code = own_sectors.sector_code
    inner join reference_totals as totals
        on totals.reference_sector = sector_levels.ancestor_code
        and totals.year = own.year
        and totals.occupation_code = own.occupation_code
        and totals.category = own.category
    left join sector_establishments as self
        on self.reference_sector = totals.reference_sector
        and self.year = own.year
        and self.occupation_code = own.occupation_code
        and self.category = own.category
        and self.establishment_key = own.establishment_key
),

nearest as (
    select establishment_key, year, occupation_code, category, reference_sector, level, n_establishments
    from without_own
    cross join rules
    where
        others >= fewest_establishments
        and others_exposed >= fewest_persons
        and highest_other_dose_msv <= largest_share * others_dose_msv
        and highest_other_workers <= largest_share * others_workers
    qualify row_number() over (
        partition by establishment_key, year, occupation_code, category order by level desc
    ) = 1
),

-- A sector's total is published: jobs that are compared must leave none of few, nor one alone, when taken from it.
jobs_by_size as (
    select
        totals.reference_sector, totals.year, totals.occupation_code, totals.category, totals.exposed,
        rules.fewest_persons,
        totals.exposed < rules.fewest_persons
            or totals.n_establishments < rules.fewest_establishments
            or totals.highest_doses[1] > rules.largest_share * totals.dose_msv
            or totals.highest_workers[1] > rules.largest_share * totals.workers as is_withheld
    from reference_totals as totals
    cross join rules
    where totals.occupation_code <> 'ALL' and totals.exposed > 0
),

withheld_jobs as (
    select reference_sector, year, occupation_code, category
    from jobs_by_size
    qualify
        not is_withheld
        and row_number() over (
            partition by reference_sector, year, is_withheld order by exposed, occupation_code, category
        ) = 1
        and (
            count_if(is_withheld) over (partition by reference_sector, year) = 1
            or sum(exposed) filter (where is_withheld) over (partition by reference_sector, year) < fewest_persons
        )
),

chosen as (
    select nearest.*
    from nearest
    left join withheld_jobs using (reference_sector, year, occupation_code, category)
    where withheld_jobs.reference_sector is null
),

-- A person with two establishments of the sector is two readings here, as each stands beside its own colleagues.
national as (
    select
        reference_sector, year, occupation_code, category,
        count(*) filter (where dose_msv > 0) as exposed,
        mean_msv(sum(dose_msv), count(*) filter (where dose_msv > 0)) as mean_exposed,
        percentile_msv(list(dose_msv) filter (where dose_msv > 0), 50) as median_exposed,
        percentile_msv(list(dose_msv) filter (where dose_msv > 0), 25) as p25_exposed,
        percentile_msv(list(dose_msv) filter (where dose_msv > 0), 75) as p75_exposed
    from sector_persons
    group by reference_sector, year, occupation_code, category
),

-- Whole numbers up to the last step: squares are cut below one µSv².
establishment_squares as (
    select
        reference_sector, year, occupation_code, category, establishment_key,
        cast(count(*) as hugeint) as exposed,
        cast(sum(dose_msv) * 1000 as hugeint) as dose_usv,
        sum_of_squares(dose_msv) as squares,
        max(dose_msv) as highest_msv
    from sector_persons
    where dose_msv > 0
    group by reference_sector, year, occupation_code, category, establishment_key
),

reference_squares as (
    select
        reference_sector, year, occupation_code, category,
        count(*) as establishments,
        sum(exposed) as exposed,
        sum(dose_usv) as dose_usv,
        sum(exposed * exposed) as exposed2,
        sum(squares) as squares,
        sum(dose_usv * dose_usv // exposed) as between_squares,
        max(highest_msv, 2) as highest_msv
    from establishment_squares
    group by reference_sector, year, occupation_code, category
),

-- The funnel gives the sum of the squares of the reference, of all and of the others: one high dose may be nearly all.
reference_shares as (
    select
        own.establishment_key, own.year, own.occupation_code, own.category,
        greatest(
            share_of_squares(totals.highest_msv[1], totals.squares),
            share_of_squares(
                case when self.highest_msv = totals.highest_msv[1] then totals.highest_msv[2]
                    else totals.highest_msv[1] end,
                totals.squares - coalesce(self.squares, 0)
            )
        ) as top_share_of_squares
    from own
    inner join chosen using (establishment_key, year, occupation_code, category)
    inner join reference_squares as totals
        on totals.reference_sector = chosen.reference_sector
        and totals.year = own.year
        and totals.occupation_code = own.occupation_code
        and totals.category = own.category
    left join establishment_squares as self
        on self.reference_sector = chosen.reference_sector
        and self.year = own.year
        and self.occupation_code = own.occupation_code
        and self.category = own.category
        and self.establishment_key = own.establishment_key
),

-- Bühlmann and Straub: the variance of persons within an establishment, and of establishments' true means.
variances as (
    select
        reference_sector, year, occupation_code, category, exposed,
        cast(dose_usv as double) / exposed as mean_usv,
        case
            when exposed > 1 then greatest(cast(squares - dose_usv * dose_usv // exposed as double), 0) / (exposed - 1)
        end as person_variance,
        case
            when exposed > establishments
                then greatest(cast(squares - between_squares as double), 0) / (exposed - establishments)
        end as variance_within,
        cast(between_squares - dose_usv * dose_usv // exposed as double) as squares_between,
        establishments,
        exposed - cast(exposed2 as double) / exposed as effective
    from reference_squares
),

credibility as (
    select
        *,
        case
            when effective > 0 then (squares_between - (establishments - 1) * variance_within) / effective
        end as variance_between
    from variances
),

shrunk as (
    select
        own.establishment_key, own.year, own.occupation_code, own.category, own.exposed, credibility.mean_usv,
        credibility.person_variance,
        case
            -- No more difference between establishments than chance makes: their means are one.
            when credibility.variance_between <= 0 then 0
            else own.exposed / (own.exposed + credibility.variance_within / nullif(credibility.variance_between, 0))
        end as weight,
        cast(own.dose_msv * 1000 as double) / nullif(own.exposed, 0) as own_mean_usv
    from own
    inner join chosen using (establishment_key, year, occupation_code, category)
    inner join credibility
        on credibility.reference_sector = chosen.reference_sector
        and credibility.year = own.year
        and credibility.occupation_code = own.occupation_code
        and credibility.category = own.category
    where own.exposed > 0
),

-- The mean of so many persons of the reference, as a gamma distribution of the same mean and variance.
funnel as (
    select
        *,
        weight * own_mean_usv + (1 - weight) * mean_usv as shrunk_usv,
        person_variance / exposed as mean_variance
    from shrunk
),

funnel_limits as (
    select
        establishment_key, year, occupation_code, category, weight, shrunk_usv,
        gamma_of(mean_usv, mean_variance, (1 - inner_level) / 2) as inner_low,
        gamma_of(mean_usv, mean_variance, (1 + inner_level) / 2) as inner_high,
        gamma_of(mean_usv, mean_variance, (1 - outer_level) / 2) as outer_low,
        gamma_of(mean_usv, mean_variance, (1 + outer_level) / 2) as outer_high
    from funnel
    cross join rules
),

ranked as (
    select
        reference_sector, year, occupation_code, category, establishment_key,
        cume_dist() over (
            partition by reference_sector, year, occupation_code, category order by mean_exposed
        ) as position_among_establishments
    from sector_establishments
    where exposed > 0
),

own_cells as (
    select
        establishment_key, year, sector_code, occupation_code, category,
        count(distinct worker_key) as workers,
        count(distinct worker_key) filter (where dose_msv > 0) as exposed,
        sum(dose_msv) as dose_msv
    from facts
    group by establishment_key, year, sector_code, occupation_code, category
),

-- A person of two establishments stands twice, on both sides: so the ratios of all establishments average to one.
national_cells as (
    select
        year, sector_code, occupation_code, category,
        count(*) as n_establishments,
        cast(sum(workers) as bigint) as workers,
        cast(sum(exposed) as bigint) as exposed,
        cast(sum(dose_msv) * 1000 as hugeint) as dose_usv,
        max(dose_msv, 2) as highest_doses
    from own_cells
    group by year, sector_code, occupation_code, category
),

-- In whole picosieverts: what the establishment's people would have received at the national mean of their jobs.
-- Whoever knows their own part of that mean has the others': these must not be few, nor mostly one establishment.
expected_by_cell as (
    select
        own_cells.establishment_key, own_cells.year, own_cells.occupation_code, own_cells.category,
        own_cells.workers * national_cells.dose_usv * 1000000 // national_cells.workers as expected_psv,
        national_cells.n_establishments - 1 as others,
        national_cells.workers - own_cells.workers as others_workers,
        national_cells.exposed - own_cells.exposed as others_exposed,
        own_cells.workers * (national_cells.dose_usv - cast(own_cells.dose_msv * 1000 as hugeint)) * 1000000
            // national_cells.workers as others_psv,
        own_cells.workers * 1000000 * cast(
            1000 * case when own_cells.dose_msv = national_cells.highest_doses[1] then national_cells.highest_doses[2]
                else national_cells.highest_doses[1] end as hugeint
        ) // national_cells.workers as highest_other_psv
    from own_cells
    inner join national_cells using (year, sector_code, occupation_code, category)
),

expected_by_job as (
    select * from expected_by_cell
    union all
    select * replace ('ALL' as occupation_code, 'ALL' as category)
    from expected_by_cell
),

-- One other establishment may be the largest in each of several cells: taken to be the same everywhere, its share is
-- never told too low.
expected as (
    select
        establishment_key, year, occupation_code, category,
        sum(expected_psv) as expected_psv,
        max(others) as others,
        case when sum(others_exposed) > 0 then sum(others_exposed) else sum(others_workers) end as others_exposed,
        share_of(sum(highest_other_psv), sum(others_psv)) as others_top_share
    from expected_by_job
    group by establishment_key, year, occupation_code, category
),

-- Doses as weights of one Poisson event each. One more event weighs as the mean of a microsievert's dose, not as the
-- highest dose: the interval would tell it.
equivalents as (
    select
        own.establishment_key, own.year, own.occupation_code, own.category,
        cast(own.dose_msv * 1000000000 as double) / expected.expected_psv as ratio,
        cast(own.dose_msv * 1000 as double) * cast(own.dose_msv * 1000 as double) / own.squares_usv2 as events
    from own
    inner join expected using (establishment_key, year, occupation_code, category)
    where own.exposed > 0 and expected.expected_psv > 0
),

intervals as (
    select
        establishment_key, year, occupation_code, category,
        ratio * gamma_quantile(events, (1 - interval_level) / 2) / events as low,
        ratio * gamma_quantile(events + 1, (1 + interval_level) / 2) / events as high
    from equivalents
    cross join rules
)

select
    own.establishment_key,
    own.year,
    own.occupation_code,
    own.category,
    own.monitored,
    own.exposed,
    own.mean_exposed as mean_exposed_msv,
    own.median_exposed as median_exposed_msv,
    own.top_share,
    own.top_share_of_squares,
    reference_shares.top_share_of_squares as reference_top_share_of_squares,
    expected.others as expected_establishments,
    cast(expected.others_exposed as bigint) as expected_exposed,
    expected.others_top_share as expected_top_share,
    own_sectors.sector_code,
    chosen.reference_sector,
    chosen.level as reference_level,
    chosen.n_establishments as reference_establishments,
    national.exposed as reference_exposed,
    national.mean_exposed as reference_mean_exposed_msv,
    national.median_exposed as reference_median_exposed_msv,
    national.p25_exposed as reference_p25_exposed_msv,
    national.p75_exposed as reference_p75_exposed_msv,
    cast(100 * ranked.position_among_establishments as decimal(5, 1)) as percentile_among_establishments,
    cast(exact_quotient(expected.expected_psv, 1000000) * 0.001::decimal(4, 3) as decimal(18, 3)) as expected_msv,
    case
        when expected.expected_psv > 0 then cast(
            exact_quotient(cast(own.dose_msv * 1000 as hugeint) * 1000000000, expected.expected_psv)
            * 0.001::decimal(4, 3) as decimal(12, 3)
        )
    end as standardised_dose_ratio,
    cast(intervals.low as decimal(12, 3)) as standardised_dose_ratio_low,
    cast(intervals.high as decimal(12, 3)) as standardised_dose_ratio_high,
    intervals.low > 1 or intervals.high < 1 as differs_from_expected,
    cast(funnel_limits.weight as decimal(12, 6)) as own_weight,
    cast(funnel_limits.shrunk_usv / 1000 as decimal(12, 3)) as shrunk_mean_exposed_msv,
    cast(funnel_limits.inner_low / 1000 as decimal(12, 3)) as funnel_inner_low_msv,
    cast(funnel_limits.inner_high / 1000 as decimal(12, 3)) as funnel_inner_high_msv,
    cast(funnel_limits.outer_low / 1000 as decimal(12, 3)) as funnel_outer_low_msv,
    cast(funnel_limits.outer_high / 1000 as decimal(12, 3)) as funnel_outer_high_msv
from own
inner join own_sectors using (establishment_key, year)
left join chosen using (establishment_key, year, occupation_code, category)
left join national
    on national.reference_sector = chosen.reference_sector
    and national.year = own.year
    and national.occupation_code = own.occupation_code
    and national.category = own.category
left join ranked
    on ranked.reference_sector = chosen.reference_sector
    and ranked.year = own.year
    and ranked.occupation_code = own.occupation_code
    and ranked.category = own.category
    and ranked.establishment_key = own.establishment_key
left join expected
    on expected.establishment_key = own.establishment_key
    and expected.year = own.year
    and expected.occupation_code = own.occupation_code
    and expected.category = own.category
left join intervals
    on intervals.establishment_key = own.establishment_key
    and intervals.year = own.year
    and intervals.occupation_code = own.occupation_code
    and intervals.category = own.category
left join reference_shares
    on reference_shares.establishment_key = own.establishment_key
    and reference_shares.year = own.year
    and reference_shares.occupation_code = own.occupation_code
    and reference_shares.category = own.category
left join funnel_limits
    on funnel_limits.establishment_key = own.establishment_key
    and funnel_limits.year = own.year
    and funnel_limits.occupation_code = own.occupation_code
    and funnel_limits.category = own.category
order by own.establishment_key, own.year, own.occupation_code, own.category
