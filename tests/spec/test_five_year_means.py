"""models.periods: means of five calendar years, of the figures that a release shows."""

from decimal import Decimal

import polars as pl
import pytest
from test_releases import AUTHORITY, Releases

from models.periods import five_year_means


@pytest.fixture
def nation(tmp_path):
    made = Releases(tmp_path)
    for place in (10, 11, 12):
        made.establishment(place)
    yield made
    made.access.snapshots.close()


def means(nation) -> list[dict]:
    nation.release()
    rows = five_year_means(pl.DataFrame(nation.shown("national_statistics", AUTHORITY), infer_schema_length=None))
    return rows.filter(limit_quantity="effective", dimension="ALL").to_dicts()


def of_a_year(nation, year: int, number: int, dose: str) -> None:
    for place in (10, 11, 12):
        nation.workers(number, dose, place, f"{year}-06-30")


def test_five_years_are_summed_before_they_are_divided(nation):
    """Sixty, and once seventy-five, persons of 1 mSv; 2019 begins no period, and 2025 no whole one."""
    of_a_year(nation, 2019, 30, "9.000")
    for year in (2020, 2021, 2022, 2023):
        of_a_year(nation, year, 20, "1.000")
    of_a_year(nation, 2024, 25, "1.000")
    of_a_year(nation, 2025, 20, "1.000")
    (row,) = means(nation)
    assert (row["first_year"], row["last_year"]) == (2020, 2024)
    assert [str(row[c]) for c in row if "per_year" in c] == ["63.0", "63.0", "0.063000"]
    assert (row["mean_monitored_msv"], row["mean_exposed_msv"]) == (Decimal("1.000"), Decimal("1.000"))
    assert row["series_breaks"].split(";") == ["INTERNAL_2024", "SCOPE_2024"]


def test_a_hidden_year_hides_the_mean(nation):
    """Nine persons of one year would be five means less four years."""
    for year in (2020, 2021, 2022, 2023):
        of_a_year(nation, year, 20, "1.000")
    of_a_year(nation, 2024, 3, "1.000")
    (row,) = means(nation)
    assert [row[c] for c in row if "per_year" in c or c.startswith("mean")] == [None] * 5


def test_what_does_not_divide_is_rounded_half_up():
    """61.0325 mSv of 305 persons: 0.0122065 man·Sv a year, and 0.2001 mSv."""
    shown = pl.DataFrame(
        {
            "year": range(2015, 2020), "limit_quantity": "effective", "dimension": "ALL", "group_code": "ALL",
            "monitored": [61] * 5, "exposed": [1, 0, 0, 0, 0], "series_breaks": [None] * 5,
            "collective_dose_man_sv": [Decimal("0.012206")] * 4 + [Decimal("0.0122085")],
        },
        schema_overrides={"collective_dose_man_sv": pl.Decimal(18, 7), "series_breaks": pl.String},
    )  # fmt: skip
    (row,) = five_year_means(shown).to_dicts()
    told = ("monitored_per_year", "exposed_per_year", "collective_dose_man_sv_per_year", "mean_monitored_msv")
    assert [str(row[c]) for c in told] == ["61.0", "0.2", "0.012207", "0.200"]
