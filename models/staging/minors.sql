with stated as (
    select worker_key, adult_on
    from lake.minors
    qualify row_number() over (partition by worker_key order by known_at desc, delivery_no desc) = 1
)

select coalesce(person_keys.person_key, stated.worker_key) as worker_key, max(stated.adult_on) as adult_on
from stated
left join person_keys on person_keys.worker_key = stated.worker_key
group by coalesce(person_keys.person_key, stated.worker_key)
