"""What a reader with several tables could take from each other: nothing of fewer than are shown."""

import polars as pl
import pytest
from register import Register

from lake.vocabulary import Role
from models.access import Access
from models.publish import publish
from registry.policy import Viewer

EMPLOYER = Viewer(1, Role.EMPLOYER, None, frozenset({10}))
AUTHORITY = Viewer(2, Role.AUTHORITY)


class Passed:
    passed = True
    checks = ()

    def save(self, path):
        path.write_text("{}")


class Tables:
    """Workers in numbered order, and what each reader is then shown."""

    def __init__(self, home):
        self.register = Register(home)
        self.worker = 0
        self.access = None

    def establishment(self, key: int, sector: str = "MED.01.01") -> None:
        self.register.add("establishments", establishment_key=key, row_no=key, sector_code=sector)

    def workers(self, number: int, dose: str, place: int = 10, day: str = "2023-06-30", **fields) -> None:
        """So many more persons, each with one dose."""
        job = {name: fields.pop(name) for name in ("occupation_code", "category", "sector_code") if name in fields}
        for _ in range(number):
            self.worker += 1
            self.register.add("employments", worker_key=self.worker, establishment_key=place, row_no=self.worker, **job)
            self.register.dose(day, dose, worker_key=self.worker, establishment_key=place, **fields)

    def shown(self, model: str, viewer: Viewer = AUTHORITY, **where) -> pl.DataFrame:
        if self.access is None:
            publish(self.register.settings, self.register.build(), lambda built: Passed())
            self.access = Access(self.register.settings, lambda event: None)
        return self.access.fetch(model, viewer, where=where, purpose="test")


@pytest.fixture
def tables(tmp_path):
    yield (made := Tables(tmp_path))
    if made.access:
        made.access.snapshots.close()


@pytest.mark.parametrize(("places", "is_shown"), [((10, 11), False), ((10, 11, 12), True)])
def test_a_change_of_the_nation_tells_no_establishment(tables, places, is_shown):
    """One year's figure is shown and the other's withheld: the change would give it."""
    for place in (10, 11, 12):
        tables.establishment(place)
        tables.workers(15, "1.000", place, "2022-06-30")
    for place in places:
        tables.workers(15, "2.000", place, "2023-06-30")
    (before,) = tables.shown("national_statistics", year=2022, limit_quantity="effective", dimension="ALL").to_dicts()
    (now,) = tables.shown("national_statistics", year=2023, limit_quantity="effective", dimension="ALL").to_dicts()
    assert before["collective_dose_man_sv"] is not None
    assert (now["collective_dose_man_sv"] is not None) is is_shown
    (change,) = tables.shown("national_dose_changes").to_dicts()
    assert (change["change_msv"] is not None) is is_shown


def test_a_change_of_the_nation_tells_no_domain_of_one_establishment(tables):
    for place in (10, 11, 12):
        tables.establishment(place)
    tables.establishment(13, "IND.01")
    for year in (2022, 2023):
        for place in (10, 11, 12):
            tables.workers(15, "1.000", place, f"{year}-06-30")
        tables.workers(15, "2.000", 13, f"{year}-06-30", sector_code="IND.01")
    (change,) = tables.shown("national_dose_changes").to_dicts()
    assert (change["change_msv"], change["mix_effect_msv"]) == (None, None)
