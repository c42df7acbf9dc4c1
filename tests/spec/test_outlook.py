"""What lies ahead of one person: job_paces, and the access query that reads it."""

from datetime import date, timedelta
from decimal import Decimal

import duckdb
import pytest
from register import Passed
from scipy import stats
from test_releases import Releases

from lake import reference
from lake.errors import AccessDenied, UsageError
from lake.vocabulary import Role
from models.access import Access
from models.publish import publish
from models.releases import freeze, releases
from registry.policy import Viewer

PHYSICIAN = Viewer(1, Role.PHYSICIAN, None, frozenset({10}))
PHYSICIAN_OF_11 = Viewer(5, Role.PHYSICIAN, None, frozenset({11}))
ADVISER = Viewer(2, Role.CRP, None, frozenset({10}))
EVERYWHERE = Viewer(5, Role.PHYSICIAN, None, frozenset({10, 11, 12}))
TODAY = date(2024, 7, 15)


@pytest.fixture
def home(tmp_path):
    made = Releases(tmp_path)
    yield made
    made.access.snapshots.close()


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
        select limit_quantity, monitored, mean_msv, variance_within_msv2, variance_between_msv2 from job_paces
        where limit_quantity = 'effective'
    """)
    millionth = Decimal("0.000001")
    assert rows == [("effective", 12, *(value.quantize(millionth) for value in moments()))]


def of_a_job(register, doses: dict[int, str], places: int = 3) -> None:
    """Persons with a dose in each of two years, at so many establishments."""
    for worker, dose in doses.items():
        place = 10 + worker % places
        register.add("employments", worker_key=worker, establishment_key=place, row_no=worker + 1)
        for year in (2022, 2023):
            register.dose(date(year, 12, 31), dose, worker_key=worker, establishment_key=place)


@pytest.mark.parametrize(("persons", "places", "is_told"), [(10, 3, False), (11, 2, False), (11, 3, True)])
def test_a_job_of_few_is_not_projected(register, outlook, persons, places, is_told):
    of_a_job(register, dict.fromkeys(range(1, 1 + persons), "1.000"), places)
    assert {row["projected_msv"] is not None for row in outlook(EVERYWHERE, TODAY)} == {is_told}


def test_a_job_in_which_nobody_has_two_years_is_not_projected(register, outlook):
    """What years of one person differ by is not known yet."""
    for worker in range(1, 23):
        register.add("employments", worker_key=worker, establishment_key=10 + worker % 3, row_no=worker + 1)
        register.dose("2023-12-31", "1.000", worker_key=worker, establishment_key=10 + worker % 3)
    assert {row["projected_msv"] for row in outlook(EVERYWHERE, TODAY)} == {None}


def test_whoever_has_no_occupation_stated_goes_on_as_those_of_the_category_who_have_none(register, outlook):
    """Twelve of category B without one, with 1 mSv a year; others of B, and those of A, say nothing of them."""
    jobs = [(None, "B", "1.000"), ("M01", "B", "5.000"), (None, "A", "9.000")]
    for number, (occupation, category, dose) in enumerate(jobs):
        for worker in range(12 * number + 1, 12 * number + 13):
            place = 10 + worker % 3
            register.add("employments", worker_key=worker, establishment_key=place, row_no=worker + 1,
                         occupation_code=occupation, category=category)  # fmt: skip
            for year in (2022, 2023):
                register.dose(date(year, 12, 31), dose, worker_key=worker, establishment_key=place)
    (row,) = (row for row in outlook(EVERYWHERE, date(2024, 6, 30)) if row["from_date"] == date(2024, 6, 30))
    half_a_year = (date(2024, 6, 30) - date(2023, 12, 31)).days / 365.25
    assert float(row["projected_msv"]) == pytest.approx(1 + half_a_year, abs=0.001)


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


def test_nothing_more_is_expected_after_the_end_of_the_contract(job, outlook):
    """The second leaves on 15 October: of no later day is more expected than of that one."""
    end = date(2024, 10, 15)
    job.add("employments", worker_key=2, establishment_key=11, contract_end=end, delivery_no=2, row_no=2)
    day = date(2024, 7, 15)
    rows = {row["from_date"]: row for row in outlook(PHYSICIAN_OF_11, day, worker=2)}
    on_end, later = rows[end], rows[date(2025, 1, 15)]
    assert on_end["projected_msv"] > on_end["dose_12m_msv"]
    assert later["projected_msv"] - later["dose_12m_msv"] == on_end["projected_msv"] - on_end["dose_12m_msv"]


@pytest.mark.parametrize(("exposed", "is_told"), [(0, True), (2, False), (11, True)])
def test_a_job_of_few_exposed_is_not_projected(register, outlook, exposed, is_told):
    """Either of two with a dose, among twenty-two, would have the other's; that nobody has one is told."""
    of_a_job(register, {worker: "2.000" if worker <= exposed else "0.000" for worker in range(1, 23)})
    assert {row["projected_msv"] is not None for row in outlook(EVERYWHERE, TODAY)} == {is_told}


def test_a_job_in_which_one_dose_is_most_of_the_squares_is_not_projected(register, outlook):
    """A fifth of the dose, and nearly all of the variance that the interval gives."""
    of_a_job(register, {worker: "5.000" if worker == 1 else "0.100" for worker in range(1, 201)})
    assert {row["projected_msv"] for row in outlook(EVERYWHERE, TODAY)} == {None}


@pytest.mark.parametrize(("intakes", "is_told"), [(0, True), (1, False), (11, False)])
def test_the_external_dose_is_projected_where_nobody_of_the_job_has_an_internal_one(
    register, outlook, intakes, is_told
):
    """Two paces of a job would give the internal dose between them."""
    of_a_job(register, dict.fromkeys(range(1, 23), "1.000"))
    for worker in range(1, 1 + intakes):
        register.dose("2023-06-30", "0.300", worker_key=worker, establishment_key=10 + worker % 3,
                      dosimetry="INTERNAL", quantity="E50", radiation="ALPHA_INT", body_location=None)  # fmt: skip
    assert {row["projected_msv"] is not None for row in outlook(EVERYWHERE, TODAY)} == {True}
    external = outlook(EVERYWHERE, TODAY, "effective_external")
    assert {row["projected_msv"] is not None for row in external} == {is_told}


@pytest.fixture
def newcomer(home):
    """Twenty of each of three establishments have two years, released; worker 61 has a first result and no year."""
    for place in (10, 11, 12):
        home.workers(20, "1.000", place, "2022-12-31")
        for worker in range(home.worker - 19, home.worker + 1):
            home.register.dose("2023-12-31", "2.000", worker_key=worker, establishment_key=place)
    home.workers(1, "0.000", 10, "2024-05-31")
    home.release()
    return home


def projected(home, as_of: date | None = None) -> list[tuple]:
    rows = home.access.outlook(PHYSICIAN, 61, TODAY, purpose="test", as_of=as_of).filter(limit_quantity="effective")
    return told(rows.to_dicts(), "projected_msv", "projected_low_msv", "projected_high_msv")


def late(home, workers: range, dose: str = "0.500") -> None:
    for worker in workers:
        home.register.dose("2023-09-30", dose, worker_key=worker, establishment_key=10 + (worker - 1) // 20)


def test_a_late_result_of_a_colleague_moves_no_projection(newcomer):
    """Not in the snapshot that holds it, nor in the next release: the mean of sixty would give it."""
    before = projected(newcomer)
    assert None not in before[-1]
    late(newcomer, range(1, 2), "9.000")
    publish(newcomer.register.settings, newcomer.register.build(), lambda built: Passed())
    assert projected(newcomer) == before
    newcomer.release()
    assert projected(newcomer) == before


def test_results_of_many_move_the_projection(newcomer):
    before = projected(newcomer)
    late(newcomer, range(10, 60))
    newcomer.release()
    now = projected(newcomer)
    assert all(after[0] > earlier[0] for earlier, after in zip(before, now, strict=True))


@pytest.mark.parametrize("dose", ["9.000", "0.000"])
def test_a_change_of_few_doses_among_many_moves_no_projection(newcomer, dose):
    """One dose beside twenty zeros, and one whose square is most beside fifty that are small."""
    before = projected(newcomer)
    late(newcomer, range(10, 60), "0.100" if dose == "9.000" else dose)
    late(newcomer, range(9, 10), "9.000")
    newcomer.release()
    assert projected(newcomer) == before


def test_changes_of_a_pace_add_up_until_they_are_enough(newcomer):
    before = projected(newcomer)
    late(newcomer, range(18, 24))
    newcomer.release()
    newcomer.release()
    assert projected(newcomer) == before
    late(newcomer, range(38, 44))
    newcomer.release()
    assert projected(newcomer) != before


def test_a_year_that_is_over_comes_into_the_paces(home):
    """Nobody's doses changed between the two releases, and everybody's share in the pace did."""
    for place in (10, 11, 12):
        home.workers(20, "1.000", place, "2023-12-31")
        for worker in range(home.worker - 19, home.worker + 1):
            home.register.dose("2022-12-31", "1.000", worker_key=worker, establishment_key=place)
            home.register.dose("2024-12-31", "4.000", worker_key=worker, establishment_key=place)
    days = (date(2024, 12, 31), date(2025, 1, 1))
    made = [freeze(home.register.settings, home.register.build(day), day) for day in days]
    asked = "select last_year, cast(mean_msv as varchar) from job_paces where limit_quantity = 'effective'"
    found = [home.access.snapshots.query_release(release, asked).rows() for release in made]
    assert found == [[(2023, "1.000000")], [(2024, "2.000000")]]


def test_as_of_a_day_the_pace_is_that_of_the_release_in_force(newcomer):
    """Of the day that a release is of, and of the days after it; before the first there is none."""
    first = releases(newcomer.register.settings)[0].on
    late(newcomer, range(10, 60))
    newcomer.release()
    second = releases(newcomer.register.settings)[1].on
    for day in (first - timedelta(days=1), first, second):
        publish(newcomer.register.settings, newcomer.register.build(day), lambda built: Passed())
    of_days = [projected(newcomer, day) for day in (first - timedelta(days=1), first, second)]
    assert set(of_days[0]) == {(None, None, None)}
    assert of_days[1] != of_days[2] == projected(newcomer)


def test_a_release_older_than_the_paces_gives_none(newcomer):
    folder = newcomer.register.settings.releases / releases(newcomer.register.settings)[0].name
    with duckdb.connect(str(folder / "statistics.duckdb")) as connection:
        connection.execute("drop table job_paces")
    with duckdb.connect(str(folder / "basis.duckdb")) as connection:
        connection.execute("drop table whole_job_paces; drop table shown_job_paces; drop table pace_reach")
    assert set(projected(newcomer)) == {(None, None, None)}
    newcomer.release()
    assert None not in projected(newcomer)[-1]


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
