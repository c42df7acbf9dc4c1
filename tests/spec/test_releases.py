"""Releases: readers are shown statistics as they were frozen, and two releases tell of no change of few."""

from datetime import UTC, date, datetime, timedelta

import pytest
from register import Passed, Register

from lake.errors import NoSnapshot, SettingError, UsageError
from lake.settings import Settings
from lake.vocabulary import Role
from models.access import Access
from models.catalog import INTERNAL, models, released
from models.publish import publish
from models.releases import due, freeze, in_force, may_release, releases
from registry.policy import Data, Viewer

EMPLOYER = Viewer(1, Role.EMPLOYER, None, frozenset({10, 11}))
AUTHORITY = Viewer(2, Role.AUTHORITY)
FIRST = datetime.now(UTC).date()


class Releases:
    """Workers in numbered order, releases one after the other, and what readers are shown of them."""

    def __init__(self, home):
        self.register = Register(home)
        self.worker = 0
        self.next_on = None
        self.access = Access(self.register.settings, lambda event: None)

    def establishment(self, key: int, sector: str = "MED.01.01") -> None:
        self.register.add("establishments", establishment_key=key, row_no=key, sector_code=sector)

    def workers(self, number: int, dose: str, place: int = 10, day: str = "2023-06-30", **fields) -> None:
        """So many more persons, each with one dose."""
        job = {name: fields.pop(name) for name in ("occupation_code", "category", "sector_code") if name in fields}
        for _ in range(number):
            self.worker += 1
            self.register.add("employments", worker_key=self.worker, establishment_key=place, row_no=self.worker, **job)
            self.register.dose(day, dose, worker_key=self.worker, establishment_key=place, **fields)

    def release(self) -> None:
        """Publish what was added; the first publication is a release, each further one is frozen a day later."""
        built = publish(self.register.settings, self.register.build(), lambda built: Passed())
        if self.next_on is None:
            self.next_on = in_force(self.register.settings).on
        else:
            self.next_on += timedelta(days=1)
            freeze(self.register.settings, built, self.next_on)

    def shown(self, model: str, viewer: Viewer = AUTHORITY, as_of: date | None = None, **where) -> list[dict]:
        return self.access.fetch(model, viewer, where=where, as_of=as_of, purpose="test").to_dicts()


@pytest.fixture
def home(tmp_path):
    made = Releases(tmp_path)
    yield made
    made.access.snapshots.close()


def test_every_table_of_statistics_comes_from_releases_or_says_why_not():
    """A new table is released unless its sidecar gives a reason; nothing that is protected may be read live."""
    told = {model.name for model in models().values() if model.is_mart and model.level != INTERNAL}
    statistics = {
        m.name for m in models().values() if m.name in told and m.level in (Data.NATIONAL, Data.ESTABLISHMENT)
    }
    live = {name for name in statistics if models()[name].live}
    assert live == {"transmission_timeliness", "establishments"}
    assert {model.name for model in released()} == statistics - live
    assert not [name for name in told - statistics | live if models()[name].disclosure]


def test_what_arrives_after_a_release_is_in_no_statistics_and_in_the_doses(home):
    home.workers(20, "1.000")
    home.release()
    (before,) = home.shown("establishment_statistics", EMPLOYER, limit_quantity="effective")
    home.register.dose("2023-12-31", "7.000", worker_key=1)
    publish(home.register.settings, home.register.build(), lambda built: Passed())
    (after,) = home.shown("establishment_statistics", EMPLOYER, limit_quantity="effective")
    assert (before, before["collective_dose_man_sv"] is not None) == (after, True)
    physician = Viewer(3, Role.PHYSICIAN, None, frozenset({10}))
    doses = home.shown("dose_records", physician, worker_key=1)
    assert [str(row["dose_msv"]) for row in doses] == ["1.000", "7.000"]


def test_the_first_publication_is_a_release_of_its_day(home):
    home.workers(1, "1.000")
    with pytest.raises(NoSnapshot):
        home.access.release()
    home.release()
    (made,) = releases(home.register.settings)
    assert made.on in (FIRST, FIRST + timedelta(days=1))
    assert set(made.checksums) == {model.name for model in released()}
    assert made.data_until == date(2023, 6, 30)


def test_as_of_names_the_release_in_force(home):
    home.workers(20, "1.000")
    home.release()
    home.workers(20, "2.000")
    home.release()
    first, second = (made.on for made in releases(home.register.settings))
    asked = [home.shown("establishment_statistics", EMPLOYER, day)[0]["monitored"] for day in (first, second, None)]
    assert asked == [20, 40, 40]
    with pytest.raises(NoSnapshot, match=(first - timedelta(days=1)).isoformat()):
        home.shown("establishment_statistics", EMPLOYER, first - timedelta(days=1))


def test_a_release_is_not_made_twice_nor_before_its_day_has_ended(home):
    home.workers(1, "1.000")
    home.release()
    settings = home.register.settings
    made = in_force(settings).on
    with pytest.raises(UsageError, match="released already"):
        freeze(settings, next(settings.marts.glob("*.duckdb")), made)
    with pytest.raises(UsageError, match="has not ended"):
        may_release(settings, made + timedelta(days=2))


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        (3, ["2026-12-31", "2027-03-31"]),
        (12, ["2026-12-31"]),
        (1, ["2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31"]),
    ],
)
def test_releases_are_due_once_their_reference_date_has_ended(tmp_path, months, expected):
    settings = Settings(home=tmp_path, release_months=months)
    assert due(settings, date(2027, 4, 1)) == []
    folder = settings.releases / "2026-11-27"
    folder.mkdir(parents=True)
    (folder / "release.json").touch()
    assert [str(day) for day in due(settings, date(2027, 4, 1))] == expected
    assert due(settings, date(2026, 11, 30)) == []


def test_months_between_releases_divide_the_year(tmp_path):
    with pytest.raises(SettingError):
        due(Settings(home=tmp_path, release_months=5))
