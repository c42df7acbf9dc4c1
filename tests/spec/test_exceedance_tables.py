"""exceedance_context, exceedance_notices, national_exceedances, provisional_exceedances: who is told what."""

from datetime import date

import pytest

DOSES = """
    worker_key | establishment_key | period_end | dose_msv
    1          | 10                | 2023-03-31 | 21.000
    2          | 10                | 2023-03-31 | 12.000
    2          | 11                | 2023-06-30 | 12.500
    3          | 11                | 2023-06-30 | 20.000
"""


@pytest.fixture
def exceeding(register, table):
    """One passes the limit at one employer; one by the doses of two; one reaches it and no more."""
    register.add("establishments", establishment_key=10, company_name="Clinique", sector_code="MED.01.01")
    register.add("establishments", establishment_key=11, company_name="Usine", sector_code="IND.01", row_no=3)
    for number, row in enumerate(table(DOSES)):
        register.add("employments", worker_key=row["worker_key"], establishment_key=row["establishment_key"],
                     sector_code={10: "MED.01.01", 11: "IND.01"}[row["establishment_key"]], row_no=number)  # fmt: skip
        register.dose(**row)
    return register


def asked(register, mart: str, columns: str) -> list[tuple]:
    return register.rows_of(f"select {columns} from {mart} order by all")


def test_the_authority_is_told_the_place_and_the_dose_and_no_person(exceeding, expected):
    """The place is that of the largest part of the peak."""
    columns = "limit_code, first_date, last_date, peak_msv, company_name, status, state"
    assert asked(exceeding, "exceedance_context", columns) == expected("""
        limit_code | first_date | last_date  | peak_msv | company_name | status   | state
        L1         | 2023-03-31 | 2024-03-30 | 21.000   | Clinique     | detected | detected
        L1         | 2023-06-30 | 2024-03-30 | 24.500   | Usine        | detected | detected
    """)


def test_each_employer_of_the_days_above_is_told_whom_and_no_dose(exceeding, expected):
    columns = "establishment_key, worker_key, limit_code, first_date"
    assert asked(exceeding, "exceedance_notices", columns) == expected("""
        establishment_key | worker_key | limit_code | first_date
        10                | 1          | L1         | 2023-03-31
        10                | 2          | L1         | 2023-06-30
        11                | 2          | L1         | 2023-06-30
    """)


def test_the_nation_counts_by_domain_and_state(exceeding, expected):
    columns = "year, limit_code, domain, exceedances, detected, confirmed, provisional"
    assert asked(exceeding, "national_exceedances", columns) == expected("""
        year | limit_code | domain               | exceedances | detected | confirmed | provisional
        2023 | L1         | MEDICAL_DENTAL_VET   | 1           | 1        | 0         | 0
        2023 | L1         | NON_NUCLEAR_INDUSTRY | 1           | 1        | 0         | 0
    """)


def test_what_waits_and_would_pass_or_raise_is_told_as_provisional(exceeding, table, expected):
    """The first is counted already and would be higher; the third would pass."""
    for row in table("""
        worker_key | establishment_key | period_end | dose_msv
        1          | 11                | 2023-04-30 | 1.000
        3          | 10                | 2023-07-31 | 0.001
    """):
        exceeding.add("waiting", **row)
    columns = "worker_key, limit_code, first_date, peak_msv, counted_peak_msv"
    assert asked(exceeding, "provisional_exceedances", columns) == expected("""
        worker_key | limit_code | first_date | peak_msv | counted_peak_msv
        1          | L1         | 2023-03-31 | 22.000   | 21.000
        3          | L1         | 2023-07-31 | 20.001   | -
    """)


def test_a_limit_that_comes_into_force_is_passed_at_the_place_of_the_last_dose_before(exceeding, expected):
    """No dose ends on the day on which it does."""
    exceeding.dose("2023-05-31", "60.000", establishment_key=11, quantity="HP3", body_location="EYE")
    columns = "limit_code, peak_date, peak_msv, company_name"
    assert asked(exceeding, "exceedance_context where limit_quantity = 'lens'", columns) == expected("""
        limit_code | peak_date  | peak_msv | company_name
        L4         | 2023-07-01 | 60.000   | Usine
        L4ty       | 2023-05-31 | 60.000   | Usine
    """)


def test_the_limit_of_the_young_is_passed_at_the_place_of_what_was_worn_before_eighteen(exceeding, expected):
    """What was worn since then ends on the same day and is larger."""
    exceeding.add("minors", worker_key=4, adult_on=date(2024, 1, 20))
    exceeding.dose("2024-01-31", "7.000", worker_key=4, establishment_key=10)
    exceeding.dose("2024-01-31", "9.000", worker_key=4, establishment_key=11, period_start=date(2024, 1, 21))
    columns = "limit_code, peak_date, peak_msv, company_name"
    assert asked(exceeding, "exceedance_context where limit_code = 'L6'", columns) == expected("""
        limit_code | peak_date  | peak_msv | company_name
        L6         | 2024-01-31 | 7.000    | Clinique
    """)
