"""Exceptional exposure under a labour inspector's authorisation: 50 mSv in 12 months, 20 a year on a mean of five."""

from datetime import UTC, date, datetime, time

import pytest
from register import Register

from dashboards.app import fill
from dashboards.ask import Ask
from lake.settings import Settings
from lake.vocabulary import Role
from models.publish import publish
from quality.gate import gate
from registry.policy import Viewer
from registry_api.ground import Ground


def noon(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(12), UTC)


def grant(register, valid_from: str, valid_to: str, known: str = "2020-01-01", **fields) -> None:
    span = {"valid_from": date.fromisoformat(valid_from), "valid_to": date.fromisoformat(valid_to)}
    number = len(register.rows["authorisations"]) + 10 + register.landed
    register.add("authorisations", **{"row_no": number, "known_at": noon(known)} | span | fields)


def history(register, as_of=None) -> list[tuple]:
    sql = """
        select worker_key, limit_code, status, first_date, last_date, peak_msv, state
        from exceedance_history order by all
    """
    return [tuple(str(value) for value in row) for row in register.rows_of(sql, as_of)]


def statuses(register, as_of=None) -> dict[str, str]:
    return {worker: status for worker, _, status, *_ in history(register, as_of)}


def test_an_authorised_excess_is_told_apart_and_is_no_exceedance(register):
    register.dose("2024-02-29", "50.000")
    grant(register, "2024-02-29", "2024-02-29")
    told = ("1", "L1", "authorised", "2024-02-29", "2025-02-27", "50.000", "None")
    assert history(register) == [told]
    assert register.rows_of("select * from limit_exceedances") == []
    assert register.rows_of("select * from exceedance_notices") == []


def test_the_authorised_limit_itself_is_not_to_be_passed(register, table):
    for row in table("""
        worker_key | period_end | dose_msv
        1          | 2024-02-28 | 30.000
        1          | 2024-02-29 | 20.000
        2          | 2024-02-28 | 30.000
        2          | 2024-02-29 | 20.001
    """):
        register.dose(**row)
    for worker in (1, 2):
        grant(register, "2024-02-01", "2024-02-29", worker_key=worker)
    assert [row[:4] for row in history(register)] == [
        ("1", "L1", "authorised", "2024-02-28"),
        ("2", "L1", "authorised", "2024-02-28"),
        # Once the authorised limit is passed, the ordinary one holds.
        ("2", "L1", "detected", "2024-02-29"),
    ]


@pytest.mark.parametrize(
    ("first", "last", "status"),
    [
        ("2024-02-29", "2024-02-29", "authorised"),
        ("2024-02-01", "2024-02-28", "detected"),
        ("2024-03-01", "2024-03-31", "detected"),
    ],
)
def test_a_dose_is_authorised_by_the_last_day_of_its_wear(register, first, last, status):
    register.dose("2024-02-29", "20.001")
    grant(register, first, last)
    assert [row[2] for row in history(register)] == [status]


def test_what_comes_outside_the_authorisation_stays_within_the_limit(register, table):
    for row in table("""
        worker_key | period_end | dose_msv
        1          | 2023-12-31 | 20.000
        1          | 2024-02-29 | 15.000
        2          | 2023-12-31 | 20.001
        2          | 2024-02-29 | 15.000
    """):
        register.dose(**row)
    for worker in (1, 2):
        grant(register, "2024-02-01", "2024-02-29", worker_key=worker)
    assert [row[:3] for row in history(register)] == [("1", "L1", "authorised"), ("2", "L1", "detected")]


def test_the_mean_of_five_years_is_held_to_the_yearly_limit(register):
    for worker, before in ((1, "17.500"), (2, "17.501")):
        for year in (2020, 2021, 2022, 2023):
            register.dose(date(year, 12, 31), before if year == 2020 else "17.500", worker_key=worker)
        register.dose("2024-12-31", "30.000", worker_key=worker)
        grant(register, "2024-12-01", "2024-12-31", worker_key=worker)
    # 100.000 mSv in five years is a mean of 20. The year of excess stays 2024 when the year ends: no more was received.
    assert [row[:5] for row in history(register)] == [
        ("1", "L1", "authorised", "2024-12-31", "2025-12-30"),
        ("2", "L1", "detected", "2024-12-31", "2025-12-30"),
    ]


def test_years_that_follow_count_in_the_mean_too(register):
    register.dose("2020-12-31", "40.000")
    grant(register, "2020-12-01", "2020-12-31", known="2020-12-01")
    for year in (2021, 2022, 2023, 2024):
        register.dose(date(year, 12, 31), "15.001")
    assert statuses(register, date(2024, 12, 30)) == {"1": "authorised"}
    # 100.004 mSv from 2020 to 2024.
    assert statuses(register) == {"1": "detected"}


def test_an_authorisation_is_of_one_quantity_and_one_person(register):
    eye = {"quantity": "HP3", "body_location": "EYE"}
    for worker in (1, 2, 3):
        register.dose("2024-02-29", "30.000", worker_key=worker)
        register.dose("2024-02-29", "30.000", worker_key=worker, **eye)
    register.add("identity_links", worker_key=4, person_key=3)
    grant(register, "2024-02-01", "2024-02-29", limit_quantity="lens")
    grant(register, "2024-02-01", "2024-02-29", worker_key=4)
    assert [row[:3] for row in history(register)] == [
        ("1", "L1", "detected"),
        ("1", "L4", "authorised"),
        ("2", "L1", "detected"),
        ("2", "L4", "detected"),
        ("3", "L1", "authorised"),
        ("3", "L4", "detected"),
    ]


def test_nobody_under_18_is_authorised(register):
    register.add("minors", worker_key=1, adult_on=date(2024, 6, 1))
    register.dose("2024-02-29", "21.000")
    grant(register, "2024-02-01", "2024-02-29")
    assert [row[1:3] for row in history(register)] == [("L1", "authorised"), ("L6", "detected")]


def test_the_latest_statement_on_a_decision_holds_and_what_was_known_before_stays(register):
    register.dose("2024-02-29", "30.000")
    grant(register, "2024-02-01", "2024-02-29", known="2024-03-01")
    grant(register, "2024-02-01", "2024-02-28", known="2024-04-01")
    register.add("authorisations", row_no=90, action="WITHDRAW", known_at=noon("2024-05-01"))
    grant(register, "2024-02-01", "2024-02-29", known="2024-06-01")
    told = {
        "2024-02-29": "detected",
        "2024-03-01": "authorised",
        "2024-04-01": "detected",
        "2024-05-01": "detected",
        "2024-06-01": "authorised",
    }
    assert {day: statuses(register, date.fromisoformat(day))["1"] for day in told} == told


def test_before_2018_the_authorised_limit_was_twice_the_limit(register):
    for worker, dose in ((1, "40.000"), (2, "40.001")):
        register.dose("2014-12-31", dose, worker_key=worker)
        grant(register, "2014-12-01", "2014-12-31", worker_key=worker)
    assert statuses(register) == {"1": "authorised", "2": "detected"}


def test_a_provisional_check_knows_what_is_authorised(register):
    register.dose("2024-01-31", "10.000")
    for number, (worker, day) in enumerate(((1, date(2024, 2, 29)), (2, date(2024, 3, 31))), start=60):
        register.add("waiting", period_end=day, dose_msv=30, worker_key=worker, delivery_no=2, row_no=number)
        grant(register, "2024-02-01", "2024-02-29", worker_key=worker)
    sql = "select worker_key from provisional_exceedances"
    assert register.rows_of(sql) == [(2,)]


def test_the_page_of_a_worker_shows_what_was_authorised(tmp_path):
    ground = Ground.open(Settings(home=tmp_path))
    register = Register(tmp_path)
    register.add("establishments")
    for worker in (1, 2):
        register.add("persons", worker_key=worker)
        register.add("employments", worker_key=worker, row_no=worker + 1)
        register.dose("2024-02-29", "21.000", worker_key=worker)
    grant(register, "2024-02-01", "2024-02-29", decision_ref="DREETS-76-001")
    publish(
        register.settings,
        register.build(),
        lambda path: gate(register.settings, register.lake, path, with_suites=False),
    )
    shown = {}
    for worker in (1, 2):
        ask = Ask(ground, Viewer(7, Role.WORKER, worker), "fr", {})
        shown[worker] = str(fill(ask, f"/app/worker/{worker}")[0])
    assert "DREETS-76-001" in shown[1] and ask.t("worker.no_exceedance") in shown[1]
    assert ask.t("worker.authorisations") not in shown[2] and ask.t("worker.no_exceedance") not in shown[2]
