"""What lies ahead of one person: job_paces, and the access query that reads it."""

from datetime import date
from decimal import Decimal

import pytest
from register import Passed
from scipy import stats

from lake import reference
from lake.errors import AccessDenied, UsageError
from lake.vocabulary import Role
from models.access import Access
from models.publish import publish
from registry.policy import Viewer

PHYSICIAN = Viewer(1, Role.PHYSICIAN, None, frozenset({10}))
ADVISER = Viewer(2, Role.CRP, None, frozenset({10}))
TODAY = date(2024, 7, 15)


@pytest.fixture
def outlook(register):
    """Publishes what was added, and asks as a reader on a day."""
    opened = []

    def ask(viewer: Viewer, on: date, quantity: str = "effective", worker: int = 1) -> list[dict]:
        if not opened:
            publish(register.settings, register.build(), lambda built: Passed())
            opened.append(Access(register.settings, lambda event: None, today=lambda: TODAY))
        rows = opened[0].outlook(viewer, worker, on, purpose="test")
        return rows.filter(limit_quantity=quantity).to_dicts()

    yield ask
    for access in opened:
        access.snapshots.close()


def told(rows: list[dict], *columns: str) -> list[tuple]:
    return [tuple(row[column] for column in columns) for row in rows]


def test_each_dose_leaves_after_twelve_months_and_makes_room(register, table, expected, outlook):
    """What ended on the last of February leaves on the 28th, in a leap year too."""
    register.add("employments")
    for row in table("""
        period_end | dose_msv
        2023-02-28 | 4.000
        2023-06-30 | 5.000
        2024-01-31 | 10.500
    """):
        register.dose(**row)
    rows = outlook(PHYSICIAN, date(2024, 2, 15))
    assert told(rows, "from_date", "dose_12m_msv", "rolls_off_msv", "room_msv") == expected("""
        from       | dose   | rolls_off | room
        2024-02-15 | 19.500 | 0.000     | 0.500
        2024-02-28 | 15.500 | 4.000     | 4.500
        2024-05-15 | 15.500 | 0.000     | 4.500
        2024-06-30 | 10.500 | 5.000     | 9.500
        2024-08-15 | 10.500 | 0.000     | 9.500
        2025-01-31 | 0.000  | 10.500    | 20.000
        2025-02-15 | 0.000  | 0.000     | 20.000
    """)


def test_there_is_no_room_below_nothing_and_the_highest_site_bounds_it(register, table, outlook):
    register.add("employments")
    for row in table("""
        quantity | body_location | period_end | dose_msv
        HP10     | TRUNK         | 2024-05-31 | 20.001
        HP007    | FINGER_L      | 2024-05-31 | 300.000
        HP007    | FINGER_R      | 2023-08-31 | 400.000
    """):
        register.dose(**row)
    (now, *_) = outlook(PHYSICIAN, TODAY)
    assert (str(now["dose_12m_msv"]), str(now["room_msv"])) == ("20.001", "0.000")
    hands = told(outlook(PHYSICIAN, TODAY, "extremities"), "from_date", "dose_12m_msv", "rolls_off_msv", "room_msv")
    assert [tuple(map(str, row)) for row in hands] == [
        ("2024-07-15", "400.000", "0.000", "100.000"),
        ("2024-08-31", "300.000", "100.000", "200.000"),
        ("2024-10-15", "300.000", "0.000", "200.000"),
        ("2025-01-15", "300.000", "0.000", "200.000"),
        ("2025-05-31", "0.000", "300.000", "500.000"),
        ("2025-07-15", "0.000", "0.000", "500.000"),
    ]


@pytest.mark.parametrize(("birth_year", "room"), [(2005, "19.000"), (2006, "5.000"), (None, "19.000")])
def test_whoever_may_be_under_eighteen_has_the_limits_of_the_young(register, outlook, birth_year, room):
    register.add("employments")
    if birth_year:
        register.add("persons", worker_key=1, birth_year=birth_year)
    register.dose("2024-05-31", "1.000")
    assert str(outlook(PHYSICIAN, TODAY)[0]["room_msv"]) == room


def test_an_adviser_is_told_no_room_before_all_of_the_twelve_months_is_open(register, outlook):
    """The present contract began in March 2024: what was received before, elsewhere, is not theirs to see."""
    register.add("employments", category_start=date(2024, 3, 1), contract_start=date(2024, 3, 1))
    register.dose("2024-02-15", "9.000", establishment_key=11)
    register.dose("2024-05-31", "4.000")
    register.dose(
        "2024-05-31", "2.000", dosimetry="INTERNAL", quantity="E50", radiation="ALPHA_INT", body_location=None
    )
    assert outlook(ADVISER, TODAY) == []
    rows = outlook(ADVISER, TODAY, "effective_external")
    assert [(str(row["from_date"]), str(row["dose_12m_msv"]), row["room_msv"] is None) for row in rows] == [
        ("2024-07-15", "4.000", True),
        ("2024-10-15", "4.000", True),
        ("2025-01-15", "4.000", True),
        ("2025-05-31", "0.000", False),
        ("2025-07-15", "0.000", False),
    ]
    assert str(outlook(PHYSICIAN, TODAY)[0]["dose_12m_msv"]) == "15.000"


def test_nobody_else_is_told(register, outlook):
    register.add("employments")
    register.dose("2024-05-31", "1.000")
    for viewer in (Viewer(3, Role.EMPLOYER, None, frozenset({10})), Viewer(4, Role.PHYSICIAN, None, frozenset({11}))):
        with pytest.raises(AccessDenied):
            outlook(viewer, TODAY)


DOSES_OF_A_JOB = """
    worker_key | year_1 | year_2
    1          | 2.000  | 4.000
    2          | 1.000  | 3.000
    3          | 5.000  | 5.000
"""


@pytest.fixture
def job(register, table):
    """Four times the three of the table, at three establishments; nobody stands out."""
    for number in range(4):
        for row in table(DOSES_OF_A_JOB):
            worker = row["worker_key"] + 3 * number
            place = 10 + (row["worker_key"] - 1)
            register.add("employments", worker_key=worker, establishment_key=place, row_no=worker + 1)
            for year, dose in ((2022, row["year_1"]), (2023, row["year_2"])):
                register.dose(date(year, 12, 31), dose, worker_key=worker, establishment_key=place)
    return register


def moments() -> tuple[Decimal, Decimal, Decimal]:
    """Mean, variance within and between of twelve persons of two years, by the textbook (Bühlmann and Straub)."""
    people = [(2, 4), (1, 3), (5, 5)] * 4
    means = [Decimal(a + b) / 2 for a, b in people]
    whole = sum(means) / len(means)
    within = sum((a - m) ** 2 + (b - m) ** 2 for (a, b), m in zip(people, means, strict=True)) / len(people)
    between = (2 * sum((m - whole) ** 2 for m in means) - (len(people) - 1) * within) / (24 - Decimal(48) / 24)
    return whole, within, between


def test_a_job_has_a_pace_and_two_variances(job):
    rows = job.rows_of("""
        select limit_quantity, persons, mean_msv, variance_within_msv2, variance_between_msv2 from job_paces
        where limit_quantity = 'effective'
    """)
    millionth = Decimal("0.000001")
    assert rows == [("effective", 12, *(value.quantize(millionth) for value in moments()))]


@pytest.mark.parametrize("fewer", ["persons", "establishments"])
def test_a_job_of_few_has_none(register, table, fewer):
    for worker in range(1, 12 if fewer == "establishments" else 11):
        place = 10 + worker % (2 if fewer == "establishments" else 3)
        register.add("employments", worker_key=worker, establishment_key=place, row_no=worker + 1)
        for year in (2022, 2023):
            register.dose(date(year, 12, 31), "1.000", worker_key=worker, establishment_key=place)
    assert register.rows_of("select * from job_paces") == []


def test_the_sum_goes_on_at_the_pace_of_the_person_and_of_the_job(job, outlook):
    """The first has 3 mSv a year in the mean, as all have; half a year after the last result, in October."""
    whole, within, between = map(float, moments())
    rows = {row["from_date"]: row for row in outlook(PHYSICIAN, date(2024, 7, 15))}
    row = rows[date(2024, 10, 15)]
    years = (date(2024, 10, 15) - date(2023, 12, 31)).days / 365.25
    weight = 2 * between / (2 * between + within)
    mean = years * (weight * 3 + (1 - weight) * whole)
    variance = years * within + years**2 * between * (1 - weight)
    level = float(reference.threshold("interval_level"))
    spread = stats.gamma(mean**2 / variance, scale=variance / mean)
    bounds = (mean, spread.ppf((1 - level) / 2), spread.ppf((1 + level) / 2))
    found = [row[name] for name in ("projected_msv", "projected_low_msv", "projected_high_msv")]
    # 4 mSv of December 2023 are still in the twelve months.
    assert all(abs(float(told) - 4 - bound) < 0.002 for told, bound in zip(found, bounds, strict=True))
    widths = [row["projected_high_msv"] - row["projected_low_msv"] for row in rows.values()]
    assert widths == sorted(widths)


def test_a_person_whose_job_is_of_few_is_not_projected(register, outlook):
    register.add("employments")
    register.dose("2024-05-31", "1.000")
    assert {row["projected_msv"] for row in outlook(PHYSICIAN, TODAY)} == {None}


def test_a_job_of_few_exposed_has_none(register):
    """Either of two with a dose, among twelve, would have the other's."""
    for worker in range(1, 13):
        place = 10 + worker % 3
        register.add("employments", worker_key=worker, establishment_key=place, row_no=worker + 1)
        for year in (2022, 2023):
            dose = {1: "2.000", 2: "3.210"}.get(worker, "0.000")
            register.dose(date(year, 12, 31), dose, worker_key=worker, establishment_key=place)
    assert register.rows_of("select * from job_paces") == []


def test_no_more_than_twelve_months_are_projected(job, outlook):
    """Two years after the last result the sum is that of a year, not of two."""
    whole, within, between = map(float, moments())
    weight = 2 * between / (2 * between + within)
    rows = outlook(PHYSICIAN, date(2026, 1, 15))
    assert all(abs(float(row["projected_msv"]) - weight * 3 - (1 - weight) * whole) < 0.002 for row in rows)


@pytest.mark.parametrize("on", [date(9999, 6, 1), date(1, 1, 1)])
def test_a_day_of_no_calendar_here_is_a_wrong_request(register, outlook, on):
    register.add("employments")
    register.dose("2024-05-31", "1.000")
    with pytest.raises(UsageError):
        outlook(PHYSICIAN, on)
