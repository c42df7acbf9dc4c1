-- What an employer's line says of wear ("HP10:M,HP3:T"); where it says nothing, the longest period that the law allows.
with reach as (
    select
        clock.today,
        greatest(
            cast(date_trunc('month', clock.today) - to_months(cast(kept.value as integer)) as date),
            first_wear.first_day
        ) as first_day
    from lake.clock
    cross join first_wear
    cross join reference.thresholds as kept
    where kept.name = 'body_keeps_results_months'
),

lines as (
    select
        employment_statuses.known_order,
        employment_statuses.worker_key,
        employment_statuses.establishment_key,
        employment_statuses.category,
        employment_statuses.oa_code,
        employment_statuses.wear_plan,
        employment_statuses.valid_from,
        employment_statuses.valid_to,
        coalesce(senders.layouts = 'COSM', false) as is_aircrew
    from employment_statuses
    inner join reach
        on employment_statuses.valid_to >= reach.first_day
        and employment_statuses.valid_from <= reach.today
    left join reference.senders on senders.sender_code = employment_statuses.oa_code
),

plan_items as (
    select worker_key, known_order, unnest(string_split(upper(replace(wear_plan, ' ', '')), ',')) as item
    from lines
    where wear_plan is not null
),

planned as (
    select distinct
        worker_key, known_order, split_part(item, ':', 1) as quantity, split_part(item, ':', 2) as period_code,
        true as is_planned
    from plan_items
    where split_part(item, ':', 1) in ('HP10', 'HP007', 'HP3', 'E') and split_part(item, ':', 2) in ('M', 'T')
),

assumed as (
    select
        worker_key,
        known_order,
        case when category = 'RADON' or is_aircrew then 'E' else 'HP10' end as quantity,
        case when is_aircrew then 'M' else 'T' end as period_code,
        false as is_planned
    from lines
    where
        category in ('A', 'B', 'RADON')
        and not exists (
            select 1
            from planned
            where planned.worker_key = lines.worker_key and planned.known_order = lines.known_order
        )
),

wanted as (
    select worker_key, known_order, quantity, period_code, is_planned
    from planned
    union all
    select worker_key, known_order, quantity, period_code, is_planned
    from assumed
),

calendar as (
    select
        'M' as period_code,
        cast(starts as date) as first_day,
        last_day(cast(starts as date)) as last_day
    from (
        select unnest(generate_series(first_day, today, interval 1 month)) as starts
        from reach
    )
    union all
    select
        'T' as period_code,
        cast(starts as date) as first_day,
        last_day(cast(starts + interval 2 month as date)) as last_day
    from (
        select unnest(
            generate_series(cast(date_trunc('quarter', first_day) as date), today, interval 3 month)
        ) as starts
        from reach
    )
)

select
    lines.worker_key,
    lines.establishment_key,
    lines.oa_code,
    case
        when wanted.quantity <> 'E' then 'PASSIVE'
        when lines.is_aircrew then 'COSMIC'
        else 'RADON'
    end as dosimetry,
    wanted.quantity,
    wanted.period_code,
    bool_or(wanted.is_planned) as is_planned,
    min(greatest(calendar.first_day, lines.valid_from)) as period_start,
    max(least(calendar.last_day, lines.valid_to)) as period_end
from lines
inner join wanted on wanted.worker_key = lines.worker_key and wanted.known_order = lines.known_order
inner join calendar
    on calendar.period_code = wanted.period_code
    and calendar.first_day <= lines.valid_to
    and calendar.last_day >= lines.valid_from
group by
    lines.worker_key, lines.establishment_key, lines.oa_code, lines.is_aircrew, wanted.quantity, wanted.period_code,
    calendar.first_day
