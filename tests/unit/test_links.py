"""Two keys that are one person: merged and unmerged by the register team, no dose rewritten, released if it waited."""

from datetime import UTC, datetime

import pytest

from delivery_files import line, nir, siret
from ingestion.door import Door
from lake.settings import Settings

AT = datetime(2020, 2, 12, tzinfo=UTC)
OTHER = nir(50)


@pytest.fixture
def door(tmp_path, files):
    """Key 1 is employed at the first establishment, key 2 at the second: the same woman under two numbers."""
    door = Door(Settings(home=tmp_path / "home"))
    door.receive(files.write("ETAB", line("ETAB"), line("ETAB", siret=siret(2))), AT)
    door.receive(files.write("TRAV", line("TRAV"), line("TRAV", nir=OTHER, siret=siret(2))), AT)
    return door


def _links(door: Door) -> list[tuple]:
    columns = ("worker_key", "person_key", "reason", "motive_code")
    return door.lake.scan("identity_links").sort("delivery_no").select(columns).collect().rows()


def test_a_merge_lays_both_histories_to_one_person_and_an_unmerge_takes_them_apart(door, files):
    dose = line("PASS", nir=OTHER, siret=siret(2))
    door.receive(files.write("PASS", dose), AT)
    before = door.lake.scan("doses").collect()
    assert door.receive(files.write("LINK", line("LINK")), AT).report["rows_loaded"] == 1
    assert door._populations.current().links.rows() == [(2, 1)]
    undone = line("LINK", action="UNMERGE", person_key="", motive_code="NOT_THE_SAME")
    assert door.receive(files.write("LINK", undone), datetime(2020, 4, 1, tzinfo=UTC)).report["rows_loaded"] == 1
    assert door._populations.current().links.is_empty()
    assert _links(door) == [(2, 1, "MERGED", "SAME_PERSON"), (2, 2, "UNMERGED", "NOT_THE_SAME")]
    assert door.lake.scan("doses").collect().equals(before)


def test_a_merge_releases_what_waited_for_the_employment_of_the_other_key(door, files):
    waits = door.receive(files.write("PASS", line("PASS", siret=siret(2))), AT).report
    assert waits["rows_waiting"] == 1
    report = door.receive(files.write("LINK", line("LINK")), AT).report
    assert [r["rows_loaded"] for r in report["released"]] == [1]
    # The dose keeps the key of the number it was sent under.
    assert door.lake.scan("doses").collect()["worker_key"].to_list() == [1]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"worker_key": "99"}, "I12"),
        ({"person_key": "99"}, "I12"),
        ({"person_key": "2"}, "I12"),
        ({"person_key": ""}, "S02"),
        ({"worker_key": "two"}, "S03"),
        ({"motive_code": "TYPING"}, "N01"),
    ],
)
def test_a_link_that_cannot_stand_is_refused(door, files, given, code):
    report = door.receive(files.write("LINK", line("LINK", **given)), AT).report
    assert [cause["code"] for cause in report["causes"]] == [code]
    assert _links(door) == []


def test_a_key_is_linked_once_a_file(door, files):
    door.receive(files.write("TRAV", line("TRAV", nir=nir(51))), AT)
    report = door.receive(files.write("LINK", line("LINK"), line("LINK", person_key="3")), AT).report
    assert (report["rows_loaded"], report["rows_refused"]) == (1, 1)
    assert [row[:2] for row in _links(door)] == [(2, 1)]


def test_only_the_register_team_may_link(door, files):
    assert door.receive(files.write("LINK", line("LINK"), sender="EMPLOYER"), AT).report["refusal_code"] == "F03"
