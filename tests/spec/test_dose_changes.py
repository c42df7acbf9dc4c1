"""dose_changes: a change of collective dose is more persons, other jobs, or another dose in the same jobs."""

import tempfile
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from register import Passed, Register

from lake import reference
from lake.errors import AccessDenied
from lake.vocabulary import Role
from models.access import Access
from models.publish import publish
from registry.policy import Viewer
from tests import oracle

EFFECTS = "change_msv, headcount_effect_msv, mix_effect_msv, rate_effect_msv"


def filled(register: Register, years: dict[int, list[tuple[str, Decimal]]]) -> Register:
    """One establishment; (occupation, mSv) of each person and year, nobody twice."""
    register.add("establishments")
    worker = 0
    for year, people in years.items():
        for occupation, dose in people:
            worker += 1
            register.add("employments", worker_key=worker, occupation_code=occupation, row_no=worker)
            register.dose(f"{year}-06-30", dose, worker_key=worker)
    return register


FEWEST = int(reference.threshold("person_count"))


def people(**jobs: list) -> list[tuple[str, Decimal]]:
    """As many of each as make a job large enough to stand alone."""
    return [(job, Decimal(dose)) for job, doses in jobs.items() for dose in doses for _ in range(FEWEST)]


@pytest.mark.parametrize(("before", "now", "effects"), [
    # Twice the persons; the same jobs and doses.
    (people(M01=[1], M02=[3]), people(M01=[1, 1], M02=[3, 3]), ("4.000", "4.000", "0.000", "0.000")),
    # As many persons, in the other job.
    (people(M01=[1, 1], M02=[3]), people(M01=[1], M02=[3, 3]), ("2.000", "0.000", "2.000", "0.000")),
    # The same persons' jobs, another dose.
    (people(M01=[1], M02=[3]), people(M01=[2], M02=[1]), ("-1.000", "0.000", "0.000", "-1.000")),
    # A job that ends changes headcount and mix, not the mean of a job.
    (people(M01=[1, 1], M02=[3]), people(M01=[1, 1]), ("-3.000", "-1.333", "-1.667", "0.000")),
    # All three at once: (1.5 + 8/3) / 3 + (2.5 + 4/3) / 6 of headcount, 1/6 · 5 1/6 - 1/6 · 5 of mix.
    (people(M01=[1], M02=[2]), people(M01=[3, 3], M02=[2]), ("5.000", "2.028", "0.028", "2.944")),
])  # fmt: skip
def test_effects(register, before, now, effects):
    rows = filled(register, {2022: before, 2023: now}).rows_of(f"select {EFFECTS} from dose_changes where year = 2023")
    ((change, *parts),) = rows
    assert change == sum(parts) == FEWEST * Decimal(effects[0])
    # Effects are given of one person in each place; the thousandths of eleven are not eleven of one's.
    assert all(abs(part / FEWEST - Decimal(effect)) <= Decimal("0.0006") for part, effect in zip(parts, effects[1:],
               strict=True))  # fmt: skip


def test_a_year_without_the_one_before_has_no_change(register):
    one = [("M01", Decimal(1))]
    filled(register, {2020: one, 2022: one, 2023: one})
    assert register.rows_of("select year from dose_changes") == [(2023,)]


def test_the_nation_counts_each_person_once_at_the_main_employment(register):
    """Worker 1 to 11 have two employers; most of their dose is in industry, which gives way to medicine."""
    for place in range(10, 16):
        sector = "IND.01" if place > 12 else "MED.01.01"
        register.add("establishments", establishment_key=place, sector_code=sector, row_no=place)
    for worker in range(1, FEWEST + 1):
        place = 10 + worker % 3
        for year, medicine, industry in ((2018, "1.000", "3.000"), (2019, "2.000", "0.000")):
            register.dose(f"{year}-06-30", medicine, worker_key=worker, establishment_key=place)
            register.dose(f"{year}-06-30", industry, worker_key=worker, establishment_key=place + 3)
    rows = register.rows_of(f"select year, series_breaks, monitored, {EFFECTS} from national_dose_changes")
    assert [tuple(map(str, row)) for row in rows] == [
        ("2019", "AIRCREW_2019", "11", "-22.000", "0.000", "-22.000", "0.000")
    ]


def test_jobs_of_few_stand_together(register):
    """Ten exposed and one not in each of two jobs that change places: one job of 22, in which nothing changes."""
    few = [Decimal(1)] * (FEWEST - 1) + [Decimal(0)]
    before = [("M01", dose) for dose in few] + [("M02", 3 * dose) for dose in few]
    now = [("M02", dose) for dose in few] + [("M01", 3 * dose) for dose in few]
    rows = filled(register, {2022: before, 2023: now}).rows_of(f"select {EFFECTS}, smallest_job from dose_changes")
    assert [tuple(map(str, row)) for row in rows] == [("0.000", "0.000", "0.000", "0.000", "20")]


def test_a_person_of_two_jobs_has_the_one_of_most_dose(register, table):
    register.add("establishments")
    for row in table("""
        category | category_start | occupation_code
        B        | 2000-01-01     | M01
        A        | 2023-07-01     | M02
    """):
        for worker in range(1, FEWEST + 1):
            register.add("employments", worker_key=worker, row_no=len(register.rows["employments"]) + 2, **row)
    for end, dose in (("2022-06-30", "1.000"), ("2023-06-30", "0.500"), ("2023-12-31", "1.500")):
        for worker in range(1, FEWEST + 1):
            register.dose(end, dose, worker_key=worker)
    rows = register.rows_of(f"select monitored, {EFFECTS} from dose_changes")
    # Another job with another mean: all of it mix.
    assert [tuple(map(str, row)) for row in rows] == [("11", "11.000", "0.000", "11.000", "0.000")]


def stands_alone(people: list[tuple[Decimal, int]]) -> bool:
    """Persons of one job whose mean an establishment may be told."""
    return sum(1 for dose, _ in people if dose > 0) >= FEWEST


def stands_alone_in_the_nation(people: list[tuple[Decimal, int]]) -> bool:
    """And which tells of no establishment."""
    places = [sum(dose for dose, at in people if at == place) for place in {place for _, place in people}]
    is_of_several = len(places) >= int(reference.threshold("establishment_count"))
    return (
        stands_alone(people) and is_of_several and max(places) <= reference.threshold("dominance_share") * sum(places)
    )


JOBS = st.sampled_from([("M01", "B"), ("M02", "B"), ("M01", "A")])


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(st.tuples(JOBS, st.integers(0, 9000)), min_size=2, max_size=9), min_size=2, max_size=2),
       st.booleans())  # fmt: skip
def test_effects_are_those_of_the_oracle(drawn, are_alike):
    """Of each establishment its occupations and categories, of the nation (0) the categories of its domain."""
    sizes = {10: 4, 11: 4, 12: 4} if are_alike else {10: 9, 11: 2, 12: 1}
    years = [
        [(job, Decimal(dose) / 1000, place) for job, dose in year for place, size in sizes.items() for _ in range(size)]
        for year in drawn
    ]
    with tempfile.TemporaryDirectory() as home:
        register = Register(Path(home))
        for place in sizes:
            register.add("establishments", establishment_key=place, row_no=place)
        everybody = [(2022 + number, *person) for number, year in enumerate(years) for person in year]
        for worker, (year, job, dose, place) in enumerate(everybody, start=1):
            at = {"worker_key": worker, "establishment_key": place}
            register.add("employments", occupation_code=job[0], category=job[1], row_no=worker, **at)
            register.dose(f"{year}-06-30", dose, **at)
        rows = register.rows_of(f"""
            select establishment_key, {EFFECTS} from dose_changes
            union all
            select 0, {EFFECTS} from national_dose_changes
        """)
    assert sorted(row[0] for row in rows) == [0, *sizes]
    for unit, *effects in rows:
        own = [
            [(job if unit else job[1], dose, place) for job, dose, place in year if unit in (0, place)]
            for year in years
        ]
        are_effects_of(effects, *own, stands_alone if unit else stands_alone_in_the_nation)


def are_effects_of(effects: list[Decimal], before: list[tuple], now: list[tuple], is_large) -> None:
    change, headcount, mix, rate = effects
    exact = oracle.change_effects(before, now, is_large)
    assert change == headcount + mix + rate == sum(d for _, d, _ in now) - sum(d for _, d, _ in before)
    # Half a microsievert of rounding, and what is cut below a picosievert in each job.
    nearest = Fraction(1, 2000) + Fraction(3, 10**9)
    found = [abs(Fraction(effect) - wanted) for effect, wanted in zip((headcount, mix, rate), exact, strict=True)]
    assert found[0] <= nearest and found[1] <= nearest and found[2] <= 2 * nearest


@pytest.mark.parametrize(("persons", "is_shown"), [(10, False), (11, True)])
def test_a_change_is_shown_to_the_establishment_from_eleven_in_both_years(tmp_path, persons, is_shown):
    years = {2022: [("M01", Decimal(1))] * persons, 2023: [("M01", Decimal(2))] * 12}
    register = filled(Register(tmp_path), years)
    publish(register.settings, register.build(), lambda built: Passed())
    access = Access(register.settings, lambda event: None)
    rows = access.fetch("dose_changes", Viewer(1, Role.EMPLOYER, None, frozenset({10})), purpose="test")
    assert rows.select("change_msv", "rate_effect_msv").null_count().row(0) == ((0, 0) if is_shown else (1, 1))
    assert access.fetch("dose_changes", Viewer(1, Role.EMPLOYER, None, frozenset({11})), purpose="test").is_empty()
    for role in (Role.WORKER, Role.AUTHORITY, Role.BODY, Role.RESEARCHER, Role.REGISTER, Role.AUDITOR):
        with pytest.raises(AccessDenied):
            access.fetch("dose_changes", Viewer(1, role, None, frozenset({10})), purpose="test")


def test_a_small_job_beside_a_large_one_is_not_told(tmp_path):
    """One person's other job would follow from the effects, the headcounts being known."""
    year = [("M01", Decimal(1))] * 15 + [("M02", Decimal(5))]
    register = filled(Register(tmp_path), {2022: year, 2023: year + year[:3]})
    publish(register.settings, register.build(), lambda built: Passed())
    rows = Access(register.settings, lambda event: None).fetch(
        "dose_changes", Viewer(1, Role.EMPLOYER, None, frozenset({10})), purpose="test"
    )
    assert rows.select("change_msv", "mix_effect_msv", "monitored").null_count().row(0) == (1, 1, 1)
    assert rows["suppression_reason"].to_list() == ["SECONDARY"] and "smallest_job" not in rows.columns
