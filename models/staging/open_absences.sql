-- A late result may follow its declared absence as a record of its own; it answers the absence all the same.
with absences as (
    select
        dose_id, worker_key, establishment_key, dosimetry, quantity, radiation, body_location, badge_position,
        period_start, period_end
    from current_doses
    where result_status = 'ABSENT' and situation <> 'SUR'
),

answers as (
    select
        worker_key, establishment_key, dosimetry, quantity, radiation, body_location, badge_position, period_start,
        period_end
    from current_doses
    where result_status <> 'ABSENT' and situation <> 'SUR'
)

select
    absences.worker_key,
    absences.dose_id,
    absences.dose_id >> 32 as delivery_no,
    clock.today - absences.period_end as age_days
from absences
cross join lake.clock
where not exists (
    select 1
    from answers
    where
        answers.worker_key = absences.worker_key
        and answers.establishment_key = absences.establishment_key
        and answers.dosimetry = absences.dosimetry
        and answers.quantity = absences.quantity
        and answers.radiation = absences.radiation
        and answers.body_location is not distinct from absences.body_location
        and answers.badge_position is not distinct from absences.badge_position
        and answers.period_start <= absences.period_end
        and answers.period_end >= absences.period_start
)
