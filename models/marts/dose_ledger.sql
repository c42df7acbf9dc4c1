with rows_judged as (
    select
        dosimetry, disposition,
        cast(sum(dose_rows) as bigint) as dose_rows,
        cast(sum(dose_msv) as decimal(18, 3)) as dose_msv
    from disposed_rows
    group by dosimetry, disposition
),

considered as (
    select
        dosimetry,
        cast(sum(counted_records) as bigint) as counted_rows,
        cast(sum(records) - sum(counted_records) as bigint) as lower_rows,
        cast(sum(dose_msv) as decimal(18, 3)) as counted_msv,
        cast(sum(considered_msv) - sum(dose_msv) as decimal(18, 3)) as lower_msv
    from component_doses
    where basis = 'current'
    group by dosimetry
)

select dosimetry, disposition, dose_rows, dose_msv from rows_judged
union all
select dosimetry, 'counted', counted_rows, counted_msv from considered
union all
select dosimetry, 'not_the_highest', lower_rows, lower_msv from considered
order by dosimetry, disposition
