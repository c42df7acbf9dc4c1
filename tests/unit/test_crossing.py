"""Traces that meet: every two results of one measurement whose periods overlap are found by their numbers alone."""

from datetime import date, timedelta
from itertools import combinations

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from ingestion.crossing import _DAYS, _meeting

FIRST, LAST = date(1900, 1, 1), date(2199, 12, 31)
MEASURED = [0, 1, _DAYS - 1, _DAYS, 2**63, 2**64 - 1]
_starts = st.one_of(st.dates(FIRST, LAST), st.dates(date(2020, 1, 1), date(2020, 2, 1)))
TRACE = st.tuples(st.sampled_from(MEASURED), _starts, st.integers(0, 40))
NOBODY = (2**64 - 1, LAST, 0)


@given(st.lists(TRACE, max_size=12))
@example([(0, FIRST, 0), (_DAYS, LAST, 0), NOBODY, NOBODY])
def test_every_two_results_that_overlap_are_found(traces):
    rows = [(measured, start, start + timedelta(days=days)) for measured, start, days in traces]
    schema = {"measured": pl.UInt64, "period_start": pl.Date, "period_end": pl.Date}
    expected = {
        one[0] // _DAYS
        for one, other in combinations(rows, 2)
        if one[0] // _DAYS == other[0] // _DAYS and one[1] <= other[2] and other[1] <= one[2]
    }
    found = _meeting(pl.DataFrame(rows, schema=schema, orient="row"))
    assert set(found) == expected and found.len() == len(expected)
