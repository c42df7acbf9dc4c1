"""How far the inquiry into an exceedance is, from the register team's statements and physicians' decisions."""

from datetime import UTC, date, datetime, time, timedelta

import duckdb
import pytest
from register import Register

from dashboards.app import fill
from dashboards.ask import Ask
from lake import reference
from lake.settings import Settings
from lake.vocabulary import Role
from models.publish import publish
from quality.gate import gate
from registry.policy import Viewer
from registry_api.ground import Ground

SILENCE = int(reference.threshold("inquiry_silence_days"))


def noon(day: date | str) -> datetime:
    return datetime.combine(date.fromisoformat(str(day)), time(12), UTC)


def states(register, as_of=None, mart="limit_exceedances") -> list[tuple]:
    sql = f"select worker_key, limit_code, status, state, state_since from {mart} order by all"
    return [tuple(str(value) for value in row) for row in register.rows_of(sql, as_of)]


def state(register, as_of=None) -> tuple[str, str]:
    (row,) = states(register, as_of)
    return row[3:]


def event(register, said: str, on: str, known: str | None = None, **fields) -> None:
    row = {"event": said, "happened_on": date.fromisoformat(on), "known_at": noon(known or on)}
    number = 100 + len(register.rows["inquiry_events"]) + register.landed
    register.add("inquiry_events", **{"on_date": date(2024, 1, 31), "row_no": number} | row | fields)


def decide(register, dose: dict, decision: str, on: str, known: str | None = None) -> None:
    register.add("decisions", row_no=50 + len(register.rows["decisions"]) + register.landed, dose_id=dose["dose_id"],
                 decision=decision, decided_on=date.fromisoformat(on), known_at=noon(known or on))  # fmt: skip


def corrected(register, dose: dict, decision: str, dose_msv: str | None, on: str) -> None:
    """A decision with the row that stands instead, as the door appends them."""
    decide(register, dose, decision, on)
    register.dose("2024-01-31", dose_msv, record_action="CANCEL" if decision == "CANCEL" else "REPLACE",
                  replaces_dose_id=dose["dose_id"], delivery_no=2, author_role="PHYSICIAN",
                  motive_code="MEDICAL_INQUIRY", received_at=noon(on))  # fmt: skip


def test_each_state_holds_from_the_day_it_was_known(register):
    dose = register.dose("2024-01-31", "21.000", received_at=noon("2024-02-10"))
    event(register, "NOTIFIED", "2024-02-12", known="2024-02-14")
    event(register, "OPENED", "2024-02-28")
    decide(register, dose, "MAINTAIN", "2024-03-20", known="2024-03-22")
    told = {
        "2024-02-13": ("detected", "2024-02-10"),
        "2024-02-14": ("notified", "2024-02-12"),
        "2024-02-27": ("notified", "2024-02-12"),
        "2024-02-28": ("under_inquiry", "2024-02-28"),
        "2024-03-21": ("under_inquiry", "2024-02-28"),
        "2024-03-22": ("confirmed", "2024-03-20"),
        "2026-01-01": ("confirmed", "2024-03-20"),
    }
    assert {day: state(register, date.fromisoformat(day)) for day in told} == told


@pytest.mark.parametrize(("said", "before"), [("NOTIFIED", "notified"), ("OPENED", "under_inquiry")])
def test_silence_retains_once_the_delay_is_over(register, said, before):
    register.dose("2024-01-31", "21.000")
    event(register, said, "2024-02-29")
    last_day = date(2024, 2, 29) + timedelta(days=SILENCE)
    assert state(register, last_day) == (before, "2024-02-29")
    retained = ("retained_by_default", str(last_day + timedelta(days=1)))
    assert state(register, last_day + timedelta(days=1)) == retained
    assert state(register, last_day + timedelta(days=400)) == retained


def test_nobody_is_silent_who_was_not_told(register):
    register.dose("2024-01-31", "21.000")
    assert state(register, date(2025, 1, 1)) == ("detected", "2024-01-31")


def test_an_inquiry_opened_after_the_alert_has_its_own_delay_and_a_late_answer_still_counts(register):
    dose = register.dose("2024-01-31", "21.000")
    event(register, "NOTIFIED", "2024-02-10")
    event(register, "OPENED", "2024-06-10")
    assert state(register, date(2024, 2, 10) + timedelta(days=SILENCE + 1)) == ("under_inquiry", "2024-06-10")
    decide(register, dose, "MAINTAIN", "2025-06-01")
    assert state(register, date(2025, 5, 31))[0] == "retained_by_default"
    assert state(register, date(2025, 6, 1)) == ("confirmed", "2025-06-01")


def test_an_inquiry_opened_again_is_open(register):
    dose = register.dose("2024-01-31", "21.000")
    decide(register, dose, "MAINTAIN", "2024-03-01")
    event(register, "OPENED", "2024-04-01")
    event(register, "NOTIFIED", "2024-04-15")
    assert state(register, date(2024, 3, 31)) == ("confirmed", "2024-03-01")
    assert state(register, date(2024, 4, 20)) == ("under_inquiry", "2024-04-01")
    event(register, "CONFIRMED", "2024-05-01")
    assert state(register, date(2024, 5, 1)) == ("confirmed", "2024-05-01")


def test_a_decision_from_before_says_nothing_of_what_came_after(register):
    early = register.dose("2023-10-31", "12.000")
    decide(register, early, "MAINTAIN", "2023-12-01")
    register.dose("2024-01-31", "9.000")
    assert state(register, date(2024, 3, 1)) == ("detected", "2024-01-31")
    decide(register, early, "MAINTAIN", "2024-03-01")
    assert state(register, date(2024, 3, 1)) == ("confirmed", "2024-03-01")


def test_a_decision_on_another_quantity_or_site_says_nothing(register):
    register.dose("2024-01-31", "21.000")
    eye = register.dose("2024-01-31", "3.000", quantity="HP3", body_location="EYE")
    register.dose("2024-01-31", "600.000", quantity="HP007", body_location="FINGER_L")
    other = register.dose("2024-01-31", "1.000", quantity="HP007", body_location="FINGER_R")
    decide(register, eye, "MAINTAIN", "2024-03-01")
    decide(register, other, "MAINTAIN", "2024-03-01")
    assert [row[1:4] for row in states(register, date(2024, 4, 1))] == [
        ("L1", "detected", "detected"),
        ("L2", "detected", "detected"),
    ]


@pytest.mark.parametrize(
    ("decision", "value", "left"),
    [("MODIFY", "20.001", "modified"), ("CANCEL", None, "modified")],
)
def test_a_dose_that_changes_and_leaves_the_limit_passed(register, decision, value, left):
    wrong = register.dose("2024-01-31", "40.000")
    register.dose("2023-12-31", "20.001")
    corrected(register, wrong, decision, value, "2024-03-01")
    assert [row[3] for row in states(register, date(2024, 2, 29))] == ["detected"]
    assert [row[3:] for row in states(register, date(2024, 3, 1))] == [(left, "2024-03-01")]


@pytest.mark.parametrize(
    ("decision", "value", "left"), [("MODIFY", "20.000", "modified"), ("CANCEL", None, "cancelled")]
)
def test_a_dose_that_changes_and_lifts_the_exceedance(register, decision, value, left):
    wrong = register.dose("2024-01-31", "20.001")
    event(register, "NOTIFIED", "2024-02-12")
    corrected(register, wrong, decision, value, "2024-03-01")
    assert states(register, date(2024, 3, 1)) == []
    history = states(register, date(2024, 3, 1), "exceedance_history")
    assert history == [("1", "L1", "gone", left, "2024-03-01")]
    assert state(register, date(2024, 2, 29)) == ("notified", "2024-02-12")


def test_what_is_lifted_is_told_by_the_dose_that_made_it(register):
    """A cancelled dose and, in the same file, a modified one of another quantity."""
    wrong = register.dose("2024-01-31", "20.001")
    eye = register.dose("2024-01-31", "3.000", quantity="HP3", body_location="EYE")
    urgent = register.dose("2024-01-31", "4.000", situation="SUR")
    corrected(register, wrong, "CANCEL", None, "2024-03-01")
    for dose, fields in ((eye, {"quantity": "HP3", "body_location": "EYE"}), (urgent, {"situation": "SUR"})):
        register.dose("2024-01-31", "2.000", record_action="REPLACE", replaces_dose_id=dose["dose_id"], delivery_no=2,
                      motive_code="TYPING", received_at=noon("2024-03-01"), **fields)  # fmt: skip
    history = states(register, date(2024, 3, 1), "exceedance_history")
    assert history == [("1", "L1", "gone", "cancelled", "2024-03-01")]


def test_a_modification_that_makes_the_exceedance_is_no_conclusion_on_it(register):
    low = register.dose("2024-01-31", "5.000")
    corrected(register, low, "MODIFY", "25.000", "2024-03-01")
    assert state(register, date(2024, 3, 2)) == ("detected", "2024-03-01")


def test_what_is_said_of_one_episode_is_not_of_another(register, table):
    for row in table("""
        period_end | dose_msv
        2010-01-31 | 21.000
        2015-01-31 | 22.000
    """):
        register.dose(**row)
    # The last day above is the eve of the day on which the dose leaves the window.
    event(register, "NOTIFIED", "2010-03-01", on_date=date(2011, 1, 30))
    event(register, "NOTIFIED", "2015-03-01", on_date=date(2016, 1, 31))
    event(register, "NOTIFIED", "2015-03-01", on_date=date(2015, 1, 31), limit_code="L2")
    found = register.rows_of("select year(first_date), state from limit_exceedances order by all")
    assert found == [(2010, "retained_by_default"), (2015, "detected")]


def test_a_statement_on_any_key_of_the_person_holds_and_a_merge_makes_it_new(register):
    dose = register.dose("2023-12-31", "12.000", worker_key=3)
    register.dose("2024-01-31", "9.000", worker_key=1)
    decide(register, dose, "MAINTAIN", "2024-02-20")
    register.add("identity_links", worker_key=3, person_key=1, known_at=noon("2024-03-01"))
    event(register, "NOTIFIED", "2024-03-05", worker_key=3)
    assert states(register, date(2024, 2, 29)) == []
    assert states(register, date(2024, 3, 4)) == [("1", "L1", "detected", "detected", "2024-03-01")]
    assert states(register, date(2024, 3, 5)) == [("1", "L1", "detected", "notified", "2024-03-05")]


def test_a_lifetime_of_emergencies_has_its_inquiry_too(register):
    dose = register.dose("2024-01-31", "1000.001", situation="SUR", dosimetry="EMERGENCY_INTERNAL", quantity="E",
                         radiation="NOT_STATED", body_location=None, emergency_id="PENLY")  # fmt: skip
    lens = register.dose("2024-01-31", "3.000", situation="SUR", quantity="HP3", body_location="EYE")
    event(register, "OPENED", "2024-02-12", limit_code="L7")
    # What is decided on the dose of the lens says nothing of a total that it does not enter.
    decide(register, lens, "MAINTAIN", "2024-02-15")
    assert states(register, date(2024, 2, 15)) == [("1", "L7", "detected", "under_inquiry", "2024-02-12")]
    decide(register, dose, "MAINTAIN", "2024-02-20")
    assert states(register, date(2024, 2, 20)) == [("1", "L7", "detected", "confirmed", "2024-02-20")]


def test_a_lifetime_is_detected_by_what_counted_of_it_when_it_came(register):
    """Of two badges of the same days the higher counts: the lower one, which came later, is no part of the total."""
    worn = {"situation": "SUR", "emergency_id": "PENLY", "dosimetry": "EMERGENCY", "radiation": "NOT_STATED"}
    badge = register.dose("2024-01-31", "1000.001", received_at=noon("2024-02-10"), **worn)
    register.dose("2024-01-31", "900.000", body_location="BELT", received_at=noon("2024-04-10"), **worn)
    decide(register, badge, "MAINTAIN", "2024-03-01")
    assert states(register, date(2024, 2, 29)) == [("1", "L7", "detected", "detected", "2024-02-10")]
    assert states(register, date(2024, 5, 1)) == [("1", "L7", "detected", "confirmed", "2024-03-01")]


def test_a_transition_between_limits_has_no_inquiry(register):
    register.dose("2023-07-14", "21.000", period_start=date(2023, 6, 15), quantity="HP3", body_location="EYE")
    assert states(register, date(2024, 1, 1), "exceedance_history") == [("1", "L4", "transition", "None", "None")]


def test_the_nation_is_counted_by_state(register):
    register.add("establishments")
    for worker in range(1, 8):
        register.add("employments", worker_key=worker, row_no=worker + 1)
    doses = {worker: register.dose("2024-01-31", "21.000", worker_key=worker) for worker in range(1, 7)}
    register.add("waiting", period_end=date(2024, 1, 31), dose_msv=30, worker_key=7, delivery_no=2)
    event(register, "NOTIFIED", "2024-02-12", worker_key=2)
    event(register, "OPENED", "2024-02-12", worker_key=3)
    decide(register, doses[4], "MAINTAIN", "2024-02-20")
    for worker, decision, value in ((5, "CANCEL", None), (6, "MODIFY", "2.000")):
        decide(register, doses[worker], decision, "2024-03-01")
        register.dose("2024-01-31", value, record_action="CANCEL" if value is None else "REPLACE", worker_key=worker,
                      replaces_dose_id=doses[worker]["dose_id"], delivery_no=3, motive_code="MEDICAL_INQUIRY",
                      received_at=noon("2024-03-01"))  # fmt: skip
    path = register.build(date(2024, 4, 1), only={"national_exceedances", "exceedance_context"})
    with duckdb.connect(str(path), read_only=True) as connection:
        counted = connection.execute("select * exclude (limit_quantity, domain) from national_exceedances").fetchall()
        told = connection.execute("select status, state, count(*) from exceedance_context group by all order by all")
        assert counted == [(2024, "L1", 4, 1, 1, 1, 1, 0, 0, 1, 1, 1)]
        assert told.fetchall() == [
            ("detected", "confirmed", 1),
            ("detected", "detected", 1),
            ("detected", "notified", 1),
            ("detected", "under_inquiry", 1),
            ("provisional", None, 1),
        ]


def test_pages_say_how_far_an_inquiry_is_to_who_reads_of_the_exceedance(tmp_path):
    ground = Ground.open(Settings(home=tmp_path))
    register = Register(tmp_path)
    register.add("establishments")
    register.add("persons", worker_key=1)
    register.add("employments")
    register.dose(date.today().replace(day=1) - timedelta(days=1), "21.000")
    today = str(date.today())
    event(register, "OPENED", today, known="2024-01-01", on_date=date.today().replace(day=1) - timedelta(days=1))
    publish(
        register.settings,
        register.build(),
        lambda path: gate(register.settings, register.lake, path, with_suites=False),
    )
    at = frozenset({10})
    for role, path in (
        (Role.PHYSICIAN, "/app/exceedances"),
        (Role.PHYSICIAN, "/app/worker/1"),
        (Role.CRP, "/app/exceedances"),
        (Role.AUTHORITY, "/app/exceedances"),
    ):
        shown = str(fill(Ask(ground, Viewer(7, role, None, at), "fr", {}), path)[0])
        assert "En enquête" in shown, (role, path)
    # An employer is told who, and neither dose nor what a physician says of it.
    shown = str(fill(Ask(ground, Viewer(7, Role.EMPLOYER, None, at), "fr", {}), "/app/exceedances")[0])
    assert "En enquête" not in shown and "21.000" not in shown


def test_a_late_result_that_the_limit_was_passed_without_leaves_the_conclusion(register):
    """The limit was seen to be passed before it came: the exceedance was detected, and confirmed, without it."""
    register.dose("2024-01-31", "25.000", received_at=noon("2024-02-10"))
    event(register, "CONFIRMED", "2024-03-01")
    register.dose("2023-11-30", "0.100", received_at=noon("2024-04-10"))
    assert state(register, date(2024, 4, 9)) == ("confirmed", "2024-03-01")
    assert state(register, date(2024, 5, 1)) == ("confirmed", "2024-03-01")


def test_a_late_result_does_not_detect_again(register):
    register.dose("2024-01-31", "25.000", received_at=noon("2024-02-10"))
    register.dose("2023-11-30", "0.100", received_at=noon("2024-04-10"))
    assert state(register, date(2024, 5, 1)) == ("detected", "2024-02-10")


@pytest.mark.parametrize("fields", [
    {"badge_position": "OVER_APRON"},
    {"body_location": "ABDOMEN"},
    {"result_status": "BELOW_THRESHOLD"},
    {"dose_msv": "0.000"},
    {"result_status": "ABSENT", "dose_msv": None},
])  # fmt: skip
def test_a_decision_on_what_does_not_count_says_nothing(register, fields):
    register.dose("2024-01-31", "21.000")
    other = register.dose("2024-01-31", **{"dose_msv": "1.000", "worker_key": 1} | fields)
    decide(register, other, "MAINTAIN", "2024-03-01")
    assert state(register, date(2024, 4, 1)) == ("detected", "2024-01-31")


def test_a_decision_on_what_was_worn_after_eighteen_says_nothing_of_the_limit_of_the_young(register):
    register.add("minors", worker_key=1, adult_on=date(2024, 2, 1))
    register.dose("2024-01-31", "7.000")
    adult = register.dose("2024-03-31", "1.000")
    decide(register, adult, "MAINTAIN", "2024-04-15")
    assert [row[1:4] for row in states(register, date(2024, 5, 1))] == [("L6", "detected", "detected")]


@pytest.mark.parametrize("fields", [
    {"quantity": "HP007", "body_location": "FINGER_L"},
    {"badge_position": "OVER_APRON"},
    {"dosimetry": "OPERATIONAL"},
])  # fmt: skip
def test_a_decision_on_what_counts_in_no_emergency_says_nothing_of_a_lifetime(register, fields):
    register.dose("2024-01-31", "1000.001", situation="SUR", emergency_id="e1")
    other = register.dose("2024-01-31", "2.000", situation="SUR", emergency_id="e1", **fields)
    decide(register, other, "MAINTAIN", "2024-03-01")
    assert state(register, date(2024, 4, 1))[0] == "detected"


@pytest.mark.parametrize("other", [
    {"period_end": "2019-05-31"},
    {"period_end": "2024-01-31", "situation": "SUR", "emergency_id": "e1"},
    {"period_end": "2025-02-28"},
])  # fmt: skip
def test_what_is_replaced_elsewhere_at_the_same_time_does_not_modify_what_was_cancelled(register, other):
    wrong = register.dose("2024-01-31", "21.000")
    beside = register.dose(**other, dose_msv="1.000", worker_key=1, received_at=noon("2025-03-02"))
    at_once = {"received_at": noon("2025-03-05"), "delivery_no": 2}
    register.dose("2024-01-31", None, record_action="CANCEL", replaces_dose_id=wrong["dose_id"], **at_once)
    register.dose(**other, dose_msv="1.100", record_action="REPLACE", replaces_dose_id=beside["dose_id"], **at_once)
    assert states(register, date(2025, 3, 6), "exceedance_history") == [("1", "L1", "gone", "cancelled", "2025-03-05")]


def test_an_excess_is_authorised_once_a_dose_of_another_year_is_cancelled(register):
    """The mean of five years falls: the exceedance is gone, though nothing of it was taken away."""
    for year in (2020, 2021, 2022, 2023):
        early = register.dose(date(year, 12, 31), "18.000")
    register.dose("2024-12-31", "30.000")
    register.add("authorisations", valid_from=date(2024, 12, 1), valid_to=date(2024, 12, 31), row_no=90)
    register.dose("2023-12-31", None, record_action="CANCEL", replaces_dose_id=early["dose_id"], delivery_no=2,
                  received_at=noon("2025-03-05"))  # fmt: skip
    assert states(register, date(2025, 3, 4), "exceedance_history") == [
        ("1", "L1", "detected", "detected", "2024-12-31")
    ]
    assert states(register, date(2025, 3, 6), "exceedance_history") == [
        ("1", "L1", "authorised", "None", "None"),
        ("1", "L1", "gone", "cancelled", "2025-03-05"),
    ]


def test_of_badges_worn_together_the_one_that_counts_tells_when_the_limit_was_seen_to_be_passed(register, table):
    for row in table("""
        body_location | dose_msv | received
        TRUNK         | 25.000   | 2024-02-10
        BELT          | 24.000   | 2024-04-10
    """):
        register.dose("2024-01-31", received_at=noon(row.pop("received")), **row)
    assert state(register, date(2024, 5, 1)) == ("detected", "2024-02-10")
    event(register, "CONFIRMED", "2024-03-01")
    assert state(register, date(2024, 5, 1)) == ("confirmed", "2024-03-01")


def test_a_modification_of_what_does_not_count_leaves_the_exceedance_as_it_was(register):
    register.dose("2024-01-31", "21.000")
    apron = register.dose("2024-01-31", "3.000", badge_position="OVER_APRON")
    decide(register, apron, "MODIFY", "2024-03-01")
    other = register.dose("2024-01-31", "2.000")
    register.dose("2024-01-31", "1.000", record_action="REPLACE", replaces_dose_id=other["dose_id"], delivery_no=2,
                  received_at=noon("2024-03-01"))  # fmt: skip
    assert state(register, date(2024, 4, 1)) == ("detected", "2024-01-31")


def test_what_is_replaced_at_another_site_does_not_modify_what_was_cancelled(register, table):
    for row in table("""
        body_location | dose_msv | action  | instead
        FINGER_L      | 501.000  | CANCEL  | -
        FINGER_R      | 20.000   | REPLACE | 10.000
    """):
        finger = {"quantity": "HP007", "body_location": row["body_location"]}
        dose = register.dose("2024-01-31", row["dose_msv"], **finger)
        register.dose("2024-01-31", row["instead"], record_action=row["action"], replaces_dose_id=dose["dose_id"],
                      delivery_no=2, received_at=noon("2024-03-01"), **finger)  # fmt: skip
    history = states(register, date(2024, 4, 1), "exceedance_history")
    assert history == [("1", "L2", "gone", "cancelled", "2024-03-01")]


def test_a_result_that_moves_the_first_day_does_not_move_the_detection(register, table):
    """Passed in June, seen in July; a late result of January passes it in March already."""
    for row in table("""
        worker_key | period_end | dose_msv | received_on
        1          | 2024-03-31 | 12.000   | 2024-04-10
        1          | 2024-06-30 | 9.000    | 2024-07-10
        1          | 2024-01-31 | 8.500    | 2024-09-10
    """):
        register.dose(received_at=noon(row.pop("received_on")), **row)
    first_date = "select first_date from limit_exceedances"
    assert register.rows_of(first_date, date(2024, 9, 9)) == [(date(2024, 6, 30),)]
    assert state(register, date(2024, 9, 9)) == ("detected", "2024-07-10")
    assert register.rows_of(first_date, date(2024, 9, 10)) == [(date(2024, 3, 31),)]
    assert state(register, date(2024, 9, 10)) == ("detected", "2024-07-10")
    event(register, "CONFIRMED", "2024-08-15", on_date=date(2024, 6, 30))
    assert state(register, date(2024, 9, 10)) == ("confirmed", "2024-08-15")
