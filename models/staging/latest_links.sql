select worker_key, person_key, known_at
from lake.identity_links
qualify row_number() over (partition by worker_key order by known_at desc, delivery_no desc, person_key) = 1
