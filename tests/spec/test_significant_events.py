"""significant_events: what one operation may have given above a quarter of a limit."""

from dataclasses import replace
from datetime import date

from register import Passed

from lake.vocabulary import Role
from models.access import Access
from models.publish import publish
from registry.policy import Viewer

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


def test_two_entries_of_a_day_are_two_operations(register, table, expected):
    for row in table("""
        worker_key | row_no | period_start | period_end | dose_msv
        1          | 2      | 2023-09-30   | 2023-09-30 | 3.000
        1          | 3      | 2023-09-30   | 2023-09-30 | 3.000
        2          | 4      | 2023-09-30   | 2023-09-30 | 6.000
        2          | 5      | 2023-09-30   | 2023-09-30 | 6.000
    """):
        register.dose(**row, dosimetry="OPERATIONAL")
    ask = "select worker_key, kind, operation_no, dose_msv from significant_events order by all"
    assert register.rows_of(ask) == expected("""
        worker_key | kind  | operation_no | dose_msv
        2          | ENTRY | 1            | 6.000
        2          | ENTRY | 2            | 6.000
    """)


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


def test_an_entry_and_an_intake_of_a_minor_are_held_to_the_limits_of_their_age(register, table, expected):
    """Both are under 18; the second turns 18 before the wear, and is held to the limits of adults alone."""
    for row in table("""
        worker_key | dosimetry   | quantity | radiation | body_location | period_end | dose_msv
        1          | OPERATIONAL | HP10     | PHOTON    | TRUNK         | 2023-09-30 | 1.600
        1          | INTERNAL    | E50      | ALPHA_INT | -             | 2023-09-30 | 5.100
        2          | OPERATIONAL | HP10     | PHOTON    | TRUNK         | 2023-10-31 | 1.600
    """):
        register.dose(**row)
    for worker in (1, 2):
        register.add("minors", worker_key=worker, adult_on=date(2023, 9, 2))
    assert register.rows_of(ASK) == expected("""
        worker_key | kind   | limit_quantity | dose_msv | limit_code | level_msv
        1          | ENTRY  | operational    | 1.600    | L6         | 1.500
        1          | INTAKE | effective      | 5.100    | L1         | 5.000
        1          | INTAKE | effective      | 5.100    | L6         | 1.500
    """)


def test_an_adviser_who_is_shown_the_total_is_shown_no_intake(register):
    """The setting opens the total effective dose; internal records stay closed (R.4451-69)."""
    settings = replace(register.settings, crp_sees_total_effective=True)
    register.add("employments")
    register.dose("2023-09-30", "6.000")
    register.dose("2023-09-30", "6.000", dosimetry="OPERATIONAL")
    register.dose("2023-09-30", "6.000", dosimetry="INTERNAL", quantity="E50", radiation="ALPHA_INT",
                  body_location=None)  # fmt: skip
    publish(register.settings, register.build(), lambda built: Passed())
    access = Access(settings, lambda event: None, today=lambda: date(2023, 12, 1))
    seen = {}
    for role in (Role.CRP, Role.PHYSICIAN):
        rows = access.fetch("significant_events", Viewer(1, role, None, frozenset({10})), purpose="test")
        seen[role] = set(zip(rows["kind"], rows["dosimetry"], strict=True))
    access.snapshots.close()
    external = {("ENTRY", "OPERATIONAL"), ("WEAR", "PASSIVE")}
    assert seen == {Role.CRP: external, Role.PHYSICIAN: external | {("INTAKE", "INTERNAL")}}


def test_photons_and_neutrons_of_one_entry_are_one_operation(register, expected):
    for part, radiation in ((0, "PHOTON"), (1, "NEUTRON")):
        register.dose("2023-09-30", "3.000", dosimetry="OPERATIONAL", radiation=radiation, part=part, row_no=2)
    assert register.rows_of(ASK) == expected("""
        worker_key | kind  | limit_quantity | dose_msv | limit_code | level_msv
        1          | ENTRY | operational    | 6.000    | L1         | 5.000
    """)
