"""Revisions: what became known between two releases, by year and cause; readers are told of no few."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from test_releases import AUTHORITY, Releases, of_place

from models.releases import moves, releases, revised


@pytest.fixture
def nation(tmp_path):
    """Three establishments of twenty, released."""
    home = Releases(tmp_path)
    for place in (10, 11, 12):
        home.establishment(place)
        home.workers(20, "1.000", place)
    home.release()
    yield home
    home.access.snapshots.close()


def told(home) -> dict[tuple, tuple]:
    """(persons, establishments, statements, deliveries) by year and cause, as the register team is told."""
    first, second = releases(home.register.settings)[-2:]
    rows = revised(home.register.settings, first, second).rows()
    return {row[:2]: row[2:] for row in rows}


def result(home, worker: int, dose: str = "0.500", **fields) -> dict:
    place = 10 + (worker - 1) // 20
    moment = datetime.now(UTC)
    return home.register.dose("2023-12-31", dose, worker_key=worker, establishment_key=place, delivery_no=7,
                              received_at=moment, **fields)  # fmt: skip


def test_every_cause_is_counted_apart(nation):
    """A late result, one corrected by a physician, one cancelled, a merge, a job and a sector restated …"""
    now = datetime.now(UTC)
    result(nation, 1)
    result(nation, 2, author_role="PHYSICIAN", record_action="REPLACE", replaces_dose_id=nation.first_dose + 8)
    result(nation, 3, record_action="CANCEL", replaces_dose_id=nation.first_dose + 16)
    result(nation, 4, record_action="REPLACE", replaces_dose_id=nation.first_dose + 24)
    result(nation, 5, judged_by=9)
    nation.register.dose("2027-01-31", worker_key=6, delivery_no=7, received_at=now)
    nation.register.add("identity_links", worker_key=8, person_key=7, delivery_no=9, known_at=now)
    nation.register.add("employments", worker_key=9, row_no=9, delivery_no=9, sector_code="IND.01", known_at=now)
    nation.register.add("establishments", row_no=10, delivery_no=9, sector_code="IND.01", known_at=now)
    nation.release()
    one = (1, 1, 1, 1)
    assert told(nation) == {
        (2023, "LATE_RESULT"): one,
        (2023, "CORRECTED"): one,
        (2023, "CANCELLED"): one,
        (2023, "REPLACED"): one,
        (2023, "RELEASED"): one,
        (2027, "RESULT"): one,
        (None, "IDENTITY"): (1, 0, 1, 1),
        (None, "JOB"): one,
        (None, "ESTABLISHMENT"): (0, 1, 1, 1),
    }


def test_what_was_known_before_the_first_release_is_no_revision(nation):
    nation.release()
    assert told(nation) == {}


def test_another_code_is_a_cause_of_its_own(nation, monkeypatch):
    monkeypatch.setattr("models.releases.code_version", lambda: "another")
    nation.release()
    assert told(nation) == {(None, "CODE"): (None, None, None, None)}


def test_readers_are_told_of_no_few(nation):
    """Eleven late results of three establishments are counted; that one was replaced is not told at all."""
    for place, number in ((10, 5), (11, 4), (12, 2)):
        for worker in of_place(place, number):
            result(nation, worker)
    result(nation, 6, record_action="REPLACE", replaces_dose_id=nation.first_dose)
    nation.release()
    assert nation.access.revisions(AUTHORITY, purpose="test").rows() == [(2023, "LATE_RESULT", 11, 3, 11, 1)]


def test_readers_are_told_that_the_computation_changed(nation, monkeypatch):
    """It bears on nobody in particular; three establishments restated are told too, two are not."""
    now = datetime.now(UTC)
    for place in (10, 11, 12):
        nation.register.add("establishments", establishment_key=place, row_no=place, delivery_no=9,
                            sector_code="IND.01", known_at=now)  # fmt: skip
    monkeypatch.setattr("models.releases.code_version", lambda: "another")
    nation.release()
    assert nation.access.revisions(AUTHORITY, purpose="test").rows() == [
        (None, "ESTABLISHMENT", 0, 3, 3, 1),
        (None, "CODE", None, None, None, None),
    ]


def test_a_release_of_earlier_code_tells_no_few_either(nation):
    nation.release()
    last = releases(nation.register.settings)[-1]
    few = {"year": 2023, "cause": "CANCELLED", "persons": None, "establishments": None, "statements": None,
           "deliveries": None, "suppressed": True}  # fmt: skip
    replace(last, revisions=[few]).save(nation.register.settings.releases / last.name)
    assert nation.access.revisions(AUTHORITY, purpose="test").is_empty()


def test_the_register_team_is_told_what_moved_and_what_is_held_back(nation):
    for worker in of_place(10, 12):
        result(nation, worker)
    result(nation, of_place(11)[0])
    nation.release()
    first, second = releases(nation.register.settings)
    rows = {row["model"]: row for row in moves(nation.register.settings, first, second).to_dicts()}
    assert rows["establishment_statistics"] == {"model": "establishment_statistics", "rows": 6, "moved": 1, "held": 2}
    assert rows["national_exceedances"]["held"] == 0
