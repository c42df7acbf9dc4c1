-- Every accepted dose row and every decimal of it stands in the ledger once.
with ledger as (
    select dosimetry, sum(dose_rows) as dose_rows, sum(dose_msv) as dose_msv from dose_ledger group by dosimetry
),

lake_doses as (
    select dosimetry, count(*) as dose_rows, coalesce(sum(dose_msv), 0) as dose_msv from lake.doses group by dosimetry
)

select dosimetry, ledger.dose_rows, lake_doses.dose_rows, ledger.dose_msv, lake_doses.dose_msv
from ledger
full join lake_doses using (dosimetry)
where
    ledger.dose_rows is distinct from lake_doses.dose_rows
    or ledger.dose_msv is distinct from lake_doses.dose_msv
