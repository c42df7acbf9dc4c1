"""A row that waits loads by itself once a list settles its worker or its employment; nothing is counted twice."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from delivery_files import Files, line, nir, siret
from ingestion import release
from ingestion.door import Arrival, Door
from lake.schema import dose_id
from lake.settings import Settings
from registry.waiting import now_declared

AT = datetime(2020, 2, 12, tzinfo=UTC)
LATER = datetime(2020, 3, 20, 9, tzinfo=UTC)
SOMEBODY = nir(50)


def _doses(door: Door) -> list[tuple]:
    columns = ("dose_id", "record_id", "worker_key", "judged_by", "received_at", "dose_msv")
    return door.lake.scan("doses").sort("dose_id").select(columns).collect().rows()


def _declare(door: Door, files: Files, **given) -> dict:
    return door.receive(files.write("TRAV", line("TRAV", **given)), LATER).report


def test_a_worker_declared_later_gets_the_dose_that_waited(door, files):
    waits = door.receive(files.write("PASS", line("PASS", nir=SOMEBODY), line("PASS", record_id="r2")), AT)
    report = _declare(door, files, nir=SOMEBODY)
    assert _doses(door) == [
        (dose_id(waits.delivery_no, 2, 0), "r1", 2, report["delivery_no"], LATER, Decimal("0.150")),
        (dose_id(waits.delivery_no, 3, 0), "r2", 1, waits.delivery_no, AT, Decimal("0.150")),
    ]
    (released,) = report["released"]
    assert released == {
        "delivery_no": waits.delivery_no,
        "file_name": waits.report["file_name"],
        "rows_loaded": 1,
        "rows_refused": 0,
        "rows_waiting": 0,
    }
    assert now_declared(door.engine) == []


def test_a_released_row_that_is_sent_again_is_held(door, files):
    door.receive(files.write("PASS", line("PASS", nir=SOMEBODY)), AT)
    _declare(door, files, nir=SOMEBODY)
    again = door.receive(files.write("PASS", line("PASS", nir=SOMEBODY), line("PASS", record_id="x")), LATER).report
    assert (again["rows_duplicate"], again["rows_loaded"]) == (1, 1)
    other = door.receive(files.write("PASS", line("PASS", nir=SOMEBODY, value_msv="0.200")), LATER).report
    assert [cause["code"] for cause in other["causes"]] == ["P04", "R01"]


def test_a_row_sent_again_before_the_declaration_loads_once(door, files):
    door.receive(files.write("PASS", line("PASS", nir=SOMEBODY)), AT)
    door.receive(files.write("PASS", line("PASS", nir=SOMEBODY), line("PASS", record_id="r2")), AT)
    _declare(door, files, nir=SOMEBODY)
    assert [row[1] for row in _doses(door)] == ["r1", "r2"]


def test_an_employment_declared_later_lets_the_row_load(door, files):
    door.receive(files.write("PASS", line("PASS", siret=siret(2))), AT)
    assert _doses(door) == []
    _declare(door, files, siret=siret(2))
    assert [row[1:3] for row in _doses(door)] == [("r1", 1)]


def test_an_employment_elsewhere_leaves_the_row_waiting_with_its_worker_known(door, files):
    door.receive(files.write("PASS", line("PASS", nir=SOMEBODY)), AT)
    report = _declare(door, files, nir=SOMEBODY, siret=siret(2))
    assert report["released"][0]["rows_waiting"] == 1
    waits = door.lake.scan("waiting").sort("judged_by").select("code", "worker_key", "judged_by").collect().rows()
    assert waits == [("I04", None, 3), ("I05", 2, report["delivery_no"])]
    # The next list that names the person finds it under the worker's key.
    _declare(door, files, nir=SOMEBODY)
    assert [row[1:3] for row in _doses(door)] == [("r1", 2)]


def test_a_list_that_changes_nothing_for_it_adds_no_second_line(door, files):
    door.receive(files.write("PASS", line("PASS", siret=siret(2))), AT)
    _declare(door, files, category="A")
    assert door.lake.scan("waiting").collect().height == 1


def test_a_classification_declared_later_releases_what_was_kept_aside(door, files):
    unclassified = {"nir": SOMEBODY, "category": "NC", "category_start": "2023-01-01"}
    _declare(door, files, **unclassified)
    period = {"period_start": "2024-03-01", "period_end": "2024-03-31", "read_on": "2024-04-05"}
    kept = door.receive(files.write("PASS", line("PASS", nir=SOMEBODY, **period)), datetime(2024, 4, 8, tzinfo=UTC))
    assert [cause["code"] for cause in kept.report["causes"]] == ["I07"]
    _declare(door, files, nir=SOMEBODY, category="B", category_start="2024-02-01")
    assert [row[1] for row in _doses(door)] == ["r1"]


def test_a_name_that_does_not_match_is_refused_at_the_release_and_waits_no_more(door, files):
    waits = door.receive(files.write("PASS", line("PASS", nir=SOMEBODY, birth_name="AUTRENOM")), AT)
    report = _declare(door, files, nir=SOMEBODY)
    assert report["released"][0]["rows_refused"] == 1
    found = door.lake.scan("rejections").filter(severity="R").select("delivery_no", "row_no", "code", "judged_by")
    assert found.collect().rows() == [(waits.delivery_no, 2, "I06", report["delivery_no"])]
    assert "released" not in _declare(door, files, nir=SOMEBODY, category="A")
    # The corrected row is a new record under the same identifier: nothing is held of the refused one.
    corrected = door.receive(files.write("PASS", line("PASS", nir=SOMEBODY)), LATER).report
    assert corrected["rows_loaded"] == 1


def test_two_rows_that_waited_for_the_same_period_do_not_both_load(door, files):
    door.receive(files.write("PASS", line("PASS", nir=SOMEBODY)), AT)
    door.receive(files.write("PASS", line("PASS", nir=SOMEBODY, record_id="r2")), AT)
    report = _declare(door, files, nir=SOMEBODY)
    assert [(r["rows_loaded"], r["rows_refused"]) for r in report["released"]] == [(1, 0), (0, 1)]
    assert [row[1] for row in _doses(door)] == ["r1"]


def test_a_certified_number_releases_what_waited_under_the_waiting_number(door, files):
    waiting_number = "7" + SOMEBODY[1:]
    _declare(door, files, nir=waiting_number, id_kind="NIA")
    door.receive(files.write("PASS", line("PASS", nir=waiting_number, siret=siret(2))), AT)
    _declare(door, files, nir=SOMEBODY, replaces_nir=waiting_number, siret=siret(2))
    assert [row[1:3] for row in _doses(door)] == [("r1", 2)]


def test_rows_and_their_declaration_that_arrive_together_are_judged_in_order(door, files):
    together = [
        files.write("PASS", line("PASS", nir=SOMEBODY)),
        files.write("TRAV", line("TRAV", nir=SOMEBODY)),
        files.write("PASS", line("PASS", nir=SOMEBODY), line("PASS", nir=SOMEBODY, record_id="r2")),
    ]
    receipts = [receipt for _, receipt in door.receive_all(Arrival(path, LATER) for path in together)]
    assert [r.report["rows_waiting"] for r in receipts] == [1, 0, 0]
    assert receipts[1].report["released"][0]["rows_loaded"] == 1
    # The third file repeats the released record and overlaps it with another.
    assert [cause["code"] for cause in receipts[2].report["causes"] if cause["severity"] in "RD"] == ["P03", "R02"]


def test_a_landed_file_that_cannot_be_read_again_leaves_its_rows_waiting(door, files, monkeypatch):
    door.receive(files.write("PASS", line("PASS", nir=SOMEBODY)), AT)
    with monkeypatch.context() as patched:
        patched.setattr(release, "slices", lambda *_: 1 / 0)
        report = _declare(door, files, nir=SOMEBODY)
    assert report["rows_loaded"] == 1
    assert [(r["rows_waiting"], r["failure"]) for r in report["released"]] == [(1, "ZeroDivisionError")]
    _declare(door, files, nir=SOMEBODY, category="A")
    assert [row[1] for row in _doses(door)] == ["r1"]


@pytest.mark.parametrize("table", ["employments", "doses", "waiting", "rejections", "deliveries"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_during_a_release_and_a_rerun_leave_the_same_lake(door, files, monkeypatch, tmp_path, table, when):
    # One loads, one goes on waiting, one is refused for its name, one because the first has loaded.
    for number, given in enumerate(({}, {"siret": siret(2)}, {"birth_name": "AUTRENOM"}, {})):
        door.receive(files.write("PASS", line("PASS", nir=SOMEBODY, record_id=f"r{number}", **given)), AT)
    path = files.write("TRAV", line("TRAV", nir=SOMEBODY))
    write = door.lake._write

    def dying(written, staged):
        if written.name == table and when == "before":
            raise RuntimeError("crash")
        write(written, staged)
        if written.name == table:
            raise RuntimeError("crash")

    monkeypatch.setattr(door.lake, "_write", dying)
    with pytest.raises(RuntimeError, match="crash"):
        door.receive(path, LATER)
    again = Door(Settings(home=tmp_path / "home"))
    released = again.receive(path, LATER).report["released"]
    assert [(r["rows_loaded"], r["rows_refused"], r["rows_waiting"]) for r in released] == [
        (1, 0, 0),
        (0, 0, 1),
        (0, 1, 0),
        (0, 1, 0),
    ]
    assert [row[1] for row in _doses(again)] == ["r0"]
    assert again.lake.scan("waiting").filter(code="I05").collect().height == 1
    assert again.lake.scan("rejections").filter(code="I06").collect().height == 1
