"""Means of five calendar years, as UNSCEAR asks countries for them, made of the figures that readers are shown.

They tell nothing that the five years do not: where one of these is hidden, so is the mean. Periods begin in years that
end in 0 or 5. Source: UNSCEAR 2020/2021 report, annex D.
"""

from decimal import Decimal
from fractions import Fraction

import polars as pl

YEARS = 5
_GROUP = ["limit_quantity", "dimension", "group_code"]
_SCHEMA = {
    "first_year": pl.Int64,
    "last_year": pl.Int64,
    **dict.fromkeys(_GROUP, pl.String),
    "monitored_per_year": pl.Decimal(12, 1),
    "exposed_per_year": pl.Decimal(12, 1),
    "collective_dose_man_sv_per_year": pl.Decimal(18, 6),
    "mean_monitored_msv": pl.Decimal(12, 3),
    "mean_exposed_msv": pl.Decimal(12, 3),
    "series_breaks": pl.String,
}


def five_year_means(shown: pl.DataFrame) -> pl.DataFrame:
    """One row per period of which all five years are there, limited quantity, dimension and group.

    `shown`: rows of national_statistics as a release shows them. Columns: persons a year (one decimal), man·Sv a year,
    and the dose of the five years over the persons of the five, in mSv; NULL where a year is hidden or nobody is.
    `series_breaks`: those that lie between two years of the period.
    """
    rows = []
    groups = shown.with_columns(first_year=pl.col("year") - pl.col("year") % YEARS).sort("year")
    for (first, *group), years in groups.group_by("first_year", *_GROUP, maintain_order=True):
        if years.height < YEARS:
            continue
        monitored, exposed, dose = (_sum(years[c]) for c in ("monitored", "exposed", "collective_dose_man_sv"))
        breaks = [code for said in years["series_breaks"][1:] if said for code in said.split(";")]
        rows.append(
            (
                first, first + YEARS - 1, *group,
                *(None if total is None else _rounded(total / YEARS, places)
                  for total, places in ((monitored, 1), (exposed, 1), (dose, 6))),
                *(_rounded(dose * 1000 / persons, 3) if dose is not None and persons else None
                  for persons in (monitored, exposed)),
                ";".join(dict.fromkeys(breaks)) or None,
            )
        )  # fmt: skip
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row").sort("first_year", *_GROUP)


def _sum(values: pl.Series) -> Fraction | None:
    """NULL where one is."""
    return None if values.null_count() else sum(map(Fraction, values), Fraction(0))


def _rounded(value: Fraction, places: int) -> Decimal:
    """Half up, exactly; value ≥ 0."""
    scaled = value * 10**places
    return Decimal((2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)).scaleb(-places)
