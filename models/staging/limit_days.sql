-- A window changes when a dose enters it, when one leaves it twelve months later, and when the limit does.
with smallest_limits as (
    select limit_quantity, population, min(limit_msv) as limit_msv
    from planned_limits
    where "window" = '12_MONTHS'
    group by limit_quantity, population
),

block_sums as (
    select
        doses.basis, doses.population, doses.worker_key, doses.limit_quantity,
        sum(doses.dose_msv) as dose_msv, min(limits.limit_msv) as limit_msv
    from limited_doses as doses
    inner join planned_limits as limits
        on limits.limit_quantity = doses.limit_quantity
        and limits.population = doses.population
        and doses.period_end >= limits.valid_from
        and doses.period_end <= coalesce(limits.valid_to, date '9999-12-31')
    where limits."window" = 'BLOCK' and doses.basis <> 'all'
    group by doses.basis, doses.population, doses.worker_key, doses.limit_quantity, doses.site, limits.limit_code
),

near_a_limit as (
    select windows.basis, windows.population, windows.worker_key, windows.limit_quantity
    from rolling_windows as windows
    inner join smallest_limits as limits
        on limits.limit_quantity = windows.limit_quantity
        and limits.population = windows.population
        and windows.dose_12m_msv > limits.limit_msv
    union
    select basis, population, worker_key, limit_quantity
    from block_sums
    where dose_msv > limit_msv
),

near_doses as (
    select doses.basis, doses.population, doses.worker_key, doses.limit_quantity, doses.site, doses.period_start,
        doses.period_end, doses.dose_msv,
        exists (
            select 1
            from exposure_authorisations as spans
            where
                doses.population = 'ADULT'
                and spans.worker_key = doses.worker_key
                and spans.limit_quantity = doses.limit_quantity
                and doses.period_end between spans.valid_from and spans.valid_to
        ) as is_authorised
    from limited_doses as doses
    inner join near_a_limit using (basis, population, worker_key, limit_quantity)
),

days as (
    select basis, population, worker_key, limit_quantity, period_end as on_date
    from near_doses
    union
    select basis, population, worker_key, limit_quantity, cast(period_end + interval 12 month as date)
    from near_doses
    union
    select near.basis, near.population, near.worker_key, near.limit_quantity, limits.valid_from
    from near_a_limit as near
    inner join planned_limits as limits
        on limits.limit_quantity = near.limit_quantity and limits.population = near.population
    -- Of who was authorised, a mean of five years may change with the year, and the authorised limit is dated too.
    union
    select basis, population, worker_key, limit_quantity, make_date(year(period_end) + 1, 1, 1)
    from near_doses
    where population = 'ADULT' and worker_key in (select worker_key from exposure_authorisations)
    union
    select near.basis, near.population, near.worker_key, near.limit_quantity, limits.valid_from
    from near_a_limit as near
    inner join reference.dose_limits as limits
        on limits.kind = 'AUTHORISED' and limits.limit_quantity = near.limit_quantity
    where near.population = 'ADULT' and near.worker_key in (select worker_key from exposure_authorisations)
),

limited_days as (
    select
        days.basis, days.population, days.worker_key, days.limit_quantity, days.on_date,
        limits.limit_code, limits.limit_msv, limits.valid_from, limits.valid_to, limits."window",
        former.limit_msv as former_msv,
        case
            when limits."window" = 'BLOCK' then cast(limits.valid_from - interval 1 day as date)
            else months_before(days.on_date, 12)
        end as after_date
    from days
    inner join planned_limits as limits
        on limits.limit_quantity = days.limit_quantity
        and limits.population = days.population
        and days.on_date >= limits.valid_from
        and days.on_date <= coalesce(limits.valid_to, date '9999-12-31')
    left join planned_limits as former
        on former.limit_quantity = limits.limit_quantity
        and former.population = limits.population
        and former."window" = limits."window"
        and former.valid_to = limits.valid_from - interval 1 day
),

sites as (
    select
        days.basis, days.population, days.worker_key, days.limit_quantity, days.limit_code, days.limit_msv,
        days.former_msv, days.valid_to, days."window", days.on_date, days.after_date, doses.site,
        coalesce(sum(doses.dose_msv), 0) as dose_msv,
        coalesce(sum(doses.dose_msv) filter (where doses.period_start >= days.valid_from), 0) as alone_msv,
        coalesce(sum(doses.dose_msv) filter (where not doses.is_authorised), 0) as ordinary_msv,
        min(year(doses.period_end)) filter (where doses.is_authorised) as authorised_year,
        min(doses.period_start) as wear_start
    from limited_days as days
    left join near_doses as doses
        on doses.basis = days.basis
        and doses.population = days.population
        and doses.worker_key = days.worker_key
        and doses.limit_quantity = days.limit_quantity
        and doses.period_end > days.after_date
        and doses.period_end <= days.on_date
    group by
        days.basis, days.population, days.worker_key, days.limit_quantity, days.limit_code, days.limit_msv,
        days.former_msv, days.valid_to, days."window", days.on_date, days.after_date, doses.site
),

highest_sites as (
    select
        *,
        max(alone_msv) over (partition by basis, population, worker_key, limit_code, on_date) as highest_alone_msv,
        max(ordinary_msv) over (partition by basis, population, worker_key, limit_code, on_date) as highest_ordinary_msv,
        min(authorised_year) over (partition by basis, population, worker_key, limit_code, on_date) as excess_from_year
    from sites
    qualify row_number() over (
        partition by basis, population, worker_key, limit_code, on_date order by dose_msv desc, site
    ) = 1
),

-- Doses by calendar year of those who were ever authorised, in blocks of five years that hold each year.
authorised_years as (
    select basis, worker_key, limit_quantity, site, year(period_end) as year, sum(dose_msv) as dose_msv
    from near_doses
    where population = 'ADULT' and worker_key in (select worker_key from exposure_authorisations)
    group by basis, worker_key, limit_quantity, site, year(period_end)
),

blocks_of_five as (
    select
        ends.basis, ends.worker_key, ends.limit_quantity, ends.site, ends.last_year,
        sum(years.dose_msv) as dose_msv
    from (
        select distinct basis, worker_key, limit_quantity, site, year + ahead as last_year
        from authorised_years, unnest(range(0, 5)) as offsets (ahead)
    ) as ends
    inner join authorised_years as years
        on years.basis = ends.basis
        and years.worker_key = ends.worker_key
        and years.limit_quantity = ends.limit_quantity
        and years.site = ends.site
        and years.year between ends.last_year - 4 and ends.last_year
    group by ends.basis, ends.worker_key, ends.limit_quantity, ends.site, ends.last_year
),

-- What was received under an authorisation does not count against the limit, as long as all of the window stays under
-- the authorised one and no mean of five years that include this one, or the one of the authorised dose, passes the
-- yearly one.
authorised_days as (
    select distinct days.basis, days.worker_key, days.limit_code, days.on_date
    from highest_sites as days
    inner join reference.dose_limits as authorised
        on authorised.kind = 'AUTHORISED'
        and authorised."window" = '12_MONTHS'
        and authorised.limit_quantity = days.limit_quantity
        and days.on_date between authorised.valid_from and coalesce(authorised.valid_to, date '9999-12-31')
        and days.dose_msv <= authorised.limit_msv
    where
        days.population = 'ADULT'
        and days."window" = '12_MONTHS'
        and days.dose_msv > days.limit_msv
        and days.highest_ordinary_msv <= days.limit_msv
        and not exists (
            select 1
            from blocks_of_five as blocks
            inner join reference.dose_limits as means
                on means.kind = 'AUTHORISED'
                and means."window" = 'MEAN_OF_5_YEARS'
                and means.limit_quantity = blocks.limit_quantity
                and blocks.dose_msv > 5 * means.limit_msv
            where
                blocks.basis = days.basis
                and blocks.worker_key = days.worker_key
                and blocks.limit_quantity = days.limit_quantity
                and blocks.last_year between days.excess_from_year and year(days.on_date) + 4
                and days.on_date between means.valid_from and coalesce(means.valid_to, date '9999-12-31')
        )
)

select
    days.basis,
    days.population,
    days.worker_key,
    days.limit_quantity,
    days.limit_code,
    days.limit_msv,
    days.valid_to,
    days.on_date,
    days.after_date,
    days.site,
    cast(days.dose_msv as decimal(12, 3)) as dose_msv,
    days.wear_start,
    -- Approximation of an open point of law: wear that began under an earlier limit makes no exceedance of a lower one,
    -- unless it passes the earlier one too.
    case
        when days.dose_msv <= days.limit_msv then 'below'
        when authorised_days.on_date is not null then 'authorised'
        when days.highest_alone_msv > days.limit_msv or days.dose_msv > days.former_msv then 'detected'
        else 'transition'
    end as status
from highest_sites as days
left join authorised_days using (basis, worker_key, limit_code, on_date)
