"""annual_worker_doses: calendar years, the dated employment, who is monitored."""

from datetime import UTC, date, datetime
from decimal import Decimal

ASK = """
    select worker_key, year, establishment_key, category, sector_code, sector_imputed, dose_msv, is_monitored, is_main
    from annual_worker_doses where limit_quantity = 'effective' order by all
"""


def annual(register) -> list[tuple]:
    return [(w, y, e, c, s, i, str(d), m, main) for w, y, e, c, s, i, d, m, main in register.rows_of(ASK)]


def test_the_employment_at_the_period_end_decides(register):
    register.add("establishments")
    register.add("employments", category="B", category_start=date(2020, 1, 1), contract_start=date(2020, 1, 1))
    register.add("employments", category="A", category_start=date(2024, 2, 15), contract_start=date(2020, 1, 1),
                 sector_code="MED.04.01")  # fmt: skip
    register.dose("2024-01-31", "1.000")
    register.dose("2024-02-29", "2.000")
    register.dose("2019-12-31", "4.000")
    assert annual(register) == [
        (1, 2019, 10, "UNSPECIFIED", "MED.01.01", True, "4.000", True, True),
        (1, 2024, 10, "A", "MED.04.01", False, "2.000", True, True),
        (1, 2024, 10, "B", "MED.01.01", False, "1.000", True, False),
    ]


def _sectors(register) -> list[tuple]:
    return register.rows_of("""
        select year, sector_code from annual_worker_doses where limit_quantity = 'effective' order by all
    """)


def test_a_corrected_sector_changes_past_doses_and_a_change_of_activity_does_not(register):
    corrected = datetime(2024, 5, 1, tzinfo=UTC)
    register.add("establishments", valid_from=date(2015, 1, 1), sector_code="MED.01.01")
    register.dose("2018-06-30", "1.000")
    register.dose("2022-06-30", "1.000")
    assert _sectors(register) == [(2018, "MED.01.01"), (2022, "MED.01.01")]
    # Same first day, said later: it never was what the first line said.
    register.add("establishments", valid_from=date(2015, 1, 1), sector_code="IND.01", delivery_no=2, known_at=corrected)
    assert _sectors(register) == [(2018, "IND.01"), (2022, "IND.01")]
    # Another first day: from then on it is something else.
    register.add("establishments", valid_from=date(2020, 1, 1), sector_code="VET.01", delivery_no=3, known_at=corrected)
    assert _sectors(register) == [(2018, "IND.01"), (2022, "VET.01")]


def test_two_keys_merged_are_one_person_until_they_are_unmerged(register):
    register.add("establishments")
    register.dose("2022-06-30", "1.000", worker_key=1)
    register.dose("2022-06-30", "2.000", worker_key=2, establishment_key=11)
    persons = (
        "select worker_key, sum(dose_msv) from annual_worker_doses where limit_quantity = 'effective' group by all"
    )
    apart = [(1, Decimal("1.000")), (2, Decimal("2.000"))]
    assert sorted(register.rows_of(persons)) == apart
    merged, unmerged = datetime(2023, 1, 10, tzinfo=UTC), datetime(2023, 2, 10, tzinfo=UTC)
    register.add("identity_links", worker_key=2, person_key=1, delivery_no=2, known_at=merged)
    assert register.rows_of(persons) == [(1, Decimal("3.000"))]
    register.add("identity_links", worker_key=2, person_key=2, delivery_no=3, known_at=unmerged, reason="UNMERGED")
    assert sorted(register.rows_of(persons)) == apart


def test_a_closed_contract_and_the_end_of_nc(register):
    register.add("employments", worker_key=1, category="B", contract_start=date(2020, 1, 1))
    register.add("employments", worker_key=1, category="B", contract_start=date(2020, 1, 1), action="CLOSE",
                 contract_end=date(2023, 6, 30), known_at=datetime(2023, 7, 1, tzinfo=UTC), row_no=3)  # fmt: skip
    register.add("employments", worker_key=2, category="NC")
    for worker in (1, 2):
        for day in ("2023-06-30", "2024-01-31", "2024-02-29"):
            register.dose(day, "0.000", worker_key=worker, result_status="BELOW_THRESHOLD")
    rows = register.rows_of("""
        select worker_key, year, category, results from annual_worker_doses where limit_quantity = 'effective'
        order by all
    """)
    assert rows == [
        (1, 2023, "B", 1),
        (1, 2024, "UNSPECIFIED", 2),
        (2, 2023, "NC", 1),
        (2, 2024, "NC", 1),
        (2, 2024, "UNSPECIFIED", 1),
    ]


def test_who_is_monitored(register, table):
    for row in table("""
        worker_key | dosimetry   | quantity | radiation | body_location | result_status   | dose_msv | badge_position
        1          | PASSIVE     | HP10     | PHOTON    | TRUNK         | BELOW_THRESHOLD | 0.000    | -
        2          | PASSIVE     | HP10     | PHOTON    | TRUNK         | ABSENT          | -        | -
        3          | PASSIVE     | HP007    | PHOTON    | FINGER_L      | MEASURED        | 3.000    | -
        4          | OPERATIONAL | HP10     | PHOTON    | TRUNK         | MEASURED        | 0.100    | -
        5          | COSMIC      | E        | COSMIC    | -             | MEASURED        | 0.100    | -
        6          | INTERNAL    | E50      | ALPHA_INT | -             | MEASURED        | 0.100    | -
        7          | PASSIVE     | HP10     | PHOTON    | TRUNK         | MEASURED        | 1.000    | OVER_APRON
        8          | PASSIVE     | HP10     | NEUTRON   | TRUNK         | ESTIMATED       | 0.100    | -
        9          | RADON       | E        | RADON     | -             | MEASURED        | 0.000    | -
    """):
        register.dose("2024-01-31", **row)
    rows = register.rows_of("""
        select worker_key, dose_msv, is_monitored from annual_worker_doses where limit_quantity = 'effective' order by 1
    """)
    assert [(key, str(dose), monitored) for key, dose, monitored in rows] == [
        (1, "0.000", True),
        (5, "0.100", True),
        (6, "0.100", False),
        (8, "0.100", True),
    ]


def test_the_main_employment_has_the_largest_dose_and_the_highest_site_is_the_persons(register, table):
    for row in table("""
        establishment_key | dose_msv | body_location | quantity
        10                | 1.000    | TRUNK         | HP10
        11                | 2.000    | TRUNK         | HP10
        10                | 30.000   | FINGER_L      | HP007
        11                | 40.000   | FINGER_R      | HP007
        11                | 20.000   | FINGER_L      | HP007
    """):
        register.dose("2024-01-31", **row)
    rows = register.rows_of("""
        select limit_quantity, establishment_key, dose_msv, is_main from annual_worker_doses
        where limit_quantity in ('effective', 'extremities') order by all
    """)
    assert [(q, e, str(d), m) for q, e, d, m in rows] == [
        ("effective", 10, "1.000", False),
        ("effective", 11, "2.000", True),
        ("extremities", 10, "30.000", True),
        ("extremities", 11, "20.000", False),
    ]
