"""Nomenclatures, limits, layouts and thresholds as dated, sourced rows; one CSV each, read once."""

import csv
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import polars as pl

FOLDER = Path(__file__).parent

_TYPES = {
    "dose_limits": {"limit_msv": pl.Decimal(9, 3), "valid_from": pl.Date, "valid_to": pl.Date},
    "classification_levels": {
        "level_msv": pl.Decimal(9, 3),
        "years": pl.Int32,
        "valid_from": pl.Date,
        "valid_to": pl.Date,
    },
    "cumulative_dose_classes": {"position": pl.Int32, "above_msv": pl.Decimal(9, 3), "up_to_msv": pl.Decimal(9, 3)},
    "dose_classes": {"position": pl.Int32, "above_msv": pl.Decimal(9, 3), "up_to_msv": pl.Decimal(9, 3)},
    "quantity_locations": {"makes_monitored": pl.Boolean},
    "headcount_bands": {"position": pl.Int32},
    "layouts": {"position": pl.Int32},
    "sectors": {"level": pl.Int32},
    "series_breaks": {"since": pl.Date, "recomputed_from": pl.Int32},
}

TABLES = sorted(path.stem for path in FOLDER.glob("*.csv"))


@cache
def table(name: str) -> pl.DataFrame:
    """One reference table, every column typed; text columns keep NULL for empty."""
    frame = pl.read_csv(FOLDER / f"{name}.csv", infer_schema=False)
    for column, dtype in _TYPES.get(name, {}).items():
        if dtype == pl.Boolean:
            frame = frame.with_columns(pl.col(column) == "true")
        elif dtype == pl.Date:
            frame = frame.with_columns(pl.col(column).str.to_date("%Y-%m-%d"))
        else:
            frame = frame.with_columns(pl.col(column).cast(dtype))
    return frame


def field_names() -> list[str]:
    """Every field of every layout, in the order of the alphabet.

    Asked for while modules load: read without polars, whose threads a process that is forked then would be without.
    """
    with open(FOLDER / "layouts.csv", encoding="utf-8", newline="") as file:
        return sorted({row["field"] for row in csv.DictReader(file)})


@cache
def threshold(name: str) -> Decimal | date:
    """A rule's threshold by name: a Decimal, or a date where the unit is `date`."""
    row = table("thresholds").row(by_predicate=pl.col("name") == name, named=True)
    return date.fromisoformat(row["value"]) if row["unit"] == "date" else Decimal(row["value"])


def limit_on(quantity: str, day: date, population: str = "ADULT") -> Decimal | None:
    """The limit of 12 months in force on a day, in mSv; None when the quantity has none."""
    limits = table("dose_limits").filter(
        (pl.col("limit_quantity") == quantity)
        & (pl.col("population") == population)
        & (pl.col("window") == "12_MONTHS")
        & (pl.col("valid_from") <= day)
        & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= day))
    )
    return limits["limit_msv"][0] if limits.height else None


@cache
def sender_layouts() -> dict[str, frozenset[str]]:
    """Sender code → layouts it may send."""
    return {row["sender_code"]: frozenset(row["layouts"].split(";")) for row in table("senders").iter_rows(named=True)}
