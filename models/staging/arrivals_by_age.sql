-- Of results as first sent: a correction is no second arrival, and an intake has no deadline.
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
        doses.sender_code, doses.limit_quantity, last_day(doses.period_end) as month_end,
        greatest(cast(doses.received_at at time zone 'Europe/Paris' as date) - last_day(doses.period_end), 0)
            as delay_days,
        count(*) as results
    from judged_doses as doses
    cross join rules
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

ages as (
    select distinct
        arrived.sender_code, arrived.limit_quantity, arrived.month_end,
        unnest(range(
            0, least(rules.today - arrived.month_end, rules.horizon_days) // rules.step_days + 1
        )) as step
    from arrived
    cross join rules
)

select
    ages.sender_code,
    ages.limit_quantity,
    ages.month_end,
    cast(ages.step as integer) as step,
    cast(coalesce(sum(arrived.results) filter (where arrived.delay_days <= ages.step * rules.step_days), 0) as bigint)
        as results,
    cast(sum(arrived.results) as bigint) as results_by_now,
    ages.step = max(ages.step) over (partition by ages.sender_code, ages.limit_quantity, ages.month_end) as is_latest,
    ages.step >= any_value(rules.horizon_days // rules.step_days) as is_settled
from ages
cross join rules
inner join arrived using (sender_code, limit_quantity, month_end)
group by ages.sender_code, ages.limit_quantity, ages.month_end, ages.step
