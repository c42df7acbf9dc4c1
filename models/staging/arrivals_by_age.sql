-- Of results as first sent: a correction is no second arrival, and an intake has no deadline. A result is of the domain that
-- its dose is counted in: that of the employment, else of the establishment.
with rules as (
    select
        clock.today,
        max(case when name = 'nowcast_months' then cast(value as integer) end) as months,
        max(case when name = 'nowcast_step_days' then cast(value as integer) end) as step_days,
        max(case when name = 'nowcast_horizon_days' then cast(value as integer) end) as horizon_days
    from reference.thresholds
    cross join lake.clock
    group by clock.today
),

arrived as (
    select
        doses.sender_code, doses.limit_quantity, coalesce(sectors.bilan_domain, 'UNDETERMINED') as domain,
        last_day(doses.period_end) as month_end,
        greatest(cast(doses.received_at at time zone 'Europe/Paris' as date) - last_day(doses.period_end), 0)
            as delay_days,
        count(*) as results
    from judged_doses as doses
    cross join rules
    left join employment_slices as slices
        on slices.worker_key = doses.worker_key
        and slices.establishment_key = doses.establishment_key
        and doses.period_end between slices.slice_from and slices.slice_to
    left join establishment_lines as lines
        on lines.establishment_key = doses.establishment_key
        and doses.period_end between lines.holds_from and lines.holds_to
    left join reference.sectors on sectors.code = coalesce(slices.sector_code, lines.sector_code)
    where
        doses.period_end > last_day(cast(rules.today - to_months(rules.months + 1) as date))
        and last_day(doses.period_end) < rules.today
        and doses.record_action = 'NEW'
        and doses.author_role <> 'PHYSICIAN'
        and doses.dosimetry in ('PASSIVE', 'RADON', 'COSMIC')
        and doses.result_status in ('MEASURED', 'BELOW_THRESHOLD', 'ESTIMATED')
        and doses.situation <> 'SUR'
        and doses.limit_quantity is not null
    group by all
),

groups as (
    select sender_code, limit_quantity, 'ALL' as dimension, 'ALL' as group_code, month_end, delay_days, results
    from arrived
    union all
    select sender_code, limit_quantity, 'domain', domain, month_end, delay_days, results
    from arrived
),

ages as (
    select distinct
        groups.sender_code, groups.limit_quantity, groups.dimension, groups.group_code, groups.month_end,
        unnest(range(
            0, least(rules.today - groups.month_end, rules.horizon_days) // rules.step_days + 1
        )) as step
    from groups
    cross join rules
)

select
    ages.sender_code,
    ages.limit_quantity,
    ages.dimension,
    ages.group_code,
    ages.month_end,
    cast(ages.step as integer) as step,
    cast(coalesce(sum(groups.results) filter (where groups.delay_days <= ages.step * rules.step_days), 0) as bigint)
        as results,
    cast(sum(groups.results) as bigint) as results_by_now,
    ages.step = max(ages.step) over (
        partition by ages.sender_code, ages.limit_quantity, ages.dimension, ages.group_code, ages.month_end
    ) as is_latest,
    ages.step >= any_value(rules.horizon_days // rules.step_days) as is_settled
from ages
cross join rules
inner join groups using (sender_code, limit_quantity, dimension, group_code, month_end)
group by ages.sender_code, ages.limit_quantity, ages.dimension, ages.group_code, ages.month_end, ages.step
