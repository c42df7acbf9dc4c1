with contracts as (
    select
        worker_key, establishment_key, contract_start, contract_end,
        last(contract_type order by known_order) as contract_type
    from employment_statuses
    where contract_end >= contract_start
    group by worker_key, establishment_key, contract_start, contract_end
    having last(contract_type order by known_order) in ('CDD', 'TEMP')
),

-- A badge may be worn past the end of a contract, or across two: its dose is of the one that holds its last day, else of
-- the last that it was worn in.
placed as (
    select
        contracts.*, doses.limit_quantity, doses.site, doses.period_start, doses.period_end, doses.dose_msv
    from contracts
    inner join period_doses as doses
        on doses.worker_key = contracts.worker_key
        and doses.establishment_key = contracts.establishment_key
        and doses.period_start <= contracts.contract_end
        and doses.period_end >= contracts.contract_start
    where doses.limit_quantity <> 'operational'
    qualify row_number() over (
        partition by
            doses.worker_key, doses.establishment_key, doses.limit_quantity, doses.site, doses.period_start,
            doses.period_end
        order by doses.period_end <= contracts.contract_end desc, contracts.contract_start desc
    ) = 1
),

sites as (
    select
        worker_key, establishment_key, contract_type, contract_start, contract_end, limit_quantity, site,
        sum(dose_msv) as dose_msv
    from placed
    group by worker_key, establishment_key, contract_type, contract_start, contract_end, limit_quantity, site
),

of_contracts as (
    select
        worker_key, establishment_key, contract_type, contract_start, contract_end, limit_quantity,
        cast(max(dose_msv) as decimal(12, 3)) as dose_msv,
        contract_end - contract_start + 1 as days,
        cast(contract_start + interval 12 month as date) - contract_start as days_in_12m
    from sites
    group by worker_key, establishment_key, contract_type, contract_start, contract_end, limit_quantity
)

select
    contracts.worker_key,
    contracts.establishment_key,
    contracts.contract_type,
    contracts.contract_start,
    contracts.contract_end,
    contracts.limit_quantity,
    contracts.dose_msv,
    limits.limit_code,
    limits.limit_msv,
    cast(contracts.days as integer) as days,
    -- The limit times the days of the contract over those of twelve months; held against it by cross-multiplication.
    share_of(contracts.dose_msv * contracts.days_in_12m, limits.limit_msv * contracts.days) as prorata_limit_ratio,
    contracts.dose_msv * contracts.days_in_12m > limits.limit_msv * contracts.days as is_above_prorata
from of_contracts as contracts
cross join lake.clock
inner join planned_limits as limits
    on limits.population = 'ADULT'
    and limits."window" = '12_MONTHS'
    and limits.limit_quantity
        = case when contracts.limit_quantity = 'effective_external' then 'effective' else contracts.limit_quantity end
    and least(contracts.contract_end, clock.today)
        between limits.valid_from and coalesce(limits.valid_to, date '9999-12-31')
order by contracts.worker_key, contracts.contract_start, contracts.establishment_key, contracts.limit_quantity
