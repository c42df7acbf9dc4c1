select
    worker_key,
    establishment_key,
    user_establishment_key,
    category,
    sector_code,
    occupation_code,
    contract_type,
    contract_start,
    valid_from,
    nullif(valid_to, date '9999-12-31') as valid_to,
    wear_plan,
    group_label,
    oa_code,
    operator_code,
    oa_code is not null and sector_code is not null and occupation_code is not null as is_complete
from employment_statuses
order by worker_key, valid_from, establishment_key
