-- A stated effective dose and the sum of badge and intake are two readings of one exposure: the higher counts.
with at_each_location as (
    select
        basis, worker_key, establishment_key, emergency_id, period_start, period_end, body_location,
        min(sur_group) as sur_group,
        coalesce(max(counted_msv) filter (where quantity = 'HP10' and radiation = 'PHOTON'), 0) as photon_msv,
        coalesce(max(counted_msv) filter (where quantity = 'HP10' and radiation = 'MIXED'), 0) as mixed_msv,
        coalesce(max(counted_msv) filter (where quantity = 'HP10' and radiation = 'NEUTRON'), 0) as neutron_msv,
        coalesce(max(counted_msv) filter (where quantity = 'HP10' and radiation = 'NOT_STATED'), 0) as unnamed_msv,
        coalesce(sum(counted_msv) filter (where quantity = 'E50'), 0) as internal_msv,
        coalesce(max(counted_msv) filter (where quantity = 'E'), 0) as stated_msv
    from emergency_rows
    group by basis, worker_key, establishment_key, emergency_id, period_start, period_end, body_location
),

readings as (
    select
        basis, worker_key, establishment_key, emergency_id, period_start, period_end,
        min(sur_group) as sur_group,
        greatest(max(greatest(photon_msv, mixed_msv)) + max(neutron_msv), max(unnamed_msv)) as external_msv,
        sum(internal_msv) as internal_msv,
        max(stated_msv) as stated_msv
    from at_each_location
    group by basis, worker_key, establishment_key, emergency_id, period_start, period_end
)

select
    basis, worker_key, establishment_key, emergency_id, sur_group, period_start, period_end,
    cast(greatest(stated_msv, external_msv + internal_msv) as decimal(12, 3)) as dose_msv,
    cast(external_msv as decimal(12, 3)) as external_msv,
    -- Periods that overlap without being the same are summed: overestimates.
    coalesce(max(period_end) over earlier >= period_start, false)
        or coalesce(lead(period_start) over in_time <= period_end, false) as has_overlap
from readings
window
    in_time as (partition by basis, worker_key, emergency_id order by period_start, period_end, establishment_key),
    earlier as (
        partition by basis, worker_key, emergency_id order by period_start, period_end, establishment_key
        rows between unbounded preceding and 1 preceding
    )
