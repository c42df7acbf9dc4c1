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
# Establishments of medicine and nuclear industry; at the last, whoever is listed is of other industry since 2024.
PLACES = {10: ("MED.01.01", "MEDICAL_DENTAL_VET"), 11: ("NUC.06", "NUCLEAR"), 12: ("MED.01.01", "MEDICAL_DENTAL_VET")}
LISTED, LISTED_FROM = ("IND.01", "NON_NUCLEAR_INDUSTRY"), date(2024, 1, 1)
DELAYS = st.lists(
    st.tuples(st.sampled_from([-3, 0, 5, 10, 11, 15, 20, 25, 35, 60, 180, 181]), st.sampled_from([10, 10, 11, 12])),
    min_size=1, max_size=6,
)  # fmt: skip
FORESEEN = ("results_received", "results_nowcast", "results_nowcast_low", "results_nowcast_high")


@st.composite
def arrivals(draw) -> list[tuple]:
    """(sender, limited quantity, month's end, days until it came, establishment), months alike and some left out."""
    found = []
    for sender, quantity in (("LANDAUER", "effective"), ("ALGADE", "effective"), ("LANDAUER", "lens")):
        first = draw(st.sampled_from([0, 12, 20]))
        kinds = draw(st.lists(DELAYS, min_size=1, max_size=3))
        for end in ENDS[first:]:
            if draw(st.sampled_from([True] * 7 + [False])):
                found += [(sender, quantity, end, *came) for came in draw(st.sampled_from(kinds))]
    return [row for row in found if row[2] + timedelta(days=row[3]) <= TODAY]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(arrivals())
def test_what_is_still_to_come(drawn):
    with tempfile.TemporaryDirectory() as home:
        path = filled(home, drawn).build(TODAY, only={"result_nowcast", "nowcast_months", "completeness_counts"})
        with duckdb.connect(str(path), read_only=True) as connection:
            told = f"limit_quantity, month, {', '.join(FORESEEN)}, received_share, silent_bodies"
            months = connection.execute(f"select dimension, group_code, {told} from nowcast_months").fetchall()
            nation = connection.execute(f"select 'ALL', 'ALL', {told} from result_nowcast").fetchall()
            years = connection.execute(
                "select dimension, group_code, limit_quantity, year, results_from, results_until,"
                f" {', '.join(FORESEEN)}, received_results_share"
                " from completeness_counts where results_nowcast is not null"
            ).fetchall()
    groups: dict[tuple, list[dict]] = {}
    for sender, quantity, end, days, place in drawn:
        row = {"sender_code": sender, "limit_quantity": quantity, "period_end": end,
               "received_on": end + timedelta(days=days)}  # fmt: skip
        for group in (("ALL", "ALL"), ("domain", domain_of(place, end))):
            groups.setdefault(group, []).append(row)
    foreseen = {
        (*group, *key): value
        for group, rows in groups.items()
        for key, value in oracle.foreseen(rows, TODAY, MONTHS, STEP, HORIZON).items()
    }
    assert {row[:4]: row[4:] for row in months} == foreseen
    assert nation == sorted(row for row in months if row[0] == "ALL")
    assert {row[:4]: row[4:] for row in years} == oracle.foreseen_years(foreseen)


def filled(home: str, drawn: list[tuple]) -> Register:
    register = Register(Path(home))
    for place, (sector, _) in PLACES.items():
        register.add("establishments", establishment_key=place, row_no=place, sector_code=sector)
    for number, (sender, quantity, end, days, place) in enumerate(drawn):
        came = datetime.combine(end + timedelta(days=days), time(12), UTC)
        register.dose(end, sender_code=sender, worker_key=number + 1, establishment_key=place, received_at=came,
                      **MEASURED[quantity])  # fmt: skip
        if place == 12:
            register.add("employments", worker_key=number + 1, establishment_key=place, row_no=number + 2,
                         sector_code=LISTED[0], category_start=LISTED_FROM)  # fmt: skip
    return register


def domain_of(place: int, end: date) -> str:
    """That of the employment, where somebody is listed, else of the establishment."""
    return (LISTED if place == 12 and end >= LISTED_FROM else PLACES[place])[1]
