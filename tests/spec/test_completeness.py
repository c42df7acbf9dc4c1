"""completeness_counts, statistics_completeness, establishment_completeness: what a year's figures rest on."""

from datetime import UTC, date, datetime, timedelta

import pytest
from register import Passed

from lake.vocabulary import Role
from models.access import Access
from models.publish import publish
from registry.policy import Viewer

TODAY = date(2024, 7, 1)
PEOPLE = """
    worker_key | establishment_key | occupation_code | wear_plan
    1          | 10                | M01             | HP10:T
    2          | 10                | -               | HP10:T,HP3:T
    3          | 11                | M01             | HP10:T
"""
RESULTS = """
    worker_key | establishment_key | quantity | body_location | period_end | result_status | dose_msv
    1          | 10                | HP10     | TRUNK         | 2024-03-31 | MEASURED      | 1.000
    2          | 10                | HP10     | TRUNK         | 2024-03-31 | ABSENT        | -
    2          | 10                | HP3      | EYE           | 2024-03-31 | MEASURED      | 1.000
"""


@pytest.fixture
def expected_of_three(register, table):
    """One quarter: a result, an absence and silence for the whole body, a result for the lens."""
    for number, row in enumerate(table(PEOPLE)):
        register.add("employments", row_no=number + 2, oa_code="LANDAUER", category_start=date(2024, 1, 1),
                     category_end=date(2024, 3, 31), **row)  # fmt: skip
    for row in table(RESULTS):
        register.dose(**row, period_start=date(2024, 1, 1))
    return register


def asked(register, mart: str, columns: str) -> list[tuple]:
    return register.rows_of(f"select {columns} from {mart} order by all", as_of=TODAY)


def test_an_establishment_reads_what_became_of_its_periods(expected_of_three, expected):
    columns = """
        establishment_key, year, expected_from, expected_periods, received_periods, absent_periods, overdue_periods,
        received_periods_share, occupation_known_share
    """
    assert asked(expected_of_three, "establishment_completeness", columns) == expected("""
        establishment_key | year | from       | expected | received | absent | overdue | received_share | known_share
        10                | 2024 | 2024-01-01 | 3        | 2        | 1      | 0       | 0.666667       | -
        11                | 2024 | 2024-01-01 | 1        | 0        | 0      | 1       | 0.000000       | -
    """)


def test_periods_are_counted_by_quantity_and_domain(expected_of_three, expected):
    """The third person is listed in nuclear, where nothing came; the fourth has a result that no list expects."""
    expected_of_three.add("employments", worker_key=3, establishment_key=11, row_no=9, oa_code="LANDAUER",
                          sector_code="NUC.06", wear_plan="HP10:T", category_start=date(2024, 1, 1),
                          category_end=date(2024, 3, 31), known_at=datetime(2024, 1, 2, tzinfo=UTC))  # fmt: skip
    expected_of_three.add("establishments", establishment_key=12, sector_code="IND.01", row_no=3)
    expected_of_three.dose("2024-03-31", worker_key=4, establishment_key=12)
    columns = "limit_quantity, group_code, monitored, expected_persons, expected_periods, received_periods"
    assert asked(expected_of_three, "completeness_counts", columns) == expected("""
        limit_quantity | group_code           | monitored | persons | expected | received
        effective      | ALL                  | 2         | 3       | 3        | 1
        effective      | MEDICAL_DENTAL_VET   | 1         | 2       | 2        | 1
        effective      | NON_NUCLEAR_INDUSTRY | 1         | -       | -        | -
        effective      | NUCLEAR              | -         | 1       | 1        | 0
        lens           | ALL                  | 1         | 1       | 1        | 1
        lens           | MEDICAL_DENTAL_VET   | 1         | 1       | 1        | 1
    """)


CROWDS = """
    worker_key | establishment_key | sector_code | workers | received
    0          | 10                | MED.01.01   | 30      | 24
    100        | 11                | NUC.06      | 20      | 15
    200        | 12                | IND.01      | {few}   | {few}
"""


@pytest.fixture
def crowds(register, table):
    """crowds(few): domains of thirty, twenty and few, each person due a quarter."""

    def fill(few: int):
        for crowd in table(CROWDS.format(few=few)):
            first, place, sector = (crowd[name] for name in ("worker_key", "establishment_key", "sector_code"))
            register.add("establishments", establishment_key=place, sector_code=sector, row_no=place)
            for worker in range(first, first + int(crowd["workers"])):
                register.add("employments", worker_key=worker, establishment_key=place, oa_code="LANDAUER",
                             wear_plan="HP10:T", sector_code=sector, category_start=date(2024, 1, 1),
                             category_end=date(2024, 3, 31), row_no=worker + 100)  # fmt: skip
            for worker in range(first, first + int(crowd["received"])):
                register.dose("2024-03-31", worker_key=worker, establishment_key=place, period_start=date(2024, 1, 1))
        return register

    return fill


TOLD = "group_code, expected_periods, received_periods, received_periods_share, occupation_known_share, suppressed"


def test_nothing_is_told_of_a_domain_of_few_nor_of_the_next_that_would_give_it(crowds, expected):
    """Sixty are due in all: fifty shown would leave ten."""
    assert asked(crowds(10), "statistics_completeness", TOLD) == expected("""
        group_code           | expected | received | share    | known | suppressed
        ALL                  | 60       | 49       | 0.816667 | 1.00  | false
        MEDICAL_DENTAL_VET   | 30       | 24       | 0.800000 | 1.00  | false
        NON_NUCLEAR_INDUSTRY | -        | -        | -        | -     | true
        NUCLEAR              | -        | -        | -        | -     | true
    """)


def test_domains_of_enough_persons_are_told(crowds, expected):
    assert asked(crowds(11), "statistics_completeness", TOLD) == expected("""
        group_code           | expected | received | share    | known | suppressed
        ALL                  | 61       | 50       | 0.819672 | 1.00  | false
        MEDICAL_DENTAL_VET   | 30       | 24       | 0.800000 | 1.00  | false
        NON_NUCLEAR_INDUSTRY | 11       | 11       | 1.000000 | 1.00  | false
        NUCLEAR              | 20       | 15       | 0.750000 | 1.00  | false
    """)


def test_the_results_of_a_year_are_those_of_the_months_that_can_be_foreseen(register, expected):
    """Each month came whole by its last day; of February 2024 nothing has come yet."""
    for month in range(1, 14):
        end = date(2023 + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        register.dose(end, worker_key=month, received_at=datetime(end.year, end.month, 28, 12, tzinfo=UTC))
    columns = "year, results_from, results_until, results_received, results_nowcast, received_results_share"
    asked = f"select {columns} from completeness_counts where dimension = 'ALL' and limit_quantity = 'effective'"
    assert sorted(register.rows_of(asked, as_of=date(2024, 2, 7))) == expected("""
        year | from       | until      | received | nowcast | share
        2023 | 2023-01-01 | 2023-12-31 | 12       | 12      | 1.000000
        2024 | 2024-01-01 | 2024-01-31 | 1        | 1       | 1.000000
    """)


def test_occupations_are_known_of_those_monitored(register):
    """Twelve are monitored; nine state an occupation, one of them at one of two establishments only."""
    for worker in range(1, 13):
        register.add("employments", worker_key=worker, occupation_code="M01" if worker < 10 else None, row_no=worker)
        register.dose("2023-03-31", worker_key=worker)
    register.add("employments", worker_key=1, establishment_key=11, occupation_code=None, row_no=20)
    register.dose("2023-06-30", worker_key=1, establishment_key=11)
    columns = "year, cast(occupation_known_share as varchar)"
    nation = "statistics_completeness where dimension = 'ALL' and limit_quantity = 'effective' and year = 2023"
    assert asked(register, nation, columns) == [(2023, "0.75")]
    # Eleven more, none of them with an occupation: a share of 9 in 23, of which no digit tells the 23.
    for worker in range(13, 24):
        register.add("employments", worker_key=worker, occupation_code=None, row_no=worker + 10)
        register.dose("2023-03-31", worker_key=worker)
    columns = "establishment_key, cast(occupation_known_share as varchar)"
    shares = asked(register, "establishment_completeness where year = 2023", columns)
    assert shares == [(10, "0.39"), (11, None)]


def test_an_employer_reads_the_completeness_of_its_own_establishment_and_of_the_nation(expected_of_three):
    publish(expected_of_three.settings, expected_of_three.build(), lambda built: Passed())
    access = Access(expected_of_three.settings, lambda event: None)
    employer = Viewer(1, Role.EMPLOYER, None, frozenset({10}))
    own = access.fetch("establishment_completeness", employer, purpose="test")
    nation = access.fetch("statistics_completeness", employer, purpose="test")
    access.snapshots.close()
    assert set(own["establishment_key"]) == {10}
    assert {*nation["dimension"]} == {"ALL", "domain"} and nation["suppressed"].all()
