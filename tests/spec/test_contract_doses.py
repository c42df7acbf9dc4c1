"""contract_doses: the dose of a short contract against the limit pro rata of its length."""

from datetime import date
from decimal import Decimal

from register import Passed

from lake.vocabulary import Role
from models.access import Access
from models.publish import publish
from registry.policy import Viewer

ASK = """
    select contract_start, limit_quantity, dose_msv, days, prorata_limit_ratio, is_above_prorata
    from contract_doses
    where limit_quantity <> 'effective_external'
    order by all
"""


def employ(register, rows: list[dict]) -> None:
    for number, row in enumerate(rows):
        register.add("employments", row_no=number + 2, category_start=row["contract_start"], **row)


def test_seventy_three_days_bear_a_fifth_of_the_limit(register, table, expected):
    """20 mSv in 365 days are 4 mSv in 73; the same is not above. In a leap year the twelve months have 366."""
    employ(register, table("""
        worker_key | contract_type | contract_start | contract_end
        1          | CDD           | 2022-01-01     | 2022-03-14
        2          | TEMP          | 2022-01-01     | 2022-03-14
        3          | TEMP          | 2024-01-01     | 2024-03-13
    """))  # fmt: skip
    for row in table("""
        worker_key | period_end | dose_msv
        1          | 2022-02-28 | 4.000
        2          | 2022-02-28 | 4.001
        3          | 2024-02-29 | 4.000
    """):
        register.dose(**row)
    assert register.rows_of(ASK.replace("contract_start,", "worker_key,")) == expected("""
        worker_key | quantity  | dose  | days | ratio    | is_above
        1          | effective | 4.000 | 73   | 1.000000 | false
        2          | effective | 4.001 | 73   | 1.000250 | true
        3          | effective | 4.000 | 73   | 1.002740 | true
    """)  # fmt: skip


def test_a_badge_worn_past_the_end_counts_for_the_contract_it_was_worn_in(register, table, expected):
    """The third result spans both contracts and ends in the second; the last ends after it."""
    employ(register, table("""
        contract_type | contract_start | contract_end
        CDD           | 2023-01-01     | 2023-03-14
        CDD           | 2023-03-20     | 2023-05-10
    """))  # fmt: skip
    for row in table("""
        period_start | period_end | dose_msv
        2022-12-01   | 2022-12-31 | 9.000
        2023-01-01   | 2023-01-31 | 1.000
        2023-03-01   | 2023-03-31 | 2.000
        2023-05-01   | 2023-05-31 | 3.000
    """):
        register.dose(**row)
    assert register.rows_of(ASK) == expected("""
        start      | quantity  | dose  | days | ratio    | is_above
        2023-01-01 | effective | 1.000 | 73   | 0.250000 | false
        2023-03-20 | effective | 5.000 | 52   | 1.759615 | true
    """)  # fmt: skip


def test_each_site_accumulates_apart_and_each_quantity_has_its_limit(register, table, expected):
    employ(register, table("""
        contract_type | contract_start | contract_end
        TEMP          | 2023-07-01     | 2023-09-11
    """))  # fmt: skip
    for row in table("""
        quantity | body_location | period_end | dose_msv
        HP007    | FINGER_L      | 2023-07-31 | 60.000
        HP007    | FINGER_R      | 2023-07-31 | 70.000
        HP007    | FINGER_L      | 2023-08-31 | 41.000
        HP3      | EYE           | 2023-08-31 | 4.001
    """):
        register.dose(**row)
    assert register.rows_of(ASK) == expected("""
        start      | quantity    | dose    | days | ratio    | is_above
        2023-07-01 | extremities | 101.000 | 73   | 1.012767 | true
        2023-07-01 | lens        | 4.001   | 73   | 1.002990 | true
    """)  # fmt: skip


def test_a_permanent_contract_and_one_without_an_end_have_no_pro_rata(register, table):
    employ(register, table("""
        worker_key | contract_type | contract_start | contract_end
        1          | CDI           | 2023-01-01     | 2023-03-14
        2          | CDD           | 2023-01-01     | -
    """))  # fmt: skip
    for worker in (1, 2):
        register.dose("2023-02-28", "5.000", worker_key=worker)
    assert register.rows_of(ASK) == []


def test_the_end_that_was_stated_last_holds(register):
    """The list that prolonged the contract changes its length, not the dose."""
    for number, end in enumerate((date(2023, 3, 14), date(2023, 5, 26))):
        register.add("employments", row_no=number + 2, contract_type="CDD", category_start=date(2023, 1, 1),
                     contract_start=date(2023, 1, 1), contract_end=end)  # fmt: skip
    register.dose("2023-02-28", "4.001")
    ((*_, days, ratio, is_above),) = register.rows_of(ASK)
    assert (days, str(ratio), is_above) == (146, "0.500125", False)


def test_an_adviser_sees_the_external_part_of_the_contracts_since_the_present_one_began(register):
    for number, (start, end) in enumerate(
        ((date(2022, 1, 1), date(2022, 3, 14)), (date(2023, 1, 1), date(2023, 6, 30)))
    ):
        register.add("employments", row_no=number + 2, contract_type="CDD", category_start=start, contract_start=start,
                     contract_end=end)  # fmt: skip
    for day in ("2022-02-28", "2023-02-28"):
        register.dose(day, "1.000")
        register.dose(day, "2.000", dosimetry="INTERNAL", quantity="E50", radiation="ALPHA_INT", body_location=None)
    publish(register.settings, register.build(), lambda built: Passed())
    access = Access(register.settings, lambda event: None, today=lambda: date(2023, 3, 1))
    viewers = [Viewer(1, role, None, frozenset({10})) for role in (Role.PHYSICIAN, Role.CRP)]
    columns = ["contract_start", "limit_quantity", "dose_msv"]
    told = [access.fetch("contract_doses", viewer, columns=columns, purpose="test").rows() for viewer in viewers]
    access.snapshots.close()
    assert len(told[0]) == 4
    assert told[1] == [(date(2023, 1, 1), "effective_external", Decimal("1.000"))]
