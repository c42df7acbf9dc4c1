"""The SQL and a naive Python reading of the same rules agree on random registers, to the last decimal."""

import tempfile
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from register import LONG_AGO, Register

from lake import reference
from tests import oracle

MEASUREMENTS = [
    ("PASSIVE", "HP10", "PHOTON", "TRUNK"),
    ("PASSIVE", "HP10", "PHOTON", "BELT"),
    ("PASSIVE", "HP10", "MIXED", "TRUNK"),
    ("PASSIVE", "HP10", "NEUTRON", "TRUNK"),
    ("PASSIVE", "HP10", "PHOTON", "ABDOMEN"),
    ("PASSIVE", "HP3", "PHOTON", "EYE"),
    ("PASSIVE", "HP3", "BETA", "EYE"),
    ("PASSIVE", "HP3", "MIXED", "HEAD_BAND"),
    ("PASSIVE", "HP007", "PHOTON", "FINGER_L"),
    ("PASSIVE", "HP007", "BETA", "FINGER_L"),
    ("PASSIVE", "HP007", "PHOTON", "WRIST_R"),
    ("PASSIVE", "HP007", "MIXED", "SKIN_OTHER"),
    ("PASSIVE", "HP007", "PHOTON", "TRUNK"),
    ("INTERNAL", "E50", "ALPHA_INT", None),
    ("RADON", "E", "RADON", None),
    ("COSMIC", "E", "COSMIC", None),
    ("OPERATIONAL", "HP10", "PHOTON", "TRUNK"),
]
# Few, telling days: month ends, both ends of February in leap and common years, 31 December.
ENDS = [date(2023, 2, 27), date(2023, 2, 28), date(2023, 3, 1), date(2023, 12, 31), date(2024, 1, 31),
        date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 31), date(2024, 6, 17), date(2024, 12, 31),
        date(2025, 2, 28), date(2025, 3, 31), date(2029, 2, 28), date(2029, 12, 31)]  # fmt: skip


# Of every kind and day; or of the sites of the extremities, or of one badge, on days that one wear may hold.
DRAWN = st.sampled_from([
    (MEASUREMENTS, ENDS, [10, 11]),
    ([one for one in MEASUREMENTS if one[1] == "HP007"], ENDS[3:8], [10]),
    (MEASUREMENTS[:1], ENDS[4:9], [10]),
])  # fmt: skip


@st.composite
def dose_rows(draw, measurements: list[tuple], ends: list[date], places: list[int]) -> dict:
    dosimetry, quantity, radiation, location = draw(st.sampled_from(measurements))
    end = draw(st.sampled_from(ends))
    action = draw(st.sampled_from(["NEW"] * 8 + ["REPLACE", "CANCEL"]))
    status = draw(st.sampled_from(["MEASURED"] * 7 + ["ESTIMATED", "BELOW_THRESHOLD", "ABSENT"]))
    return {
        "worker_key": draw(st.integers(1, 2 * len(places))),
        "establishment_key": draw(st.sampled_from(places)),
        "dosimetry": dosimetry,
        "quantity": quantity,
        "radiation": radiation,
        "body_location": location,
        "period_end": end,
        "period_start": end - timedelta(days=draw(st.sampled_from([0, 27, 30, 89]))),
        "dose_msv": None if status == "ABSENT" else Decimal(draw(st.integers(0, 12000))) / 1000,
        "result_status": status,
        "recording_threshold_msv": draw(st.sampled_from([None, Decimal("0.100"), Decimal("3.000")])),
        "badge_position": draw(st.sampled_from([None, None, None, "OVER_APRON"])),
        "situation": draw(st.sampled_from(["PLANNED"] * 6 + ["SUR"])),
        "record_action": action,
        "part": draw(st.integers(0, 1)),
        "replaced": draw(st.integers(0, 39)) if action != "NEW" else None,
    }


# Merges, unmerges (a key laid to itself again) and circles, in the order in which they were said.
LINKS = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), max_size=5)
# Parted, merged, or merged and parted again.
TWO_KEYS = st.sampled_from([(), ((2, 1),), ((2, 1),), ((2, 1), (2, 2))])


def written(home: Path, rows: list[dict], said: list[tuple]) -> tuple[Register, list[dict], list[dict]]:
    register = Register(home)
    doses: list[dict] = []
    for row in rows:
        replaced = row.pop("replaced", None)
        if replaced is not None and doses:
            row["replaces_dose_id"] = doses[replaced % len(doses)]["dose_id"]
        elif replaced is not None:
            row["record_action"] = "NEW"
        # Two parts of one delivery row leave together.
        shares_row = row.get("part") == 1 and doses and doses[-1]["part"] == 0
        doses.append(register.add("doses", row_no=doses[-1]["row_no"] if shares_row else 10 + len(doses), **row))
    links = [
        register.add("identity_links", worker_key=key, person_key=person, row_no=number,
                     reason="UNMERGED" if key == person else "MERGED", known_at=LONG_AGO + timedelta(days=number))
        for number, (key, person) in enumerate(said)
    ]  # fmt: skip
    return register, doses, links


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(DRAWN.flatmap(lambda drawn: st.lists(dose_rows(*drawn), min_size=14, max_size=40)), LINKS)
def test_periods_windows_and_years(rows, said):
    with tempfile.TemporaryDirectory() as home:
        register, doses, links = written(Path(home), rows, said)
        path = register.build(only={"period_doses", "rolling_doses", "annual_worker_doses", "statistics_of_all_rows",
                                    "annual_doses_of_all_rows"})  # fmt: skip
        with duckdb.connect(str(path), read_only=True) as connection:

            def keyed(sql: str) -> dict:
                return {row[:-1]: row[-1] for row in connection.execute(sql).fetchall()}

            assert keyed(
                "select worker_key, establishment_key, limit_quantity, site, period_start, period_end, dose_msv"
                " from period_doses"
            ) == oracle.period_doses(doses, links)
            told = connection.execute(
                "select worker_key, establishment_key, limit_quantity, site, period_start, period_end, considered_msv,"
                " has_overlap from period_doses"
            ).fetchall()
            assert {row[:6]: row[6:] for row in told} == oracle.told_of_periods(doses, links)
            windows = connection.execute(
                "select worker_key, limit_quantity, on_date, dose_12m_msv, dose_60m_msv, career_msv, wear_start_12m"
                " from rolling_doses"
            ).fetchall()
            assert {row[:3]: row[3:] for row in windows} == oracle.rolling(doses, links)
            assert keyed(
                "select worker_key, year, limit_quantity, sum(dose_msv) from annual_worker_doses"
                " group by all having sum(dose_msv) > 0"
            ) == oracle.annual(doses, links)
            nation = connection.execute(
                "select year, limit_quantity, exposed, collective_dose_man_sv * 1000, exposed_all_rows,"
                " collective_dose_all_rows_man_sv * 1000 from statistics_of_all_rows"
                " where dimension = 'ALL' and exposed_all_rows > 0"
            ).fetchall()
            uncorrected = oracle.annual([dose | {"replaces_dose_id": None} for dose in doses], links)
            removed = {dose["replaces_dose_id"] >> 3 for dose in doses if dose["replaces_dose_id"] is not None}
            corrected = {
                (oracle.person_of(links, dose["worker_key"]), dose["period_end"].year, oracle.limited(dose)[0])
                for dose in doses
                if dose["dose_id"] >> 3 in removed and oracle.limited(dose) and oracle.counted(dose) is not None
            }  # fmt: skip
            assert keyed(
                "select worker_key, year, limit_quantity, sum(dose_msv) from annual_doses_of_all_rows"
                " group by all having sum(dose_msv) > 0"
            ) == {
                (person, year, quantity): dose for (person, year, quantity), dose in uncorrected.items()
                if (person, year, quantity.removesuffix("_external")) in corrected
            }  # fmt: skip
            views = [in_the_nation(of_years) for of_years in (oracle.annual(doses, links), uncorrected)]
            assert {row[:2]: row[2:] for row in nation} == {
                key: (*views[0].get(key, (0, 0)), *of_all) for key, of_all in views[1].items()
            }


def in_the_nation(doses: dict[tuple, Decimal]) -> dict[tuple, tuple[int, Decimal]]:
    """(year, limited quantity) → persons exposed, mSv."""
    found: dict[tuple, list[Decimal]] = {}
    for (_, year, quantity), dose in doses.items():
        found.setdefault((year, quantity), []).append(dose)
    return {key: (len(of_year), sum(of_year)) for key, of_year in found.items()}


# Days on which limits change, and those of a window around them.
TURNS = [date(2017, 7, 31), date(2018, 6, 30), date(2018, 7, 1), date(2018, 7, 14), date(2019, 7, 1), date(2022, 7, 1),
         date(2023, 2, 28), date(2023, 6, 30), date(2023, 7, 1), date(2023, 7, 14), date(2024, 2, 28),
         date(2024, 2, 29), date(2024, 6, 30), date(2024, 7, 1), date(2025, 2, 28)]  # fmt: skip
LIMITED = [("HP10", "TRUNK"), ("HP3", "EYE"), ("HP3", "EYE"), ("HP007", "FINGER_L"), ("HP007", "WRIST_R")]
TEXTS = [
    row | {"limit_msv": Decimal(row["limit_msv"])}
    for row in reference.table("dose_limits").with_columns(pl.col("limit_msv").cast(pl.String)).to_dicts()
]
# A limit holds from the first text that set its value.
LIMITS = [
    row | {"valid_from": min(r["valid_from"] for r in TEXTS if row["limit_code"] in (r["limit_code"], r["counted_as"]))}
    for row in TEXTS if row["counted_as"] is None
]  # fmt: skip


@st.composite
def heavy_doses(draw) -> dict:
    quantity, location = draw(st.sampled_from(LIMITED))
    end = draw(st.sampled_from(TURNS)) + timedelta(days=draw(st.sampled_from([0, 0, 1, 30])))
    scale = 25 if location in ("FINGER_L", "WRIST_R") else draw(st.sampled_from([1, 1, 8]))
    return {
        "worker_key": draw(st.integers(1, 2)),
        "quantity": quantity,
        "body_location": location,
        "period_end": end,
        "period_start": end - timedelta(days=draw(st.sampled_from([0, 13, 30, 89]))),
        "dose_msv": Decimal(draw(st.sampled_from([4000, 7000, 10000, 10001, 20000, 20001, 25000])) * scale) / 1000,
    }


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(heavy_doses(), min_size=2, max_size=14), st.sampled_from(TURNS))
def test_episodes_are_the_days_above_a_limit(rows, of_age):
    with tempfile.TemporaryDirectory() as home:
        register = Register(Path(home))
        doses = [register.add("doses", **row) for row in rows]
        register.add("minors", worker_key=2, adult_on=of_age)
        path = register.build(only={"exceedance_history", "limit_exceedances"})
        with duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute(
                "select worker_key, limit_code, status, first_date, last_date, peak_date, peak_msv"
                " from exceedance_history"
            ).fetchall()
            spread = connection.execute(
                "select worker_key, limit_code, first_date, last_date, earliest_wear, peak_date, prorata_peak_msv,"
                " complies_prorata from limit_exceedances where limit_code <> 'L4t'"
            ).fetchall()
    assert set(found) == oracle.episodes(doses, [], LIMITS, {2: of_age})
    assert len(found) == len(set(found))
    worn = oracle.period_doses(doses)
    by_code = {limit["limit_code"]: limit for limit in LIMITS}
    for worker, code, first, last, earliest, peak_date, msv, complies in spread:
        limit = by_code[code]
        own = [
            (site, start, end, dose)
            for (person, _, quantity, site, start, end), dose in worn.items()
            if person == worker and quantity == limit["limit_quantity"]
            and (limit["population"] == "ADULT" or start < of_age)
        ]  # fmt: skip
        began = min([first, *(start for _, start, end, _ in own if end == first)])
        highest = oracle.prorata_peak(own, max(began, limit["valid_from"]), last)
        assert abs(highest - Fraction(msv)) <= Fraction(1, 2000)
        assert complies == (highest <= limit["limit_msv"])
        assert earliest in {start for _, start, end, _ in own if oracle.months_before(peak_date, 12) < end <= peak_date}


HELD = [*[({}, 1)] * 4, *[({"quantity": "HP3", "body_location": "EYE"}, 1)] * 2]
STATED = {"situation": "SUR", "dosimetry": "EMERGENCY_INTERNAL", "quantity": "E", "radiation": "NOT_STATED",
          "body_location": None}  # fmt: skip
NOT_HELD = [
    ({"badge_position": "OVER_APRON"}, 1),
    ({"body_location": "ABDOMEN"}, 1),
    *[({"recording_threshold_msv": Decimal("20.001")}, 1)] * 2,
    ({"result_status": "ABSENT"}, None),
    ({"dosimetry": "OPERATIONAL"}, 1),
]
CROWDS = st.sampled_from([HELD, [(STATED, 50)], [*HELD, (STATED, 50), *NOT_HELD]])


@st.composite
def crowded_doses(draw, measured: list[tuple]) -> dict:
    """Heavy doses on days that lie a year, or a day more, apart."""
    end = draw(st.sampled_from([date(2023, 6, 30), date(2023, 7, 1), date(2024, 2, 29), date(2024, 6, 30),
                                date(2024, 7, 1), date(2025, 2, 28)]))  # fmt: skip
    fields, scale = draw(st.sampled_from(measured))
    dose = draw(st.sampled_from([4000, 10000, 10001, 20000, 20001]))
    return fields | {
        "worker_key": draw(st.sampled_from([1, 2, 2, 2])),
        "period_end": end,
        "period_start": end - timedelta(days=draw(st.sampled_from([0, 30]))),
        "dose_msv": None if scale is None else Decimal(dose * scale) / 1000,
    }


# What waits is new, or would replace or cancel an earlier row; what was released stands under its number.
ENDS_OF_ROWS = st.sampled_from(["LOADED"] * 5 + ["WAITS", "WOULD_REPLACE"] * 2 + ["WOULD_CANCEL", "RELEASED"])


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(CROWDS.flatmap(lambda measured: st.lists(st.tuples(crowded_doses(measured), ENDS_OF_ROWS, st.integers(0, 9)),
                                                min_size=5, max_size=12)),
       st.sampled_from(TURNS), st.booleans(), st.sampled_from([None, None, "effective", "lens"]))  # fmt: skip
def test_what_waits_is_provisional_and_what_counts_is_told_by_its_records(rows, of_age, is_merged, authorised):
    today = date(2025, 6, 30)
    with tempfile.TemporaryDirectory() as home:
        register = Register(Path(home))
        doses, waiting = [], []
        for row, end, earlier in rows:
            if end != "LOADED":
                action = {"WOULD_REPLACE": "REPLACE", "WOULD_CANCEL": "CANCEL"}.get(end)
                if action and doses:
                    replaced = doses[earlier % len(doses)]["dose_id"]
                    row |= {"record_action": action, "replaces_dose_id": replaced}
                waiting.append(register.add("waiting", **row))
            if end in ("LOADED", "RELEASED"):
                row_no = waiting[-1]["row_no"] if end == "RELEASED" else None
                doses.append(register.add("doses", **row, row_no=row_no or 100 + len(doses)))
        links = [register.add("identity_links", worker_key=1, person_key=2)] if is_merged else []
        spans = [
            register.add("authorisations", worker_key=2, limit_quantity=quantity, row_no=2,
                         valid_from=date(2024, 2, 1), valid_to=date(2024, 6, 30))
            for quantity in [authorised] if quantity
        ]  # fmt: skip
        register.add("minors", worker_key=2, adult_on=of_age)
        path = register.build(today, only={"provisional_exceedances", "limit_exceedances", "exceedance_records"})
        with duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute(
                "select worker_key, limit_code, first_date, last_date, peak_date, peak_msv, counted_peak_msv"
                " from provisional_exceedances"
            ).fetchall()
            peaks = connection.execute(
                "select worker_key, limit_code, first_date, last_date, peak_date, peak_msv from limit_exceedances"
            ).fetchall()
            records = connection.execute(
                "select worker_key, limit_code, first_date, dose_id from exceedance_records"
            ).fetchall()
    minors = {2: of_age}
    waiting = oracle.still_waiting({"doses": doses, "waiting": waiting, "rejections": []})
    expected = oracle.provisional(doses, waiting, links, LIMITS, minors, today, spans)
    assert set(found) == expected and len(found) == len(expected)
    counted = oracle.detected(doses, links, LIMITS, minors, today, spans)
    assert set(peaks) == {one[:2] + one[3:] for one in counted} and len(peaks) == len(counted)
    by_code = {limit["limit_code"]: limit for limit in LIMITS}
    assert records_by_episode(records) == {
        (worker, code, first): oracle.records_of(doses, links, by_code[code], worker, peak_date, minors)
        for worker, code, first, _, peak_date, _ in peaks
    }


def records_by_episode(records: list[tuple]) -> dict[tuple, set[int]]:
    """(person, limit, first day) → dose_id."""
    told: dict[tuple, set[int]] = {}
    for *episode, dose_id in records:
        told.setdefault(tuple(episode), set()).add(dose_id)
    return told


# A quarter of each limit, and one step above.
QUARTERS = [n + step for n in (1500, 5000, 12500, 37500, 125000) for step in (0, 1)]
OPERATIONS = [
    {"quantity": "HP10"},
    {"quantity": "HP10", "radiation": "NEUTRON"},
    {"quantity": "HP3", "body_location": "EYE"},
    {"quantity": "HP007", "body_location": "FINGER_L"},
    {"quantity": "HP007", "body_location": "SKIN_OTHER"},
    {"dosimetry": "OPERATIONAL", "quantity": "HP10"},
    {"dosimetry": "OPERATIONAL", "quantity": "HP10", "radiation": "NEUTRON"},
    {"dosimetry": "INTERNAL", "quantity": "E50", "radiation": "ALPHA_INT", "body_location": None},
]


@st.composite
def operations(draw) -> dict:
    end = draw(st.sampled_from([date(2018, 6, 30), date(2018, 7, 1), date(2023, 6, 30), date(2023, 7, 1)]))
    return draw(st.sampled_from(OPERATIONS)) | {
        "worker_key": draw(st.integers(1, 2)),
        "establishment_key": draw(st.integers(10, 11)),
        "period_end": end,
        "period_start": end - timedelta(days=draw(st.sampled_from([0, 0, 30]))),
        "dose_msv": Decimal(draw(st.sampled_from(QUARTERS))) / 1000,
    }


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(operations(), st.booleans()), min_size=2, max_size=16), st.sampled_from(TURNS))
def test_what_one_operation_may_have_given(rows, of_age):
    with tempfile.TemporaryDirectory() as home:
        register, doses = Register(Path(home)), []
        for row, shares_row in rows:
            # Photons and neutrons of one entry stand in one row of a file.
            same = doses and shares_row and doses[-1]["part"] == 0 and doses[-1]["dosimetry"] == row.get("dosimetry")
            line = {"row_no": doses[-1]["row_no"], "part": 1} if same else {"row_no": len(doses) + 10}
            doses.append(register.add("doses", **row, **line))
        register.add("minors", worker_key=2, adult_on=of_age)
        path = register.build(only={"significant_events"})
        with duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute(
                "select worker_key, establishment_key, kind, limit_quantity, period_start, period_end, dose_msv,"
                " limit_code from significant_events"
            ).fetchall()
    share = Decimal(str(reference.threshold("significant_event_share")))
    assert sorted(found) == oracle.significant(doses, LIMITS, {2: of_age}, share)


# A fifth of a year, a contract that follows it within days, the like in a leap year, one under another lens limit.
CONTRACTS = [(date(2022, 1, 1), date(2022, 3, 14)), (date(2022, 3, 20), date(2022, 12, 31)),
             (date(2024, 1, 1), date(2024, 3, 13)), (date(2017, 5, 1), date(2017, 5, 1)),
             # Begun under one limit of the lens, and still running under another.
             (date(2023, 5, 1), date(2023, 9, 10))]  # fmt: skip


@st.composite
def contracts(draw) -> tuple[list[dict], list[dict]]:
    """Doses and lines of contracts: two that follow each other, one, or any; worn about their days."""
    spans = draw(st.sampled_from([CONTRACTS, CONTRACTS[:2], CONTRACTS[-1:]]))
    measured = draw(st.sampled_from([OPERATIONS, OPERATIONS[2:3]]))
    job = {"worker_key": st.sampled_from([1, 1, 2]), "establishment_key": st.sampled_from([10, 10, 10, 11])}
    lines = draw(st.lists(st.fixed_dictionaries(job | {
        "contract": st.sampled_from(spans),
        "ends": st.sampled_from([0, 0, 0, 0, 9, -9, None]),
        "contract_type": st.sampled_from(["CDD", "TEMP", "TEMP", "CDI"]),
        "category": st.sampled_from(["B", "B", "A"]),
    }), min_size=3, max_size=8))  # fmt: skip
    about = [first + timedelta(days=30) for first, _ in spans] * 3
    about += [last + timedelta(days=days) for _, last in spans for days in (-9, -8, 0, 1, 9, 17)]
    rows = draw(st.lists(st.fixed_dictionaries(job | {
        "measured": st.sampled_from(measured),
        "period_end": st.sampled_from(about),
        "days": st.sampled_from([0, 30, 89]),
        "dose": st.sampled_from([1000, 4000, 4001, 30000, 100000, 100001]),
    }), min_size=4, max_size=12))  # fmt: skip
    for row in rows:
        row |= row.pop("measured") | {
            "period_start": row["period_end"] - timedelta(days=row.pop("days")),
            "dose_msv": Decimal(row.pop("dose")) / 1000,
        }
    return rows, lines


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(contracts(), TWO_KEYS, st.sampled_from([*[date(2023, 6, 30)] * 2, date(2023, 7, 1), date(2024, 6, 30)]))
def test_short_contracts_bear_their_part_of_a_limit(drawn, said, today):
    rows, of_contracts = drawn
    with tempfile.TemporaryDirectory() as home:
        register, doses, links = written(Path(home), rows, said)
        lines = []
        for number, line in enumerate(of_contracts):
            (first, last), days = line.pop("contract"), line.pop("ends")
            end = None if days is None else last + timedelta(days=days)
            lines.append(register.add("employments", **line, row_no=number + 2, category_start=first,
                                      contract_start=first, contract_end=end))  # fmt: skip
        path = register.build(today, only={"contract_doses"})
        with duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute(
                "select worker_key, establishment_key, contract_start, limit_quantity, contract_end, dose_msv,"
                " prorata_limit_ratio, is_above_prorata from contract_doses"
            ).fetchall()
    known = [row for row in doses if row["received_at"].date() <= today]
    assert {row[:4]: row[4:] for row in found} == oracle.contracts(known, lines, links, LIMITS, today)
    assert len({row[:4] for row in found}) == len(found)


RULES = [
    row | {"level_msv": Decimal(row["level_msv"])}
    for row in reference.table("classification_levels").with_columns(pl.col("level_msv").cast(pl.String)).to_dicts()
]
WATCHED = [
    ({"quantity": "HP10"}, 1),
    ({"quantity": "HP10"}, 1),
    ({"quantity": "HP3", "body_location": "EYE"}, Decimal("2.5")),
    ({"quantity": "HP007", "body_location": "FINGER_L"}, 25),
    ({"quantity": "HP007", "body_location": "TRUNK"}, 25),
    ({"dosimetry": "RADON", "quantity": "E", "radiation": "RADON", "body_location": None, "situation": "EXISTING"}, 1),
    ({"dosimetry": "RADON", "quantity": "E", "radiation": "RADON", "body_location": None}, 1),
    ({"dosimetry": "INTERNAL", "quantity": "E50", "radiation": "ALPHA_INT", "body_location": None}, 1),
]


@st.composite
def watched_doses(draw) -> dict:
    """Doses that alone or together come to a level, or are one step off it."""
    measured, scale = draw(st.sampled_from(WATCHED))
    dose = draw(st.sampled_from([0, 1, 999, 1000, 3000, 3000, 5999, 6000, 6001]))
    year, day = draw(st.sampled_from([2018, 2022, 2022, 2023, 2023, 2024])), draw(st.sampled_from([(2, 28), (9, 30)]))
    return measured | {"worker_key": 1, "period_end": date(year, *day), "dose_msv": Decimal(int(dose * scale)) / 1000}


@st.composite
def quiet_years(draw) -> list[dict]:
    """Year after year one dose about the level below which a category is doubtful, or none."""
    doses = {year: draw(st.sampled_from([0, 600, 999, 999, 1000, None])) for year in range(2019, 2025)}
    return [
        {"worker_key": 2, "quantity": "HP10", "period_end": date(year, 9, 30), "dose_msv": Decimal(dose) / 1000}
        for year, dose in doses.items() if dose is not None
    ]  # fmt: skip


CHANGE = date(2023, 7, 1)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(watched_doses(), min_size=2, max_size=12), quiet_years(), st.sampled_from(["BB", "BA", "AB"]),
       st.sampled_from(["AA", "AA", "BA"]))  # fmt: skip
def test_doses_that_do_not_fit_the_category(high, quiet, of_high, of_quiet):
    rows = high + quiet
    category_on = {
        (person, 10): [(date(2000, 1, 1), first), (CHANGE, then)]
        for person, (first, then) in ((1, of_high), (2, of_quiet))
    }
    with tempfile.TemporaryDirectory() as home:
        register = Register(Path(home))
        doses = [register.add("doses", **row) for row in rows]
        for (person, _), lines in category_on.items():
            for number, (first, category) in enumerate(lines):
                register.add("employments", worker_key=person, row_no=2 * person + number, category=category,
                             category_start=first)  # fmt: skip
        path = register.build(only={"classification_watch"})
        with duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute(
                "select worker_key, rule_code, limit_quantity, establishment_key, year, value_msv"
                " from classification_watch"
            ).fetchall()
    assert {row[:5]: row[5] for row in found} == oracle.misclassified(doses, category_on, RULES)
    assert len({row[:5] for row in found}) == len(found)


EXCEPTIONAL = [date(2014, 12, 31), date(2018, 6, 30), date(2018, 7, 1), date(2024, 2, 29), date(2024, 12, 31),
               date(2025, 1, 1), date(2025, 2, 28), date(2028, 12, 31)]  # fmt: skip


@st.composite
def exceptional_doses(draw) -> dict:
    end = draw(st.sampled_from(EXCEPTIONAL))
    quantity, location = draw(st.sampled_from([("HP10", "TRUNK"), ("HP10", "TRUNK"), ("HP3", "EYE")]))
    return {
        "worker_key": draw(st.integers(1, 2)),
        "quantity": quantity,
        "body_location": location,
        "period_end": end,
        "period_start": end - timedelta(days=draw(st.sampled_from([0, 30]))),
        "dose_msv": Decimal(draw(st.sampled_from([9000, 20000, 20001, 30000, 30001, 40000, 50000, 50001]))) / 1000,
    }


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(exceptional_doses(), min_size=4, max_size=8), TWO_KEYS, st.data())
def test_authorised_exposures_are_no_exceedance_within_their_own_limits(rows, said, data):
    """Said of few decisions, so that some are said anew or withdrawn."""
    spans = [
        {
            "worker_key": data.draw(st.integers(1, 2)),
            "decision_ref": data.draw(st.sampled_from(["d-1", "d-2", "d-3"])),
            "limit_quantity": data.draw(st.sampled_from(["effective", "effective", "lens"])),
            "action": data.draw(st.sampled_from(["GRANT"] * 5 + ["WITHDRAW"])),
            "valid_from": first,
            "valid_to": data.draw(st.sampled_from([first, first + timedelta(days=59), date(2030, 1, 1)])),
        }
        for first in data.draw(st.lists(st.sampled_from([row["period_end"] for row in rows]), min_size=2, max_size=6))
    ]
    with tempfile.TemporaryDirectory() as home:
        register, doses, links = written(Path(home), rows, said)
        for number, span in enumerate(spans):
            if span["action"] == "WITHDRAW":
                span |= {"valid_from": None, "valid_to": None}
            spans[number] = register.add("authorisations", row_no=number + 2, **span)
        path = register.build(only={"exceedance_history"})
        with duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute(
                "select worker_key, limit_code, status, first_date, last_date, peak_date, peak_msv"
                " from exceedance_history"
            ).fetchall()
    assert set(found) == oracle.episodes(doses, links, LIMITS, {}, oracle.authorisations(spans, links))
    assert len(found) == len(set(found))


EMERGENCY_READINGS = [
    ("EMERGENCY", "HP10", "NOT_STATED", "TRUNK"),
    ("EMERGENCY", "HP10", "NOT_STATED", "BELT"),
    ("EMERGENCY", "HP3", "NOT_STATED", "EYE"),
    ("EMERGENCY_INTERNAL", "E", "NOT_STATED", None),
    ("EMERGENCY_INTERNAL", "E50", "ALPHA_INT", None),
    ("PASSIVE", "HP10", "PHOTON", "TRUNK"),
    ("PASSIVE", "HP10", "MIXED", "BELT"),
    ("PASSIVE", "HP10", "NEUTRON", "TRUNK"),
    ("PASSIVE", "HP10", "PHOTON", "ABDOMEN"),
    ("INTERNAL", "E50", "ALPHA_INT", None),
    ("OPERATIONAL", "HP10", "PHOTON", "TRUNK"),
]


@st.composite
def emergency_rows(draw) -> dict:
    dosimetry, quantity, radiation, location = draw(st.sampled_from(EMERGENCY_READINGS))
    end = draw(st.sampled_from([date(2018, 6, 30), date(2018, 7, 1), date(2024, 2, 28), date(2024, 2, 29)]))
    action = draw(st.sampled_from(["NEW"] * 8 + ["REPLACE", "CANCEL"]))
    return {
        "worker_key": draw(st.sampled_from([1, 1, 2, 3])),
        "establishment_key": draw(st.integers(10, 11)),
        "dosimetry": dosimetry,
        "quantity": quantity,
        "radiation": radiation,
        "body_location": location,
        "emergency_id": draw(st.sampled_from([None, "PENLY", "CHINON"])),
        "period_end": end,
        "period_start": end - timedelta(days=draw(st.sampled_from([0, 0, 30]))),
        "dose_msv": Decimal(draw(st.sampled_from([50000, 100000, 100001, 300001, 500000, 500001, 700000]))) / 1000,
        "situation": draw(st.sampled_from(["SUR"] * 4 + ["PLANNED"])),
        "badge_position": draw(st.sampled_from([None, None, None, "OVER_APRON"])),
        "record_action": action,
        "part": 0,
        "replaced": draw(st.integers(0, 39)) if action != "NEW" else None,
    }


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(emergency_rows(), min_size=4, max_size=14), LINKS)
def test_emergencies_their_levels_and_a_lifetime(rows, said):
    as_of = date(2024, 6, 30)
    with tempfile.TemporaryDirectory() as home:
        register, doses, links = written(Path(home), rows, said)
        path = register.build(as_of, only={"emergency_doses", "limit_exceedances", "exceedance_records"})
        with duckdb.connect(str(path), read_only=True) as connection:
            told = connection.execute(
                "select worker_key, emergency_id, limit_quantity, dose_msv, level_code, passed_on, lifetime_msv"
                " from emergency_doses"
            ).fetchall()
            above = connection.execute(
                "select worker_key, limit_code, first_date, last_date, peak_date, peak_msv"
                " from limit_exceedances where limit_code like 'L7%'"
            ).fetchall()
            records = connection.execute(
                "select worker_key, limit_code, first_date, dose_id from exceedance_records where limit_code like 'L7%'"
            ).fetchall()
    expected = oracle.emergencies(doses, links, LIMITS)
    assert {row[:3]: row[3:] for row in told} == expected and len(told) == len(expected)
    assert set(above) == oracle.lifetimes_above(doses, links, LIMITS, as_of)
    by_code = {limit["limit_code"]: limit for limit in LIMITS}
    assert records_by_episode(records) == {
        (worker, code, first): oracle.records_of(doses, links, by_code[code], worker, peak_date, {})
        for worker, code, first, _, peak_date, _ in above
    }
