"""The yearly statistics and a naive Python reading of their definitions agree on random registers."""

import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from register import Register

from lake import reference
from tests import oracle

SECTORS = {10: ("MED.01.01", "MEDICAL_DENTAL_VET"), 11: ("NAT.01", "NATURAL"), 12: ("NUC.06", "NUCLEAR")}
CATEGORIES = ["A", "B", "B", "NC", "NR", "RADON", None]
# Around the bounds of the counts and classes, with ties.
DOSES = [Decimal(n) / 1000 for n in (0, 0, 0, 1, 50, 999, 1000, 1001, 2500, 5000, 5001, 10000, 15001, 20001, 50001)]


@st.composite
def registers(draw) -> dict:
    """Employments (person, establishment → category) and doses (person, establishment, day, mSv)."""
    people = range(1, draw(st.integers(1, 12)) + 1)
    places = st.sets(st.sampled_from(sorted(SECTORS)), min_size=1, max_size=2)
    jobs = {(person, place): draw(st.sampled_from(CATEGORIES)) for person in people for place in draw(places)}
    days = st.sampled_from([date(y, m, 28) for y in (2018, 2020, 2023, 2024) for m in (3, 9)])
    dose = st.tuples(st.sampled_from(sorted(jobs)), days, st.sampled_from(DOSES))
    doses = draw(st.lists(dose, min_size=1, max_size=40, unique_by=lambda row: row[:2]))
    return {"jobs": jobs, "doses": doses}


def category_in(year: int, category: str | None) -> str:
    """Nobody is unclassified or not stated once individual monitoring alone is recorded."""
    ended = year > reference.threshold("individual_monitoring_only_from").year - 1 and category in ("NC", "NR")
    return "UNSPECIFIED" if category is None or ended else category


def filled(home: str, drawn: dict) -> tuple[Register, list[dict]]:
    """The register, and its employment years as the oracle reads them."""
    register = Register(Path(home))
    for establishment, (sector, _) in SECTORS.items():
        register.add("establishments", establishment_key=establishment, sector_code=sector, row_no=establishment)
    for number, ((person, establishment), category) in enumerate(drawn["jobs"].items()):
        if category:
            register.add("employments", worker_key=person, establishment_key=establishment, category=category,
                         row_no=number + 2, sector_code=SECTORS[establishment][0])  # fmt: skip
    years: dict[tuple, Decimal] = {}
    for (person, establishment), day, dose in drawn["doses"]:
        register.dose(day, dose, worker_key=person, establishment_key=establishment)
        years[person, establishment, day.year] = years.get((person, establishment, day.year), Decimal(0)) + dose
    rows = [
        {
            "worker_key": person, "establishment_key": establishment, "year": year, "dose_msv": dose,
            "is_monitored": True, "domain": SECTORS[establishment][1],
            "category": category_in(year, drawn["jobs"][person, establishment]),
        }
        for (person, establishment, year), dose in years.items()
    ]  # fmt: skip
    return register, rows


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(registers())
def test_national_tables(drawn):
    with tempfile.TemporaryDirectory() as home:
        register, rows = filled(home, drawn)
        with duckdb.connect(str(register.build(only={"like_for_like"})), read_only=True) as connection:
            series = connection.execute(
                "select year, reading, monitored, exposed, collective_dose_man_sv * 1000 from like_for_like"
            ).fetchall()
    assert {row[:2]: row[2:] for row in series} == oracle.like_for_like(rows)
