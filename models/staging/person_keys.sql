-- Where identifiers point at each other in a circle, the smallest key of the circle stands for the person.
with recursive links as (
    select worker_key, person_key
    from latest_links
    where person_key <> worker_key
),

reached (worker_key, person_key) as (
    select worker_key, person_key
    from links
    union
    select reached.worker_key, links.person_key
    from reached
    inner join links on links.worker_key = reached.person_key
),

circles as (
    select worker_key
    from reached
    where worker_key = person_key
),

ends as (
    select
        reached.worker_key,
        min(case when links.worker_key is null then reached.person_key end) as last_key,
        min(circles.worker_key) as smallest_key
    from reached
    left join links on links.worker_key = reached.person_key
    left join circles on circles.worker_key = reached.person_key
    group by reached.worker_key
)

select
    worker_key,
    coalesce(last_key, smallest_key) as person_key
from ends
