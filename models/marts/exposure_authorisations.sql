with statements as (
    select
        coalesce(person_keys.person_key, said.worker_key) as worker_key, said.decision_ref, said.action,
        said.limit_quantity, said.valid_from, said.valid_to, said.decided_on, said.known_at, said.delivery_no, said.row_no
    from lake.authorisations as said
    left join person_keys on person_keys.worker_key = said.worker_key
),

latest as (
    select *
    from statements
    qualify row_number() over (
        partition by worker_key, decision_ref, limit_quantity order by known_at desc, delivery_no desc, row_no desc
    ) = 1
)

select worker_key, decision_ref, limit_quantity, valid_from, valid_to, decided_on
from latest
where action = 'GRANT'
order by worker_key, valid_from, decision_ref, limit_quantity
