with passive_and_other as (
    select
        dose_id, worker_key, establishment_key, dosimetry, quantity, radiation, body_location, badge_position,
        period_start, period_end, cast(dose_msv as decimal(12, 3)) as dose_msv,
        cast(counted_msv as decimal(12, 3)) as counted_msv, result_status, situation, sender_code, sent_on, received_at,
        author_role, motive_code as motive, limit_quantity, site, component, makes_monitored, 1 as readings
    from current_doses
    where dosimetry <> 'OPERATIONAL'
),

operational as (
    select
        dose_id, worker_key, establishment_key, 'OPERATIONAL' as dosimetry, 'HP10' as quantity,
        cast(null as varchar) as radiation, 'TRUNK' as body_location, cast(null as varchar) as badge_position,
        period_start, period_end, dose_msv, counted_msv, 'MEASURED' as result_status,
        cast(null as varchar) as situation, sender_code, cast(null as date) as sent_on, received_at,
        'OPERATOR' as author_role, cast(null as varchar) as motive, 'operational' as limit_quantity,
        'WHOLE_BODY' as site, 'operational' as component, false as makes_monitored, readings
    from operational_months
    where basis = 'current'
)

select * from passive_and_other
union all
select * from operational
order by worker_key, period_end, dose_id
