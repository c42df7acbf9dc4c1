"""What is foreseen of recent months agrees with a chain ladder in fractions, on random arrivals."""

import tempfile
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from register import Register

from lake import reference
from tests import oracle

TODAY = date(2024, 7, 15)
MONTHS, STEP, HORIZON = (
    int(reference.threshold(f"nowcast_{name}")) for name in ("months", "step_days", "horizon_days")
)
# From just before the months that delays are learnt from, to the present one.
ENDS = [date(year, month, monthrange(year, month)[1]) for year in (2022, 2023, 2024) for month in range(1, 13)]
ENDS = [end for end in ENDS if date(2022, 6, 1) <= end <= date(2024, 7, 31)]
MEASURED = {
    "effective": {},
    "lens": {"quantity": "HP3", "body_location": "EYE"},
}
DELAYS = st.lists(st.sampled_from([-3, 0, 5, 10, 11, 15, 20, 25, 35, 60, 180, 181]), min_size=1, max_size=6)


@st.composite
def arrivals(draw) -> list[tuple]:
    """(sender, limited quantity, month's end, days until it came) of bodies with like months, some of them left out."""
    found = []
    for sender, quantity in (("LANDAUER", "effective"), ("ALGADE", "effective"), ("LANDAUER", "lens")):
        first = draw(st.sampled_from([0, 12, 20]))
        kinds = draw(st.lists(DELAYS, min_size=1, max_size=3))
        for end in ENDS[first:]:
            if draw(st.sampled_from([True] * 7 + [False])):
                found += [(sender, quantity, end, days) for days in draw(st.sampled_from(kinds))]
    return [row for row in found if row[2] + timedelta(days=row[3]) <= TODAY]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(arrivals())
def test_what_is_still_to_come(drawn):
    with tempfile.TemporaryDirectory() as home:
        register = Register(Path(home))
        for number, (sender, quantity, end, days) in enumerate(drawn):
            came = datetime.combine(end + timedelta(days=days), time(12), UTC)
            register.dose(end, sender_code=sender, worker_key=number + 1, received_at=came, **MEASURED[quantity])
        path = register.build(TODAY, only={"result_nowcast"})
        with duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute(
                "select limit_quantity, month, results_received, results_nowcast, results_nowcast_low,"
                " results_nowcast_high, received_share, silent_bodies from result_nowcast"
            ).fetchall()
    results = [
        {
            "sender_code": sender,
            "limit_quantity": quantity,
            "period_end": end,
            "received_on": end + timedelta(days=days),
        }
        for sender, quantity, end, days in drawn
    ]
    assert {row[:2]: row[2:] for row in found} == oracle.foreseen(results, TODAY, MONTHS, STEP, HORIZON)
