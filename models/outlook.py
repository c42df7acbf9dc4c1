"""What lies ahead of one person: doses that leave the twelve months, what may still be added, where the sum is going.

The statements that `models.access` asks, and the arithmetic on their answers.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import polars as pl
from scipy import special

from lake import reference
from lake.vocabulary import LimitQuantity

HORIZONS = (3, 6, 12)
_DAYS_IN_YEAR = 365.25
_MSV = Decimal("0.001")

# A dose leaves the window twelve months after its last day of wear (rolling_doses). Sites accumulate apart.
AHEAD = """
    with asked as (
        select ?::date as on_date, ?::varchar[] as quantities, ?::date as counted_from
    ),
    doses as (
        select limit_quantity, site, cast(period_end + interval 12 month as date) as leaves_on,
            sum(dose_msv) as dose_msv
        from period_doses cross join asked
        where worker_key = ? and period_end <= on_date and list_contains(quantities, limit_quantity)
            and cast(period_end + interval 12 month as date) > on_date
            and (counted_from is null or period_end >= counted_from)
        group by all
    ),
    days as (
        select unnest(quantities) as limit_quantity, on_date as from_date from asked
        union select limit_quantity, leaves_on from doses
        union
        select quantity, ahead
        from (select unnest(quantities) as quantity from asked) cross join (select unnest(?::date[]) as ahead)
    ),
    sites as (
        select days.limit_quantity, from_date, site, sum(dose_msv) filter (where leaves_on > from_date) as dose_msv
        from days left join doses using (limit_quantity)
        group by all
    )
    select limit_quantity, from_date, cast(coalesce(max(dose_msv), 0) as decimal(12, 3)) as dose_12m_msv
    from sites
    group by limit_quantity, from_date
    order by limit_quantity, from_date
"""

# The latest day that a result speaks of, the person's own complete years, and the job of the latest employment.
OWN = """
    with asked as (select ?::date as on_date, ?::varchar[] as quantities, ?::date as counted_from),
    known as (
        select limit_quantity, max(period_end) as known_until
        from dose_records cross join asked
        where worker_key = ? and period_end <= on_date and limit_quantity is not null
            and dosimetry <> 'INTERNAL' and result_status in ('MEASURED', 'BELOW_THRESHOLD', 'ESTIMATED')
        group by limit_quantity
    ),
    own as (
        select limit_quantity, count(*) as years, cast(avg(dose_msv) as double) as mean_msv
        from (
            select limit_quantity, year, sum(dose_msv) as dose_msv
            from annual_worker_doses cross join asked
            where worker_key = ? and year < year(on_date) and year >= year(on_date) - 5
                and (counted_from is null or make_date(year, 1, 1) >= counted_from)
            group by limit_quantity, year
        )
        group by limit_quantity
    ),
    job as (
        select coalesce(occupation_code, 'UNSPECIFIED') as occupation_code, category, valid_to as employed_until
        from employments cross join asked
        where worker_key = ? and valid_from <= on_date
        order by coalesce(valid_to, date '9999-12-31') desc, valid_from desc, occupation_code, category
        limit 1
    )
    select
        projected.limit_quantity, known.known_until, coalesce(own.years, 0) as years, own.mean_msv as own_mean_msv,
        occupation_code, category, employed_until
    from (select unnest(quantities) as limit_quantity from asked) as projected
    inner join known
        on known.limit_quantity
            = case projected.limit_quantity when 'effective_external' then 'effective' else projected.limit_quantity end
    cross join job
    left join own on own.limit_quantity = projected.limit_quantity
"""

# The paces of a job, asked of a release. In a job without dose the pace is zero; where no part of its dose is internal,
# the pace of the total is that of the external dose.
JOB = """
    with paces as (
        select
            limit_quantity, exposed_internally,
            cast(case exposed when 0 then 0 else mean_msv end as double) as job_mean_msv,
            cast(case exposed when 0 then 0 else variance_within_msv2 end as double) as variance_within,
            cast(case exposed when 0 then 0 else variance_between_msv2 end as double) as variance_between
        from job_paces
        where occupation_code = ? and category = ?
    )
    select limit_quantity, job_mean_msv, variance_within, variance_between
    from paces
    where variance_between is not null
    union all
    select 'effective_external', job_mean_msv, variance_within, variance_between
    from paces
    where variance_between is not null and limit_quantity = 'effective' and exposed_internally = 0
"""


def table(
    ahead: pl.DataFrame, pace: pl.DataFrame, may_be_minor: bool, after_12m: dict[date, date], counted_from: date | None
) -> pl.DataFrame:
    """One row per limited quantity and day from which the sum is what it is.

    Columns limit_quantity, from_date, dose_12m_msv (nothing new received), rolls_off_msv (what leaves on that day),
    limit_msv (in force then), room_msv (the largest dose of a job ending on that day that passes no limit: equal
    complies), projected_msv with its bounds (what is known plus what the paces of the person and of the job let expect
    since the last result, until the employment ends). NULL room: not all of the twelve months is open to the reader, or
    the quantity has no limit; NULL projection: too few in the job, or no result of the person.
    """
    paces = {row["limit_quantity"]: row for row in pace.iter_rows(named=True)}
    rows, before = [], {}
    for row in ahead.iter_rows(named=True):
        quantity, day, dose = row["limit_quantity"], row["from_date"], row["dose_12m_msv"]
        limit = reference.limit_on(_limited(quantity), day, "MINOR" if may_be_minor else "ADULT")
        is_open = counted_from is None or counted_from <= after_12m[day]
        room = None if limit is None or not is_open else max(limit - dose, Decimal("0.000"))
        rolls_off = before.get(quantity, dose) - dose
        projected = _projected(dose, paces.get(quantity), day) if is_open else (None, None, None)
        rows.append((quantity, day, dose, rolls_off, limit, room, *projected))
        before[quantity] = dose
    amount = pl.Decimal(12, 3)
    names = ("dose_12m_msv", "rolls_off_msv", "limit_msv", "room_msv", "projected_msv", "projected_low_msv",
             "projected_high_msv")  # fmt: skip
    schema = {"limit_quantity": pl.String, "from_date": pl.Date, **dict.fromkeys(names, amount)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _limited(quantity: str) -> str:
    """The external dose is read against the total's limit."""
    return LimitQuantity.EFFECTIVE.value if quantity == LimitQuantity.EFFECTIVE_EXTERNAL else quantity


def _projected(known: Decimal, pace: dict | None, day: date) -> Sequence[Decimal | None]:
    """The known sum plus the dose of the days since the last result, gamma with the mean and variance of the pace.

    Of twelve months at most: what would have been received before has left them. After the end of the employment
    nothing more is expected.
    """
    if pace is None:
        return None, None, None
    until = min(day, pace["employed_until"] or day)
    years = min(max((until - pace["known_until"]).days, 0) / _DAYS_IN_YEAR, 1.0)
    between, within, own_years = pace["variance_between"], pace["variance_within"], pace["years"]
    weight = own_years * between / (own_years * between + within) if own_years and between else 0.0
    mean = years * (weight * (pace["own_mean_msv"] or 0.0) + (1 - weight) * pace["job_mean_msv"])
    variance = years * within + years * years * between * (1 - weight)
    level = float(reference.threshold("interval_level"))
    if mean and variance:
        shape, scale = mean * mean / variance, variance / mean
        low, high = (scale * special.gammaincinv(shape, (1 + side * level) / 2) for side in (-1, 1))
    else:
        low = high = mean
    return [known + Decimal(value).quantize(_MSV) for value in (mean, low, high)]
