"""How far inquiries are, and who is told what, agree with a naive Python reading on random registers."""

import tempfile
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from register import LONG_AGO, Register
from test_against_the_oracle import LIMITS

from lake import reference
from tests import oracle

SILENCE = int(reference.threshold("inquiry_silence_days"))
PLACES = {10: ("MED.01.01", "MEDICAL_DENTAL_VET"), 11: ("IND.01", "NON_NUCLEAR_INDUSTRY")}
NAMED = {"situation": "SUR", "dosimetry": "EMERGENCY", "radiation": "NOT_STATED", "emergency_id": "PENLY"}
STATED = NAMED | {"dosimetry": "EMERGENCY_INTERNAL", "quantity": "E", "body_location": None}
PLANNED = [
    *[({}, 1)] * 4,
    *[({"body_location": "BELT"}, 1)] * 2,
    ({"badge_position": "OVER_APRON"}, 1),
    ({"quantity": "HP3", "body_location": "EYE"}, 1),
    ({"quantity": "HP007", "body_location": "FINGER_L"}, 25),
    ({"quantity": "HP007", "body_location": "FINGER_R"}, 25),
]
URGENT = [
    *[(STATED, 50)] * 3,
    (NAMED, 50),
    (NAMED | {"body_location": "BELT"}, 50),
    (STATED | {"quantity": "E50", "radiation": "ALPHA_INT"}, 50),
]
CAME = [datetime.combine(date(2024, 1, 31), time(12), UTC) + timedelta(days=n) for n in (0, 10, 20, 30, 60, 90)]
SAID = [*CAME[:1] * 4, *CAME, *(CAME[0] + timedelta(days=n) for n in (SILENCE, SILENCE + 1, SILENCE + 60, 400))]
# The last day of the delay after the first moment, and the day after it.
TODAY = [date(2024, 3, 31), *(date(2024, 1, 31) + timedelta(days=SILENCE + n) for n in (0, 1, 1)), date(2025, 4, 1)]
EXPOSURES = [PLANNED, PLANNED + URGENT, URGENT]


def limits_of(fields: dict) -> list[str]:
    """Those that a dose may make an exceedance of."""
    if "situation" in fields:
        return ["L7"]
    return {"HP3": ["L4"], "HP007": ["L2"]}.get(fields.get("quantity"), ["L1", "L1", "L1", "L6"])


# Of the same person said anew, and of two who may be merged.
PEOPLE = [[1, 1, 1, 3], [2, 2, 2, 3], [1, 2, 3]]
YOUNG = st.lists(st.tuples(st.sampled_from([2, 2, 3]),
                           st.sampled_from([date(2023, 12, 15), date(2024, 1, 1), date(2024, 2, 1)])),
                 min_size=1, max_size=3)  # fmt: skip


@st.composite
def exceedances(draw) -> dict:
    """Doses of few days, what corrected them, what waits and what was said of it, in any order."""
    measured = draw(st.sampled_from(EXPOSURES))
    worn = {
        "worker_key": st.sampled_from(draw(st.sampled_from(PEOPLE))),
        "establishment_key": st.sampled_from([10, 10, 11, 12]),
        "worn": st.sampled_from(measured),
        "period_end": st.sampled_from([date(2022, 12, 31), date(2023, 6, 30), date(2023, 12, 31), date(2024, 1, 31),
                                       date(2024, 1, 31)]),
        "days": st.sampled_from([0, 30]),
        "dose": st.sampled_from([1, 6000, 10000, 10000, 20000, 20001, 25000]),
    }  # fmt: skip
    doses = draw(st.lists(st.fixed_dictionaries(worn | {
        "received_at": st.sampled_from(CAME[:3]),
        "end": st.sampled_from([*[""] * 5, "MODIFY", "CANCEL", "MAINTAIN", "MAINTAIN", "REPLACE", "RECALL"]),
        "to": st.sampled_from([1, 1000, 19000, 25000]),
        "known_at": st.sampled_from(CAME[3:]),
    }), min_size=5, max_size=9))  # fmt: skip
    events = [
        {
            "worker_key": dose["worker_key"],
            "limit_code": draw(st.sampled_from(limits_of(dose["worn"][0]))),
            "on_date": dose["period_end"] + timedelta(days=draw(st.sampled_from([0, 0, 0, 31, 364]))),
            "event": draw(st.sampled_from(["NOTIFIED", "NOTIFIED", "OPENED", "CONFIRMED"])),
            "known_at": draw(st.sampled_from(SAID)),
            "before": draw(st.sampled_from([0, 0, 0, 5, 40])),
        }
        for dose in draw(st.lists(st.sampled_from(doses), min_size=2, max_size=7))
    ]
    waiting = draw(st.lists(st.fixed_dictionaries(worn), max_size=2))
    link = draw(st.sampled_from([1, 2])), draw(st.sampled_from([None, *CAME]))
    return {"doses": doses, "waiting": waiting, "events": events, "link": link}


def told(home: str, drawn: dict) -> tuple[Register, dict]:
    """The register, and its rows as the oracle reads them."""
    register = Register(Path(home))
    tables = ("doses", "waiting", "identity_links", "decisions", "inquiry_events")
    known: dict[str, list[dict]] = {name: [] for name in tables}

    def add(table: str, **fields) -> dict:
        known[table].append(register.add(table, **fields))
        return known[table][-1]

    def measured(drawn_dose: dict, dose: str = "dose") -> dict:
        fields, scale = drawn_dose["worn"]
        row = {name: drawn_dose[name] for name in ("worker_key", "establishment_key", "period_end")} | fields
        start = row["period_end"] - timedelta(days=drawn_dose["days"])
        return row | {"period_start": start, "dose_msv": Decimal(drawn_dose[dose] * scale) / 1000}

    for number, waiting in enumerate(drawn["waiting"]):
        add("waiting", **measured(waiting), row_no=number + 2, delivery_no=5, received_at=CAME[0])
    for number, drawn_dose in enumerate(drawn["doses"]):
        dose = add("doses", **measured(drawn_dose), row_no=number + 10, received_at=drawn_dose["received_at"])
        end, moment = drawn_dose["end"], drawn_dose["known_at"]
        if end in ("MODIFY", "CANCEL", "MAINTAIN"):
            add("decisions", row_no=2, delivery_no=10 + number, dose_id=dose["dose_id"], decision=end,
                decided_on=moment.date() - timedelta(days=2), known_at=moment)  # fmt: skip
        if end in ("MODIFY", "REPLACE", "CANCEL", "RECALL"):
            is_cancelled = end in ("CANCEL", "RECALL")
            instead = {"dose_msv": None, "record_action": "CANCEL"} if is_cancelled else {"record_action": "REPLACE"}
            add("doses", **measured(drawn_dose, "to") | instead, row_no=2, delivery_no=10 + number,
                replaces_dose_id=dose["dose_id"], received_at=moment)  # fmt: skip
    for number, event in enumerate(drawn["events"]):
        happened = event["known_at"].date() - timedelta(days=event.pop("before"))
        add("inquiry_events", **event, happened_on=happened, row_no=number + 2, delivery_no=3)
    person, linked_at = drawn["link"]
    if linked_at:
        add("identity_links", worker_key=3, person_key=person, known_at=linked_at, delivery_no=4)
    return register, known


@settings(max_examples=18, deadline=None, suppress_health_check=list(HealthCheck))
@given(exceedances(), st.sampled_from(TODAY), YOUNG)
def test_states_of_inquiries_and_who_is_told(drawn, today, young):
    with tempfile.TemporaryDirectory() as home:
        register, known = told(home, drawn)
        said_young = [
            register.add("minors", worker_key=key, adult_on=of_age, delivery_no=6 + number,
                         known_at=LONG_AGO + timedelta(number))
            for number, (key, of_age) in enumerate(young)
        ]  # fmt: skip
        for place, (sector, _) in PLACES.items():
            register.add("establishments", establishment_key=place, sector_code=sector, row_no=place, siret=str(place))
        # Lines that begin or end on a day on which a limit may be passed first; the other places have none.
        jobs = {(1, 10): (date(2024, 1, 31), None), (1, 11): (date(2023, 1, 1), date(2023, 12, 31)),
                (2, 11): (date(2023, 1, 1), date(2024, 1, 31))}  # fmt: skip
        for number, ((person, place), (first, last)) in enumerate(jobs.items()):
            register.add("employments", worker_key=person, establishment_key=place, row_no=number + 2,
                         category_start=first, category_end=last,
                         sector_code="NUC.06" if person == 2 else None)  # fmt: skip
        path = register.build(today, only={"exceedance_history", "exceedance_notices", "exceedance_context",
                                           "national_exceedances"})  # fmt: skip
        with duckdb.connect(str(path), read_only=True) as connection:
            states, notices, context, nation = (connection.execute(sql).fetchall() for sql in (
                "select worker_key, limit_code, status, first_date, last_date, peak_date, peak_msv, state, state_since"
                " from exceedance_history where status in ('detected', 'gone')",
                "select establishment_key, worker_key, limit_code, first_date from exceedance_notices",
                "select limit_code, status, first_date, last_date, peak_date, peak_msv, state, state_since, domain,"
                " siret, sector_code, category from exceedance_context",
                "select year, limit_code, domain, exceedances, detected, notified, under_inquiry, confirmed, modified,"
                " retained_by_default, gone_modified, gone_cancelled, provisional from national_exceedances",
            ))  # fmt: skip
    known = {
        name: [row for row in rows if (row.get("received_at") or row["known_at"]).date() <= today]
        for name, rows in known.items()
    }
    links = known["identity_links"]
    minors = oracle.adults(said_young, links)
    expected = oracle.inquiries(known, LIMITS, minors, SILENCE, today)
    assert {row[:4]: row[4:] for row in states} == expected and len(states) == len(expected)
    assert sorted(notices) == sorted(
        (place, person, code, first)
        for (person, code, status, first), (last, *_) in expected.items() if status == "detected"
        for (own, place), (begins, ends) in jobs.items()
        if own == person and begins <= last and (ends or date.max) >= first
    )  # fmt: skip
    by_code = {limit["limit_code"]: limit for limit in LIMITS}
    shown = [(key, episode) for key, episode in expected.items() if key[2] == "detected"]
    shown += [
        ((person, code, "provisional", first), (*episode, None, None))
        for person, code, first, *episode, _ in oracle.provisional(
            known["doses"], known["waiting"], links, LIMITS, minors, today)
    ]  # fmt: skip
    of_places = []
    for (person, code, status, first), (last, peak_day, *episode) in shown:
        limit, doses = by_code[code], known["doses"]
        if status == "provisional":
            enters = oracle.is_of_emergency if limit["window"] == "CAREER" else oracle.is_planned
            doses = oracle.with_what_waits(doses, known["waiting"], enters)
        place = oracle.employment_of(doses, links, limit, person, peak_day, minors)
        begins, ends = jobs.get((person, place), (date.max, None))
        is_listed = begins <= peak_day <= (ends or date.max)
        sector, domain = PLACES.get(place, ("UNSPECIFIED", "UNDETERMINED"))
        if is_listed and person == 2:
            sector, domain = "NUC.06", "NUCLEAR"
        siret, category = str(place) if place in PLACES else None, "B" if is_listed else "UNSPECIFIED"
        of_places.append((code, status, first, last, peak_day, *episode, domain, siret, sector, category))
    assert Counter(context) == Counter(of_places)
    columns = ("detected", "notified", "under_inquiry", "confirmed", "modified", "retained_by_default", "provisional")
    stand: dict[tuple, Counter] = {}
    for code, status, first, _, _, _, state, _, domain, *_ in of_places:
        stand.setdefault((first.year, code, domain), Counter()).update([state or status])
    found = {row[:3]: Counter(dict(zip(columns, (*row[4:10], row[12]), strict=True))) for row in nation}
    assert {key: +counts for key, counts in found.items() if +counts} == stand
    assert all(row[3] == sum(row[4:10]) for row in nation)
    gone = Counter((code, first.year, state) for (_, code, status, first), (*_, state, _) in expected.items()
                   if status == "gone")  # fmt: skip
    told_gone: Counter = Counter()
    for year, code, _, *_, modified, cancelled, _ in nation:
        told_gone.update({(code, year, "modified"): modified, (code, year, "cancelled"): cancelled})
    assert +told_gone == gone
