"""Breaks of the published series: told at the years they lie between, on the groups that they change."""

import duckdb
import polars as pl

from lake import reference


def test_a_break_stands_at_its_year_and_at_the_first_recomputed_one(register):
    for year in range(2014, 2026):
        register.dose(f"{year}-06-30")
        register.dose(f"{year}-06-30", quantity="HP3", body_location="EYE")
    with duckdb.connect(str(register.build(only={"national_statistics", "dose_distribution"})), read_only=True) as lake:
        ask = "select year, limit_quantity, dimension, series_breaks from {} where series_breaks is not null"
        told = {row[:3]: row[3] for row in lake.execute(ask.format("national_statistics")).fetchall()}
        of_classes = {row[:3]: row[3] for row in lake.execute(ask.format("dose_distribution")).fetchall()}
    nation = {year: codes for (year, quantity, dimension), codes in told.items() if (quantity, dimension) == (
        "effective", "ALL")}  # fmt: skip
    assert nation == {
        2015: "METHOD_2017", 2017: "METHOD_2017", 2018: "AIRCREW_2019", 2019: "AIRCREW_2019",
        2024: "INTERNAL_2024;SCOPE_2024",
    }  # fmt: skip
    assert told[2023, "lens", "sector"] == "NOMENCLATURE_2023"
    assert told[2024, "lens", "ALL"] == "SCOPE_2024"
    assert (2019, "effective", "domain") not in told and (2018, "lens", "ALL") not in told
    assert of_classes == {key: codes for key, codes in told.items() if key[2] in ("ALL", "domain", "category")}


def test_every_break_is_dated_sourced_and_said_in_two_languages():
    breaks = reference.table("series_breaks")
    needed = ["break_code", "since", "label_fr", "label_en", "source", "confidence"]
    assert breaks.select(needed).null_count().sum_horizontal().item() == 0
    assert breaks["break_code"].is_unique().all()
    assert breaks.filter(pl.col("recomputed_from") >= pl.col("since").dt.year()).is_empty()
