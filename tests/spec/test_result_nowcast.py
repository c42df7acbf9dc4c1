"""result_nowcast, nowcast_months: what has come of the latest months, and what earlier ones let expect."""

from datetime import UTC, date, datetime, timedelta

import pytest

TODAY = date(2024, 7, 15)
ASK = """
    select month, results_received, results_nowcast, results_nowcast_low, results_nowcast_high, received_share
    from result_nowcast
    where limit_quantity = 'effective' and month >= date '{}'
    order by month
"""


@pytest.fixture
def arrived(register):
    """arrived(month's end, {days after it: results}): one person a result."""

    def add(month_end: date, delays: dict[int, int], sender: str = "LANDAUER", place: int = 10) -> None:
        for days, results in delays.items():
            moment = datetime.combine(month_end + timedelta(days=days), datetime.min.time(), UTC) + timedelta(hours=12)
            for _ in range(results):
                register.dose(month_end, received_at=moment, sender_code=sender, establishment_key=place,
                              worker_key=len(register.rows["doses"]) + 1)  # fmt: skip

    return add


def month_ends(first: date, last: date) -> list[date]:
    found, day = [], first
    while day <= last:
        day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        found.append(day - timedelta(days=1))
    return found


def test_a_month_grows_as_those_before_it_did(register, arrived, expected):
    """Of twenty results five had come by the tenth day, in even months four: of June, fifteen days old, six have."""
    for month_end in month_ends(date(2023, 9, 1), date(2024, 5, 31)):
        arrived(month_end, {5: 5, 15: 5, 35: 10} if month_end.month % 2 else {5: 4, 15: 4, 35: 12})
    arrived(date(2024, 6, 30), {5: 6})
    # In all 180 of 41: 4.39 times, 4 at least and 5 at most.
    assert register.rows_of(ASK.format("2024-05-01"), as_of=TODAY) == expected("""
        month      | received | nowcast | low | high | share
        2024-05-01 | 20       | 20      | 20  | 20   | 1.000000
        2024-06-01 | 6        | 26      | 24  | 30   | 0.230769
    """)


def test_growth_is_exact(register, arrived, expected):
    """Three results grow four thirds, then seven quarters: seven, and not a hair less."""
    for number, month_end in enumerate(month_ends(date(2023, 9, 1), date(2024, 5, 31))):
        arrived(month_end, {0: 1, 5: 2, 15: 3} if number % 2 else {0: 3, 5: 1, 15: 3})
    arrived(date(2024, 6, 30), {0: 3})
    # In all 59 of 19: 3.11 times; the most is three times, then twice.
    assert register.rows_of(ASK.format("2024-06-01"), as_of=date(2024, 7, 9)) == expected("""
        month      | received | nowcast | low | high | share
        2024-06-01 | 3        | 9       | 7   | 18   | 0.333333
    """)


def test_nothing_is_foreseen_where_nothing_was_seen(register, arrived, expected):
    """The register is four months old: no month has passed every age."""
    for month_end in month_ends(date(2024, 3, 1), date(2024, 5, 31)):
        arrived(month_end, {5: 10})
    assert register.rows_of(ASK.format("2024-05-01"), as_of=TODAY) == expected("""
        month      | received | nowcast | low | high | share
        2024-05-01 | 10       | -       | -   | -    | -
    """)


def test_a_month_is_not_foreseen_before_every_body_is_heard(register, arrived):
    for month_end in month_ends(date(2023, 9, 1), date(2024, 5, 31)):
        arrived(month_end, {5: 2})
        arrived(month_end, {5: 3}, sender="ALGADE")
    arrived(date(2024, 6, 30), {5: 2})
    asked = "select month, results_nowcast, silent_bodies from result_nowcast order by month"
    rows = register.rows_of(asked, as_of=TODAY)
    assert rows[-2:] == [(date(2024, 5, 1), 5, 0), (date(2024, 6, 1), None, 1)]


def test_corrections_intakes_and_absences_are_no_arrivals(register, arrived):
    arrived(date(2024, 5, 31), {5: 1})
    dose = register.rows["doses"][0]
    register.dose("2024-05-31", "2.000", record_action="REPLACE", replaces_dose_id=dose["dose_id"])
    register.dose("2024-05-31", None, result_status="ABSENT", worker_key=9)
    register.dose("2024-05-31", dosimetry="INTERNAL", quantity="E50", radiation="ALPHA_INT", body_location=None)
    register.dose("2024-05-31", author_role="PHYSICIAN", worker_key=8)
    assert [row[1] for row in register.rows_of(ASK.format("2024-05-01"), as_of=TODAY)] == [1]


def test_a_domain_is_foreseen_by_its_own_delays(register, arrived, expected):
    """Ten days on, medicine had half of a month and industry a tenth; the whole of both grows as both did together."""
    register.add("establishments", establishment_key=10, row_no=2, sector_code="MED.01.01")
    register.add("establishments", establishment_key=11, row_no=3, sector_code="IND.01")
    for month_end in month_ends(date(2023, 9, 1), date(2024, 5, 31)):
        arrived(month_end, {5: 2, 15: 2}, place=10)
        arrived(month_end, {5: 1, 15: 9}, place=11)
    arrived(date(2024, 6, 30), {5: 4}, place=10)
    arrived(date(2024, 6, 30), {5: 1}, place=11)
    asked = """
        select group_code, results_received, results_nowcast
        from nowcast_months
        where limit_quantity = 'effective' and month = date '2024-06-01'
        order by dimension, group_code
    """
    assert register.rows_of(asked, as_of=date(2024, 7, 10)) == expected("""
        group_code           | received | nowcast
        ALL                  | 5        | 23
        MEDICAL_DENTAL_VET   | 4        | 8
        NON_NUCLEAR_INDUSTRY | 1        | 10
    """)


def test_a_body_is_silent_in_the_domain_that_it_usually_sends_of(register, arrived):
    register.add("establishments", establishment_key=10, row_no=2, sector_code="MED.01.01")
    register.add("establishments", establishment_key=11, row_no=3, sector_code="IND.01")
    for month_end in month_ends(date(2023, 9, 1), date(2024, 6, 30)):
        arrived(month_end, {5: 2}, place=10)
        arrived(month_end, {5: 3}, place=11, sender="ALGADE")
        if month_end.month != 6:
            arrived(month_end, {5: 2}, place=11)
    asked = "select group_code, results_nowcast, silent_bodies from nowcast_months where month = date '2024-06-01'"
    assert sorted(register.rows_of(asked, as_of=TODAY)) == [
        ("ALL", 5, 0), ("MEDICAL_DENTAL_VET", 2, 0), ("NON_NUCLEAR_INDUSTRY", None, 1)
    ]  # fmt: skip
