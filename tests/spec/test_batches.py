"""A full build makes some persons, then some years, at a time: the same rows as at once (`test_refresh.py`, drawn)."""

import dataclasses

import duckdb
import pytest

from models import batches
from models.build import build, opened


@pytest.fixture
def of_six(register):
    """Six persons with two doses each, in three years; the fifth is the first under another number."""
    for worker in range(1, 7):
        register.add("employments", worker_key=worker, row_no=worker)
        for year in (2021 + worker % 2, 2023):
            register.dose(f"{year}-06-30", worker_key=worker)
    register.add("identity_links", worker_key=5, person_key=1, reason="MERGED", row_no=1)
    register.land()
    return register


def test_each_person_is_in_one_batch_with_all_their_numbers(of_six):
    with opened(of_six.settings, of_six.lake, of_six.settings.home / "made.duckdb") as connection:
        connection.execute("create temporary table person_keys as select 5 as worker_key, 1 as person_key")
        batched = [
            connection.execute(
                f"select list(distinct worker_key order by worker_key) from lake.doses where {one}"
            ).fetchone()[0]
            for one in batches.of_persons(connection, 4)
        ]
        assert batched == [[2], [3, 4], [6], [1, 5]]
        assert batches.of_persons(connection, 12) == ["true"]


def test_a_batch_sees_its_own_persons_alone(of_six):
    with opened(of_six.settings, of_six.lake, of_six.settings.home / "made.duckdb") as connection:
        with batches.persons_alone(connection, "worker_key = 2"):
            for table, rows in (("doses", 2), ("employments", 1)):
                assert connection.execute(f"select count(*) from lake.{table}").fetchone() == (rows,)
        assert connection.execute("select count(*) from lake.doses").fetchone() == (12,)


def test_batches_of_years_hold_every_year_once(of_six):
    with opened(of_six.settings, of_six.lake, of_six.settings.home / "made.duckdb") as connection:
        connection.execute("create temporary table dose_records as from lake.doses")
        found = [
            connection.execute(
                f"select list(distinct year order by year) from lake.doses where year {years}"
            ).fetchone()[0]
            for years in batches.of_years(connection, 24)
        ]
        assert found == [[2021, 2022], [2023]]


@pytest.mark.parametrize("doses_at_once", [2, 5])
def test_a_snapshot_made_in_batches_is_the_one_made_at_once(of_six, doses_at_once):
    at_once = build(of_six.settings, of_six.lake)
    in_batches = build(dataclasses.replace(of_six.settings, doses_at_once=doses_at_once), of_six.lake)
    with duckdb.connect() as connection:
        for name, path in (("one", at_once), ("other", in_batches)):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        for mart in ("rolling_doses", "national_statistics", "dose_distribution", "establishment_statistics"):
            rows = [connection.execute(f"from {name}.{mart} order by all").fetchall() for name in ("one", "other")]
            assert rows[0] and rows[0] == rows[1]
