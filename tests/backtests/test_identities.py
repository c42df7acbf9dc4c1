"""What the annual reports' figures have in common holds on the simulated nation, in every year, quantity and group."""

from decimal import Decimal

import polars as pl
import pytest

from models.snapshot import Snapshots

OF_A_GROUP = ["year", "limit_quantity", "dimension", "group_code"]
DOSE = "collective_dose_man_sv"


@pytest.fixture(scope="module")
def ask(demo_home):
    snapshots = Snapshots(demo_home)
    yield snapshots.query
    snapshots.close()


@pytest.fixture(scope="module")
def nation(ask) -> pl.DataFrame:
    return ask("select * from national_statistics")


def test_a_mean_is_the_collective_dose_over_the_persons(nation):
    """In mSv, of the exposed to half a microsievert; published ones agree to 0.01."""
    for mean, persons in (("mean_exposed_msv", "exposed"), ("mean_monitored_msv", "monitored")):
        # Who is exposed without being monitored has a dose that no mean over the monitored holds.
        rows = nation.filter((pl.col(persons) > 0) & ((pl.col("exposed_unmonitored") == 0) | (persons == "exposed")))
        gaps = rows.select((pl.col(mean) * pl.col(persons) - pl.col(DOSE) * 1000).abs() / pl.col(persons)).to_series()
        assert rows.height and gaps.max() <= Decimal("0.0005")


def test_the_domains_are_the_nation(nation):
    """Their doses add up to its dose; their workers to at least its own, as one of two domains stands in both."""
    keys = ["year", "limit_quantity"]
    domains = nation.filter(dimension="domain").group_by(keys).agg(pl.col(DOSE, "monitored", "exposed").sum())
    both = nation.filter(dimension="ALL").join(domains, on=keys, suffix="_of_domains")
    assert both.height == nation.filter(dimension="ALL").height
    assert both[DOSE].to_list() == both[f"{DOSE}_of_domains"].to_list()
    for persons in ("monitored", "exposed"):
        assert (both[f"{persons}_of_domains"] >= both[persons]).all()


def test_a_sector_is_its_parts(nation):
    """Where nobody is listed in the sector itself; with those who are, it is more than its parts."""
    sectors = nation.filter(dimension="sector")
    parts = sectors.drop_nulls("parent_code").group_by("year", "limit_quantity", "parent_code").agg(pl.col(DOSE).sum())
    both = sectors.join(parts, left_on=["year", "limit_quantity", "group_code"],
                        right_on=["year", "limit_quantity", "parent_code"], suffix="_of_parts")  # fmt: skip
    assert both.height and (both[DOSE] >= both[f"{DOSE}_of_parts"]).all()
    roots = sectors.filter(pl.col("parent_code").is_null()).group_by("year", "limit_quantity").agg(pl.col(DOSE).sum())
    whole = nation.filter(dimension="ALL").join(roots, on=["year", "limit_quantity"], suffix="_of_sectors")
    assert whole[DOSE].to_list() == whole[f"{DOSE}_of_sectors"].to_list()


def test_the_classes_are_the_group(ask, nation):
    """Below the threshold and above it are all; those above 1 mSv are all but the two lowest classes."""
    classes = ask("select * from dose_distribution")
    summed = classes.group_by(OF_A_GROUP).agg(
        pl.col("workers").sum(), pl.col(DOSE).sum(),
        exposed=pl.col("workers").filter(pl.col("class_code") != "0").sum(),
        above_1=pl.col("workers").filter(~pl.col("class_code").is_in(["0", "]0;1]"])).sum(),
    )  # fmt: skip
    both = nation.join(summed, on=OF_A_GROUP, suffix="_of_classes")
    assert both.height == summed.height
    assert both[DOSE].to_list() == both[f"{DOSE}_of_classes"].to_list()
    assert both["exposed"].to_list() == both["exposed_of_classes"].to_list()
    assert both["workers"].to_list() == (both["monitored"] + both["exposed_unmonitored"]).to_list()
    effective = both.filter(limit_quantity="effective")
    assert effective["n_gt_1"].to_list() == effective["above_1"].to_list()


def test_more_of_the_nuclear_doses_are_high_than_of_the_medical(nation):
    """By number and by dose, above every level that anybody passes; as in every published year."""
    of_2020 = nation.filter(year=2020, limit_quantity="effective", dimension="domain")
    (nuclear,) = of_2020.filter(group_code="NUCLEAR").to_dicts()
    (medical,) = of_2020.filter(group_code="MEDICAL_DENTAL_VET").to_dicts()
    for ratio in ("number_ratio_1", "number_ratio_5", "dose_ratio_1", "dose_ratio_5"):
        assert nuclear[ratio] > medical[ratio]
    assert nuclear["mean_exposed_msv"] > medical["mean_exposed_msv"]
