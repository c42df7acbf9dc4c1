-- What became of a person's rows but for those considered, which component_doses tells of.
select
    worker_key, dosimetry, disposition,
    count(*) as dose_rows,
    cast(coalesce(sum(dose_msv), 0) as decimal(18, 3)) as dose_msv
from judged_doses
where disposition <> 'considered'
group by worker_key, dosimetry, disposition
