"""establishment_comparison: how far chance goes, and what a small establishment's mean is worth."""

import tempfile
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from register import Register
from scipy import stats

from lake import reference
from lake.vocabulary import Role
from models.access import Access
from models.publish import publish
from registry.policy import Viewer
from tests import oracle

LEVEL = float(reference.threshold("interval_level"))


def filled(register: Register, doses: dict[int, list[Decimal]]) -> Register:
    """Establishments of one sector, one person a dose."""
    worker = 0
    for establishment, own in doses.items():
        register.add("establishments", establishment_key=establishment, row_no=establishment)
        for dose in own:
            worker += 1
            register.add("employments", worker_key=worker, establishment_key=establishment, row_no=worker)
            register.dose("2023-12-31", dose, worker_key=worker, establishment_key=establishment)
    return register


def alike(number: int, dose: str) -> list[Decimal]:
    return [Decimal(dose)] * number


def test_equal_doses_have_the_limits_of_a_poisson_count(register):
    """Twelve persons of 1 mSv where 18 mSv are expected: 12 events of 18."""
    filled(register, {10: alike(12, "1.000"), 11: alike(12, "1.500"), 12: alike(12, "2.000")})
    rows = register.rows_of("""
        select standardised_dose_ratio, standardised_dose_ratio_low, standardised_dose_ratio_high,
            differs_from_expected
        from establishment_comparison where occupation_code = 'ALL' and establishment_key = 10
    """)
    low, high = stats.chi2.ppf(0.025, 24) / 2 / 18, stats.chi2.ppf(0.975, 26) / 2 / 18
    assert rows == [(Decimal("0.667"), Decimal(f"{low:.3f}"), Decimal(f"{high:.3f}"), False)]


def test_more_persons_tell_more(register):
    filled(register, {10: alike(60, "1.000"), 11: alike(60, "2.000"), 12: alike(4, "2.000")})
    assert register.rows_of("""
        select establishment_key, differs_from_expected
        from establishment_comparison where occupation_code = 'ALL' order by 1
    """) == [(10, True), (11, True), (12, False)]


def test_nobody_exposed_has_no_interval(register):
    filled(register, {10: alike(3, "0.000"), 11: alike(3, "1.000")})
    assert register.rows_of("""
        select standardised_dose_ratio, standardised_dose_ratio_low, standardised_dose_ratio_high,
            differs_from_expected
        from establishment_comparison where occupation_code = 'ALL' and establishment_key = 10
    """) == [(Decimal("0.000"), None, None, None)]


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(st.integers(0, 9000), min_size=1, max_size=14), min_size=2, max_size=5))
def test_numbers_are_those_of_the_oracle(microsieverts):
    doses = {10 + i: [Decimal(d) / 1000 for d in own] for i, own in enumerate(microsieverts)}
    everybody = [dose for own in doses.values() for dose in own]
    with tempfile.TemporaryDirectory() as home:
        rows = filled(Register(Path(home)), doses).rows_of("""
            select establishment_key, standardised_dose_ratio_low, standardised_dose_ratio_high
            from establishment_comparison where occupation_code = 'ALL'
        """)
    assert {row[0] for row in rows} == set(doses)
    for establishment, low, high in rows:
        own = doses[establishment]
        if not sum(own):
            assert (low, high) == (None, None)
            continue
        expected = Fraction(sum(everybody)) * len(own) / len(everybody)
        wanted = oracle.ratio_interval(own, expected, LEVEL)
        assert (float(low), float(high)) == pytest.approx(wanted, abs=0.000501)


class Passed:
    passed = True
    checks = ()

    def save(self, path):
        path.write_text("{}")


@pytest.mark.parametrize(("persons", "is_shown"), [(10, False), (11, True)])
def test_an_interval_is_shown_from_eleven_exposed(tmp_path, persons, is_shown):
    register = filled(Register(tmp_path), {10: alike(persons, "1.000"), 11: alike(20, "2.000"), 12: alike(20, "2.000")})
    publish(register.settings, register.build(), lambda built: Passed())
    rows = Access(register.settings, lambda event: None).fetch(
        "establishment_comparison", Viewer(1, Role.EMPLOYER, None, frozenset({10})), purpose="test"
    )
    for column in ("standardised_dose_ratio_low", "standardised_dose_ratio_high", "differs_from_expected"):
        assert (rows.filter(occupation_code="ALL")[column].null_count() == 0) == is_shown
