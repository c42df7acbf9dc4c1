"""passive_operational_gaps and component_statistics: two readings of one exposure, and the parts of a dose."""

import tempfile
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from register import Passed, Register

from lake import reference
from lake.vocabulary import Role
from models.access import Access
from models.publish import publish
from registry.policy import Viewer
from tests import oracle

PARTS = {
    "internal": {"dosimetry": "INTERNAL", "quantity": "E50", "radiation": "ALPHA_INT", "body_location": None},
    "radon": {"dosimetry": "RADON", "quantity": "E", "radiation": "RADON", "body_location": None},
    "cosmic": {"dosimetry": "COSMIC", "quantity": "E", "radiation": "COSMIC", "body_location": None},
    "badges": {},
}


def test_the_gap_is_taken_from_the_threshold_on(register, table):
    for row in table("""
        worker_key | passive | operational
        1          | 0.500   | 0.400
        2          | 0.499   | 0.100
        3          | 2.000   | 2.500
        4          | 1.000   | 0.000
        5          | 3.000   | -
    """):
        register.dose("2023-06-30", row["passive"], worker_key=row["worker_key"])
        # Neither radon nor an intake is read by an electronic dosimeter.
        register.dose("2023-06-30", "9.000", worker_key=row["worker_key"], **PARTS["internal"])
        if row["operational"] is not None:
            register.dose("2023-06-15", row["operational"], worker_key=row["worker_key"], dosimetry="OPERATIONAL",
                          period_start=date(2023, 6, 15))  # fmt: skip
    rows = register.rows_of("""
        select dimension, monitored, exposed, gap_of_sums, p25_gap, median_gap, p75_gap, top_share
        from passive_operational_gaps order by dimension
    """)
    # Gaps 0.2, -0.25 and 1; 0.499 mSv is too little to compare, and worker 5 has nothing to compare with.
    numbers = ("4", "3", "0.171429", "-0.025000", "0.200000", "0.600000", "0.571429")
    assert [tuple(map(str, row)) for row in rows] == [("ALL", *numbers), ("domain", *numbers)]


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 4000), st.integers(10, 12)), min_size=2, max_size=30))
def test_gaps_are_those_of_the_oracle(drawn):
    people = [(Decimal(passive) / 1000, Decimal(operational) / 1000, place) for passive, operational, place in drawn]
    domains = {10: "MEDICAL_DENTAL_VET", 11: "NUCLEAR", 12: "NUCLEAR"}
    threshold = reference.threshold("gap_from_passive_msv")
    with tempfile.TemporaryDirectory() as home:
        register = Register(Path(home))
        for place, domain in domains.items():
            register.add("establishments", establishment_key=place, row_no=place,
                         sector_code="NUC.06" if domain == "NUCLEAR" else "MED.01.01")  # fmt: skip
        for worker, (passive, operational, place) in enumerate(people, start=1):
            at = {"worker_key": worker, "establishment_key": place}
            register.dose("2023-06-30", passive, **at)
            register.dose("2023-06-15", operational, dosimetry="OPERATIONAL", period_start=date(2023, 6, 15), **at)
        numbers = ", ".join(oracle.gaps([], threshold))
        rows = register.rows_of(
            f"select group_code, monitored, n_establishments, top_share, top_establishment_share_dose, {numbers}"
            " from passive_operational_gaps"
        )
    expected = {}
    for group in {"ALL", *(domains[place] for _, _, place in people)}:
        own = [person for person in people if group in ("ALL", domains[person[2]])]
        compared = [passive for passive, _, _ in own if passive >= threshold]
        of_places = [
            sum(passive for passive, _, at in own if passive >= threshold and at == place) for place in domains
        ]
        shares = [oracle.rounded(Fraction(max(part)) / Fraction(sum(part)), 6) if compared else None
                  for part in (compared, of_places)]  # fmt: skip
        gaps = oracle.gaps([person[:2] for person in own], threshold)
        expected[group] = (len(own), len({place for _, _, place in own}), *shares, *gaps.values())
    assert {row[0]: row[1:] for row in rows} == expected and len(rows) == len(expected)


def test_nobody_to_compare_leaves_the_gap_undefined(register):
    register.dose("2023-06-30", "0.100")
    register.dose("2023-06-15", "0.100", dosimetry="OPERATIONAL", period_start=date(2023, 6, 15))
    assert register.rows_of("""
        select monitored, exposed, gap_of_sums, median_gap from passive_operational_gaps where dimension = 'ALL'
    """) == [(1, 0, None, None)]


def test_parts_are_counted_apart(register, table):
    for row in table("""
        worker_key | part     | dose_msv
        1          | internal | 0.500
        1          | internal | 1.500
        2          | internal | 0.000
        2          | radon    | 3.000
        3          | cosmic   | 2.000
        3          | badges   | 7.000
    """):
        register.dose("2023-06-30", row["dose_msv"], worker_key=row["worker_key"], **PARTS[row["part"]])
    rows = register.rows_of("""
        select component, monitored, exposed, collective_dose_man_sv, mean_exposed_msv, median_exposed_msv,
            smallest_margin
        from component_statistics where dimension = 'ALL' order by component
    """)
    assert [tuple(map(str, row)) for row in rows] == [
        ("cosmic", "1", "1", "0.002000", "2.000", "2.000", "1"),
        ("internal", "2", "1", "0.002000", "2.000", "2.000", "1"),
        ("radon", "1", "1", "0.003000", "3.000", "3.000", "1"),
    ]


@pytest.mark.parametrize(("intakes", "is_shown"), [(0, True), (10, False), (11, True)])
def test_a_part_is_shown_where_subtraction_gives_no_small_one(tmp_path, intakes, is_shown):
    """Cosmic dose beside the total would give the internal dose of fewer than eleven."""
    register = Register(tmp_path)
    for establishment in (10, 11, 12):
        register.add("establishments", establishment_key=establishment, row_no=establishment)
    for worker in range(1, 31):
        place = 10 + worker % 3
        register.add("employments", worker_key=worker, establishment_key=place, row_no=worker)
        register.dose("2023-06-30", "1.000", worker_key=worker, establishment_key=place, **PARTS["cosmic"])
        if worker <= intakes:
            register.dose("2023-06-30", "0.500", worker_key=worker, establishment_key=place, **PARTS["internal"])
    publish(register.settings, register.build(), lambda built: Passed())
    access = Access(register.settings, lambda event: None)
    for role in Role:
        rows = access.fetch(
            "component_statistics", Viewer(1, role), where={"year": 2023, "dimension": "ALL"}, purpose="test"
        )
        cosmic = rows.filter(component="cosmic")
        assert cosmic["collective_dose_man_sv"].to_list() == [Decimal("0.030000") if is_shown else None]
        assert cosmic["suppression_reason"].to_list() == ["" if is_shown else "SECONDARY"]
        assert rows.filter(component="internal")["exposed"].to_list() == ([] if not intakes else [
            intakes if is_shown else None])  # fmt: skip
        assert not {"smallest_margin", "top_share"} & set(rows.columns)
