"""Dose constraints: set by an adviser at their own establishments, below the limit, and never changed."""

from decimal import Decimal

import pytest
from sqlalchemy import func, select

from lake.errors import AccessDenied, UsageError
from lake.settings import Settings
from lake.vocabulary import Role
from registry.accounts import create_account
from registry.constraints import constraints_of, level_of, set_constraint
from registry.database import open_registry
from registry.policy import Viewer
from registry.tables import dose_constraints

READERS = (Role.CRP, Role.EMPLOYER, Role.PHYSICIAN, Role.HEALTH_STAFF, Role.INSPECTOR)


@pytest.fixture
def engine(tmp_path):
    return open_registry(Settings(home=tmp_path))


@pytest.fixture
def adviser(engine) -> Viewer:
    number = create_account(engine, email="a@example.org", password="x" * 12, role=Role.CRP, display_name="A")
    return Viewer(number, Role.CRP, None, frozenset({10}))


def place(engine, viewer: Viewer, level: str | None, **fields) -> None:
    given = {"establishment_key": 10, "team": None, "limit_quantity": "effective"} | fields
    set_constraint(engine, viewer, level_msv=None if level is None else Decimal(level), **given)


def held(engine, viewer: Viewer) -> list[tuple]:
    return [(c.team, c.limit_quantity, str(c.level_msv)) for c in constraints_of(engine, viewer, 10)]


def test_the_latest_level_holds_and_what_held_before_stays_on_record(engine, adviser):
    place(engine, adviser, "6")
    place(engine, adviser, "4.5")
    place(engine, adviser, "2", team="Bloc 3")
    place(engine, adviser, "10", limit_quantity="lens")
    place(engine, adviser, None, limit_quantity="lens")
    assert held(engine, adviser) == [(None, "effective", "4.5"), ("Bloc 3", "effective", "2")]
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(dose_constraints)).scalar_one() == 5


@pytest.mark.parametrize(("quantity", "team", "level"), [
    ("effective", None, "6"), ("effective", "Bloc 3", "2"), ("effective_external", "Bloc 3", "2"),
    ("effective", "Bloc 4", "6"), ("lens", "Bloc 3", None),
])  # fmt: skip
def test_the_lowest_of_the_establishment_and_the_work_unit_holds_for_somebody(engine, adviser, quantity, team, level):
    place(engine, adviser, "6")
    place(engine, adviser, "2", team="Bloc 3")
    found = level_of(constraints_of(engine, adviser, 10), quantity, team)
    assert found == (None if level is None else Decimal(level))


@pytest.mark.parametrize(("level", "is_allowed"), [("0", False), ("-1", False), ("20", True), ("20.001", False),
                                                   ("0.001", True), ("0.0005", False), ("6.0000", True),
                                                   ("1." + 34 * "0" + "1", False), ("1E+30", False), ("NaN", False),
                                                   ("-Infinity", False), ("0.0009999999999999999999999999999999999",
                                                                          False)])  # fmt: skip
def test_a_level_lies_above_nothing_and_not_above_the_limit(engine, adviser, level, is_allowed):
    if is_allowed:
        place(engine, adviser, level)
        assert len(held(engine, adviser)) == 1
    else:
        with pytest.raises(UsageError):
            place(engine, adviser, level)


@pytest.mark.parametrize("quantity", ["operational", "effective_external", "x"])
def test_what_has_no_constraint_is_refused(engine, adviser, quantity):
    with pytest.raises(UsageError):
        place(engine, adviser, "1", limit_quantity=quantity)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.CRP])
def test_nobody_but_an_adviser_sets_one_and_the_readers_of_the_establishment_read_it(engine, adviser, role):
    place(engine, adviser, "6")
    viewer = Viewer(adviser.account_id, role, None, frozenset({10}))
    with pytest.raises(AccessDenied):
        place(engine, viewer, "1")
    if role in READERS:
        assert held(engine, viewer) == [(None, "effective", "6")]
    else:
        with pytest.raises(AccessDenied):
            held(engine, viewer)


def test_an_adviser_of_another_establishment_neither_sets_nor_reads(engine, adviser):
    stranger = Viewer(adviser.account_id, Role.CRP, None, frozenset({11}))
    for ask in (lambda: place(engine, stranger, "1"), lambda: held(engine, stranger)):
        with pytest.raises(AccessDenied):
            ask()
