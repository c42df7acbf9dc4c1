"""A labour inspector's authorisation comes in by the door, is appended, and reaches those who follow the person."""

from datetime import UTC, date, datetime

import duckdb
import pytest

from delivery_files import Files, line
from ingestion.door import Door
from models.build import build

AT = datetime(2024, 2, 20, 9, tzinfo=UTC)


def _send(door: Door, files: Files, *lines: dict, at: datetime = AT, **sent) -> dict:
    return door.receive(files.write("EXAU", *[line("EXAU", **given) for given in lines], **sent), at).report


def _status(door: Door, as_of: date | None = None) -> list[tuple]:
    built = build(door.settings, door.lake, as_of, only={"exceedance_history"})
    with duckdb.connect(str(built), read_only=True) as connection:
        return connection.execute("select limit_code, status from exceedance_history").fetchall()


def test_a_dose_under_an_authorisation_is_authorised_until_it_is_withdrawn(door, files):
    report = _send(door, files, {})
    assert (report["rows_total"], report["rows_loaded"]) == (1, 1)
    worn = {"period_start": "2024-03-01", "period_end": "2024-03-31", "read_on": "2024-04-05", "sent_on": "2024-04-06"}
    door.receive(files.write("PASS", line("PASS", value_msv="21.100", **worn)), AT.replace(month=4))
    withdrawn = {"action": "WITHDRAW", "valid_from": "", "valid_to": "", "decided_on": "2024-04-25"}
    assert _send(door, files, withdrawn, at=AT.replace(month=5))["rows_loaded"] == 1
    assert _status(door, date(2024, 4, 30)) == [("L1", "authorised")]
    assert _status(door) == [("L1", "detected")]


def test_a_statement_is_appended_as_it_was_made(door, files):
    _send(door, files, {"comment": "lettre du 15/02"})
    (row,) = door.lake.scan("authorisations").collect().to_dicts()
    assert row.pop("known_at") == AT
    assert row == {
        "delivery_no": 3, "row_no": 2, "decision_ref": "DREETS-76-2024-001", "action": "GRANT", "worker_key": 1,
        "limit_quantity": "effective", "valid_from": date(2024, 2, 29), "valid_to": date(2024, 3, 31),
        "decided_on": date(2024, 2, 15),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"worker_key": "99"}, "I15"),
        ({"decision_ref": ""}, "S02"),
        ({"valid_to": ""}, "S02"),
        ({"valid_to": "2024-02-28"}, "P01"),
        ({"decided_on": "2024-02-21", "valid_from": "2024-02-21"}, "P01"),
        ({"decided_on": "2024-02-16", "valid_from": "2024-02-15"}, "P01"),
        ({"limit_quantity": "skin"}, "N01"),
        ({"action": "WITHDRAW"}, "S04"),
    ],
)
def test_a_statement_that_cannot_stand_is_refused(door, files, given, code):
    report = _send(door, files, given)
    assert {cause["code"] for cause in report["causes"]} == {code}
    assert door.lake.scan("authorisations").collect().is_empty()


@pytest.mark.parametrize("sender", ["EMPLOYER", "MDT"])
def test_only_the_register_team_says_what_is_authorised(door, files, sender):
    assert _send(door, files, {}, sender=sender)["refusal_code"] == "F03"
