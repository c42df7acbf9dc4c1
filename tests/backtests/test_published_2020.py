"""The 2020 table, through files, door, lake and marts, stands beside the published one within its tolerances."""

from decimal import Decimal

import polars as pl
import pytest

from backtests.published_2020 import COLLECTIVE_MAN_SV, computed, published, side_by_side
from models.snapshot import Snapshots


@pytest.fixture(scope="module")
def found(demo_home):
    snapshots = Snapshots(demo_home)
    yield computed(snapshots)
    snapshots.close()


def test_class_shares_are_the_published_ones(found):
    """Within 2 points in category A and 1 point in B."""
    table = side_by_side(found).with_columns(gap=(pl.col("our_share") - pl.col("published_share")).abs())
    assert table.filter(category="A")["gap"].max() <= 2, table
    assert table.filter(category="B")["gap"].max() <= 1, table


def test_categories_are_in_proportion(found):
    ours = found.group_by("category").agg(pl.col("workers").sum())
    both = published().group_by("category").agg(pl.col("workers").sum()).join(ours, on="category", suffix="_ours")
    shares = both.select(
        (pl.col("workers") / pl.col("workers").sum() - pl.col("workers_ours") / pl.col("workers_ours").sum()).abs()
    )
    assert both.height == 4
    assert shares.to_series().max() < 0.02


def test_the_collective_dose_is_the_published_one_at_scale(found):
    """Within 3 % once scaled by the number of workers."""
    scale = Decimal(int(found["workers"].sum())) / Decimal(int(published()["workers"].sum()))
    ours = found["dose_msv"].sum() / 1000
    assert abs(ours / (COLLECTIVE_MAN_SV * scale) - 1) < Decimal("0.03")
