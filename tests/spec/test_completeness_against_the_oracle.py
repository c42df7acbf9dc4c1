"""What is expected of bodies, and what has come of it, agrees with a naive Python reading on random plans of wear."""

import tempfile
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from register import LONG_AGO, Register

from lake import reference
from tests import oracle

LATE_AFTER, KEPT = (int(reference.threshold(name)) for name in ("late_after_days", "body_keeps_results_months"))
EVERY = ("received", "waiting", "refused", "absent", "overdue")
ONLY_FROM = reference.threshold("individual_monitoring_only_from")
# The last day on which a result of March is on time, and the day after it.
TODAY = [date(2024, 4, 20), date(2024, 4, 21), date(2024, 7, 1)]
DOMAINS = {"MED.01.01": "MEDICAL_DENTAL_VET", "NUC.06": "NUCLEAR", None: "UNDETERMINED"}
PLANS = [None, "ring", "HP10:M", "HP10:M", "HP10:T", "HP10:T,HP3:T", "hp10:m, hp007:T", "E:T"]
MEASURED = {
    "HP10": {},
    "HP3": {"quantity": "HP3", "body_location": "EYE"},
    "HP007": {"quantity": "HP007", "body_location": "FINGER_L"},
    "RADON": {"dosimetry": "RADON", "quantity": "E", "radiation": "RADON", "body_location": None},
    "COSMIC": {"dosimetry": "COSMIC", "quantity": "E", "radiation": "COSMIC", "body_location": None},
}
LINES = st.fixed_dictionaries({
    "worker_key": st.integers(1, 3),
    "establishment_key": st.integers(10, 11),
    "category": st.sampled_from(["A", "B", "B", "RADON", "SUR2", "NC"]),
    "wear_plan": st.sampled_from(PLANS),
    "oa_code": st.sampled_from(["LANDAUER", "LANDAUER", "SIEVERT", None]),
    "sector_code": st.sampled_from(list(DOMAINS)),
    "category_start": st.sampled_from([date(2023, 11, 15), date(2024, 1, 1), date(2024, 1, 31), date(2024, 2, 15)]),
    "category_end": st.sampled_from([None, None, date(2024, 2, 29), date(2024, 3, 31)]),
    "contract_start": st.sampled_from([date(2020, 1, 1), date(2023, 11, 15)]),
    "contract_end": st.sampled_from([None, None, None, date(2024, 2, 20)]),
})  # fmt: skip
ROWS = st.fixed_dictionaries({
    "worker_key": st.integers(1, 3),
    "establishment_key": st.integers(10, 11),
    "measured": st.sampled_from([*["HP10"] * 6, *MEASURED]),
    "period_end": st.sampled_from([date(2023, 12, 31), date(2024, 1, 31), date(2024, 2, 1), date(2024, 3, 31)]),
    "days": st.sampled_from([0, 30]),
    "result_status": st.sampled_from(["MEASURED", "BELOW_THRESHOLD", "ABSENT", "NOT_RETURNED"]),
    "came": st.sampled_from([5, 6, 15]),
    "situation": st.sampled_from(["PLANNED"] * 6 + ["SUR"]),
    # Refused: it waits, and is refused when it is judged again, by the codes and on the days of so many findings.
    "kind": st.sampled_from(["LOADED"] * 4 + ["WAITS", "REFUSED", "REFUSED", "REPLACE", "CANCEL", "AGAIN"]),
    "earlier": st.integers(0, 9),
    "findings": st.lists(st.sampled_from([("I06", 0), ("P04", 0), ("I06", 1), ("D01", 1)]), min_size=1, unique=True),
})  # fmt: skip
# Merged, merged and parted again, or two into one.
LINKS = st.sampled_from([(), (), ((3, 1),), ((3, 1), (3, 3)), ((2, 1), (3, 2))])
JUDGED_AGAIN = [date(2024, 4, 16), date(2024, 4, 18)]


def sent(register: Register, drawn: list[dict]) -> dict[str, list[dict]]:
    """The rows of the register as the oracle reads them."""
    rows: dict[str, list[dict]] = {"doses": [], "waiting": [], "rejections": []}
    for row in drawn:
        kind, earlier, findings = (row.pop(name) for name in ("kind", "earlier", "findings"))
        came = row["period_end"] + timedelta(days=row.pop("came"))
        start = row["period_end"] - timedelta(days=row.pop("days"))
        table = "waiting" if kind in ("WAITS", "REFUSED") else "doses"
        if kind in ("REPLACE", "CANCEL") and rows["doses"]:
            replaced = rows["doses"][earlier % len(rows["doses"])]["dose_id"]
            row |= {"record_action": kind, "replaces_dose_id": replaced}
        elif kind == "AGAIN" and rows["waiting"]:
            row["record_id"] = rows["waiting"][earlier % len(rows["waiting"])]["record_id"]
        added = register.add(table, **MEASURED[row.pop("measured")], **row, period_start=start, dose_msv=None,
                             received_at=at_noon(came))  # fmt: skip
        rows[table].append(added | {"received_on": came})
        for code, later in findings if kind == "REFUSED" else ():
            found = register.add("rejections", delivery_no=1, row_no=added["row_no"], judged_by=2 + later, code=code,
                                 severity="D" if code == "D01" else "R", field="")  # fmt: skip
            rows["rejections"].append(found | {"received_on": JUDGED_AGAIN[later]})
    for number, day in enumerate(JUDGED_AGAIN):
        register.rows["deliveries"].append(register._delivery(2 + number, True) | {"received_at": at_noon(day)})
    register.rows["deliveries"].append(register._delivery(1, True))
    register.land(standing=False)
    return rows


def at_noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(LINES, min_size=1, max_size=7), st.lists(ROWS, min_size=2, max_size=9), LINKS, st.sampled_from(TODAY))
def test_what_became_of_every_wear_that_was_expected(drawn_lines, drawn, said, today):
    with tempfile.TemporaryDirectory() as home:
        register = Register(Path(home))
        lines = [register.add("employments", row_no=no, **line) for no, line in enumerate(drawn_lines, start=2)]
        links = [
            register.add("identity_links", worker_key=key, person_key=person, row_no=no,
                         reason="UNMERGED" if key == person else "MERGED", known_at=LONG_AGO + timedelta(no))
            for no, (key, person) in enumerate(said)
        ]  # fmt: skip
        rows = sent(register, drawn)
        path = register.build(today, only={"expected_doses", "establishment_completeness", "completeness_counts"})
        with duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute(
                "select worker_key, establishment_key, oa_code, dosimetry, quantity, period_start, period_end,"
                " is_planned, state, reason, who_acts, since from expected_doses"
            ).fetchall()
            places = connection.execute(
                "select establishment_key, year, expected_from, expected_periods, received_periods, waiting_periods,"
                " refused_periods, absent_periods, overdue_periods, received_periods_share"
                " from establishment_completeness where expected_periods > 0"
            ).fetchall()
            groups = connection.execute(
                "select year, limit_quantity, dimension, group_code, expected_persons, expected_from, expected_periods,"
                " received_periods from completeness_counts where expected_persons > 0"
            ).fetchall()
    rows = {name: [row for row in of if row["received_on"] <= today] for name, of in rows.items()}
    holding = oracle.statuses(lines, links, ONLY_FROM)
    holding = [line | {"is_aircrew": line["oa_code"] == "SIEVERT"} for line in holding]
    expected = oracle.expected_wear(holding, rows, links, today, KEPT, LATE_AFTER)
    assert Counter(found) == Counter(expected)
    of_places, of_groups, persons = {}, {}, {}
    for person, place, _, _, quantity, start, end, _, state, *_ in expected:
        of_places.setdefault((place, end.year), []).append((start, state))
        limited = {"HP3": "lens", "HP007": "extremities"}.get(quantity, "effective")
        domain = DOMAINS[oracle.sector_on(holding, person, place, end)]
        for group in (("ALL", "ALL"), ("domain", domain)):
            of_groups.setdefault((end.year, limited, *group), []).append((start, state))
            persons.setdefault((end.year, limited, *group), set()).add(person)
    assert {row[:2]: row[2:] for row in places} == {
        key: (*counted(own, EVERY), share_received(own)) for key, own in of_places.items()
    }
    assert {row[:4]: row[4:] for row in groups} == {
        key: (len(persons[key]), *counted(own, ("received",))) for key, own in of_groups.items()
    }


def counted(wears: list[tuple[date, str]], shown: tuple[str, ...]) -> tuple:
    """First day, number, number of each state that is shown."""
    states = Counter(state for _, state in wears)
    return min(start for start, _ in wears), len(wears), *(states[name] for name in shown)


def share_received(wears: list[tuple[date, str]]) -> Decimal:
    return oracle.rounded(Fraction(sum(state == "received" for _, state in wears), len(wears)), 6)
