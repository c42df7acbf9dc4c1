"""The command line: each step works, and what goes wrong is one sentence with an exit code and nothing half-written."""

import json
import os
import shutil
import subprocess
import sys
from datetime import date, timedelta

import pytest

from delivery_files import Files, line, nir
from ingestion.door import Door
from lake.settings import Settings
from lake.store import Lake
from lake.vocabulary import Role
from models.publish import current_version
from models.releases import freeze
from registry.accounts import create_account


def dosilake(*words, home=None, **environ):
    """Run the command as a person would, in a process of its own."""
    options = ["--home", str(home)] if home else []
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", *options, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | environ,
    )


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "sent"
    folder.mkdir()
    return Files(folder)


def test_a_delivery_is_taken_in_and_counted(tmp_path, files):
    paths = [files.write("ETAB", line("ETAB")), files.write("TRAV", line("TRAV")), files.write("PASS", line("PASS"))]
    done = dosilake("ingest", "--json", "--received-at", "2020-02-12T00:00:00", *paths, home=tmp_path / "home")
    assert done.returncode == 0, done.stderr
    assert [report["rows_loaded"] for report in json.loads(done.stdout)] == [1, 1, 1]


def test_the_register_team_merges_two_keys_and_nobody_else_does(tmp_path, files):
    home = tmp_path / "home"
    door = Door(Settings(home=home))
    door.receive(files.write("ETAB", line("ETAB")))
    door.receive(files.write("TRAV", line("TRAV"), line("TRAV", nir=nir(50))))
    for email, role in (("team@example.org", Role.REGISTER), ("auditor@example.org", Role.AUDITOR)):
        create_account(door.engine, email=email, password="long enough to be one", role=role, display_name="Test")
    refused = dosilake("persons", "merge", 2, 1, "--by", "auditor@example.org", home=home)
    assert (refused.returncode, "register team" in refused.stderr) == (2, True)
    merged = dosilake("persons", "merge", 2, 1, "--by", "team@example.org", "--comment", "dossier 12; vu", home=home)
    assert merged.returncode == 0, merged.stderr
    assert "1 chargées" in merged.stdout
    links = Lake(home / "lake").scan("identity_links").select("worker_key", "person_key", "reason").collect()
    assert links.rows() == [(2, 1, "MERGED")]


def test_a_row_refused_is_no_failure_but_a_file_refused_is(tmp_path, files):
    bad_row = files.write("PASS", line("PASS", value_msv="1,5"))
    assert dosilake("ingest", bad_row, home=tmp_path / "home").returncode == 0
    bad_file = files.folder / "PASS_LANDAUER_20200210T080000_000009.csv"
    bad_file.write_text("a;b\n1;2\n")
    done = dosilake("ingest", bad_file, home=tmp_path / "home")
    assert done.returncode == 1
    assert "F02" in done.stdout


def test_a_file_is_checked_before_it_is_sent_and_nothing_is_kept(tmp_path, files):
    home = tmp_path / "home"
    door = Door(Settings(home=home))
    door.receive(files.write("ETAB", line("ETAB")))
    door.engine.dispose()
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    people, rows = files.write("TRAV", line("TRAV")), files.write("PASS", line("PASS", value_msv="1,5"))
    said = dosilake("ingest", "--check", people, rows, home=home)
    assert said.returncode == 0, said.stderr
    assert "1 lignes = 1 chargées" in said.stdout and "ligne 2, value_msv : D01" in said.stdout
    bad_file = files.folder / "PASS_LANDAUER_20200210T080000_000009.csv"
    bad_file.write_text("a;b\n1;2\n")
    refused = dosilake("ingest", "--check", "--json", bad_file, people, home=home)
    assert refused.returncode == 1
    assert [report["accepted"] for report in json.loads(refused.stdout)] == [False, True]
    assert before == {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["ingest", "nowhere.csv"], 2, "no file"),
        (["ingest"], 2, "Missing argument"),
        (["simulate", "--workers", "200", "--from", "2020-13", "--to", "2020-12", "--out", "x"], 2, "2020-13"),
        (["refresh"], 1, "no lake"),
        (["release", "--on", "2999-01-01"], 2, "has not ended"),
        (["revisions"], 2, "two releases"),
        (["check"], 1, "publi"),
        (["serve"], 1, "DOSILAKE_PORT"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_a_code(tmp_path, words, code, says):
    environ = {"DOSILAKE_HOST": "203.0.113.1"} if words == ["serve"] else {}
    done = dosilake(*words, home=tmp_path / "home", **environ)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_setting_stops_the_start_by_name(tmp_path):
    done = dosilake("settings", home=tmp_path, DOSILAKE_PROT="1")
    assert done.returncode == 1 and "DOSILAKE_PROT" in done.stderr


def test_a_home_that_cannot_be_written_is_said(tmp_path, files):
    blocker = tmp_path / "file"
    blocker.write_text("")
    done = dosilake("ingest", files.write("PASS", line("PASS")), home=blocker / "home")
    assert done.returncode == 1
    assert str(blocker) in done.stderr and "--home" in done.stderr and "Traceback" not in done.stderr


def test_a_file_too_large_is_said_and_left(tmp_path, files):
    path = files.write("PASS", line("PASS"))
    done = dosilake("ingest", path, home=tmp_path / "home", DOSILAKE_LARGEST_FILE_MIB="0")
    assert done.returncode == 1 and "F07" in done.stderr and path.exists()


def test_simulate_writes_files_that_ingest_takes(tmp_path):
    out = tmp_path / "out"
    words = ("simulate", "--workers", 300, "--from", "2023-01", "--to", "2023-02", "--seed", 3, "--out", out)
    assert dosilake(*words).returncode == 0
    done = dosilake("ingest", "--as-named", "--json", out, home=tmp_path / "home")
    assert done.returncode == 0, done.stderr
    reports = json.loads(done.stdout)
    assert {report["layout"] for report in reports} >= {"ETAB", "TRAV", "PASS", "OPER", "COSM"}
    assert all(report["accepted"] for report in reports)


def test_a_full_disk_is_said_nothing_is_half_loaded_and_room_heals_it(tmp_path):
    """On a disk of 3 MiB: fill it, ingest, make room, ingest again; the lake is as if it had never been full."""
    sent, disk = tmp_path / "sent", tmp_path / "disk"
    sent.mkdir()
    disk.mkdir()
    files = Files(sent)
    people = [line("TRAV", nir=f"180017500{i:01d}000") for i in range(1, 9)]
    rows = [line("PASS", record_id=f"r{i}", nir=person["nir"]) for i, person in enumerate(people)]
    files.write("ETAB", line("ETAB"), at="20200210T080000")
    files.write("TRAV", *people, at="20200210T080001")
    files.write("PASS", *rows, at="20200210T080002")
    command = f"{sys.executable} -m flows.cli --home {disk}/home ingest --json --as-named {sent}"
    script = f"""
        mount -t tmpfs -o size=3m tmpfs {disk}
        for kept in 2980 2200 1500; do
            head -c ${{kept}}k /dev/zero > {disk}/filler; {command} > /dev/null; echo "exit $?" >&2; rm {disk}/filler
        done
        {command}; echo "exit $?" >&2; du -sk {disk} >&2
    """
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "Traceback" not in done.stderr
    assert (
        done.stderr.startswith("dosilake: ") and "exit 1" in done.stderr and "then run the same command" in done.stderr
    )
    reports = json.loads(done.stdout)
    assert [report["rows_loaded"] for report in reports] == [1, 8, 8], done.stderr


def test_releases_are_listed_and_their_revisions_told(tmp_path, files):
    home = tmp_path / "home"
    paths = [files.write("ETAB", line("ETAB")), files.write("TRAV", line("TRAV")), files.write("PASS", line("PASS"))]
    dosilake("ingest", *paths, home=home)
    assert "Published" in dosilake("refresh", home=home).stdout
    assert dosilake("release", home=home).stdout == "No release is due.\n"
    (first,) = json.loads(dosilake("releases", "--json", home=home).stdout)
    settings = Settings(home=home)
    earlier = date.fromisoformat(first["on"]) - timedelta(days=9)
    # As if the first had been made nine days ago.
    shutil.rmtree(settings.releases)
    freeze(settings, settings.marts / f"{current_version(settings)}.duckdb", earlier)
    yesterday = (date.fromisoformat(first["on"]) - timedelta(days=1)).isoformat()
    done = dosilake("release", "--on", yesterday, home=home)
    assert done.returncode == 0 and "Arrêté au " in done.stdout, done.stderr
    told = json.loads(dosilake("revisions", "--json", home=home).stdout)
    assert (told["first"], told["second"], told["causes"]) == (earlier.isoformat(), yesterday, [])
    assert "rows moved" in dosilake("revisions", home=home).stdout
