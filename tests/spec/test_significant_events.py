"""significant_events: what one operation may have given above a quarter of a limit."""

from datetime import date

ASK = "select worker_key, kind, limit_quantity, dose_msv, limit_code, level_msv from significant_events order by all"


def test_a_quarter_is_not_to_be_passed(register, table, expected):
    """5 mSv of the whole body and of the lens, 125 mSv of skin and extremities; equal is not above."""
    for row in table("""
        worker_key | dosimetry   | quantity | radiation | body_location | period_end | dose_msv
        1          | PASSIVE     | HP10     | PHOTON    | TRUNK         | 2023-09-30 | 5.000
        2          | PASSIVE     | HP10     | PHOTON    | TRUNK         | 2023-09-30 | 5.001
        3          | OPERATIONAL | HP10     | PHOTON    | TRUNK         | 2023-09-30 | 5.001
        4          | INTERNAL    | E50      | ALPHA_INT | -             | 2023-09-30 | 5.001
        5          | PASSIVE     | HP3      | PHOTON    | EYE           | 2023-09-30 | 5.001
        6          | PASSIVE     | HP007    | PHOTON    | FINGER_L      | 2023-09-30 | 125.001
        7          | PASSIVE     | HP007    | PHOTON    | SKIN_OTHER    | 2023-09-30 | 125.000
    """):
        register.dose(**row)
    assert register.rows_of(ASK) == expected("""
        worker_key | kind   | limit_quantity     | dose_msv | limit_code | level_msv
        2          | WEAR   | effective_external | 5.001    | L1         | 5.000
        3          | ENTRY  | operational        | 5.001    | L1         | 5.000
        4          | INTAKE | effective          | 5.001    | L1         | 5.000
        5          | WEAR   | lens               | 5.001    | L4         | 5.000
        6          | WEAR   | extremities        | 125.001  | L2         | 125.000
    """)


def test_two_entries_of_a_day_are_two_operations(register, table):
    for row in table("""
        row_no | period_start | period_end | dose_msv
        2      | 2023-09-30   | 2023-09-30 | 3.000
        3      | 2023-09-30   | 2023-09-30 | 3.000
    """):
        register.dose(**row, dosimetry="OPERATIONAL")
    assert register.rows_of(ASK) == []


def test_two_sites_of_one_wear_are_not_added(register):
    for site in ("FINGER_L", "FINGER_R"):
        register.dose("2023-09-30", "100.000", quantity="HP007", body_location=site)
    assert register.rows_of(ASK) == []


def test_the_limit_is_that_of_the_day_and_of_the_age(register, expected):
    """The lens was limited to 50 mSv a year until June 2023; under 18, the whole body to 6 mSv."""
    register.dose("2023-06-30", "12.501", quantity="HP3", body_location="EYE")
    register.dose("2023-09-30", "1.501", worker_key=2, period_start=date(2023, 9, 1))
    register.add("minors", worker_key=2, adult_on=date(2023, 9, 2))
    assert register.rows_of(ASK) == expected("""
        worker_key | kind | limit_quantity     | dose_msv | limit_code | level_msv
        1          | WEAR | lens               | 12.501   | L4ty       | 12.500
        2          | WEAR | effective_external | 1.501    | L6         | 1.500
    """)


def test_photons_and_neutrons_of_one_entry_are_one_operation(register, expected):
    for part, radiation in ((0, "PHOTON"), (1, "NEUTRON")):
        register.dose("2023-09-30", "3.000", dosimetry="OPERATIONAL", radiation=radiation, part=part, row_no=2)
    assert register.rows_of(ASK) == expected("""
        worker_key | kind  | limit_quantity | dose_msv | limit_code | level_msv
        1          | ENTRY | operational    | 6.000    | L1         | 5.000
    """)
