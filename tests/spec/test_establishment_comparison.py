"""establishment_comparison: how far chance goes, and what a small establishment's mean is worth."""

import tempfile
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from register import Passed, Register
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


def test_a_job_is_an_occupation_in_a_category(register, table, expected):
    """Twelve of each line; of category A the reference has no dose of category B, and of all it has both."""
    worker = 0
    for row in table("""
        establishment_key | occupation_code | category | dose_msv
        10                | M01             | A        | 4.000
        10                | M01             | B        | 0.500
        11                | M01             | A        | 6.000
        12                | M01             | A        | 8.000
        13                | M01             | A        | 2.000
        11                | M01             | B        | 1.500
        12                | M01             | B        | 1.000
        13                | M01             | B        | 1.000
    """):
        dose, job = row.pop("dose_msv"), row
        for _ in range(12):
            worker += 1
            register.add("employments", worker_key=worker, row_no=worker, **job)
            register.dose("2023-12-31", dose, worker_key=worker, establishment_key=job["establishment_key"])
    for establishment in (10, 11, 12, 13):
        register.add("establishments", establishment_key=establishment, row_no=establishment)
    assert register.rows_of("""
        select occupation_code, category, exposed, mean_exposed_msv, reference_exposed, reference_mean_exposed_msv,
            percentile_among_establishments, expected_msv, standardised_dose_ratio
        from establishment_comparison where establishment_key = 10 order by 1, 2
    """) == expected("""
        occupation | category | exposed | mean  | of_others | reference_mean | percentile | expected | ratio
        ALL        | ALL      | 24      | 2.250 | 96        | 3.000          | 50.0       | 72.000   | 0.750
        M01        | A        | 12     | 4.000 | 48        | 5.000          | 50.0       | 60.000   | 0.800
        M01        | B        | 12     | 0.500 | 48        | 1.000          | 25.0       | 12.000   | 0.500
    """)


def test_one_other_establishment_does_not_show_through_several_jobs(tmp_path, table):
    """11 has six sevenths of the others' dose in each of two jobs: what 10 would be expected to have is nearly its."""
    register, worker = Register(tmp_path), 0
    for row in table("""
        establishment_key | category | number | dose_msv
        10                | A        | 12     | 1.000
        10                | B        | 24     | 1.000
        11                | A        | 12     | 4.000
        11                | B        | 12     | 2.000
        12                | A        | 4      | 1.000
        12                | B        | 2      | 1.000
        13                | A        | 4      | 1.000
        13                | B        | 2      | 1.000
    """):
        for _ in range(row.pop("number")):
            worker += 1
            register.add("employments", worker_key=worker, row_no=worker, establishment_key=row["establishment_key"],
                         category=row["category"])  # fmt: skip
            register.dose("2023-12-31", row["dose_msv"], worker_key=worker, establishment_key=row["establishment_key"])
    for establishment in range(10, 14):
        register.add("establishments", establishment_key=establishment, row_no=establishment)
    publish(register.settings, register.build(), lambda built: Passed())
    access = Access(register.settings, lambda event: None)
    asked = "select category, expected_top_share from establishment_comparison where establishment_key = 10 order by 1"
    assert access.snapshots.query(asked, []).rows() == [(c, Decimal("0.857143")) for c in ("A", "ALL", "B")]
    rows = access.fetch("establishment_comparison", Viewer(1, Role.EMPLOYER, None, frozenset({10})), purpose="test")
    assert rows["expected_msv"].null_count() == rows.height == 3


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


# The last is told by no list.
JOBS = [("M01", "A"), ("M01", "B"), ("M02", "B"), ("UNSPECIFIED", "UNSPECIFIED")]
MSV = [Decimal(n) / 1000 for n in (0, 0, 1, 100, 333, 1000, 2500, 9000)]
WITHIN = Fraction(1, 2000) + Fraction(1, 10**8)


PERSON = st.tuples(st.integers(10, 14), st.sampled_from(JOBS), st.sampled_from(MSV))


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(PERSON.map(lambda row: (row[0], *row[1], row[2])), min_size=1, max_size=90))
def test_every_job_is_compared_as_by_the_oracle(persons):
    with tempfile.TemporaryDirectory() as home:
        register = Register(Path(home))
        for establishment in range(10, 15):
            register.add("establishments", establishment_key=establishment, row_no=establishment)
        for worker, (establishment, occupation, category, dose) in enumerate(persons, start=1):
            at = {"worker_key": worker, "establishment_key": establishment}
            if category != "UNSPECIFIED":
                register.add("employments", **at, row_no=worker, occupation_code=occupation, category=category)
            register.dose("2023-12-31", dose, **at)
        rows = register.rows_of("""
            select establishment_key, occupation_code, category, monitored, exposed, mean_exposed_msv,
                median_exposed_msv, expected_msv, standardised_dose_ratio, reference_sector, reference_exposed,
                reference_mean_exposed_msv, reference_median_exposed_msv, reference_p25_exposed_msv,
                reference_p75_exposed_msv, percentile_among_establishments
            from establishment_comparison
        """)
    wanted = oracle.compared(persons)
    assert {row[:3] for row in rows} == set(wanted) and len(rows) == len(wanted)
    for key, (*own, expected, ratio, sector), of_all in ((row[:3], row[3:10], row[10:]) for row in rows):
        *of_own, observed, exactly = wanted[key][:6]
        assert own == of_own
        assert abs(Fraction(expected) - exactly) <= WITHIN
        assert ratio is None if not exactly else abs(Fraction(ratio) - observed / exactly) <= WITHIN
        assert of_all == (wanted[key][6:] if sector else (None,) * 6)


COLUMNS = "own_weight, shrunk_mean_exposed_msv, funnel_inner_low_msv, funnel_inner_high_msv"


def test_a_small_establishment_is_drawn_to_the_mean_of_the_others(register):
    """Variance 9/33 within and 2.801 between: k is 0.0974 persons, and one person weighs 1 / 1.0974."""
    doses = {
        10: alike(6, "0.500") + alike(6, "1.500"), 11: alike(6, "1.500") + alike(6, "2.500"),
        12: alike(6, "2.500") + alike(6, "3.500"), 13: alike(1, "9.000"), 14: alike(12, "0.000"),
    }  # fmt: skip
    rows = filled(register, doses).rows_of(f"""
        select establishment_key, mean_exposed_msv, reference_mean_exposed_msv, {COLUMNS}
        from establishment_comparison where occupation_code = 'ALL' order by 1
    """)
    wanted = oracle.shrunk({key: [dose for dose in own if dose] for key, own in doses.items()})
    by_key = {row[0]: row[1:] for row in rows}
    assert by_key[14][2:] == (None,) * 4
    for key, (weight, mean) in wanted.items():
        assert by_key[key][2:4] == (oracle.rounded(weight, 6), oracle.rounded(mean, 3))
    assert f"{by_key[13][2]:.4f}" == "0.9113" and f"{by_key[10][2]:.4f}" == "0.9920"
    assert by_key[13][1] < by_key[13][3] < by_key[13][0]


def test_establishments_alike_are_one(register):
    """Their means differ by less than chance makes: every mean is the reference's."""
    doses = {key: [Decimal(n) for n in (1, 2, 3, 4)] for key in (10, 11, 12, 13)}
    rows = filled(register, doses).rows_of("""
        select distinct own_weight, shrunk_mean_exposed_msv
        from establishment_comparison where occupation_code = 'ALL'
    """)
    assert rows == [(Decimal("0.000000"), Decimal("2.500"))]


def test_one_exposed_a_place_tells_no_variance_within(register):
    doses = {key: alike(1, f"{key - 9}.000") for key in range(10, 24)}
    rows = filled(register, doses).rows_of("""
        select distinct own_weight, shrunk_mean_exposed_msv, funnel_inner_low_msv is null
        from establishment_comparison where occupation_code = 'ALL'
    """)
    assert rows == [(None, None, False)]


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(st.integers(0, 9000), min_size=4, max_size=12), min_size=4, max_size=6))
def test_shrinkage_and_funnel_are_those_of_the_oracle(microsieverts):
    doses = {10 + i: [Decimal(d) / 1000 for d in own] for i, own in enumerate(microsieverts)}
    exposed = {key: [dose for dose in own if dose] for key, own in doses.items()}
    everybody = [dose for own in exposed.values() for dose in own]
    with tempfile.TemporaryDirectory() as home:
        rows = filled(Register(Path(home)), doses).rows_of(f"""
            select establishment_key, {COLUMNS}, funnel_outer_low_msv, funnel_outer_high_msv
            from establishment_comparison
            where occupation_code = 'ALL' and reference_level is not null and exposed > 0 and own_weight is not null
        """)
    wanted = oracle.shrunk(exposed)
    assert wanted or not rows
    for key, weight, mean, *limits in rows:
        own_weight, own_mean = wanted[key]
        assert float(weight) == pytest.approx(float(own_weight), abs=0.000001)
        assert float(mean) == pytest.approx(float(own_mean), abs=0.000501)
        inner, outer = (
            oracle.funnel(everybody, len(exposed[key]), float(reference.threshold(f"funnel_level_{name}")))
            for name in ("inner", "outer")
        )
        assert tuple(map(float, limits)) == pytest.approx((*inner, *outer), abs=0.000501)


@pytest.mark.parametrize(("persons", "is_shown"), [(10, False), (11, True)])
def test_an_interval_is_shown_from_eleven_exposed(tmp_path, persons, is_shown):
    others = {11: alike(20, "2.000"), 12: alike(20, "2.500"), 13: alike(20, "3.000")}
    register = filled(Register(tmp_path), {10: alike(persons, "1.000"), **others})
    publish(register.settings, register.build(), lambda built: Passed())
    rows = Access(register.settings, lambda event: None).fetch(
        "establishment_comparison", Viewer(1, Role.EMPLOYER, None, frozenset({10})), purpose="test"
    )
    for column in ("standardised_dose_ratio_low", "differs_from_expected", "own_weight", "funnel_outer_high_msv"):
        assert (rows.filter(occupation_code="ALL")[column].null_count() == 0) == is_shown
