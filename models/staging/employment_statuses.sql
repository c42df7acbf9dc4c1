with known_lines as (
    select
        coalesce(person_keys.person_key, employments.worker_key) as person_key,
        employments.*,
        row_number() over (
            partition by coalesce(person_keys.person_key, employments.worker_key)
            order by employments.known_at, employments.delivery_no, employments.row_no
        ) as known_order
    from lake.employments
    left join person_keys on person_keys.worker_key = employments.worker_key
),

latest_statuses as (
    select *
    from known_lines
    qualify row_number() over (
        partition by person_key, establishment_key, category, category_start order by known_order desc
    ) = 1
),

contract_ends as (
    select person_key, establishment_key, contract_start, contract_end
    from known_lines
    qualify row_number() over (
        partition by person_key, establishment_key, contract_start order by known_order desc
    ) = 1
),

last_unclassified_day as (
    select cast(cast(value as date) - interval 1 day as date) as last_day_of_nc
    from reference.thresholds
    where name = 'individual_monitoring_only_from'
),

bounded as (
    select
        latest_statuses.* replace (contract_ends.contract_end as contract_end),
        latest_statuses.category in ('A', 'B', 'NC', 'NR') as excludes_others,
        least(
            coalesce(latest_statuses.category_end, date '9999-12-31'),
            coalesce(contract_ends.contract_end, date '9999-12-31'),
            case
                when latest_statuses.category in ('NC', 'NR') then last_unclassified_day.last_day_of_nc
                else date '9999-12-31'
            end
        ) as own_end
    from latest_statuses
    inner join contract_ends
        on contract_ends.person_key = latest_statuses.person_key
        and contract_ends.establishment_key = latest_statuses.establishment_key
        and contract_ends.contract_start = latest_statuses.contract_start
    cross join last_unclassified_day
),

-- A later A, B, NC or NR status of the same pair ends the earlier one.
succeeded as (
    select
        *,
        case
            when excludes_others then least(
                own_end,
                coalesce(
                    cast(lead(category_start) over (
                        partition by person_key, establishment_key, excludes_others
                        order by category_start, known_order
                    ) - interval 1 day as date),
                    date '9999-12-31'
                )
            )
            else own_end
        end as last_valid_day
    from bounded
)

select
    person_key as worker_key,
    establishment_key,
    user_establishment_key,
    category,
    excludes_others,
    sector_code,
    occupation_code,
    contract_type,
    work_quota,
    contract_start,
    contract_end,
    category_start as valid_from,
    last_valid_day as valid_to,
    wear_plan,
    group_label,
    oa_code,
    operator_code,
    mdt_rpps,
    crp_id,
    known_order
from succeeded
where last_valid_day >= category_start
