"""The worker loop and the nightly flow: a file dropped is a dose published; a failed gate changes nothing."""

import dataclasses
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import warnings
from contextlib import closing
from datetime import date, timedelta

import duckdb
import polars as pl
import pytest

from delivery_files import Files, line
from flows import worker
from flows.steps import inbox, refresh, release
from ingestion.door import Door
from lake.schema import DELIVERIES
from lake.settings import Settings
from lake.store import Lake
from models import increment
from models.publish import current_version
from models.releases import freeze, in_force, releases
from models.snapshot import Snapshots
from quality.gate import GateReport


@pytest.fixture
def home(tmp_path) -> Settings:
    """A register of one person, published, in a folder with a name as people give them."""
    settings = Settings(home=tmp_path / "registre d'été #2", poll_seconds=0.05)
    sent = tmp_path / "sent"
    sent.mkdir()
    files = Files(sent)
    door = Door(settings)
    for path in (files.write("ETAB", line("ETAB")), files.write("TRAV", line("TRAV"))):
        door.receive(path)
    refresh(settings)
    return settings


def _drop(settings: Settings, *lines: dict) -> None:
    """Put a file into the inbox as a sender would: whole or not at all."""
    folder = settings.landing / "inbox"
    folder.mkdir(parents=True, exist_ok=True)
    draft = settings.landing / "draft"
    draft.mkdir(exist_ok=True)
    path = Files(draft).write("PASS", *lines)
    path.rename(folder / path.name)


def _careers(settings: Settings) -> list:
    snapshots = Snapshots(settings)
    try:
        return snapshots.query(
            "select career_msv from rolling_doses where limit_quantity = 'effective' order by on_date"
        )["career_msv"].to_list()
    finally:
        snapshots.close()


def _until(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the worker did not get there"
        time.sleep(0.05)


def test_a_dropped_file_becomes_a_published_dose_without_anyone_asking(home):
    before = current_version(home)
    stop, said = threading.Event(), []
    loop = threading.Thread(target=worker.work, args=(home, stop, said.append))
    loop.start()
    try:
        _drop(home, line("PASS", value_msv="1.250"))
        _until(lambda: current_version(home) != before)
    finally:
        stop.set()
        loop.join(30)
    assert [str(dose) for dose in _careers(home)] == ["1.250"]
    assert not inbox(home)
    assert any("1 chargées" in sentence for sentence in said)
    assert not any(line("PASS")["nir"] in sentence for sentence in said)


def test_nothing_new_is_not_built_again_but_by_other_code(home, monkeypatch):
    assert refresh(home) is None
    assert refresh(home, full=True) is not None
    monkeypatch.setattr(increment, "code_version", lambda: "another")
    assert refresh(home) is not None


def test_a_restored_lake_that_received_as_many_deliveries_again_has_others(home, tmp_path):
    """The snapshots outlive the rest: the lake and the registry are those of a backup, in a folder of their own."""
    restored, files = dataclasses.replace(home, home=tmp_path / "restored"), Files(tmp_path)
    shutil.copytree(home.home, restored.home, ignore=shutil.ignore_patterns("marts", "releases", "registry.sqlite*"))
    with (
        closing(sqlite3.connect(home.home / "registry.sqlite")) as old,
        closing(sqlite3.connect(restored.home / "registry.sqlite")) as new,
    ):
        old.backup(new)
    door = Door(home)
    door.receive(files.write("PASS", line("PASS", value_msv="1.250")))
    refresh(home)
    lost = door.lake.version("deliveries")
    for part in (home.marts, home.releases):
        part.rename(restored.home / part.name)
    door = Door(restored)
    door.receive(files.write("PASS", line("PASS", value_msv="0.350")))
    assert door.lake.version("deliveries") == lost
    assert refresh(restored) is not None
    assert [str(dose) for dose in _careers(restored)] == ["0.350"]
    assert refresh(restored) is None


def test_what_a_killed_build_leaves_is_removed_once_it_is_dead(home):
    """And not while it only stands still."""
    command = [sys.executable, "-m", "flows.cli", "--home", str(home.home), "refresh", "--full"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _until(lambda: list(home.marts.glob(".building-*.duckdb")))
            process.send_signal(signal.SIGSTOP)
            (half_made,) = home.marts.glob(".building-*.duckdb")
            assert refresh(home, full=True) is not None
            assert half_made.exists()
        finally:
            process.kill()
    assert half_made.exists()
    published = refresh(home, full=True)
    assert not list(home.marts.glob(".building-*"))
    assert current_version(home) == published.stem


def test_what_the_gate_refuses_of_a_refresh_is_built_in_full(home, tmp_path):
    door = Door(home)
    files = Files(tmp_path)
    door.receive(files.write("PASS", line("PASS", value_msv="1.250")))
    first = refresh(home)
    with duckdb.connect(str(first)) as connection:
        connection.execute("update annual_worker_doses set dose_msv = dose_msv + 1")
    door.receive(files.write("PASS", line("PASS", record_id="r2", value_msv="x")))
    refreshed = refresh(home)
    assert [GateReport.load(path).passed for path in home.marts.glob("*.json")].count(False) == 1
    with duckdb.connect(str(refreshed), read_only=True) as connection:
        assert connection.execute("select refreshed_from from snapshot").fetchone() == (None,)
        doses = connection.execute("select dose_msv from annual_worker_doses where limit_quantity = 'effective'")
        assert [str(dose) for (dose,) in doses.fetchall()] == ["1.250"]


def test_the_nightly_flow_ingests_gates_and_publishes(home, monkeypatch):
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    monkeypatch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from prefect.testing.utilities import prefect_test_harness

        from flows.nightly import nightly

        _drop(home, line("PASS", value_msv="0.350"))
        with prefect_test_harness(server_startup_timeout=120):
            published = nightly(str(home.home))
    assert published == current_version(home)
    assert [str(dose) for dose in _careers(home)] == ["0.350"]


def test_a_release_is_made_when_its_reference_date_has_ended(home):
    """Of what was known then: nothing had arrived."""
    monthly = dataclasses.replace(home, release_months=1)
    (first,) = releases(home)
    assert release(monthly) == []
    long_ago = first.on.replace(day=1) - timedelta(days=40)
    shutil.rmtree(home.releases)
    freeze(home, home.marts / f"{current_version(home)}.duckdb", long_ago)
    made = release(monthly)
    assert [one.on for one in made] == due_between(long_ago, first.on)
    assert [one.snapshot for one in made] == [f"as-of-{one.name}" for one in made]
    assert in_force(home) == made[-1] and release(monthly) == []


def due_between(after: date, before: date) -> list[date]:
    days = [after + timedelta(days=number) for number in range(1, (before - after).days)]
    return [day for day in days if (day + timedelta(days=1)).day == 1]


def test_a_snapshot_that_fails_the_gate_is_said_and_not_published(home):
    before = current_version(home)
    # A count that no longer adds up: the lake's own books are wrong, whatever is built from them.
    lake = Lake(home.lake_root)
    row = lake.scan("deliveries").collect().head(1)
    forged = row.with_columns(delivery_no=pl.lit(99, pl.Int32), rows_total=pl.lit(7, pl.Int64))
    lake.append(DELIVERIES, forged, "forged")
    stop, said = threading.Event(), []
    loop = threading.Thread(target=worker.work, args=(home, stop, said.append))
    loop.start()
    try:
        _until(lambda: any("delivery_counts_add_up" in sentence for sentence in said))
    finally:
        stop.set()
        loop.join(30)
    assert current_version(home) == before
