"""rolling_doses: windows (d - 12 months, d] with the month-end rule, to the last decimal."""

from datetime import UTC, date, datetime

ASK = """
    select on_date, dose_12m_msv, dose_60m_msv, career_msv
    from rolling_doses where limit_quantity = 'effective' order by on_date
"""


def windows(register, table, doses: str) -> list[tuple]:
    for row in table(doses):
        register.dose(**row)
    return [(str(day), *(str(value) for value in values)) for day, *values in register.rows_of(ASK)]


def test_the_edge_of_the_twelve_month_window(register, table):
    cases = table("""
        first      | last       | held
        2023-03-31 | 2024-02-29 | true
        2023-03-31 | 2024-03-31 | false
        2023-04-01 | 2024-03-31 | true
        2023-03-31 | 2024-04-30 | false
        2023-12-31 | 2024-12-31 | false
        2024-01-01 | 2024-12-31 | true
        2024-02-29 | 2025-02-28 | false
        2024-02-28 | 2025-02-28 | false
        2024-02-29 | 2025-02-27 | true
        2023-02-28 | 2024-02-29 | false
        2023-02-28 | 2024-02-28 | false
        2023-03-01 | 2024-02-29 | true
        2023-02-28 | 2024-02-27 | true
        2023-04-30 | 2024-04-30 | false
        2023-05-30 | 2024-05-30 | false
        2023-05-31 | 2024-05-30 | true
    """)
    for worker, case in enumerate(cases, start=1):
        register.dose(case["first"], "3.000", worker_key=worker)
        register.dose(case["last"], "2.000", worker_key=worker)
    rows = register.rows_of("""
        select dose_12m_msv, career_msv from rolling_doses
        where limit_quantity = 'effective'
        qualify row_number() over (partition by worker_key order by on_date desc) = 1 order by worker_key
    """)
    assert [str(dose) == "5.000" for dose, _ in rows] == [case["held"] for case in cases]
    assert {str(career) for _, career in rows} == {"5.000"}


def test_five_years_and_career(register, table):
    assert windows(
        register,
        table,
        """
        period_end | dose_msv
        2019-01-31 | 1.000
        2019-02-28 | 2.000
        2023-12-31 | 4.000
        2024-01-31 | 8.000
        2024-02-29 | 16.000
        """,
    ) == [
        ("2019-01-31", "1.000", "1.000", "1.000"),
        ("2019-02-28", "3.000", "3.000", "3.000"),
        ("2023-12-31", "4.000", "7.000", "7.000"),
        ("2024-01-31", "12.000", "14.000", "15.000"),
        ("2024-02-29", "28.000", "28.000", "31.000"),
    ]


def test_a_zero_dose_makes_no_row_and_below_the_threshold_counts_as_zero(register, table):
    assert windows(
        register,
        table,
        """
        period_end | dose_msv | result_status   | recording_threshold_msv
        2024-01-31 | 0.000    | BELOW_THRESHOLD | 0.100
        2024-02-29 | 0.099    | MEASURED        | 0.100
        2024-03-31 | 0.100    | MEASURED        | 0.100
        2024-04-30 | -        | ABSENT          | 0.100
        """,
    ) == [("2024-03-31", "0.100", "0.100", "0.100")]


def test_all_employers_are_one_person_and_links_are_followed(register, table):
    for worker, person in ((1, 2), (2, 3)):
        register.add("identity_links", worker_key=worker, person_key=person)
    for row in table("""
        worker_key | establishment_key | period_end | dose_msv
        1          | 10                | 2024-01-31 | 1.000
        2          | 11                | 2024-02-29 | 2.000
        3          | 10                | 2024-03-31 | 4.000
    """):
        register.dose(**row)
    rows = register.rows_of(
        "select worker_key, dose_12m_msv from rolling_doses where limit_quantity = 'effective' order by on_date"
    )
    assert [(key, str(dose)) for key, dose in rows] == [(3, "1.000"), (3, "3.000"), (3, "7.000")]


def test_extremities_accumulate_per_site_and_the_highest_total_counts(register, table):
    for row in table("""
        period_end | dose_msv | quantity | body_location
        2024-01-31 | 10.000   | HP007    | FINGER_L
        2024-01-31 | 8.000    | HP007    | FINGER_R
        2024-02-29 | 5.000    | HP007    | FINGER_R
        2024-03-31 | 1.000    | HP007    | WRIST_L
    """):
        register.dose(**row)
    rows = register.rows_of(
        "select on_date, dose_12m_msv from rolling_doses where limit_quantity = 'extremities' order by on_date"
    )
    assert [str(dose) for _, dose in rows] == ["10.000", "13.000", "13.000"]


def test_operational_doses_are_summed_once_per_month_and_never_added(register, table):
    for row in table("""
        period_end | period_start | dose_msv | dosimetry
        2024-01-10 | 2024-01-10   | 0.011    | OPERATIONAL
        2024-01-20 | 2024-01-20   | 0.002    | OPERATIONAL
        2024-01-31 | 2024-01-01   | 0.100    | PASSIVE
    """):
        register.dose(**row)
    rows = register.rows_of("select limit_quantity, on_date, dose_12m_msv from rolling_doses order by limit_quantity")
    assert [(q, str(day), str(dose)) for q, day, dose in rows] == [
        ("effective", "2024-01-31", "0.100"),
        ("effective_external", "2024-01-31", "0.100"),
        ("operational", "2024-01-31", "0.013"),
    ]


def test_as_of_sees_only_what_was_known_at_the_end_of_that_day_in_paris(register):
    register.dose("2024-01-31", "1.000", received_at=datetime(2024, 2, 10, 22, 59, 59, tzinfo=UTC))
    register.dose("2024-02-29", "1.000", received_at=datetime(2024, 2, 10, 23, 0, 0, tzinfo=UTC))
    assert len(register.rows_of(ASK, as_of=date(2024, 2, 10))) == 1


def test_doses_of_a_delivery_that_does_not_stand_are_not_seen(register):
    register.dose("2024-01-31")
    register.land()
    register.dose("2024-02-29", delivery_no=2)
    register.land(standing=False)
    assert len(register.rows_of(ASK)) == 1
