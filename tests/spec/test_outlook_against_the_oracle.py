"""What lies ahead of a person and a naive Python reading of it agree on random registers."""

import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from register import Passed, Register
from test_outlook import EVERYWHERE, TODAY

from lake import reference
from models.access import Access
from models.publish import publish
from tests import oracle

PLACES = (10, 11, 12)
# Kept among so many that nobody, and no establishment, is most of the job.
PEOPLE = range(1, 16)
KINDS = [
    {},
    {"radiation": "NEUTRON"},
    {"quantity": "HP3", "body_location": "EYE"},
    {"quantity": "HP007", "body_location": "FINGER_L"},
    {"quantity": "HP007", "body_location": "FINGER_R"},
    {"dosimetry": "COSMIC", "quantity": "E", "radiation": "COSMIC", "body_location": None},
    {"dosimetry": "INTERNAL", "quantity": "E50", "radiation": "ALPHA_INT", "body_location": None},
    {"dosimetry": "OPERATIONAL"},
]
HORIZONS = {date(2024, 7, 15): [date(2024, 10, 15), date(2025, 1, 15), date(2025, 7, 15)],
            date(2024, 2, 28): [date(2024, 5, 28), date(2024, 8, 28), date(2025, 2, 28)]}  # fmt: skip


@st.composite
def people(draw) -> dict:
    """Further doses of anybody, the end of the first one's contract, and the day that is asked."""
    days = st.dates(date(2023, 1, 31), date(2024, 6, 30)) | st.sampled_from([date(2023, 2, 28), date(2024, 2, 29)])
    dose = st.tuples(st.sampled_from([1] * 9 + [*PEOPLE]), days, st.sampled_from(KINDS),
                     st.integers(0, 900).map(lambda n: Decimal(n) / 1000))  # fmt: skip
    doses = draw(st.lists(dose, min_size=6, max_size=20, unique_by=lambda row: (row[0], row[1], str(row[2]))))
    return {
        "doses": doses,
        "until": draw(st.sampled_from([None, date(2024, 8, 31), date(2025, 1, 31)])),
        "on": draw(st.sampled_from(sorted(HORIZONS))),
    }


def place_of(person: int) -> int:
    return PLACES[person % 3]


def filled(register: Register, drawn: dict) -> list[dict]:
    """One occupation and category; each has a dose in two years. The rows of doses."""
    rows = []
    for person in PEOPLE:
        register.add("employments", worker_key=person, establishment_key=place_of(person), row_no=person + 1,
                     contract_end=drawn["until"] if person == 1 else None)  # fmt: skip
        for year in (2022, 2023):
            # Persons differ more than their years do: otherwise a person's own mean weighs nothing.
            dose = Decimal(1 + person // 4 + year % 2) / 2
            rows.append(register.dose(date(year, 12, 31), dose, worker_key=person, establishment_key=place_of(person)))
    for person, day, kind, dose in drawn["doses"]:
        rows.append(register.dose(day, dose, worker_key=person, establishment_key=place_of(person), **kind))
    return rows


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(people())
def test_what_lies_ahead(drawn):
    on = drawn["on"]
    with tempfile.TemporaryDirectory() as home:
        register = Register(Path(home))
        rows = filled(register, drawn)
        publish(register.settings, register.build(), lambda built: Passed())
        access = Access(register.settings, lambda event: None, today=lambda: TODAY)
        try:
            found = access.outlook(EVERYWHERE, 1, on, purpose="test").to_dicts()
            asked = "select limit_quantity, mean_msv, variance_within_msv2, variance_between_msv2 from job_paces"
            paces = access.snapshots.query_release(access.release(), asked).iter_rows()
            paces = {quantity: pace for quantity, *pace in paces}
        finally:
            access.snapshots.close()
    found = {(row["limit_quantity"], row["from_date"]): row for row in found}
    expected = oracle.ahead(rows, 1, on, HORIZONS[on])
    assert {key: (row["dose_12m_msv"], row["rolls_off_msv"]) for key, row in found.items()} == expected
    level = float(reference.threshold("interval_level"))
    for (quantity, day), row in found.items():
        limit = reference.limit_on("effective" if quantity == "effective_external" else quantity, day, "ADULT")
        assert (row["limit_msv"], row["room_msv"]) == (limit, max(limit - row["dose_12m_msv"], oracle.ZERO))
        if quantity == "effective":
            assert_projected(row, rows, paces[quantity], day, drawn, level)


def assert_projected(row: dict, rows: list[dict], job: tuple, day: date, drawn: dict, level: float) -> None:
    on = drawn["on"]
    own = [dose for (person, year, quantity), dose in oracle.annual(rows).items()
           if (person, quantity) == (1, "effective") and year < on.year]  # fmt: skip
    read = [one for one in rows if one["worker_key"] == 1 and oracle.limited(one)[:2] == ("effective", "WHOLE_BODY")]
    known_until = max(one["period_end"] for one in read if one["period_end"] <= on and one["dosimetry"] != "INTERNAL")
    days = (min(day, drawn["until"] or day) - known_until).days
    told = [row[f"projected{bound}_msv"] - row["dose_12m_msv"] for bound in ("", "_low", "_high")]
    expected = oracle.pace_until(own, job, days, level)
    assert all(abs(float(found) - value) <= 0.0006 for found, value in zip(told, expected, strict=True))
