"""A physician maintains, modifies or cancels a dose: the original stays, what stands instead names it, once."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from delivery_files import Files, line
from ingestion.door import Door
from lake.schema import dose_id
from lake.vocabulary import Role
from registry.accounts import create_account, designate

AT = datetime(2020, 2, 12, tzinfo=UTC)
INQUIRY = "MEDICAL_INQUIRY"


@pytest.fixture
def dose(door, files) -> str:
    """A badge of 0.150 mSv, by its dose_id."""
    return str(dose_id(door.receive(files.write("PASS", line("PASS")), AT).delivery_no, 2, 0))


def _decide(door: Door, files: Files, *lines: dict, account_id: int | None = None) -> dict:
    return door.receive(files.write("CORR", *[line("CORR", **given) for given in lines]), AT, account_id).report


def _codes(report: dict) -> list[str]:
    return [cause["code"] for cause in report["causes"]]


def _new_doses(door: Door, report: dict) -> list[dict]:
    doses = door.lake.scan("doses").filter(delivery_no=report["delivery_no"]).sort("dose_id")
    return doses.collect().rows(named=True)


def test_a_modified_dose_stands_in_a_new_row_that_names_the_old_one(door, files, dose):
    old = door.lake.scan("doses").collect().row(0, named=True)
    (new,) = _new_doses(door, _decide(door, files, {"dose_id": dose}))
    said = {
        "dose_msv": Decimal("0.050"),
        "result_status": "ESTIMATED",
        "recording_threshold_msv": None,
        "record_action": "REPLACE",
        "replaces_dose_id": int(dose),
        "author_role": "PHYSICIAN",
        "motive_code": INQUIRY,
        "sender_code": "MDT",
        "record_id": "k1",
        "sent_on": date(2020, 2, 11),
    }
    assert {name: new[name] for name in said} == said
    kept = set(old) - set(said) - {"dose_id", "delivery_no", "row_no", "judged_by"}
    assert {name: new[name] for name in kept} == {name: old[name] for name in kept}
    assert door.lake.scan("doses").filter(dose_id=int(dose)).collect().row(0, named=True) == old


def test_a_modified_dose_may_move_to_another_year(door, files, dose):
    moved = {"dose_id": dose, "period_start": "2019-12-01", "period_end": "2019-12-31"}
    (new,) = _new_doses(door, _decide(door, files, moved))
    assert (new["period_end"], new["year"]) == (date(2019, 12, 31), 2019)


def test_a_cancelled_dose_leaves_a_row_without_dose(door, files, dose):
    (new,) = _new_doses(door, _decide(door, files, {"dose_id": dose, "action": "CANCEL", "value_msv": ""}))
    assert (new["record_action"], new["dose_msv"], new["replaces_dose_id"]) == ("CANCEL", None, int(dose))


def test_a_maintained_dose_gets_a_decision_and_no_new_row(door, files, dose):
    report = _decide(door, files, {"dose_id": dose, "action": "MAINTAIN", "value_msv": ""})
    assert report["rows_loaded"] == 1
    assert _new_doses(door, report) == []
    decisions = door.lake.scan("decisions").select("dose_id", "decision", "motive_code", "decided_on").collect()
    assert decisions.rows() == [(int(dose), "MAINTAIN", INQUIRY, date(2020, 2, 11))]


def test_the_other_doses_of_the_row_stay_as_they_were(door, files):
    entry = line("OPER", hp10_photon_msv="0.900", hp10_neutron_msv="0.005", hp3_msv="0.020")
    landed = door.receive(files.write("OPER", entry), AT)
    new = _new_doses(door, _decide(door, files, {"dose_id": str(dose_id(landed.delivery_no, 2, 0))}))
    assert [(d["part"], d["dose_msv"]) for d in new] == [
        (0, Decimal("0.050")),
        (1, Decimal("0.005")),
        (3, Decimal("0.020")),
    ]


def test_a_dose_is_replaced_once_whoever_comes_second(door, files, dose):
    assert _codes(_decide(door, files, {"dose_id": dose}, {"dose_id": dose, "record_id": "k2"})) == ["D05"]
    assert _codes(_decide(door, files, {"dose_id": dose, "record_id": "k3"})) == ["D05"]
    again = line("PASS", record_id="r2", record_action="REPLACE", replaces_record_id="r1", motive_code="TYPING")
    assert _codes(door.receive(files.write("PASS", again), AT).report) == ["D05"]
    # What stands instead may be decided on in its turn.
    new = door.lake.scan("doses").filter(record_id="k1").collect()["dose_id"].item()
    assert _codes(_decide(door, files, {"dose_id": str(new), "record_id": "k4", "value_msv": "0.060"})) == []


def test_the_same_decision_again_is_held_and_another_under_its_name_is_refused(door, files, dose):
    _decide(door, files, {"dose_id": dose})
    again = _decide(door, files, {"dose_id": dose}, {"dose_id": dose, "record_id": "k2"})
    assert [(c["code"], c["rows"]) for c in again["causes"]] == [("D05", 1), ("R02", 1)]
    assert _codes(_decide(door, files, {"dose_id": dose, "value_msv": "0.060"})) == ["R01"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"dose_id": str(dose_id(99, 2, 0))}, "D05"),
        ({"value_msv": ""}, "S02"),
        ({"action": "MAINTAIN"}, "S04"),
        ({"period_end": "2020-01-15"}, "S04"),
        ({"period_start": "2020-01-20", "period_end": "2020-01-15"}, "P01"),
        ({"decision_date": "2020-03-01"}, "P01"),
        ({"value_msv": "-1"}, "D01"),
        ({"mdt_rpps": "10003000001"}, "S03"),
        ({"motive_code": "BECAUSE"}, "N01"),
    ],
)
def test_a_decision_that_cannot_stand_is_refused(door, files, dose, given, code):
    report = _decide(door, files, {"dose_id": dose} | given)
    assert (_codes(report), report["rows_refused"]) == ([code], 1)


def test_a_physician_decides_for_the_workers_followed_only(door, files, dose):
    accounts = []
    for name, establishment in (("own", 1), ("other", 2)):
        account = create_account(
            door.engine, email=f"{name}@example.org", password="long enough to be one", role=Role.PHYSICIAN,
            display_name=name,
        )  # fmt: skip
        designate(door.engine, account, starts_on=date(2019, 1, 1), establishment_key=establishment)
        accounts.append(account)
    own, other = accounts
    assert _codes(_decide(door, files, {"dose_id": dose}, account_id=other)) == ["I14"]
    intake = line("INTE", e50_msv="0.000")
    assert _codes(door.receive(files.write("INTE", intake), AT, other).report) == ["I10"]
    assert _codes(door.receive(files.write("INTE", intake, line("INTE", record_id="i2")), AT, own).report) == []
    assert _codes(_decide(door, files, {"dose_id": dose, "record_id": "k2"}, account_id=own)) == []


def test_a_physician_decides_no_more_for_a_worker_who_has_left(door, files, dose):
    account = create_account(
        door.engine, email="own@example.org", password="long enough to be one", role=Role.PHYSICIAN, display_name="own"
    )
    designate(door.engine, account, starts_on=date(2019, 1, 1), establishment_key=1)
    door.receive(files.write("TRAV", line("TRAV", action="CLOSE", contract_end="2020-02-11")), AT)
    assert _codes(_decide(door, files, {"dose_id": dose}, account_id=account)) == ["I14"]
