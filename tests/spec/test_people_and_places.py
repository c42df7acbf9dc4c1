"""persons, establishments, employments, exposure_authorisations, dose_records: what is known."""

from datetime import UTC, date, datetime


def asked(register, mart: str, columns: str, as_of: date | None = None) -> list[tuple]:
    return register.rows_of(f"select {columns} from {mart} order by all", as_of)


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def test_a_person_is_known_by_their_own_key_before_a_waiting_number(register, table, expected):
    """Key 3 was merged into key 1, which is known since; of key 2 the later line holds."""
    for number, row in enumerate(table("""
        worker_key | birth_year | sex | known
        1          | 1980       | F   | 2023-01-10
        2          | 1970       | F   | 2023-01-10
        2          | 1971       | M   | 2023-02-10
        3          | 1981       | M   | 2023-03-10
    """)):  # fmt: skip
        register.add("persons", row_no=number + 2, known_at=at(row.pop("known")), **row)
    register.add("identity_links", worker_key=3, person_key=1)
    assert asked(register, "persons", "worker_key, birth_year, sex") == expected("""
        worker_key | birth_year | sex
        1          | 1980       | F
        2          | 1971       | M
    """)


def test_keys_that_lead_into_a_circle_are_the_person_of_the_circle(register, table, expected):
    """Key 1 leads to 3, which points at 2 and back: the smallest key of the circle is 2, not the key before it."""
    for number, row in enumerate(table("""
        worker_key | person_key
        1          | 3
        3          | 2
        2          | 3
    """)):  # fmt: skip
        register.add("identity_links", row_no=number + 2, **row)
        register.dose("2023-03-31", worker_key=row["worker_key"], establishment_key=10 + number)
    columns = "worker_key, on_date, dose_12m_msv"
    assert asked(register, "rolling_doses where limit_quantity = 'effective'", columns) == expected("""
        worker_key | on_date    | dose
        2          | 2023-03-31 | 3.000
    """)


def test_an_establishment_is_what_its_last_line_says_today(register, table, expected):
    """The first moved; the second closed."""
    for number, row in enumerate(table("""
        establishment_key | action | town  | valid_from | valid_to   | known
        10                | ADD    | Paris | 2020-01-01 | -          | 2020-01-01
        10                | CHANGE | Lyon  | 2020-01-01 | -          | 2022-01-01
        11                | ADD    | Brest | 2020-01-01 | 2021-12-31 | 2020-01-01
    """)):  # fmt: skip
        register.add("establishments", row_no=number + 2, known_at=at(row.pop("known")), **row)
    columns = "establishment_key, town, valid_from, valid_to, is_closed"
    assert asked(register, "establishments", columns) == expected("""
        establishment_key | town  | valid_from | valid_to   | is_closed
        10                | Lyon  | 2020-01-01 | -          | false
        11                | Brest | 2020-01-01 | 2021-12-31 | true
    """)


def test_a_later_category_ends_the_earlier_one_and_a_contract_ends_both(register, table, expected):
    for number, row in enumerate(table("""
        worker_key | category | category_start | contract_start | contract_end
        1          | B        | 2022-01-01     | 2022-01-01     | -
        1          | A        | 2023-04-01     | 2022-01-01     | -
        2          | B        | 2022-01-01     | 2022-01-01     | 2022-06-30
    """)):  # fmt: skip
        register.add("employments", row_no=number + 2, oa_code="LANDAUER", **row)
    columns = "worker_key, category, valid_from, valid_to, is_complete"
    assert asked(register, "employments", columns) == expected("""
        worker_key | category | valid_from | valid_to   | is_complete
        1          | A        | 2023-04-01 | -          | true
        1          | B        | 2022-01-01 | 2023-03-31 | true
        2          | B        | 2022-01-01 | 2022-06-30 | true
    """)


def test_an_authorisation_holds_until_it_is_withdrawn(register, table, expected):
    for number, row in enumerate(table("""
        decision_ref | action   | valid_from | valid_to   | known
        d-1          | GRANT    | 2024-02-01 | 2024-02-29 | 2024-01-10
        d-2          | GRANT    | 2024-03-01 | 2024-03-31 | 2024-01-10
        d-1          | WITHDRAW | -          | -          | 2024-01-20
    """)):  # fmt: skip
        register.add("authorisations", row_no=number + 2, known_at=at(row.pop("known")), **row)
    columns = "worker_key, decision_ref, limit_quantity, valid_from, valid_to"
    assert asked(register, "exposure_authorisations", columns) == expected("""
        worker_key | decision_ref | limit_quantity | valid_from | valid_to
        1          | d-2          | effective      | 2024-03-01 | 2024-03-31
    """)
    assert len(asked(register, "exposure_authorisations", columns, date(2024, 1, 15))) == 2


def test_what_was_replaced_is_no_record_and_readings_are_one_a_month(register, table, expected):
    """Below the threshold counts as zero and stays as sent; the cancelled result is gone."""
    for row in table("""
        row_no | dosimetry   | period_start | period_end | dose_msv | result_status   | record_action | replaces_dose_id
        2      | PASSIVE     | 2023-01-01   | 2023-01-31 | 0.040    | BELOW_THRESHOLD | NEW           | -
        3      | PASSIVE     | 2023-02-01   | 2023-02-28 | 1.000    | MEASURED        | NEW           | -
        4      | PASSIVE     | 2023-02-01   | 2023-02-28 | -        | ABSENT          | CANCEL        | 4294967320
        5      | OPERATIONAL | 2023-01-10   | 2023-01-10 | 0.011    | MEASURED        | NEW           | -
        6      | OPERATIONAL | 2023-01-20   | 2023-01-20 | 0.022    | MEASURED        | NEW           | -
    """):
        register.add("doses", **row)
    columns = "dosimetry, period_start, period_end, dose_msv, counted_msv, result_status, readings"
    assert asked(register, "dose_records", columns) == expected("""
        dosimetry   | period_start | period_end | dose_msv | counted_msv | result_status   | readings
        OPERATIONAL | 2023-01-01   | 2023-01-31 | 0.033    | 0.033       | MEASURED        | 2
        PASSIVE     | 2023-01-01   | 2023-01-31 | 0.040    | 0.000       | BELOW_THRESHOLD | 1
    """)
