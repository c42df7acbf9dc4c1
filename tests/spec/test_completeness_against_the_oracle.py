"""What is expected of bodies, and what has come of it, agrees with a naive Python reading on random plans of wear."""

import tempfile
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from register import Register

from lake import reference
from tests import oracle

LATE_AFTER, KEPT = (int(reference.threshold(name)) for name in ("late_after_days", "body_keeps_results_months"))
# The last day on which a result of March is on time, and the day after it.
TODAY = [date(2024, 4, 20), date(2024, 4, 21), date(2024, 7, 1)]
PLACES = {10: ("MED.01.01", "MEDICAL_DENTAL_VET"), 11: ("NUC.06", "NUCLEAR")}
PLANS = [None, "ring", "HP10:M", "HP10:M", "HP10:T", "HP10:T,HP3:T", "hp10:m, hp007:T", "E:T"]
MEASURED = {
    "HP10": {},
    "HP3": {"quantity": "HP3", "body_location": "EYE"},
    "HP007": {"quantity": "HP007", "body_location": "FINGER_L"},
    "RADON": {"dosimetry": "RADON", "quantity": "E", "radiation": "RADON", "body_location": None},
    "COSMIC": {"dosimetry": "COSMIC", "quantity": "E", "radiation": "COSMIC", "body_location": None},
}
LINES = st.fixed_dictionaries({
    "category": st.sampled_from(["A", "B", "RADON", "SUR2"]),
    "wear_plan": st.sampled_from(PLANS),
    "oa_code": st.sampled_from(["LANDAUER", "LANDAUER", "SIEVERT", None]),
    "first": st.sampled_from([date(2023, 11, 15), date(2024, 1, 1), date(2024, 1, 31)]),
    "last": st.sampled_from([None, date(2024, 2, 29), date(2024, 3, 31)]),
})  # fmt: skip
ROWS = st.fixed_dictionaries({
    "worker_key": st.integers(1, 2),
    "establishment_key": st.integers(10, 11),
    "measured": st.sampled_from([*["HP10"] * 6, *MEASURED]),
    "period_end": st.sampled_from([date(2023, 12, 31), date(2024, 1, 31), date(2024, 2, 1), date(2024, 3, 31)]),
    "days": st.sampled_from([0, 30]),
    "result_status": st.sampled_from(["MEASURED", "BELOW_THRESHOLD", "ABSENT", "NOT_RETURNED"]),
    "came": st.sampled_from([5, 6, 15]),
    "waits": st.sampled_from([False, False, True]),
    "situation": st.sampled_from(["PLANNED"] * 6 + ["SUR"]),
})  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.tuples(st.integers(1, 2), st.integers(10, 11)), LINES, min_size=1),
       st.lists(ROWS, min_size=2, max_size=9), st.sampled_from(TODAY))  # fmt: skip
def test_what_became_of_every_wear_that_was_expected(lines, drawn, today):
    with tempfile.TemporaryDirectory() as home:
        register, rows = Register(Path(home)), {"doses": [], "waiting": []}
        for number, ((person, place), line) in enumerate(lines.items()):
            register.add("employments", worker_key=person, establishment_key=place, row_no=number + 2,
                         category_start=line["first"], category_end=line["last"], sector_code=PLACES[place][0],
                         **{name: line[name] for name in ("category", "wear_plan", "oa_code")})  # fmt: skip
        for row in drawn:
            table = "waiting" if row.pop("waits") else "doses"
            came = row["period_end"] + timedelta(days=row.pop("came"))
            start = row["period_end"] - timedelta(days=row.pop("days"))
            added = register.add(table, **MEASURED[row.pop("measured")], **row, period_start=start,
                                 dose_msv=None, received_at=datetime.combine(came, time(12), UTC))  # fmt: skip
            rows[table].append(added | {"received_on": came})
        path = register.build(today, only={"expected_doses", "establishment_completeness", "domain_completeness",
                                           "statistics_completeness"})  # fmt: skip
        with duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute(
                "select worker_key, establishment_key, dosimetry, quantity, period_start, period_end, is_planned,"
                " state, reason, who_acts, since from expected_doses"
            ).fetchall()
            places = connection.execute(
                "select establishment_key, year, expected_from, expected_periods, received_periods, waiting_periods,"
                " absent_periods, overdue_periods, received_periods_share from establishment_completeness"
                " where expected_periods > 0"
            ).fetchall()
            domains, nation = (
                connection.execute(
                    f"select {keys}, expected_from, expected_periods, received_periods, received_periods_share"
                    f" from {mart} where expected_periods > 0"
                ).fetchall()
                for mart, keys in (
                    ("domain_completeness", "year, limit_quantity, domain"),
                    ("statistics_completeness", "year, limit_quantity"),
                )
            )
    rows = {name: [row for row in of if row["received_on"] <= today] for name, of in rows.items()}
    told = [
        {"worker_key": person, "establishment_key": place, "is_aircrew": line["oa_code"] == "SIEVERT", **line}
        for (person, place), line in lines.items()
    ]
    expected = oracle.expected_wear(told, rows, today, KEPT, LATE_AFTER)
    assert {row[:5]: row[5:] for row in found} == expected and len(found) == len(expected)
    of_places, of_domains, of_nation = {}, {}, {}
    for (_, place, _, quantity, start), (end, _, state, *_) in expected.items():
        limited = {"HP3": "lens", "HP007": "extremities"}.get(quantity, "effective")
        of_places.setdefault((place, end.year), []).append((start, state))
        of_domains.setdefault((end.year, limited, PLACES[place][1]), []).append((start, state))
        of_nation.setdefault((end.year, limited), []).append((start, state))
    every = ("received", "waiting", "absent", "overdue")
    assert {row[:2]: row[2:] for row in places} == {key: counted(own, every) for key, own in of_places.items()}
    assert {row[:3]: row[3:] for row in domains} == {key: counted(own) for key, own in of_domains.items()}
    # Of the nation a row tells of those monitored too, and there may be none.
    assert {row[:2]: row[2:] for row in nation} == {row[:2]: counted(of_nation[row[:2]]) for row in nation}


def counted(wears: list[tuple[date, str]], shown: tuple[str, ...] = ("received",)) -> tuple:
    """First day, number, number of each state that is shown, share received."""
    states = Counter(state for _, state in wears)
    share = oracle.rounded(Fraction(states["received"], len(wears)), 6)
    return min(start for start, _ in wears), len(wears), *(states[name] for name in shown), share
