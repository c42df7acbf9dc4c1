"""models/macros.sql: means, shares and percentiles are those of exact fractions, rounded half up."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.catalog import FOLDER

MSV = st.integers(0, 60_000).map(lambda n: Decimal(n) / 1000)


@pytest.fixture(scope="module")
def ask():
    with duckdb.connect() as connection:
        connection.execute((FOLDER / "macros.sql").read_text(encoding="utf-8"))
        yield lambda sql, *values: connection.execute(f"select {sql}", list(values)).fetchone()[0]


def rounded(value: Fraction, places: int) -> Decimal:
    # More digits than any value here can need to be told from a half.
    long = Decimal(value.numerator * 10**30 // value.denominator).scaleb(-30)
    return long.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


@settings(max_examples=300, deadline=None)
@given(MSV, st.integers(1, 5000))
def test_a_mean(ask, total, number):
    assert ask("mean_msv(?::decimal(18, 3), ?::bigint)", total, number) == rounded(Fraction(total) / number, 3)


@settings(max_examples=300, deadline=None)
@given(MSV, MSV)
def test_a_share(ask, part, whole):
    part, whole = sorted((part, whole + 1))
    assert ask("share_of(?::decimal(12, 3), ?::decimal(18, 3))", part, whole) == rounded(
        Fraction(part) / Fraction(whole), 6
    )


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 500_000), st.integers(0, 500_000))
@example(39_004, 200_021)
def test_a_share_of_persons(ask, one, other):
    """39 004 of 200 021 are 0.1949995…, which six decimals round to 0.195: rounded again, a hundredth too much."""
    part, persons = sorted((one, other))
    wanted = rounded(Fraction(part, persons), 2) if persons >= 11 else None
    assert ask("share_of_persons(?::bigint, ?::bigint, 11)", part, persons) == wanted


@settings(max_examples=300, deadline=None)
@given(st.lists(MSV, min_size=1, max_size=60), st.sampled_from([25, 50, 75, 90, 95]))
def test_a_percentile(ask, doses, percent):
    ordered = sorted(map(Fraction, doses))
    place = Fraction((len(ordered) - 1) * percent, 100)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    wanted = ordered[below] + (ordered[above] - ordered[below]) * (place - below)
    assert ask("percentile_msv(?::decimal(12, 3)[], ?)", doses, percent) == rounded(wanted, 3)


def test_nothing_to_divide_by_is_null(ask):
    assert ask("mean_msv(0::decimal(18, 3), 0)") is None
    assert ask("share_of(0::decimal(18, 3), 0::decimal(18, 3))") is None
    assert ask("percentile_msv(null::decimal(12, 3)[], 50)") is None


def test_halves_are_rounded_up(ask):
    # In floating point 2.0115 is a little less, and the median of 0.001 and 0.002 loses its half.
    assert ask("mean_msv(4.023::decimal(18, 3), 2)") == Decimal("2.012")
    assert ask("percentile_msv([0.001, 0.002]::decimal(12, 3)[], 50)") == Decimal("0.002")
