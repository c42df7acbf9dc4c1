"""Exactly once, shown by real processes that are killed (SIGKILL), that send at the same time, or both.

`make chaos` does the same at every step and far more often (`chaos.__main__`).
"""

import pytest

from chaos import deliveries
from chaos.digest import versions
from chaos.killing import at_boundaries, at_random, nursery, reference, together, with_a_full_disk

KILLS_AT_BOUNDARIES = 10
KILLS_AT_RANDOM = 4
KILLS_TOGETHER = 6
SEED = 2020


@pytest.fixture(scope="module")
def warm():
    with nursery() as warm:
        yield warm


@pytest.fixture(scope="module")
def undisturbed(warm, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    return reference(warm, folder / "home", deliveries.planned(folder / "sent"))


@pytest.fixture(scope="module")
def few(warm, tmp_path_factory):
    """Deliveries whose order does not matter."""
    folder = tmp_path_factory.mktemp("few")
    lists, doses = deliveries.independent(folder / "sent", 6)
    return reference(warm, folder / "home", [lists, doses], renumbered=True)


def test_the_deliveries_hold_every_fate_of_a_row(undisturbed):
    """Else the rest of this file would show little."""
    totals = dict.fromkeys(("loaded", "refused", "waiting", "duplicate", "warned"), 0)
    for key, content in undisturbed.digest.items():
        if key.startswith("reports"):
            for name in totals:
                totals[name] += content["report.json"][f"rows_{name}"]
    assert all(totals.values()), totals
    assert all(undisturbed.digest[f"lake {name}"]["rows"] for name in ("minors", "identity_links", "waiting"))
    assert undisturbed.digest["left behind"] == []


def test_killed_at_steps_all_along_the_way_the_lake_is_the_same(warm, undisturbed, tmp_path):
    some = undisturbed.boundaries[:: len(undisturbed.boundaries) // KILLS_AT_BOUNDARIES]
    found = at_boundaries(warm, tmp_path / "home", undisturbed, some)
    assert not found, found


def test_killed_at_any_time_the_lake_is_the_same(warm, undisturbed, tmp_path):
    found = at_random(warm, tmp_path / "homes", undisturbed, [undisturbed.waves], KILLS_AT_RANDOM, SEED)
    assert not found, found


def test_the_same_files_again_change_nothing(warm, few, tmp_path):
    home = tmp_path / "home"
    first = warm.finish(home, few.waves, tmp_path / "first")
    before = versions(home)
    assert warm.finish(home, few.waves, tmp_path / "again") == first
    assert versions(home) == before


def test_killed_while_others_send_the_lake_is_the_same(warm, few, tmp_path):
    lists, doses = few.waves
    shares = [[lists, doses], [lists, doses[::-1]]]
    found = at_random(warm, tmp_path / "homes", few, shares, KILLS_TOGETHER, SEED)
    assert not found, found


def test_three_senders_at_once_leave_the_lake_of_one(warm, few, tmp_path):
    lists, doses = few.waves
    shares = [[lists, doses[:4]], [lists, doses[2:]], [lists, doses[::-1]]]
    home = tmp_path / "home"
    found = together(warm, home, few, shares)
    assert not found, found
    before = versions(home)
    found = together(warm, home, few, shares)
    assert not found, found
    assert versions(home) == before


def test_with_a_disk_full_at_steps_all_along_the_way_the_lake_is_the_same(undisturbed, tmp_path):
    """At a few steps; where nothing more is to be written, a full disk stops nobody."""
    disk = tmp_path / "disk"
    disk.mkdir()
    some = undisturbed.boundaries[::31]
    with nursery(disk) as cramped:
        found, times_full = with_a_full_disk(cramped, disk, tmp_path / "copy", undisturbed, some)
    assert not found, found
    assert times_full > len(some) / 2
