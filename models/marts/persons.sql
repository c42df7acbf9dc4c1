with known as (
    select
        coalesce(person_keys.person_key, persons.worker_key) as person_key,
        persons.*
    from lake.persons
    left join person_keys on person_keys.worker_key = persons.worker_key
)

-- What is known of the person's own key comes before what was known of a waiting number.
select person_key as worker_key, birth_year, sex
from known
qualify row_number() over (
    partition by person_key order by worker_key = person_key desc, known_at desc, delivery_no desc
) = 1
order by person_key
