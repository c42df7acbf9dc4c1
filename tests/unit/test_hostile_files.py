"""Hostile files: whatever comes through the door ends in a report, never in a traceback, and repeats nothing dangerous.

`make test` runs a few hundred mutated deliveries; `make fuzz` runs thousands, from a seed that it prints.
"""

import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from delivery_files import Files, content, key_of, line, nir
from flows.steps import arrivals, take_landed
from ingestion import reports
from ingestion.door import Arrival, Door, Receipt
from lake.errors import UsageError
from lake.settings import Settings

AT = datetime(2020, 2, 12, tzinfo=UTC)
NAME = "PASS_LANDAUER_20200210T080000_1.csv"
PEOPLE = 60
COUNTS = ("rows_loaded", "rows_refused", "rows_waiting", "rows_duplicate")


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    """A register of one establishment with people 1 to PEOPLE; every case speaks of one of its own."""
    folder = tmp_path_factory.mktemp("register")
    files, door = Files(folder), Door(Settings(home=folder / "home"))
    people = [line("TRAV", nir=nir(number)) for number in range(1, PEOPLE + 1)]
    for path in (files.write("ETAB", line("ETAB")), files.write("TRAV", *people)):
        assert door.receive(path, AT).report["rows_refused"] == 0
    return door


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return Files(tmp_path_factory.mktemp("sent"))


def checked(door: Door, outcome: Receipt) -> dict:
    """The report of a file: it stands on disk, adds up, and names no exception."""
    report = reports.load(door.settings, outcome.delivery_no)
    findings = reports.load_findings(door.settings, outcome.delivery_no)
    assert report == outcome.report
    assert report["refusal_code"] != "F08", report["refusal"]
    assert report["accepted"] == (report["rows_total"] > 0) == (report["refusal_code"] is None)
    assert report["rows_total"] == sum(report[count] for count in COUNTS)
    assert report["rows_refused"] == findings.filter(severity="R")["row_no"].n_unique()
    assert not [one for one in report.get("released", ()) if "failure" in one]
    return report


def said(door: Door, outcome: Receipt) -> str:
    """All that is written of a delivery, beside its name."""
    folder = reports.folder(door.settings, outcome.delivery_no)
    return "".join((folder / name).read_text("utf-8") for name in ("findings.csv", "report.json"))


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        (b"=cmd().csv", "_cmd().csv"),
        (b"+1.csv", "_1.csv"),
        (b"-1.csv", "_1.csv"),
        (b"@SUM(A1).csv", "_SUM(A1).csv"),
        (b"\t=1.csv", "\ufffd=1.csv"),
        (b"a\nb\r.csv", "a\ufffdb\ufffd.csv"),
        (b"\x1b[2J.csv", "\ufffd[2J.csv"),
        (b"\xff\xfe.csv", "\ufffd\ufffd.csv"),
        ("\u202evsc.SSAP".encode(), "\ufffdvsc.SSAP"),
        (b"a" * 251 + b".csv", "a" * 200),
        (b"..csv", "..csv"),
        (b".PASS_LANDAUER_20200210T080000_1.csv", ".PASS_LANDAUER_20200210T080000_1.csv"),
        (b"pass_landauer_20200210t080000_1.csv", "pass_landauer_20200210t080000_1.csv"),
        (b"PASS_LANDAUER_20200210T080000_1.CSV", "PASS_LANDAUER_20200210T080000_1.CSV"),
        (b"PASS_LANDAUER_20200210T080000_1.csv\n", "PASS_LANDAUER_20200210T080000_1.csv\ufffd"),
        (b"..\\PASS_LANDAUER_20200210T080000_1.csv", "..\\PASS_LANDAUER_20200210T080000_1.csv"),
        ("PASS_LANDAUER_20200210T080000_１.csv".encode(), "PASS_LANDAUER_20200210T080000_１.csv"),
        ("PASS_LANDAUER_２０２００２１０T080000_1.csv".encode(), "PASS_LANDAUER_２０２００２１０T080000_1.csv"),
        (b"PASS_LANDAUER_99991231T235959_1.csv", "PASS_LANDAUER_99991231T235959_1.csv"),
        (b"PASS_LANDAUER_00010101T000000_1.csv", "PASS_LANDAUER_00010101T000000_1.csv"),
        (f"PASS_LANDAUER_20200210T080000_{nir()}.csv".encode(), "PASS_LANDAUER_20200210T080000_….csv"),
        (f"PASS_A{nir()}_20200210T080000_1.csv".encode(), "PASS_A…_20200210T080000_1.csv"),
        (f"{nir()}{key_of(nir())}.csv".encode(), "….csv"),
    ],
)
def test_a_name_that_plays_tricks_is_refused_and_repeated_without_them(door, tmp_path, name, kept):
    path = tmp_path / os.fsdecode(name)
    path.write_text(content("PASS", [line("PASS")]), encoding="utf-8")
    receipt = door.receive(path, AT)
    report = checked(door, receipt)
    assert (report["refusal_code"], report["file_name"]) == ("F06", kept)
    assert [inner.name for inner in tmp_path.iterdir()] == [path.name]
    assert nir() not in said(door, receipt)


def test_a_path_is_no_part_of_what_is_kept(door, tmp_path):
    path = Files(tmp_path).write("PASS", line("PASS", record_id="path-1", nir=nir(2)))
    receipt = door.receive(tmp_path / ".." / tmp_path.name / path.name, AT)
    assert checked(door, receipt)["file_name"] == path.name
    assert path.exists() and str(tmp_path) not in said(door, receipt)


@pytest.fixture
def no_files(tmp_path) -> list[Path]:
    """Paths under which no file can be read."""
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "dangling.csv").symlink_to(tmp_path / "nowhere")
    (tmp_path / "round.csv").symlink_to(tmp_path / "round.csv")
    (tmp_path / "endless.csv").symlink_to("/dev/zero")
    (tmp_path / "failing.csv").symlink_to("/proc/self/mem")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "socket.csv"))
    names = ["missing.csv", "a\x00b.csv", "x" * 300 + ".csv", "pipe.csv/inner.csv"]
    return [*sorted(tmp_path.iterdir()), *(tmp_path / name for name in names)]


def test_what_is_no_readable_file_is_wrong_usage_and_the_next_one_lands(door, tmp_path, no_files):
    good = Files(tmp_path).write("PASS", line("PASS", record_id="good-1", nir=nir(1)))
    outcomes = [outcome for _, outcome in door.receive_all(Arrival(path, AT) for path in [*no_files, good])]
    assert [type(outcome) for outcome in outcomes[:-1]] == [UsageError] * len(no_files)
    assert checked(door, outcomes[-1])["rows_loaded"] == 1


def test_the_inbox_takes_files_of_its_own_and_sets_the_rest_aside(tmp_path):
    door = Door(Settings(home=tmp_path / "home"))
    folder = door.settings.landing / "inbox"
    folder.mkdir()
    secret = tmp_path / "secret.txt"
    secret.write_text("not to be read")
    os.mkfifo(folder / "pipe.csv")
    (folder / "folder.csv").mkdir()
    (folder / "dangling.csv").symlink_to(tmp_path / "nowhere")
    (folder / "link.csv").symlink_to(secret)
    taken = ["a" * 251 + ".csv", "PASS_LANDAUER_20200210T080000_1.csv", "pass_landauer_20200210T080000_1.csv"]
    damaged = ["[]", "null", "{}", "{", '{"received_at": 1, "account_id": null}', '{"received_at": "soon"}']
    for name in [*taken, *(f"{number}.csv" for number in range(len(damaged)))]:
        (folder / name).write_text("x", encoding="utf-8")
        os.utime(folder / name, (0, 0))
    for number, note in enumerate(damaged):
        (folder / f"{number}.csv.json").write_text(note)
    outcomes = list(take_landed(door))
    assert sorted(checked(door, outcome)["file_name"] for outcome in outcomes) == sorted([taken[0][:200], *taken[1:]])
    assert not list(folder.iterdir()) and secret.read_text() == "not to be read"
    aside = [path.name.split("_", 1)[1] for path in (door.settings.landing / "refused").iterdir()]
    strange = ["pipe.csv", "folder.csv", "dangling.csv", "link.csv"]
    assert sorted(aside) == sorted(strange + [f"{number}.csv" for number in range(len(damaged))])


def test_a_file_too_large_with_the_longest_of_names_is_set_aside(tmp_path):
    door = Door(Settings(home=tmp_path / "home", largest_file_mib=0))
    folder = door.settings.landing / "inbox"
    folder.mkdir()
    (folder / ("é" * 125 + ".csv")).write_text("x")
    os.utime(folder / ("é" * 125 + ".csv"), (0, 0))
    (outcome,) = take_landed(door)
    assert outcome.code == "F07" and not list(folder.iterdir())
    assert len(list((door.settings.landing / "refused").iterdir())) == 1


def test_a_folder_of_deliveries_may_hold_a_bad_name(tmp_path):
    files = Files(tmp_path)
    good = files.write("PASS", line("PASS"))
    (tmp_path / "notes.csv").write_text("x")
    assert [(arrival.path.name, arrival.received_at) for arrival in arrivals(tmp_path)] == [
        (good.name, datetime(2020, 2, 10, 8, tzinfo=UTC)),
        ("notes.csv", None),
    ]
