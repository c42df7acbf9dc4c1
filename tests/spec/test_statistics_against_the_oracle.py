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
KINDS = ["PASSIVE"] * 4 + ["INTERNAL", "RADON", "COSMIC"]
MEASURED = {
    "PASSIVE": {},
    "INTERNAL": {"quantity": "E50", "radiation": "ALPHA_INT", "body_location": None},
    "RADON": {"quantity": "E", "radiation": "RADON", "body_location": None},
    "COSMIC": {"quantity": "E", "radiation": "COSMIC", "body_location": None},
}
DOSES = [Decimal(n) / 1000 for n in (0, 0, 0, 1, 50, 999, 1000, 1001, 2500, 5000, 5001, 10000, 15001, 20001, 50001)]


@st.composite
def registers(draw) -> dict:
    """Employments (person, establishment → category) and doses ((person, establishment), day, mSv, dosimetry)."""
    people = range(1, draw(st.integers(1, 12)) + 1)
    places = st.sets(st.sampled_from(sorted(SECTORS)), min_size=1, max_size=2)
    jobs = {(person, place): draw(st.sampled_from(CATEGORIES)) for person in people for place in draw(places)}
    days = st.sampled_from([date(y, m, 28) for y in (2018, 2020, 2023, 2024) for m in (3, 9)])
    dose = st.tuples(st.sampled_from(sorted(jobs)), days, st.sampled_from(DOSES), st.sampled_from(KINDS))
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
    years: dict[tuple, list] = {}
    for (person, establishment), day, dose, kind in drawn["doses"]:
        register.dose(day, dose, worker_key=person, establishment_key=establishment, dosimetry=kind, **MEASURED[kind])
        years.setdefault((person, establishment, day.year), []).append((dose, kind in ("PASSIVE", "COSMIC")))
    rows = [
        {
            "worker_key": person, "establishment_key": establishment, "year": year,
            "dose_msv": sum((dose for dose, _ in results), oracle.ZERO),
            "is_monitored": any(makes_monitored for _, makes_monitored in results),
            "domain": SECTORS[establishment][1], "category": category_in(year, drawn["jobs"][person, establishment]),
        }
        for (person, establishment, year), results in years.items()
    ]  # fmt: skip
    # Neither dose nor a result that makes monitored: nothing to say of that year.
    rows = [row for row in rows if row["dose_msv"] > 0 or row["is_monitored"]]
    return register, rows


OF_PARTS = ("monitored", "exposed", "mean_exposed_msv", "median_exposed_msv", "p95_exposed_msv")
COLUMNS = list(oracle.yearly_statistics([]))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(registers())
def test_national_tables(drawn):
    with tempfile.TemporaryDirectory() as home:
        register, rows = filled(home, drawn)
        path = register.build(
            only={
                "like_for_like",
                "national_statistics",
                "top_contributors",
                "component_statistics",
                "cumulative_distribution",
            }
        )
        with duckdb.connect(str(path), read_only=True) as connection:
            series = connection.execute(
                "select year, reading, monitored, exposed, collective_dose_man_sv * 1000 from like_for_like"
            ).fetchall()
            nation = connection.execute(
                f"select year, group_code, {', '.join(COLUMNS)} from national_statistics"
                " where limit_quantity = 'effective' and dimension in ('ALL', 'domain')"
            ).fetchall()
            without_top = connection.execute(
                "select year, collective_dose_without_person_man_sv * 1000, mean_exposed_without_person_msv,"
                " top_establishment_share, collective_dose_without_establishment_man_sv * 1000,"
                " mean_exposed_without_establishment_msv"
                " from top_contributors where limit_quantity = 'effective' and dimension = 'ALL'"
            ).fetchall()
            cumulated = connection.execute(
                "select year, span, class_code, workers, collective_dose_man_sv * 1000"
                " from cumulative_distribution where dimension = 'ALL'"
            ).fetchall()
            parts = connection.execute(
                f"select year, component, {', '.join(OF_PARTS)} from component_statistics where dimension = 'ALL'"
            ).fetchall()
    assert {row[:2]: dict(zip(OF_PARTS, row[2:], strict=True)) for row in parts} == {
        key: {name: oracle.yearly_statistics(people)[name] for name in OF_PARTS}
        for key, people in parts_of(drawn["doses"]).items()
    }
    assert {row[:3]: row[3:] for row in cumulated} == in_classes(oracle.cumulated(rows))
    assert {row[:2]: row[2:] for row in series} == oracle.like_for_like(rows)
    groups = people_of(rows)
    assert {row[:2]: dict(zip(COLUMNS, row[2:], strict=True)) for row in nation} == {
        key: oracle.yearly_statistics(list(people.values())) for key, people in groups.items()
    }
    for _, _, *numbers in nation:
        has_unscear_properties(dict(zip(COLUMNS, numbers, strict=True)))
    doses = {year: [dose for dose, _ in people.values()] for (year, group), people in groups.items() if group == "ALL"}
    assert {row[0]: row[1:] for row in without_top} == {
        year: oracle.without_top(of_year, [row for row in rows if row["year"] == year])
        for year, of_year in doses.items() if sum(of_year)
    }  # fmt: skip


def parts_of(doses: list[tuple]) -> dict[tuple, list[tuple[Decimal, bool]]]:
    """(year, component) → (mSv, True) of each person with a result."""
    found: dict[tuple, dict[int, Decimal]] = {}
    for (person, _), day, dose, kind in doses:
        if kind != "PASSIVE":
            people = found.setdefault((day.year, kind.lower()), {})
            people[person] = people.get(person, oracle.ZERO) + dose
    return {key: [(dose, True) for dose in people.values()] for key, people in found.items()}


def in_classes(doses: dict[tuple, Decimal]) -> dict[tuple, tuple[int, Decimal]]:
    """(year, span, class) → persons, mSv."""
    classes = reference.table("cumulative_dose_classes").to_dicts()
    found: dict[tuple, tuple[int, Decimal]] = {}
    for (_, year, span), dose in doses.items():
        (own,) = (
            row["class_code"] for row in classes
            if row["span"] == span and (row["above_msv"] is None or dose > row["above_msv"])
            and (row["up_to_msv"] is None or dose <= row["up_to_msv"])
        )  # fmt: skip
        workers, total = found.get((year, span, own), (0, oracle.ZERO))
        found[year, span, own] = workers + 1, total + dose
    return found


def people_of(rows: list[dict]) -> dict[tuple, dict[int, tuple[Decimal, bool]]]:
    """(year, ALL or domain) → person → mSv, is_monitored."""
    groups: dict[tuple, dict[int, tuple[Decimal, bool]]] = {}
    for row in rows:
        for group in ("ALL", row["domain"]):
            people = groups.setdefault((row["year"], group), {})
            dose, is_monitored = people.get(row["worker_key"], (oracle.ZERO, False))
            people[row["worker_key"]] = dose + row["dose_msv"], is_monitored or row["is_monitored"]
    return groups


def has_unscear_properties(found: dict) -> None:
    """Both ratios in [0, 1], not increasing with the level, SR at least NR; NULL where nothing is divided."""
    number = [found[f"number_ratio_{level}"] for level in (1, 5, 10, 15)]
    dose = [found[f"dose_ratio_{level}"] for level in (1, 5, 10, 15)]
    assert [share is None for share in number] == [found["monitored"] == 0] * 4
    assert len({share is None for share in dose}) == 1 and (found["monitored"] or dose[0] is None)
    for shares in (number, dose):
        known = [share for share in shares if share is not None]
        assert all(0 <= share <= 1 for share in known) and known == sorted(known, reverse=True)
    assert all(sr is None or sr >= nr for sr, nr in zip(dose, number, strict=True))
