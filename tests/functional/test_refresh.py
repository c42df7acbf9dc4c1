"""A refreshed snapshot is a full build, row for row, whatever was delivered, corrected, merged and refreshed before.

`make refreshes` tries far more sequences, and names the shortest that it finds to fail.
"""

import dataclasses
import os
import shutil
import tempfile
from pathlib import Path
from typing import Self

import duckdb
import pytest
from happenings import EMPLOYED, HAPPENINGS, PEOPLE, Happenings
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from ingestion.door import Door
from models import increment
from models.build import build, kept
from models.catalog import models
from models.publish import current_version, publish
from quality.gate import gate

IS_LONG = "REFRESH_CASES" in os.environ
CASES = int(os.environ.get("REFRESH_CASES", "2"))
SEED = int(os.environ.get("REFRESH_SEED", "2020"))
# Mostly doses: without any, the rest changes little.
USUAL = ["dose"] * 5 + ["correction", "decision", "link"] * 2 + sorted(HAPPENINGS)


class Refreshed(Happenings):
    """A home that is refreshed now and then."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        self.refreshed: list[bool] = []
        self.refresh()

    def twin(self, folder: Path) -> Self:
        twin = super().twin(folder)
        twin.refreshed = [*self.refreshed]
        return twin

    @property
    def path(self) -> Path:
        return self.settings.marts / f"{current_version(self.settings)}.duckdb"

    def refresh(self) -> Path:
        """Publish the lake as it stands; whether the snapshot before was a part of it goes to `refreshed`."""
        with self.day:
            built = increment.refresh(self.settings, self.door.lake)
            publish(self.settings, built, self._gate)
        with duckdb.connect(str(self.path), read_only=True) as connection:
            self.refreshed.append(connection.execute("select refreshed_from is not null from snapshot").fetchone()[0])
        return self.path

    def _gate(self, path: Path):
        return gate(self.settings, self.door.lake, path, with_suites=False)

    def differences(self, doses_at_once: int = 20) -> list[str]:
        """Tables of a last refresh that are not those of a full build, a few persons and years at a time, in words."""
        refreshed = self.refresh()
        with self.day:
            full = build(dataclasses.replace(self.settings, doses_at_once=doses_at_once), self.door.lake)
        return differences(refreshed, full)


def differences(one: Path, other: Path) -> list[str]:
    """Tables of which rows, names or types of columns differ; the snapshot's own row tells moments and is left out."""
    with duckdb.connect() as connection:
        for name, path in (("one", one), ("other", other)):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        found = []
        ours, theirs = (_tables(connection, name) for name in ("one", "other"))
        if ours.keys() != theirs.keys():
            found.append(f"tables: {sorted(ours.keys() ^ theirs.keys())} in one alone")
        for table in (ours.keys() & theirs.keys()) - {"main.snapshot"}:
            here, there = f"one.{table}", f"other.{table}"
            more, less = connection.execute(f"""
                select
                    (select count(*) from (from {here} except all from {there})),
                    (select count(*) from (from {there} except all from {here}))
            """).fetchone()
            if more or less or ours[table] != theirs[table]:
                found.append(f"{table}: {more} rows too many, {less} missing")
    return found


def _tables(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, list]:
    """Names, schema first, and the columns of each with their types."""
    rows = connection.execute(
        """
        select schema_name || '.' || table_name, list((column_name, data_type) order by column_index)
        from duckdb_columns()
        where database_name = ?
        group by all
        """,
        [database],
    ).fetchall()
    return dict(rows)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """What every home here starts as: beginning one costs as much as refreshing it twice."""
    return Refreshed(tmp_path_factory.mktemp("begun"))


@pytest.fixture(scope="module")
def told(begun, tmp_path_factory):
    """Everything that can happen; a refresh after every few, the last of them as `differences` tells it."""
    home = begun.twin(tmp_path_factory.mktemp("told"))
    for month in (0, 3):
        for what in ("dose", "entry", "intake"):
            home.happen(what, 0, month, 3)
    for number, what in enumerate(sorted(set(HAPPENINGS) - {"next_day", "early_dose"})):
        home.happen("dose", number, 7 * number, 5 * number)
        if number == 10:
            for newcomer in range(EMPLOYED, len(PEOPLE)):
                home.happen("employment", newcomer, newcomer % 2, 0)
        home.happen(what, number % EMPLOYED, 5 * number + 1, 11 * number)
        if number % 7 == 6:
            home.refresh()
    return home, home.differences()


def test_after_everything_that_can_happen_it_is_a_full_build(told):
    home, found = told
    assert found == []
    assert home.refreshed == [False, True, True, True]


def test_the_deliveries_hold_every_fate_of_a_row(told):
    """Else the rest of this file would show little."""
    home, _ = told
    layouts = ["PASS", "OPER", "INTE", "RADN", "COSM", "URGE", "TRAV", "ETAB", "LINK", "CORR", "INQU", "EXAU"]
    assert [name for name in layouts if not home.told[f"{name} loaded"]] == []
    assert all(home.told[name] for name in ("PASS waiting", "PASS refused", "released")), home.told


def test_models_by_year_have_rows_of_several(told):
    """Else to make one year anew would be to make all of them."""
    home, _ = told
    by_year = [model for model in models().values() if model.is_mart and model.is_by_year]
    with duckdb.connect(str(home.path), read_only=True) as connection:
        years = {
            model.name: connection.execute(
                f"select count(distinct {'year(month)' if 'month' in model.columns else 'year'}) from {model.name}"
            ).fetchone()[0]
            for model in by_year
        }
    assert [name for name, number in years.items() if number < 2] == []


def test_a_model_by_year_that_looks_across_years_is_found_out(begun, tmp_path, monkeypatch):
    """As the sums of five years and of careers would be, were they said to be by year."""
    home = begun.twin(tmp_path)
    for month in (0, 1, 4):
        home.happen("dose", 0, month, 3)
    home.refresh()
    cumulative = models()["cumulative_distribution"]
    derived = (kept, increment._ordered, increment._refreshed_by, increment._read_by, increment._whole_parts)
    with monkeypatch.context() as patched:
        patched.setitem(models(), cumulative.name, dataclasses.replace(cumulative, refreshed_by="year"))
        for found in derived:
            found.cache_clear()
        home.happen("intake", 0, 1, 4)
        differing = home.differences()
    for found in derived:
        found.cache_clear()
    assert home.refreshed[-1]
    assert [difference.partition(":")[0] for difference in differing] == ["main.cumulative_distribution"]


@pytest.fixture(scope="module")
def home(begun, tmp_path_factory):
    """Doses of several persons, some above a limit, some waiting."""
    home = begun.twin(tmp_path_factory.mktemp("one by one"))
    for numbers in [(0, 1, 3), (1, 2, 4), (2, 3, 5), (5, 1, 2)]:
        home.happen("dose", *numbers)
    home.refresh()
    return home


@pytest.mark.parametrize(
    ("touched", "what", "numbers", "changed"),
    [
        ("whose dose was another's", "correction", (0, 1, 1), "dose_records"),
        ("whose dose a physician maintains", "decision", (4, 2, 0), "exceedance_history"),
        ("who work where a list says otherwise", "place", (1, 1, 4), "annual_worker_doses"),
        ("whose waiting record was somebody else's", "waiting_record_again", (0, 1, 0), "expected_doses"),
        ("of whom nothing came but waits", "undeclared", (0, 1, 5), "provisional_exceedances"),
        ("whose wait is over", "employment", (6, 0, 0), "dose_records"),
        ("who are one", "link", (1, 0, 1), "persons"),
        ("who are two again", "link", (1, 0, 0), "persons"),
        ("who got a number", "number", (0, 0, 0), "persons"),
    ],
)
def test_of_those_touched_everything_is_made_anew(home, touched, what, numbers, changed):
    before = home.path
    home.happen(what, *numbers)
    assert home.differences() == []
    assert home.refreshed[-1]
    assert any(difference.startswith(f"main.{changed}:") for difference in differences(before, home.path))


def test_what_touches_most_persons_is_built_in_full(begun, tmp_path):
    home = begun.twin(tmp_path)
    home.settings = dataclasses.replace(home.settings, full_build_share=0.5)
    home.happen("undeclared", 1, 1, 5)
    home.refresh()
    home.happen("dose", 0, 1, 3)
    assert home.differences() == []
    assert home.refreshed == [False, True, False]


def test_on_another_day_and_by_other_code_everything_is_built(home, monkeypatch):
    home.happen("dose", 3, 3, 3)
    home.happen("next_day", 0, 0, 0)
    home.refresh()
    home.happen("nothing", 0, 0, 0)
    home.refresh()
    monkeypatch.setattr(increment, "code_version", lambda: "another")
    home.refresh()
    assert home.refreshed[-3:] == [False, True, False]


@settings(
    max_examples=CASES,
    deadline=None,
    derandomize=not IS_LONG,
    # The shortest sequence that fails takes minutes to find.
    phases=[phase for phase in Phase if IS_LONG or phase is not Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@seed(SEED)
@given(
    st.lists(
        st.tuples(st.sampled_from([*USUAL, "refresh", "refresh"]), *[st.integers(0, 63)] * 3), min_size=8, max_size=24
    )
)
def test_after_any_sequence_it_is_a_full_build(begun, steps):
    with tempfile.TemporaryDirectory() as folder:
        home = begun.twin(Path(folder))
        for what, *numbers in steps:
            if what == "refresh":
                home.refresh()
            else:
                home.happen(what, *numbers)
        assert home.differences() == []
        home.door.engine.dispose()


def test_a_full_build_tells_what_refreshes_had_made_otherwise(begun, tmp_path):
    home = begun.twin(tmp_path)
    home.happen("dose", 1, 0, 2)
    refreshed = home.refresh()
    with home.day:
        full = build(home.settings, home.door.lake)
    assert increment.reconciled(home.settings, full) == []
    # On the next day, what does not depend on it.
    with duckdb.connect(str(refreshed)) as connection:
        connection.execute("update rolling_doses set career_msv = career_msv + 1")
        connection.execute("delete from contract_doses")
        connection.execute("delete from expected_doses")
    home.happen("next_day", 0, 0, 0)
    with home.day:
        full = build(home.settings, home.door.lake)
    assert increment.reconciled(home.settings, full) == ["rolling_doses"]
    report = gate(home.settings, home.door.lake, full, with_suites=False, refreshed_otherwise=["rolling_doses"])
    assert report.passed
    assert [c.name for c in report.checks if not c.passed] == ["refreshes_are_full_builds"]
    home.happen("dose", 2, 0, 2)
    with home.day:
        assert increment.reconciled(home.settings, build(home.settings, home.door.lake)) is None


def test_of_a_lake_restored_from_a_backup_everything_is_built(begun, tmp_path):
    """Deliveries are lost then, and their numbers are given again to others."""
    home = begun.twin(tmp_path)
    home.happen("dose", 0, 1, 3)
    backup = tmp_path / "backup"
    shutil.copytree(home.settings.home, backup, ignore=shutil.ignore_patterns("marts"))
    home.happen("link", 1, 0, 1)
    home.refresh()
    home.door.engine.dispose()
    home.settings.marts.rename(backup / "marts")
    shutil.rmtree(home.settings.home)
    backup.rename(home.settings.home)
    home.door = Door(home.settings)
    home.happen("inquiry", 0, 0, 0)
    assert home.differences() == []
    assert home.refreshed == [False, True, False]
