"""statistics_of_all_rows: the statistics as if nothing had been replaced or cancelled, beside the current ones."""

import pytest

from lake.schema import dose_id

SHOWN = """
    select {}, monitored, exposed, collective_dose_man_sv, monitored_all_rows, exposed_all_rows,
        collective_dose_all_rows_man_sv, corrected_persons
    from statistics_of_all_rows
    where limit_quantity = '{}' and dimension = '{}'
    order by all
"""


def shown(register, key: str, dimension: str, quantity: str = "effective") -> list[tuple]:
    return register.rows_of(SHOWN.format(key, quantity, dimension))


def test_a_cancelled_result_and_a_replaced_one_count_in_one_view_alone(register, table, expected):
    """The whole year of the first goes; the second had 5 mSv, then 3; the third was never corrected."""
    for row in table("""
        row_no | worker_key | period_end | dose_msv | record_action | replaced
        2      | 1          | 2023-06-30 | 4.000    | NEW           | -
        3      | 1          | 2023-06-30 | 0.000    | CANCEL        | 2
        4      | 2          | 2023-06-30 | 5.000    | NEW           | -
        5      | 2          | 2023-06-30 | 3.000    | REPLACE       | 4
        6      | 3          | 2023-06-30 | 1.000    | NEW           | -
        7      | 3          | 2022-06-30 | 1.000    | NEW           | -
    """):
        corrected(register, row)
    assert shown(register, "year", "ALL") == expected("""
        year | monitored | exposed | dose     | monitored_all | exposed_all | dose_all | corrected
        2022 | 1         | 1       | 0.001000 | 1             | 1           | 0.001000 | -
        2023 | 2         | 2       | 0.004000 | 3             | 3           | 0.010000 | 2
    """)  # fmt: skip


def test_only_persons_who_were_corrected_stand_behind_the_difference(register, table, expected):
    """The first had 4 mSv and a cancelled 3, and a year that was not corrected; the second was never corrected."""
    for row in table("""
        row_no | worker_key | period_end | dose_msv | record_action | replaced
        2      | 1          | 2023-03-31 | 3.000    | NEW           | -
        3      | 1          | 2023-03-31 | 0.000    | CANCEL        | 2
        4      | 1          | 2023-06-30 | 4.000    | NEW           | -
        5      | 2          | 2023-06-30 | 1.000    | NEW           | -
        6      | 1          | 2022-06-30 | 1.000    | NEW           | -
    """):
        corrected(register, row)
    asked = "select worker_key, year, dose_msv from annual_doses_of_all_rows where limit_quantity = 'effective'"
    assert register.rows_of(asked) == expected("""
        worker_key | year | dose_msv
        1          | 2023 | 7.000
    """)


def test_a_result_moved_to_another_year_counts_in_both(register, table, expected):
    for row in table("""
        row_no | worker_key | period_end | dose_msv | record_action | replaced
        2      | 1          | 2022-12-31 | 2.000    | NEW           | -
        3      | 1          | 2023-01-31 | 2.000    | REPLACE       | 2
    """):
        corrected(register, row)
    assert shown(register, "year", "ALL") == expected("""
        year | monitored | exposed | dose     | monitored_all | exposed_all | dose_all | corrected
        2022 | 0         | 0       | 0.000000 | 1             | 1           | 0.002000 | 1
        2023 | 1         | 1       | 0.002000 | 1             | 1           | 0.002000 | -
    """)  # fmt: skip


def test_each_group_has_its_own_difference(register, table, expected):
    """A dose that was first sent for another establishment: each sector is corrected, the nation by both rows."""
    register.add("establishments", establishment_key=10, sector_code="MED.01.01")
    register.add("establishments", establishment_key=11, sector_code="IND.01", row_no=3)
    for row in table("""
        row_no | worker_key | establishment_key | period_end | dose_msv | record_action | replaced
        2      | 1          | 10                | 2023-06-30 | 2.000    | NEW           | -
        3      | 1          | 11                | 2023-06-30 | 2.000    | REPLACE       | 2
    """):
        corrected(register, row)
    assert shown(register, "group_code", "domain") == expected("""
        group_code           | monitored | exposed | dose     | monitored_all | exposed_all | dose_all | corrected
        MEDICAL_DENTAL_VET   | 0         | 0       | 0.000000 | 1             | 1           | 0.002000 | 1
        NON_NUCLEAR_INDUSTRY | 1         | 1       | 0.002000 | 1             | 1           | 0.002000 | -
    """)  # fmt: skip
    assert shown(register, "group_code", "ALL") == expected("""
        group_code | monitored | exposed | dose     | monitored_all | exposed_all | dose_all | corrected
        ALL        | 1         | 1       | 0.002000 | 1             | 1           | 0.004000 | 1
    """)  # fmt: skip


def test_percentiles_are_those_of_the_persons_as_all_rows_have_them(register, table, expected):
    """Of 1, 2 and 3 mSv the first had 5 before and the second 1; a fourth has nothing left of 7."""
    for row in table("""
        row_no | worker_key | period_end | dose_msv | record_action | replaced
        2      | 1          | 2023-06-30 | 5.000    | NEW           | -
        3      | 1          | 2023-06-30 | 1.000    | REPLACE       | 2
        4      | 2          | 2023-06-30 | 1.000    | NEW           | -
        5      | 2          | 2023-06-30 | 2.000    | REPLACE       | 4
        6      | 3          | 2023-06-30 | 3.000    | NEW           | -
        7      | 4          | 2023-06-30 | 7.000    | NEW           | -
        8      | 4          | 2023-06-30 | 0.000    | CANCEL        | 7
        9      | 5          | 2023-06-30 | 0.000    | NEW           | -
    """):
        corrected(register, row)
    asked = """
        select median_exposed_msv, median_exposed_all_rows_msv, p90_exposed_all_rows_msv, median_monitored_all_rows_msv
        from statistics_of_all_rows
        inner join national_statistics using (year, limit_quantity, dimension, group_code)
        where limit_quantity = 'effective' and dimension = 'ALL'
    """
    assert register.rows_of(asked) == expected("""
        median_exposed | all   | p90_all | median_monitored_all
        2.000          | 4.000 | 6.400   | 3.000
    """)


def test_counts_above_levels_means_and_ratios_are_those_of_the_persons_as_all_rows_have_them(register, table, expected):
    """Of 1, 2 and 6 mSv the first had 7 before; the third wears no badge; a fourth has nothing left of 3."""
    for row in table("""
        row_no | worker_key | period_end | dose_msv | record_action | replaced
        2      | 1          | 2023-06-30 | 7.000    | NEW           | -
        3      | 1          | 2023-06-30 | 1.000    | REPLACE       | 2
        4      | 2          | 2023-06-30 | 2.000    | NEW           | -
        6      | 4          | 2023-06-30 | 3.000    | NEW           | -
        7      | 4          | 2023-06-30 | 0.000    | CANCEL        | 6
    """):
        corrected(register, row)
    register.dose("2023-06-30", "6.000", worker_key=3, dosimetry="INTERNAL", quantity="E50", radiation="ALPHA_INT",
                  body_location=None)  # fmt: skip
    asked = """
        select {}, n_gt_2{}, n_gt_5{}, mean_exposed{}_msv, mean_monitored{}_msv, number_ratio_5{}, dose_ratio_5{}
        from {} where limit_quantity = 'effective' and dimension = 'ALL'
    """
    now = asked.format("'results that stand'", *[""] * 6, "national_statistics")
    received = asked.format("'all rows received'", *["_all_rows"] * 6, "statistics_of_all_rows")
    assert register.rows_of(f"{now} union all {received} order by all desc") == expected("""
        view               | n_gt_2 | n_gt_5 | mean_exposed | mean_monitored | number_ratio_5 | dose_ratio_5
        results that stand | 1      | 1      | 3.000        | 1.500          | 0.000000       | 0.000000
        all rows received  | 3      | 2      | 4.500        | 4.000          | 0.333333       | 0.583333
    """)  # fmt: skip


def test_a_correction_moves_a_person_from_class_to_class(register, table, expected):
    """The first had 6 mSv before 1, the second 3 before 2, the third's result was cancelled, the fourth's stands."""
    for row in table("""
        row_no | worker_key | period_end | dose_msv | record_action | replaced
        2      | 1          | 2023-06-30 | 6.000    | NEW           | -
        3      | 1          | 2023-06-30 | 1.000    | REPLACE       | 2
        4      | 2          | 2023-06-30 | 3.000    | NEW           | -
        5      | 2          | 2023-06-30 | 2.000    | REPLACE       | 4
        6      | 3          | 2023-06-30 | 0.000    | NEW           | -
        7      | 3          | 2023-06-30 | 0.000    | CANCEL        | 6
        8      | 4          | 2023-06-30 | 1.500    | NEW           | -
    """):
        corrected(register, row)
    asked = """
        select class_code || ' mSv', workers, collective_dose_man_sv, workers_all_rows, collective_dose_all_rows_man_sv,
            corrected_persons, crossed_persons
        from dose_distribution_of_all_rows
        where limit_quantity = 'effective' and dimension = 'ALL'
        order by position
    """
    assert register.rows_of(asked) == expected("""
        class_code | workers | dose     | workers_all | dose_all | corrected | crossed
        0 mSv      | 0       | 0.000000 | 1           | 0.000000 | 1         | 1
        ]0;1] mSv  | 1       | 0.001000 | 0           | 0.000000 | 1         | 1
        ]1;5] mSv  | 2       | 0.003500 | 2           | 0.004500 | 1         | -
        ]5;10] mSv | 0       | 0.000000 | 1           | 0.006000 | 1         | 1
    """)


def test_electronic_readings_are_summed_whatever_replaced_them(register, table, expected):
    """The first was replaced by the second, of another day; the third was cancelled; the last stands as it came."""
    for row in table("""
        row_no | worker_key | period_end | dose_msv | record_action | replaced
        2      | 1          | 2023-06-12 | 0.030    | NEW           | -
        3      | 1          | 2023-06-13 | 0.020    | REPLACE       | 2
        4      | 2          | 2023-06-12 | 0.050    | NEW           | -
        5      | 2          | 2023-06-12 | 0.000    | CANCEL        | 4
        6      | 3          | 2023-06-12 | 0.010    | NEW           | -
    """):
        corrected(register, row | {"dosimetry": "OPERATIONAL"})
    assert shown(register, "limit_quantity", "ALL", "operational") == expected("""
        limit_quantity | monitored | exposed | dose     | monitored_all | exposed_all | dose_all | corrected
        operational    | 2         | 2       | 0.000030 | 3             | 3           | 0.000110 | 2
    """)  # fmt: skip


@pytest.mark.parametrize("situation", ["SUR", "PLANNED"])
def test_a_row_that_would_not_have_counted_does_not_count_uncorrected(register, situation):
    """A badge worn over an apron, or a dose of an emergency, is no more of the statistics for having been cancelled."""
    dose = register.dose("2023-06-30", "9.000", situation=situation,
                         badge_position="OVER_APRON" if situation == "PLANNED" else None)  # fmt: skip
    register.dose("2023-06-30", None, record_action="CANCEL", replaces_dose_id=dose["dose_id"], result_status="ABSENT")
    register.dose("2023-06-30", "1.000")
    ((_, *numbers),) = shown(register, "year", "ALL")
    assert list(map(str, numbers)) == ["1", "1", "0.001000", "1", "1", "0.001000", "None"]


def corrected(register, row: dict) -> None:
    """One dose, which replaces or cancels the one of another row."""
    replaced = row.pop("replaced")
    register.dose(**row, replaces_dose_id=None if replaced is None else dose_id(1, replaced, 0))
