"""workplace_statistics: where a dose was received, stated, estimated from operational readings, or presumed."""

import tempfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from register import Register

from tests import oracle

PLACES = """
    establishment_key | siret          | is_inb
    10                | 00000000100010 | false
    11                | 00000000200010 | true
    12                | 00000000200028 | true
    13                | 00000000300010 | false
"""
ROWS = "select site, relation, basis, monitored, exposed, collective_dose_man_sv * 1000 from workplace_statistics"


@pytest.fixture
def places(register, table) -> Register:
    """A contractor (10), two nuclear sites of one company (11, 12) and another place (13)."""
    for row in table(PLACES):
        siret = f"{row.pop('siret'):014d}"
        register.add("establishments", siret=siret, row_no=row["establishment_key"], **row)
    return register


def entry(register: Register, day: str, dose: str, worker: int, place: int, employer: int = 10) -> None:
    on = date.fromisoformat(day)
    register.dose(on, dose, worker_key=worker, establishment_key=employer, workplace_key=place, period_start=on,
                  dosimetry="OPERATIONAL", sender_code="EDF")  # fmt: skip


def found(register: Register) -> dict:
    return {row[:3]: row[3:5] + (str(row[5].normalize()),) for row in register.rows_of(ROWS)}


DOSES = """
    worker_key | period_end | dose_msv | workplace_key
    1          | 2023-03-31 | 2.000    | 11
    1          | 2023-06-30 | 0.500    | -
    2          | 2023-06-30 | 0.000    | 13
"""


def test_each_person_stands_once_under_each_place(places, table, expected):
    for row in table(DOSES):
        places.dose(**row)
    rows = places.rows_of(
        "select worker_key, year, place_key, basis, dose_msv, site, relation from dose_places order by all"
    )
    assert rows == expected("""
        worker_key | year | place_key | basis    | dose_msv | site         | relation
        1          | 2023 | 10        | EMPLOYER | 0.500    | OTHER_SITE   | OWN
        1          | 2023 | 11        | STATED   | 2.000    | NUCLEAR_SITE | CONTRACTOR
        2          | 2023 | 13        | STATED   | 0.000    | OTHER_SITE   | CONTRACTOR
    """)


def test_a_stated_place_an_estimate_and_none(places):
    places.dose("2023-06-30", "2.000", worker_key=1, workplace_key=11)
    places.dose("2023-06-30", "3.000", worker_key=2)
    entry(places, "2023-06-10", "0.100", worker=2, place=11)
    entry(places, "2023-06-20", "0.200", worker=2, place=12)
    places.dose("2023-06-30", "0.500", worker_key=3)
    # On the other site of the own company: staff, not a contractor.
    places.dose("2023-06-30", "4.000", worker_key=4, establishment_key=11, workplace_key=12)
    assert found(places) == {
        ("NUCLEAR_SITE", "CONTRACTOR", "STATED"): (1, 1, "2"),
        ("NUCLEAR_SITE", "CONTRACTOR", "ESTIMATED"): (1, 1, "3"),
        ("OTHER_SITE", "OWN", "EMPLOYER"): (1, 1, "0.5"),
        ("NUCLEAR_SITE", "OWN", "STATED"): (1, 1, "4"),
    }


def test_a_temporary_worker_is_where_the_list_says(places):
    """Until 30 June at a nuclear site, then elsewhere; readings and a stated place come first."""
    for number, (start, end, place) in enumerate((("2023-01-01", "2023-06-30", 11), ("2023-07-01", None, 13))):
        for worker in (1, 2, 3):
            places.add(
                "employments", worker_key=worker, contract_type="TEMP", user_establishment_key=place,
                category_start=date.fromisoformat(start), contract_start=date.fromisoformat(start),
                contract_end=date.fromisoformat(end) if end else None, row_no=10 * worker + number,
            )  # fmt: skip
    places.dose("2023-06-30", "1.000", worker_key=1)
    places.dose("2023-07-31", "2.000", worker_key=1)
    places.dose("2023-06-30", "4.000", worker_key=2)
    entry(places, "2023-06-10", "0.100", worker=2, place=12)
    # No dose at all: where they were last.
    places.dose("2023-06-30", "0.000", worker_key=3)
    assert found(places) == {
        ("NUCLEAR_SITE", "CONTRACTOR", "PLACED"): (1, 1, "1"),
        ("OTHER_SITE", "CONTRACTOR", "PLACED"): (2, 1, "2"),
        ("NUCLEAR_SITE", "CONTRACTOR", "ESTIMATED"): (1, 1, "4"),
    }


def test_a_dose_is_shared_out_as_the_readings_during_its_wear(places):
    """1.000 mSv as 0.100, 0.100 and 0.100: thirds in whole microsieverts that add up to the dose."""
    places.dose("2023-06-30", "1.000", worker_key=1)
    for day, place in (("2023-06-01", 11), ("2023-06-15", 12), ("2023-06-30", 13)):
        entry(places, day, "0.100", worker=1, place=place)
    # The day before and the day after the wear: not of this dose.
    entry(places, "2023-05-31", "9.000", worker=1, place=13)
    entry(places, "2023-07-01", "9.000", worker=1, place=13)
    assert found(places) == {
        ("NUCLEAR_SITE", "CONTRACTOR", "ESTIMATED"): (1, 1, "0.666"),
        ("OTHER_SITE", "CONTRACTOR", "ESTIMATED"): (1, 1, "0.334"),
    }


@pytest.mark.parametrize("reading", ["0.000", None])
def test_readings_of_nothing_share_nothing_out(places, reading):
    places.dose("2023-06-30", "1.000", worker_key=1)
    if reading:
        entry(places, "2023-06-10", reading, worker=1, place=11)
    presumed = {("OTHER_SITE", "OWN", "EMPLOYER"): (1, 1, "1")}
    present = {("NUCLEAR_SITE", "CONTRACTOR", "ESTIMATED"): (1, 0, "0")} if reading else {}
    assert found(places) == presumed | present


def test_the_operational_dose_is_never_added(places):
    places.dose("2023-06-30", "1.000", worker_key=1)
    entry(places, "2023-06-10", "7.000", worker=1, place=11)
    places.dose("2023-07-31", "2.000", worker_key=1, workplace_key=13)
    places.dose("2023-07-31", "1.500", worker_key=1, workplace_key=12, body_location="BELT")
    path = places.build(only={"workplace_statistics", "annual_worker_doses"})
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute(ROWS).fetchall()
        annual = connection.execute(
            "select sum(dose_msv) from annual_worker_doses where limit_quantity = 'effective'"
        ).fetchone()[0]
    assert sum(row[5] for row in rows) == annual == Decimal("3.000")
    # The higher badge's place is the period's.
    assert ("OTHER_SITE", "CONTRACTOR", "STATED") in {row[:3] for row in rows}


def test_a_place_without_a_line_is_unknown(places):
    places.dose("2023-06-30", "1.000", worker_key=1, workplace_key=99)
    assert found(places) == {("UNKNOWN_SITE", "CONTRACTOR", "STATED"): (1, 1, "1")}


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_places_are_those_of_the_oracle(data):
    months = st.sampled_from([date(2023, 3, 31), date(2023, 4, 30), date(2023, 5, 31)])
    amounts = st.sampled_from(["0.000", "0.001", "0.333", "1.000", "2.500", "7.007"]).map(Decimal)
    who = st.tuples(st.integers(1, 2), st.sampled_from([10, 12]))
    worn = data.draw(
        st.lists(st.tuples(who, months, amounts, st.sampled_from([None, None, 11, 13])), min_size=3, max_size=8,
                 unique_by=lambda row: row[:2])
    )  # fmt: skip
    days_before = st.sampled_from([0, 0, 1, 15, 30, 31])
    read = data.draw(
        st.lists(st.tuples(who, months, days_before, amounts, st.sampled_from([11, 12, 13])), min_size=4, max_size=12)
    )
    doses = [
        {"worker_key": person, "establishment_key": employer, "period_end": end, "period_start": end.replace(day=1),
         "dose_msv": dose, "workplace_key": place}
        for (person, employer), end, dose, place in worn
    ]  # fmt: skip
    readings = [
        {"worker_key": person, "establishment_key": employer, "period_end": end - timedelta(days=back),
         "dose_msv": dose, "workplace_key": place}
        for (person, employer), end, back, dose, place in read
    ]  # fmt: skip
    lines = data.draw(
        st.lists(st.tuples(who, st.sampled_from(STARTS), st.sampled_from([None, 11, 12, 13])), max_size=6,
                 unique_by=lambda row: row[:2])
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as home:
        register = Register(Path(home))
        for number, ((person, employer), start, place) in enumerate(lines):
            register.add("employments", worker_key=person, establishment_key=employer, user_establishment_key=place,
                         category_start=start, contract_start=start, row_no=number + 2)  # fmt: skip
        for establishment in (10, 11, 12, 13):
            register.add("establishments", establishment_key=establishment, siret=f"{establishment:09d}00010",
                         is_inb=establishment == 11, row_no=establishment)  # fmt: skip
        for row in doses:
            register.add("doses", **row)
        for row in readings:
            register.add("doses", dosimetry="OPERATIONAL", period_start=row["period_end"], **row)
        path = register.build(only={"workplace_statistics", "dose_places"})
        with duckdb.connect(str(path), read_only=True) as connection:
            rows = connection.execute(ROWS).fetchall()
            by_place = connection.execute(
                "select worker_key, establishment_key, place_key, basis, dose_msv from dose_places"
            ).fetchall()
    placed = oracle.placed(doses, readings, placements(lines))
    assert {row[:4]: row[4] for row in by_place} == placed and len(by_place) == len(placed)
    least_certain = ("ESTIMATED", "EMPLOYER", "PLACED", "STATED")
    persons: dict[tuple, tuple[str, Decimal]] = {}
    for (person, employer, place, basis), dose in placed.items():
        key = ("NUCLEAR_SITE" if place == 11 else "OTHER_SITE", "OWN" if place == employer else "CONTRACTOR", person)
        known, sum_so_far = persons.get(key, (basis, oracle.ZERO))
        persons[key] = min(known, basis, key=least_certain.index), sum_so_far + dose
    expected: dict[tuple, tuple[int, int, Decimal]] = {}
    for (site, relation, _), (basis, dose) in persons.items():
        monitored, exposed, total = expected.get((site, relation, basis), (0, 0, oracle.ZERO))
        expected[site, relation, basis] = monitored + 1, exposed + (dose > 0), total + dose
    assert {row[:3]: row[3:] for row in rows} == expected


STARTS = [date(2022, 6, 1), date(2023, 1, 1), date(2023, 4, 1), date(2023, 4, 16), date(2023, 5, 31)]


def placements(lines: list[tuple]) -> list[dict]:
    """Where the employer's list says that somebody is, until its next line of the same employment."""
    found = []
    for who, start, place in lines:
        later = [other for other_who, other, _ in lines if other_who == who and other > start]
        if place is not None:
            last = min(later, default=date(9999, 12, 31)) - timedelta(days=1)
            found.append(
                {"worker_key": who[0], "establishment_key": who[1], "workplace_key": place, "valid_from": start,
                 "valid_to": last}
            )  # fmt: skip
    return found
