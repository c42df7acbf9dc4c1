-- limit_quantity effective only. basis: STATED, the result names the place; ESTIMATED, the dose is shared out as the
-- operational readings taken during its wear; PLACED, the employer's list says where the temporary worker is; EMPLOYER,
-- nothing tells a place.
with stated as (
    select worker_key, establishment_key, period_start, period_end, workplace_key as place_key
    from current_doses
    where limit_quantity = 'effective' and workplace_key is not null and counted_msv is not null
    -- Two badges of one period at two places: the place of the higher one.
    qualify row_number() over (
        partition by worker_key, establishment_key, period_start, period_end
        order by counted_msv desc, workplace_key
    ) = 1
),

readings as (
    select
        worker_key, establishment_key, coalesce(workplace_key, establishment_key) as place_key, period_end as on_date,
        cast(sum(counted_msv) * 1000 as hugeint) as reading_usv
    from current_doses
    where limit_quantity = 'operational' and counted_msv is not null
    group by worker_key, establishment_key, coalesce(workplace_key, establishment_key), period_end
),

doses as (
    select worker_key, establishment_key, period_start, period_end, sum(dose_msv) as dose_msv
    from period_doses
    where limit_quantity = 'effective'
    group by worker_key, establishment_key, period_start, period_end
),

unstated as (
    select doses.*
    from doses
    left join stated using (worker_key, establishment_key, period_start, period_end)
    where stated.place_key is null
),

-- Overestimates sites with electronic dosimetry: what was received elsewhere during the same wear is laid to them too.
during_wear as (
    select
        unstated.worker_key, unstated.establishment_key, unstated.period_start, unstated.period_end,
        readings.place_key,
        any_value(cast(unstated.dose_msv * 1000 as hugeint)) as dose_usv,
        cast(sum(readings.reading_usv) as hugeint) as reading_usv
    from unstated
    inner join readings
        on readings.worker_key = unstated.worker_key
        and readings.establishment_key = unstated.establishment_key
        and readings.on_date >= unstated.period_start
        and readings.on_date <= unstated.period_end
    group by
        unstated.worker_key, unstated.establishment_key, unstated.period_start, unstated.period_end,
        readings.place_key
    having sum(readings.reading_usv) > 0
),

cumulated as (
    select
        *,
        cast(sum(reading_usv) over places as hugeint) as up_to_usv,
        cast(sum(reading_usv) over all_places as hugeint) as total_usv
    from during_wear
    window
        all_places as (partition by worker_key, establishment_key, period_start, period_end),
        places as (
            partition by worker_key, establishment_key, period_start, period_end
            order by place_key rows unbounded preceding
        )
),

-- In whole microsieverts, so that the parts are the dose: what is cut of one place falls to the next.
shared_out as (
    select
        worker_key, establishment_key, period_start, period_end, place_key,
        (dose_usv * up_to_usv // total_usv - dose_usv * (up_to_usv - reading_usv) // total_usv)
            * 0.001::decimal(4, 3) as dose_msv
    from cumulated
),

placements as (
    select worker_key, establishment_key, user_establishment_key, valid_from, valid_to, excludes_others, known_order
    from employment_statuses
    where user_establishment_key is not null
),

unread as (
    select unstated.*, placements.user_establishment_key
    from unstated
    left join (select distinct worker_key, establishment_key, period_start, period_end from during_wear) as estimated
        using (worker_key, establishment_key, period_start, period_end)
    left join placements
        on placements.worker_key = unstated.worker_key
        and placements.establishment_key = unstated.establishment_key
        and unstated.period_end between placements.valid_from and placements.valid_to
    where estimated.worker_key is null
    qualify row_number() over (
        partition by unstated.worker_key, unstated.establishment_key, unstated.period_start, unstated.period_end
        order by placements.excludes_others desc, placements.valid_from desc, placements.known_order desc
    ) = 1
),

placed as (
    select doses.worker_key, doses.establishment_key, doses.period_end, stated.place_key, 'STATED' as basis,
        doses.dose_msv
    from doses
    inner join stated using (worker_key, establishment_key, period_start, period_end)
    union all
    select worker_key, establishment_key, period_end, place_key, 'ESTIMATED', dose_msv
    from shared_out
    union all
    select
        worker_key, establishment_key, period_end, coalesce(user_establishment_key, establishment_key),
        case when user_establishment_key is null then 'EMPLOYER' else 'PLACED' end, dose_msv
    from unread
    -- Whoever was there without a dose is one of the place's workers too.
    union all
    select worker_key, establishment_key, period_end, place_key, 'STATED', 0
    from stated
    union all
    select worker_key, establishment_key, on_date, place_key, 'ESTIMATED', 0
    from readings
),

sums as (
    select
        worker_key, year(period_end) as year, establishment_key, place_key, basis,
        cast(sum(dose_msv) as decimal(12, 3)) as dose_msv
    from placed
    group by worker_key, year(period_end), establishment_key, place_key, basis
),

-- Who has neither a dose nor a stated place in the year: the last place of the year that the employer's list names.
employed as (
    select
        annual.worker_key, annual.year, annual.establishment_key, annual.is_monitored,
        placements.user_establishment_key
    from (
        select worker_key, year, establishment_key, bool_or(is_monitored) as is_monitored
        from annual_worker_doses
        where limit_quantity = 'effective'
        group by worker_key, year, establishment_key
    ) as annual
    left join placements
        on placements.worker_key = annual.worker_key
        and placements.establishment_key = annual.establishment_key
        and year(placements.valid_from) <= annual.year
        and year(placements.valid_to) >= annual.year
    qualify row_number() over (
        partition by annual.worker_key, annual.year, annual.establishment_key
        order by placements.valid_from desc, placements.excludes_others desc, placements.known_order desc
    ) = 1
)

select
    employed.worker_key,
    employed.year,
    employed.establishment_key,
    coalesce(sums.place_key, employed.user_establishment_key, employed.establishment_key) as place_key,
    coalesce(
        sums.basis, case when employed.user_establishment_key is null then 'EMPLOYER' else 'PLACED' end
    ) as basis,
    coalesce(sums.dose_msv, cast(0 as decimal(12, 3))) as dose_msv,
    employed.is_monitored
from employed
left join sums using (worker_key, year, establishment_key)
