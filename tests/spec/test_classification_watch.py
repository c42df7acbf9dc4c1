"""classification_watch, classification_watch_counts: doses that do not fit the category of their person."""

ASK = """
    select worker_key, rule_code, year, cast(value_msv as varchar) from classification_watch
    where limit_quantity <> 'effective_external' order by all
"""


def test_category_b_above_its_levels(register, table):
    for row in table("""
        worker_key | quantity | body_location | period_end | dose_msv
        1          | HP10     | TRUNK         | 2023-03-31 | 6.000
        2          | HP10     | TRUNK         | 2022-09-30 | 4.000
        2          | HP10     | TRUNK         | 2023-03-31 | 2.001
        3          | HP3      | EYE           | 2023-03-31 | 15.001
        4          | HP007    | FINGER_L      | 2023-03-31 | 150.001
        5          | HP007    | SKIN_OTHER    | 2023-03-31 | 150.001
        6          | HP10     | TRUNK         | 2023-03-31 | 6.001
    """):
        register.dose(**row)
    for worker in range(1, 7):
        category = "A" if worker == 6 else "B"
        register.add("employments", worker_key=worker, category=category, row_no=worker + 1)
    assert register.rows_of(ASK) == [
        (2, "B_OVER_6", 2023, "6.001"),
        (3, "B_LENS_15", 2023, "15.001"),
        (4, "B_EXTREMITIES_150", 2023, "150.001"),
        (5, "B_SKIN_150", 2023, "150.001"),
    ]


def test_soil_radon_does_not_count_for_the_category(register):
    for worker, situation in ((1, "EXISTING"), (2, "PLANNED")):
        register.add("employments", worker_key=worker, row_no=worker + 1)
        register.dose("2023-03-31", "5.000", worker_key=worker)
        register.dose("2023-04-30", "2.000", worker_key=worker, dosimetry="RADON", quantity="E", radiation="RADON",
                      body_location=None, situation=situation)  # fmt: skip
    assert register.rows_of(ASK) == [(2, "B_OVER_6", 2023, "7.000")]


def test_category_a_under_one_millisievert_three_years_running(register):
    doses = {1: ("0.300", "0.999", "0.200"), 2: ("0.300", "1.000", "0.200"), 3: ("0.300", None, "0.200"),
             4: ("0.000", "0.000", "0.000")}  # fmt: skip
    for worker, years in doses.items():
        register.add("employments", worker_key=worker, category="A", row_no=worker + 1)
        for year, dose in zip((2021, 2022, 2023), years, strict=True):
            if dose is not None:
                register.dose(f"{year}-06-30", dose, worker_key=worker)
    assert register.rows_of(ASK) == [(1, "A_UNDER_1", 2023, "0.999"), (4, "A_UNDER_1", 2023, "0.000")]


def test_counts_stand_beside_those_who_were_monitored_in_the_category(register, table, expected):
    """Worker 3 is monitored in category B in two sectors; worker 4 is unclassified, worker 5 under 1 mSv in A."""
    for establishment, sector in ((10, "MED.01.01"), (11, "IND.01")):
        register.add("establishments", establishment_key=establishment, row_no=establishment, sector_code=sector)
    for row in table("""
        worker_key | establishment_key | sector_code | category | dose_2021 | dose_2022 | dose_2023
        1          | 10                | MED.01.01   | B        | -         | -         | 6.001
        2          | 10                | MED.01.01   | B        | -         | -         | 6.000
        3          | 10                | MED.01.01   | B        | -         | -         | 5.000
        3          | 11                | IND.01      | B        | -         | -         | 1.001
        4          | 11                | IND.01      | NC       | -         | -         | 9.000
        5          | 11                | IND.01      | A        | 0.300     | 0.999     | 0.000
    """):
        years = {year: row.pop(f"dose_{year}") for year in (2021, 2022, 2023)}
        register.add("employments", row_no=10 * row["worker_key"] + row["establishment_key"], **row)
        for year, dose in years.items():
            if dose is not None:
                row.pop("category", None)
                register.dose(f"{year}-06-30", dose, **row)
    assert register.rows_of("""
        select rule_code, dimension, group_code, monitored, flagged
        from classification_watch_counts where year = 2023 order by all
    """) == expected("""
        rule_code | dimension | group_code           | monitored | flagged
        A_UNDER_1 | ALL       | ALL                  | 1         | 1
        A_UNDER_1 | domain    | NON_NUCLEAR_INDUSTRY | 1         | 1
        A_UNDER_1 | sector    | IND                  | 1         | 1
        A_UNDER_1 | sector    | IND.01               | 1         | 1
        B_OVER_6  | ALL       | ALL                  | 3         | 2
        B_OVER_6  | domain    | MEDICAL_DENTAL_VET   | 3         | 2
        B_OVER_6  | domain    | NON_NUCLEAR_INDUSTRY | 1         | 1
        B_OVER_6  | sector    | IND                  | 1         | 1
        B_OVER_6  | sector    | IND.01               | 1         | 1
        B_OVER_6  | sector    | MED                  | 3         | 2
        B_OVER_6  | sector    | MED.01               | 3         | 2
        B_OVER_6  | sector    | MED.01.01            | 3         | 2
    """)
