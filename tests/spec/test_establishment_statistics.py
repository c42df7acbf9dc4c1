"""establishment_statistics, establishment_comparison, national_dose_changes: sums of few, none withheld."""

import pytest


@pytest.fixture
def employed(register):
    """Adds a dose and the employment it was received in."""

    def add(**row) -> None:
        job = {name: row[name] for name in ("worker_key", "establishment_key")}
        register.add("employments", row_no=100 * row["establishment_key"] + row["worker_key"], **job)
        register.dose(**row)

    return add


def asked(register, mart: str, columns: str, where: str = "limit_quantity = 'effective'") -> list[tuple]:
    return register.rows_of(f"select {columns} from {mart} where {where} order by all")


def test_an_establishment_counts_what_was_received_at_it(register, employed, table, expected):
    """The second person has doses at both; nobody without a result is monitored."""
    for row in table("""
        worker_key | establishment_key | period_end | dose_msv | result_status
        1          | 10                | 2023-03-31 | 2.000    | MEASURED
        2          | 10                | 2023-03-31 | 4.000    | MEASURED
        2          | 11                | 2023-06-30 | 7.000    | MEASURED
        3          | 10                | 2023-03-31 | 0.000    | MEASURED
        4          | 10                | 2023-03-31 | -        | ABSENT
    """):
        employed(**row)
    columns = """
        establishment_key, monitored, exposed, collective_dose_man_sv, mean_monitored_msv, mean_exposed_msv,
        median_exposed_msv, n_gt_1, n_gt_6
    """
    assert asked(register, "establishment_statistics", columns) == expected("""
        establishment_key | monitored | exposed | dose     | mean_monitored | mean_exposed | median | gt_1 | gt_6
        10                | 3         | 2       | 0.006000 | 2.000          | 3.000        | 3.000  | 2    | 0
        11                | 1         | 1       | 0.007000 | 7.000          | 7.000        | 7.000  | 1    | 1
    """)


def test_an_establishment_is_held_against_its_own_mix_of_jobs(register, employed, table, expected):
    """All are of one job, whose mean is 2 mSv: 6 mSv are expected of three persons, who have 3."""
    for row in table("""
        worker_key | establishment_key | period_end | dose_msv
        1          | 10                | 2023-03-31 | 1.000
        2          | 10                | 2023-03-31 | 2.000
        3          | 10                | 2023-03-31 | 0.000
        4          | 11                | 2023-03-31 | 5.000
    """):
        employed(**row)
    columns = "establishment_key, monitored, exposed, mean_exposed_msv, expected_msv, standardised_dose_ratio"
    assert asked(register, "establishment_comparison", columns, "occupation_code = 'ALL'") == expected("""
        establishment_key | monitored | exposed | mean_exposed | expected | ratio
        10                | 3         | 2       | 1.500        | 6.000    | 0.500
        11                | 1         | 1       | 5.000        | 2.000    | 2.500
    """)


def test_the_nation_gains_by_persons_and_loses_by_their_mean(register, employed, table, expected):
    """Two persons of 2 mSv, then three of 1: one more at a mean of 1.5 mSv, and 1 mSv less for each of 2.5."""
    for row in table("""
        worker_key | establishment_key | period_end | dose_msv
        1          | 10                | 2022-03-31 | 2.000
        2          | 10                | 2022-03-31 | 2.000
        1          | 10                | 2023-03-31 | 1.000
        2          | 10                | 2023-03-31 | 1.000
        3          | 10                | 2023-03-31 | 1.000
    """):
        employed(**row)
    columns = "year, exposed, change_msv, headcount_effect_msv, mix_effect_msv, rate_effect_msv"
    assert asked(register, "national_dose_changes", columns, "true") == expected("""
        year | exposed | change | headcount | mix   | rate
        2023 | 2       | -1.000 | 1.500     | 0.000 | -2.500
    """)
