"""like_for_like: A and B without natural sources, between two readings of a blank category."""

from decimal import Decimal

import pytest
from register import Passed, Register

from lake.vocabulary import Role
from models.access import Access
from models.publish import publish
from registry.policy import Viewer


def test_unclassified_natural_and_blank_workers(register, table):
    register.add("establishments", establishment_key=10, sector_code="MED.01.01")
    register.add("establishments", establishment_key=11, sector_code="NAT.01", row_no=3)
    for row in table("""
        worker_key | establishment_key | category | dose_msv
        1          | 10                | A        | 4.000
        2          | 10                | B        | 0.000
        3          | 10                | NC       | 1.000
        4          | 10                | NR       | 2.000
        5          | 10                | -        | 0.500
        6          | 11                | B        | 3.000
        7          | 10                | RADON    | 5.000
        8          | 10                | B        | 1.000
        8          | 11                | B        | 1.500
    """):
        category, dose = row.pop("category"), row.pop("dose_msv")
        sector = "NAT.01" if row["establishment_key"] == 11 else "MED.01.01"
        if category:
            number = row["worker_key"] + row["establishment_key"] * 10
            register.add("employments", category=category, sector_code=sector, row_no=number, **row)
        register.dose("2023-06-30", dose, **row)
    rows = register.rows_of("""
        select reading, monitored, exposed, collective_dose_man_sv, mean_monitored_msv, mean_exposed_msv,
            smallest_margin
        from like_for_like order by reading desc
    """)
    # Worker 8's flights are left out; workers 4 and 5 are blank. Every cell that subtraction gives holds two exposed.
    assert [tuple(str(v) for v in row) for row in rows] == [
        ("BLANK_OUT", "3", "2", "0.005000", "1.667", "2.500", "2"),
        ("BLANK_IN", "5", "4", "0.007500", "1.500", "1.875", "2"),
    ]


@pytest.mark.parametrize(("unclassified", "is_shown"), [(0, True), (10, False), (11, True)])
def test_what_subtraction_would_give_is_not_published(tmp_path, unclassified, is_shown):
    """From all, less the series: those who are neither classified nor blank."""
    register = Register(tmp_path)
    for establishment in (10, 11, 12):
        register.add("establishments", establishment_key=establishment, row_no=establishment)
    for worker in range(1, 61 + unclassified):
        place = 10 + worker % 3
        category = "B" if worker <= 60 else "NC"
        register.add("employments", worker_key=worker, establishment_key=place, row_no=worker, category=category)
        register.dose("2023-06-30", "1.000", worker_key=worker, establishment_key=place)
    publish(register.settings, register.build(), lambda built: Passed())
    access = Access(register.settings, lambda event: None)
    rows = access.fetch("like_for_like", Viewer(1, Role.AUTHORITY), purpose="test")
    assert not {"smallest_margin", "margin_establishments", "top_share"} & set(rows.columns)
    assert rows["monitored"].to_list() == [60 if is_shown else None] * 2
    assert rows["collective_dose_man_sv"].to_list() == [Decimal("0.060000") if is_shown else None] * 2
    assert set(rows["suppression_reason"]) == {"" if is_shown else "SECONDARY"}
