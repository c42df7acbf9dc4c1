"""The register team's statements on an exceedance come in by the door, are appended and reach its state."""

from datetime import UTC, date, datetime

import duckdb
import pytest

from delivery_files import Files, line
from ingestion.door import Door
from lake.schema import dose_id
from models.build import build

AT = datetime(2020, 3, 20, 9, tzinfo=UTC)


def _say(door: Door, files: Files, *lines: dict, at: datetime = AT, **sent) -> dict:
    return door.receive(files.write("INQU", *[line("INQU", **given) for given in lines], **sent), at).report


def _states(door: Door, as_of: date | None = None) -> list[tuple]:
    built = build(door.settings, door.lake, as_of, only={"limit_exceedances"})
    with duckdb.connect(str(built), read_only=True) as connection:
        return connection.execute("select worker_key, limit_code, state from limit_exceedances").fetchall()


def test_an_exceedance_is_followed_from_the_alert_to_the_physicians_answer(door, files):
    landed = door.receive(files.write("PASS", line("PASS", value_msv="21.100")), AT)
    days = {"on_date": "2020-01-31", "happened_on": "2020-03-25"}
    report = _say(door, files, days, at=AT.replace(day=26))
    assert (report["rows_total"], report["rows_loaded"]) == (1, 1)
    _say(door, files, days | {"action": "OPENED"}, at=AT.replace(day=27))
    target = str(dose_id(landed.delivery_no, 2, 0))
    kept = line("CORR", action="MAINTAIN", value_msv="", dose_id=target, decision_date="2020-03-28")
    door.receive(files.write("CORR", kept), AT.replace(day=28))
    told = [_states(door, date(2020, 3, day))[0][2] for day in (25, 26, 27, 28)]
    assert told == ["detected", "notified", "under_inquiry", "confirmed"]


def test_a_statement_is_appended_as_it_was_made(door, files):
    _say(door, files, {"action": "CONFIRMED", "comment": "par courrier"})
    (row,) = door.lake.scan("inquiry_events").collect().to_dicts()
    assert row.pop("known_at") == AT
    assert row == {
        "delivery_no": 3, "row_no": 2, "worker_key": 1, "limit_code": "L1", "on_date": date(2020, 2, 29),
        "event": "CONFIRMED", "happened_on": date(2020, 3, 5),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"worker_key": "99"}, "I15"),
        ({"worker_key": ""}, "S02"),
        ({"limit_code": "E1"}, "N01"),
        ({"limit_code": "L9"}, "N01"),
        ({"action": "MODIFIED"}, "N01"),
        ({"happened_on": "2020-02-28"}, "P01"),
        ({"happened_on": "2020-03-21"}, "P01"),
        ({"on_date": "29/02/2020"}, "S03"),
    ],
)
def test_a_statement_that_cannot_stand_is_refused(door, files, given, code):
    report = _say(door, files, given)
    assert [cause["code"] for cause in report["causes"]] == [code]
    assert door.lake.scan("inquiry_events").collect().is_empty()


@pytest.mark.parametrize("sender", ["EMPLOYER", "MDT", "LANDAUER"])
def test_only_the_register_team_says_how_far_it_is(door, files, sender):
    assert _say(door, files, {}, sender=sender)["refusal_code"] == "F03"
