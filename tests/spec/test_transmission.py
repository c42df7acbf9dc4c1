"""What is expected of bodies, what becomes of it, and how senders transmit: small lakes, every row counted."""

from datetime import UTC, date, datetime

import duckdb
import pytest
from register import Passed, Register
from test_access import viewer

from lake.errors import AccessDenied
from models.access import Access
from models.publish import publish
from quality.gate import gate

TODAY = date(2024, 7, 1)
SHOWN = "quantity, period_start, period_end, state, reason, who_acts, since"
CLOSED = {"category_start": date(2024, 1, 1), "category_end": date(2024, 3, 31)}


def _expected(register: Register, columns: str = SHOWN, where: str = "true") -> list[tuple]:
    return register.rows_of(f"select {columns} from expected_doses where {where}", as_of=TODAY)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(hour=12, tzinfo=UTC)


def test_a_plan_is_read_by_quantity_and_period(register):
    register.add("employments", oa_code="LANDAUER", wear_plan="HP10:M, hp3:T", **CLOSED)
    months = [(date(2024, 1, 1), date(2024, 1, 31)), (date(2024, 2, 1), date(2024, 2, 29)),
              (date(2024, 3, 1), date(2024, 3, 31))]  # fmt: skip
    found = _expected(register, "quantity, period_start, period_end, is_planned, due_on")
    assert sorted(found) == [
        *[("HP10", start, end, True, date.fromordinal(end.toordinal() + 20)) for start, end in months],
        ("HP3", date(2024, 1, 1), date(2024, 3, 31), True, date(2024, 4, 20)),
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"category": "A"}, [("PASSIVE", "HP10", date(2024, 1, 1), date(2024, 3, 31), False)]),
        ({"category": "A", "wear_plan": "ring"}, [("PASSIVE", "HP10", date(2024, 1, 1), date(2024, 3, 31), False)]),
        ({"category": "RADON"}, [("RADON", "E", date(2024, 1, 1), date(2024, 3, 31), False)]),
        ({"category": "SUR2"}, []),
        ({"category": "SUR2", "wear_plan": "HP10:T"}, [("PASSIVE", "HP10", date(2024, 1, 1), date(2024, 3, 31), True)]),
    ],
)
def test_without_a_plan_the_longest_period_of_the_law_is_expected(register, fields, expected):
    register.add("employments", oa_code="LANDAUER", **CLOSED, **fields)
    columns = "dosimetry, quantity, period_start, period_end, is_planned"
    assert _expected(register, columns) == expected


def test_aircrew_are_expected_every_month(register):
    register.add("employments", oa_code="SIEVERT", **CLOSED)
    assert _expected(register, "dosimetry, quantity, count(*)", "true group by all") == [("COSMIC", "E", 3)]


def test_wear_is_cut_to_the_status_and_a_change_of_status_is_no_second_wear(register):
    contract = {"contract_start": date(2024, 2, 10), "contract_end": date(2024, 3, 20), "oa_code": "LANDAUER"}
    register.add("employments", category="B", category_start=date(2024, 2, 10), **contract)
    register.add("employments", category="A", category_start=date(2024, 3, 1), row_no=3, **contract)
    assert _expected(register, "period_start, period_end") == [(date(2024, 2, 10), date(2024, 3, 20))]


def test_each_state_has_who_acts_and_since_when(register, table):
    """One worker a state, monthly Hp(10) of January 2024, due on 20 February."""
    plan = {"wear_plan": "HP10:M", "category_start": date(2024, 1, 1), "category_end": date(2024, 1, 31)}
    for worker in range(1, 9):
        register.add("employments", worker_key=worker, row_no=worker + 1, oa_code="LANDAUER", **plan)
    register.add("employments", worker_key=9, row_no=10, oa_code=None, **plan)
    register.dose("2024-01-31", worker_key=1)
    register.dose("2024-01-31", "0", worker_key=2, result_status="BELOW_THRESHOLD")
    register.dose("2024-01-31", None, worker_key=3, result_status="ABSENT", received_at=_at("2024-02-15"))
    register.dose("2024-01-31", None, worker_key=4, result_status="NOT_RETURNED", received_at=_at("2024-02-16"))
    # Sent under another establishment, and waiting for the employment there.
    register.add("waiting", worker_key=5, establishment_key=11, period_end=date(2024, 1, 31),
                 received_at=_at("2024-02-05"))  # fmt: skip
    waited = register.add("waiting", worker_key=6, period_end=date(2024, 1, 31), received_at=_at("2024-02-05"))
    register.dose("2024-05-31", worker_key=99, delivery_no=2, received_at=_at("2024-06-03"))
    register.add("rejections", delivery_no=1, row_no=waited["row_no"], judged_by=2, severity="R", code="I06",
                 field="birth_name")  # fmt: skip
    # Of another quantity: it answers nothing.
    register.dose("2024-01-31", worker_key=7, quantity="HP007")
    # Cancelled since: expected again.
    gone = register.dose("2024-01-31", worker_key=8)
    register.dose("2024-01-31", None, worker_key=8, record_action="CANCEL", replaces_dose_id=gone["dose_id"])
    found = _expected(register, "worker_key, state, reason, who_acts, since")
    assert found == [
        (row["worker"], row["state"], row["reason"], row["who_acts"], row["since"])
        for row in table("""
            worker | state    | reason       | who_acts | since
            1      | received | -            | -        | -
            2      | received | -            | -        | -
            3      | absent   | ABSENT       | BODY     | 2024-02-15
            4      | absent   | NOT_RETURNED | EMPLOYER | 2024-02-16
            5      | waiting  | I05          | EMPLOYER | 2024-02-05
            6      | refused  | I06          | BODY     | 2024-06-03
            7      | overdue  | -            | BODY     | 2024-02-20
            8      | overdue  | -            | BODY     | 2024-02-20
            9      | overdue  | -            | EMPLOYER | 2024-02-20
        """)
    ]


def test_what_is_refused_answers_until_it_is_sent_again_and_for_no_emergency(register, table):
    """Three rows waited and were refused; the second was loaded since, as absent; the third is of an emergency."""
    for row in table("""
        worker_key | situation
        1          | PLANNED
        2          | PLANNED
        3          | SUR
    """):
        worker = row["worker_key"]
        register.add("employments", worker_key=worker, row_no=worker + 1, oa_code="LANDAUER", wear_plan="HP10:M",
                     category_start=date(2024, 1, 1), category_end=date(2024, 1, 31))  # fmt: skip
        waited = register.add("waiting", period_end=date(2024, 1, 31), received_at=_at("2024-02-05"), **row)
        register.add("rejections", delivery_no=1, row_no=waited["row_no"], judged_by=2, severity="R", code="I06",
                     field="birth_name")  # fmt: skip
        if worker == 2:
            register.dose("2024-01-31", None, worker_key=2, record_id=waited["record_id"], result_status="ABSENT",
                          received_at=_at("2024-06-10"))  # fmt: skip
    register.dose("2024-05-31", worker_key=99, delivery_no=2, received_at=_at("2024-06-03"))
    assert _expected(register, "worker_key, state, reason, who_acts, since") == [
        tuple(row.values())
        for row in table("""
            worker | state   | reason | who_acts | since
            1      | refused | I06    | BODY     | 2024-06-03
            2      | absent  | ABSENT | BODY     | 2024-06-10
            3      | overdue | -      | BODY     | 2024-02-20
        """)
    ]


def test_a_result_after_its_absence_is_received(register):
    register.add("employments", oa_code="LANDAUER", wear_plan="HP10:M", **CLOSED)
    register.dose("2024-01-31", None, result_status="ABSENT")
    register.dose("2024-01-31", record_id="late")
    assert _expected(register, "state", "period_end = date '2024-01-31'") == [("received",)]


@pytest.mark.parametrize(("today", "is_expected"), [(date(2024, 4, 20), False), (date(2024, 4, 21), True)])
def test_nothing_is_overdue_before_the_twentieth_day_is_over(register, today, is_expected):
    register.add("employments", oa_code="LANDAUER", **CLOSED)
    found = register.rows_of("select state, since from expected_doses", as_of=today)
    assert found == ([("overdue", date(2024, 4, 20))] if is_expected else [])


def test_what_no_body_keeps_any_more_is_not_asked_for(register):
    register.add("employments", oa_code="LANDAUER", wear_plan="HP10:M")
    assert _expected(register, "min(period_start), max(period_end)") == [(date(2022, 7, 1), date(2024, 5, 31))]


def test_nothing_is_expected_of_before_the_register_began(register):
    register.add("employments", oa_code="LANDAUER", wear_plan="HP10:M")
    register.dose("2024-02-29", worker_key=99)
    assert _expected(register, "min(period_start)") == [(date(2024, 2, 1),)]


def test_a_persons_other_number_answers(register):
    register.add("employments", worker_key=1, oa_code="LANDAUER", **CLOSED)
    register.add("identity_links", worker_key=2, person_key=1)
    register.dose("2024-01-31", worker_key=2)
    assert _expected(register, "worker_key, state") == [(1, "received")]


def _sent(register: Register, number: int, received: str, sender: str = "LANDAUER", **counts) -> None:
    row = register._delivery(number, True)
    given = {f"rows_{name}": count for name, count in counts.items() if name != "refusal_code"}
    register.rows["deliveries"].append(
        row | {f"rows_{n}": 0 for n in ("loaded", "waiting")} | given
        | {"rows_total": sum(given.values()), "sender_code": sender, "received_at": _at(received),
           "accepted": "refusal_code" not in counts, "refusal_code": counts.get("refusal_code")}
    )  # fmt: skip


def test_a_month_of_wear_is_timed_by_its_results(register, table, expected):
    """Sent 15, 20 and 21 days after the end of wear; the absence is open."""
    for row in table("""
        worker_key | dosimetry | period_end | dose_msv | result_status | received
        1          | PASSIVE   | 2024-01-31 | 1.000    | MEASURED      | 2024-02-15
        2          | PASSIVE   | 2024-01-31 | 1.000    | MEASURED      | 2024-02-20
        3          | PASSIVE   | 2024-01-31 | -        | ABSENT        | 2024-02-21
    """):
        register.dose(**row, received_at=_at(str(row.pop("received"))))
    columns = "sender_code, dosimetry, month, rows_sent, on_time, late, open_absences, median_delay_days"
    assert register.rows_of(f"select {columns} from transmission_timeliness") == expected("""
        sender_code | dosimetry | month      | rows_sent | on_time | late | open_absences | median_delay_days
        LANDAUER    | PASSIVE   | 2024-01-01 | 3         | 2       | 1    | 1             | 20
    """)


ROWS_SENT = """
    row_no | period_end | result_status | dose_msv
    2      | 2024-01-10 | MEASURED      | 1.000
    3      | 2023-12-20 | MEASURED      | 1.000
    4      | 2024-01-05 | ABSENT        | -
    5      | 2024-01-04 | ABSENT        | -
"""
FOUND = """
    row_no | code | severity
    6      | D01  | R
    6      | I02  | R
    7      | D01  | R
    8      | I04  | A
    3      | P04  | W
"""


@pytest.fixture
def transmitted(register, table) -> Register:
    """January: four rows loaded (one late), two refused, one waiting; February: a refused file and an answer."""
    for row in table(ROWS_SENT):
        register.dose(**row, worker_key=row["row_no"], received_at=_at("2024-01-11"))
    for row in table(FOUND):
        register.add("rejections", delivery_no=1, judged_by=1, field="", **row)
    register.add("waiting", row_no=8, worker_key=None, code="I04", period_end=date(2024, 1, 10))
    _sent(register, 1, "2024-01-11", loaded=4, refused=2, waiting=1)
    _sent(register, 2, "2024-02-01", refusal_code="F02")
    # The second absence is answered by a record of its own.
    register.dose("2024-01-04", row_no=2, worker_key=5, delivery_no=3, received_at=_at("2024-02-02"))
    _sent(register, 3, "2024-02-02", loaded=1)
    register.add("persons", worker_key=1)
    for worker in range(2, 6):
        register.add("persons", worker_key=worker)
    register.land(standing=False)
    return register


def test_quality_by_sender_and_month(transmitted, expected):
    """Of the four rows with a deadline one was late; one absence is answered, the other open for more than 90 days."""
    columns = """
        month, deliveries, deliveries_refused, rows_total, rows_loaded, rows_refused, rows_waiting, rows_duplicate,
        rows_still_waiting, rows_with_deadline, rows_on_time, on_time_share, absences_to_30_days,
        absences_31_to_90_days, absences_91_to_180_days, absences_above_180_days
    """
    assert transmitted.rows_of(f"select {columns} from transmission_quality", as_of=TODAY) == expected("""
        month      | sent | files | rows | loaded | refus | wait | twice | still | due | in_time | rate | a | b | c | d
        2024-01-01 | 1    | 0     | 7    | 4      | 2     | 1    | 0     | 1     | 4   | 3       | 0.75 | 0 | 0 | 1 | 0
        2024-02-01 | 2    | 1     | 1    | 1      | 0     | 0    | 0     | 0     | 1   | 0       | 0.00 | 0 | 0 | 0 | 0
    """)


def test_the_share_on_time_is_rounded_half_up(register, expected):
    """57 of 800 rows: 7.125 %, which no binary fraction says."""
    for row in range(800):
        register.dose("2024-01-31", worker_key=row + 1, row_no=row + 2,
                      period_start=date(2024, 1, 1), received_at=_at("2024-03-10"))  # fmt: skip
    for dose in register.rows["doses"][:57]:
        dose["period_end"] = date(2024, 2, 29)
    _sent(register, 1, "2024-03-10", loaded=800)
    register.land(standing=False)
    columns = "rows_with_deadline, rows_on_time, on_time_share"
    assert register.rows_of(f"select {columns} from transmission_quality", as_of=TODAY) == expected("""
        rows_with_deadline | rows_on_time | on_time_share
        800                | 57           | 0.0713
    """)


@pytest.mark.parametrize(
    ("age", "band"), [(30, "to_30"), (31, "31_to_90"), (90, "31_to_90"), (91, "91_to_180"), (180, "91_to_180"),
                      (181, "above_180")]
)  # fmt: skip
def test_an_open_absence_stands_in_the_band_of_its_age(register, age, band):
    end = date.fromordinal(TODAY.toordinal() - age)
    register.dose(end, None, result_status="ABSENT")
    bands = ("to_30", "31_to_90", "91_to_180", "above_180")
    (row,) = register.rows_of(
        f"select {', '.join(f'absences_{name}_days' for name in bands)} from transmission_quality", as_of=TODAY
    )
    assert row == tuple(int(name == band) for name in bands)


def test_causes_by_sender_month_and_code(transmitted, expected):
    columns = "month, code, severity, rows_at_first, rows_later, deliveries"
    assert transmitted.rows_of(f"select {columns} from refusal_causes", as_of=TODAY) == expected("""
        month      | code | severity | rows_at_first | rows_later | deliveries
        2024-01-01 | D01  | R        | 2             | 0          | 1
        2024-01-01 | I02  | R        | 1             | 0          | 1
        2024-01-01 | I04  | A        | 1             | 0          | 1
        2024-01-01 | P04  | W        | 1             | 0          | 1
        2024-02-01 | F02  | F        | 0             | 0          | 1
    """)


def test_the_counts_reconcile_with_the_deliveries(transmitted):
    """The gate's two checks hold, and each sees what is missing."""
    names = ("refused_rows_are_named", "transmission_is_the_sum")
    built = transmitted.build()
    checks = {c.name: c for c in gate(transmitted.settings, transmitted.lake, built, with_suites=False).checks}
    assert all(checks[name].passed for name in names), [checks[name].sentence for name in names]
    with duckdb.connect(str(built)) as connection:
        connection.execute("update transmission_quality set rows_refused = rows_refused - 1 where deliveries = 1")
    _sent(transmitted, 4, "2024-03-01", refused=1)
    transmitted.land(standing=False)
    checks = {c.name: c for c in gate(transmitted.settings, transmitted.lake, built, with_suites=False).checks}
    assert not checks["transmission_is_the_sum"].passed
    again = transmitted.build()
    checks = {c.name: c for c in gate(transmitted.settings, transmitted.lake, again, with_suites=False).checks}
    assert not checks["refused_rows_are_named"].passed


def test_a_sender_reads_its_own_counts_the_authority_and_the_team_all(transmitted):
    _sent(transmitted, 4, "2024-03-01", sender="DOSILAB")
    transmitted.land(standing=False)
    publish(transmitted.settings, transmitted.build(), lambda built: Passed())
    access = Access(transmitted.settings, lambda event: None, today=lambda: TODAY)
    for model in ("transmission_quality", "refusal_causes"):
        own = access.fetch(model, viewer("BODY"), purpose="test")
        assert set(own["sender_code"]) == {"LANDAUER"}
        assert access.fetch(model, viewer("BODY"), where={"sender_code": "DOSILAB"}, purpose="test").is_empty()
    for role in ("AUTHORITY", "REGISTER"):
        every = access.fetch("transmission_quality", viewer(role), purpose="test")
        assert set(every["sender_code"]) == {"LANDAUER", "DOSILAB"}


def test_an_expected_dose_is_read_like_a_dose_and_by_nobody_else(register):
    register.add("persons", worker_key=1)
    for worker, place in ((1, 10), (2, 11)):
        register.add("employments", worker_key=worker, establishment_key=place, row_no=worker, oa_code="LANDAUER")
    publish(register.settings, register.build(), lambda built: Passed())
    access = Access(register.settings, lambda event: None, today=lambda: TODAY)
    for role in ("WORKER", "CRP", "PHYSICIAN", "INSPECTOR"):
        assert set(access.fetch("expected_doses", viewer(role), purpose="test")["worker_key"]) == {1}
    for role in ("EMPLOYER", "BODY", "AUTHORITY", "RESEARCHER", "REGISTER", "AUDITOR"):
        with pytest.raises(AccessDenied):
            access.fetch("expected_doses", viewer(role), purpose="test")
