-- severity: warning
-- Identity links end at a person; where they run in a circle the smallest key was taken.
with latest as (
    select worker_key, person_key
    from lake.identity_links
    qualify row_number() over (partition by worker_key order by known_at desc, delivery_no desc, person_key) = 1
)

select latest.worker_key
from latest
inner join latest as back on back.worker_key = latest.person_key and back.person_key = latest.worker_key
where latest.worker_key <> latest.person_key
