"""cumulative_distribution: classes of the dose of five calendar years and of the career."""

import pytest
from register import Passed, Register

from lake.vocabulary import Role
from models.access import Access
from models.publish import publish
from registry.policy import Viewer


def test_five_calendar_years_and_the_career(register, table):
    for row in table("""
        period_end | worker_key | dose_msv
        2018-12-31 | 1          | 50.000
        2019-01-01 | 1          | 10.000
        2023-12-31 | 1          | 10.000
        2019-01-31 | 2          | 20.001
        2023-01-31 | 2          | 0.000
        2019-01-31 | 3          | 90.000
        2023-06-30 | 4          | 0.000
    """):
        register.dose(**row)
    # An intake in 2023 and no badge: not monitored that year, so in no class of it.
    register.dose("2023-06-30", "1.000", worker_key=3, dosimetry="INTERNAL", quantity="E50", radiation="ALPHA_INT",
                  body_location=None)  # fmt: skip
    rows = register.rows_of("""
        select year, span, since_year, class_code, workers, collective_dose_man_sv
        from cumulative_distribution where dimension = 'ALL' and year >= 2022 order by span, position
    """)
    assert [tuple(map(str, row)) for row in rows] == [
        ("2023", "5_YEARS", "2019", "0", "1", "0.000000"),
        ("2023", "5_YEARS", "2019", "]5;20]", "1", "0.020000"),
        ("2023", "5_YEARS", "2019", "]20;50]", "1", "0.020001"),
        ("2023", "CAREER", "2018", "0", "1", "0.000000"),
        ("2023", "CAREER", "2018", "]20;50]", "1", "0.020001"),
        ("2023", "CAREER", "2018", "]50;100]", "1", "0.070000"),
    ]


@pytest.mark.parametrize(("first", "spans"), [("2019-06-30", {"5_YEARS", "CAREER"}), ("2020-06-30", {"CAREER"})])
def test_five_years_need_five_years_of_register(register, first, spans):
    register.dose(first, worker_key=2)
    register.dose("2023-06-30")
    rows = register.rows_of("select distinct span from cumulative_distribution where year = 2023")
    assert {row[0] for row in rows} == spans


@pytest.mark.parametrize(("in_industry", "is_shown"), [(10, False), (11, True)])
def test_a_small_domain_does_not_follow_from_the_others(tmp_path, in_industry, is_shown):
    register = Register(tmp_path)
    sectors = {place: "IND.01" if place > 12 else "MED.01.01" for place in range(10, 16)}
    for place, sector in sectors.items():
        register.add("establishments", establishment_key=place, sector_code=sector, row_no=place)
    for worker in range(1, 41):
        register.dose("2023-06-30", "2.000", worker_key=worker, establishment_key=10 + worker % 3)
    for worker in range(41, 41 + in_industry):
        register.dose("2023-06-30", "2.000", worker_key=worker, establishment_key=13 + worker % 3)
    publish(register.settings, register.build(), lambda built: Passed())
    rows = Access(register.settings, lambda event: None).fetch(
        "cumulative_distribution", Viewer(1, Role.AUTHORITY), where={"span": "CAREER"}, purpose="test"
    )
    shown = dict(zip(rows["group_code"], rows["workers"], strict=True))
    assert shown["ALL"] == 40 + in_industry
    assert shown["MEDICAL_DENTAL_VET"] == (40 if is_shown else None)
    assert shown["NON_NUCLEAR_INDUSTRY"] == (in_industry if is_shown else None)
    assert "smallest_margin" not in rows.columns
