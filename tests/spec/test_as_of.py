"""Every mart can be built as of a day: what came later changes no row of any."""

from datetime import UTC, date, datetime

import duckdb
import pytest

from models.catalog import models

MARTS = [model.name for model in models().values() if model.is_mart]
DAY = date(2024, 6, 30)
EARLY, LATE = datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 8, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    """(before anything came late, after), both as of the same day, and all that is known."""
    from register import Register

    register = Register(tmp_path_factory.mktemp("as-of"))
    for place in (10, 11, 12):
        register.add("establishments", establishment_key=place, row_no=place)
    doses = []
    for worker in range(1, 46):
        register.add("persons", worker_key=worker)
        place = 10 + worker % 3
        register.add("employments", worker_key=worker, establishment_key=place, row_no=worker, wear_plan="HP10:M")
        for end, dose in (("2022-06-30", "1.000"), ("2023-06-30", "2.000"), ("2024-01-31", "19.000")):
            doses.append(register.dose(end, dose, worker_key=worker, establishment_key=place))
    register.dose("2023-06-30", "0.700", worker_key=1, establishment_key=11, dosimetry="OPERATIONAL")
    register.dose("2023-06-30", "0.300", worker_key=2, establishment_key=12, dosimetry="INTERNAL", quantity="E50",
                  radiation="ALPHA_INT", body_location=None)  # fmt: skip
    register.dose("2024-02-29", "3.000", worker_key=5, establishment_key=12)
    before = register.build(DAY)
    kept = before.rename(before.with_name("before.duckdb"))
    late = {"delivery_no": 50, "received_at": LATE}
    register.dose("2024-05-31", "9.000", worker_key=3, **late)
    register.dose("2023-06-30", "0.100", worker_key=4, record_action="REPLACE", author_role="PHYSICIAN",
                  motive_code="MEDICAL_INQUIRY", replaces_dose_id=doses[10]["dose_id"], **late)  # fmt: skip
    register.dose("2024-01-31", "19.000", worker_key=5, record_action="CANCEL",
                  replaces_dose_id=doses[14]["dose_id"], **late)  # fmt: skip
    register.dose("2024-05-31", "30.000", worker_key=6, situation="SUR", dosimetry="EMERGENCY", **late)
    register.add("waiting", period_end=date(2024, 5, 31), worker_key=7, code="I05", **late)
    register.add("identity_links", worker_key=8, person_key=9, delivery_no=50, known_at=LATE)
    register.add("persons", worker_key=10, birth_year=1950, sex="M", delivery_no=50, known_at=LATE)
    register.add("employments", worker_key=11, establishment_key=12, row_no=11, delivery_no=50, sector_code="IND.01",
                 known_at=LATE)  # fmt: skip
    register.add("establishments", establishment_key=10, row_no=10, delivery_no=50, sector_code="NUC.01", known_at=LATE)
    register.add("inquiry_events", worker_key=5, row_no=2, delivery_no=50, known_at=LATE, on_date=date(2024, 7, 1),
                 happened_on=date(2024, 7, 15))  # fmt: skip
    register.add("authorisations", worker_key=5, row_no=3, delivery_no=50, known_at=LATE,
                 valid_from=date(2024, 1, 1), valid_to=date(2024, 12, 31))  # fmt: skip
    return kept, register.build(DAY), register.build()


@pytest.mark.parametrize("mart", MARTS)
def test_what_came_later_changes_no_row(builds, mart):
    with duckdb.connect() as connection:
        for name, path in zip(("before", "after"), builds[:2], strict=True):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        here, there = f"before.{mart}", f"after.{mart}"
        differs = f"(from {here} except all from {there}) union all (from {there} except all from {here})"
        assert connection.execute(differs).fetchall() == []


def test_what_came_later_is_in_what_is_known_today(builds):
    """Else the test above would pass with nothing to see."""
    with duckdb.connect() as connection:
        for name, path in zip(("day", "today"), builds[1:], strict=True):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        changed = set()
        for mart in MARTS:
            day, today = f"day.{mart}", f"today.{mart}"
            differs = f"(from {day} except all from {today}) union all (from {today} except all from {day})"
            changed |= {mart} if connection.execute(f"select count(*) from ({differs})").fetchone()[0] else set()
    assert {"dose_records", "rolling_doses", "annual_worker_doses", "persons", "employments", "establishments",
            "national_statistics", "establishment_statistics", "establishment_comparison"} <= changed  # fmt: skip
