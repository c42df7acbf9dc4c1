"""The yearly statistics and a naive Python reading of their definitions agree on random registers."""

import tempfile
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from register import Register

from lake import reference
from tests import oracle

SECTORS = {10: ("MED.01.01", "MEDICAL_DENTAL_VET"), 11: ("NAT.01", "NATURAL"), 12: ("NUC.06", "NUCLEAR")}
REGIONS, BANDS = {10: "11", 11: "84", 12: "11"}, {10: "01", 11: "32", 12: None}
CATEGORIES = ["A", "B", "B", "NC", "NR", "RADON", None]
OCCUPATIONS, CONTRACTS = ["M01", "M02", None], ["CDI", "TEMP"]
SEXES, BIRTHS = ["F", "M"], [1953, 1954, 1980, 1996]
UNTOLD = "UNSPECIFIED"
# Around the bounds of the counts and classes, with ties.
OTHERS = ["lens", "skin", "extremities"]
KINDS = ["PASSIVE"] * 4 + ["INTERNAL", "RADON", "COSMIC", "OPERATIONAL", *OTHERS]
MEASURED = {
    "lens": {"quantity": "HP3", "body_location": "EYE"},
    "skin": {"quantity": "HP007", "body_location": "TRUNK"},
    "extremities": {"quantity": "HP007", "body_location": "FINGER_L"},
    "PASSIVE": {},
    "OPERATIONAL": {},
    "INTERNAL": {"quantity": "E50", "radiation": "ALPHA_INT", "body_location": None},
    "RADON": {"quantity": "E", "radiation": "RADON", "body_location": None},
    "COSMIC": {"quantity": "E", "radiation": "COSMIC", "body_location": None},
}
DOSES = [Decimal(n) / 1000 for n in (0, 0, 0, 1, 50, 999, 1000, 1001, 2500, 5000, 5001, 10000, 15001, 20001, 50001)]


@st.composite
def registers(draw) -> dict:
    """Employments (person, establishment → category) and doses ((person, establishment), day, mSv, kind) of a register.

    `replaced`: number of a dose → mSv that was first sent in its stead; `cancelled`: doses of which nothing is left.
    """
    people = range(1, draw(st.integers(1, 12)) + 1)
    places = st.sets(st.sampled_from(sorted(SECTORS)), min_size=1, max_size=2)
    jobs = {(person, place): draw(st.sampled_from(CATEGORIES)) for person in people for place in draw(places)}
    # So that now and then as many are monitored as shares of persons are told of.
    crowd = [(100 + number, 10) for number in range(draw(st.sampled_from([0, 0, 9, 13])))]
    jobs |= dict.fromkeys(crowd, draw(st.sampled_from(["B", None])))
    days = st.sampled_from([date(y, m, 28) for y in (2018, 2020, 2023, 2024) for m in (3, 9)])
    dose = st.tuples(st.sampled_from(sorted(jobs)), days, st.sampled_from(DOSES), st.sampled_from(KINDS))
    doses = draw(st.lists(dose, min_size=1, max_size=40, unique_by=lambda row: row[:2]))
    doses += [(job, date(2023, 12, 28), Decimal("0.000"), "PASSIVE") for job in crowd]
    replaced = draw(st.dictionaries(st.integers(0, len(doses) - 1), st.sampled_from(DOSES), max_size=6))
    other_days = st.sampled_from([date(y, 6, 28) for y in (2018, 2020, 2023, 2024)])
    gone = st.tuples(st.sampled_from(sorted(jobs)), other_days, st.sampled_from(DOSES), st.sampled_from(KINDS))
    cancelled = draw(st.lists(gone, max_size=6, unique_by=lambda row: row[:2]))
    return {
        "jobs": jobs,
        "doses": [(*dose[:2], scaled(*dose[2:]), dose[3]) for dose in doses],
        "replaced": {number: scaled(msv, doses[number][3]) for number, msv in replaced.items()},
        "cancelled": [(*dose[:2], scaled(*dose[2:]), dose[3]) for dose in cancelled],
    }


def scaled(msv: Decimal, kind: str) -> Decimal:
    """The classes of skin and extremities are ten times as high."""
    return msv * 10 if kind in ("skin", "extremities") else msv


def category_in(year: int, category: str | None) -> str:
    """Nobody is unclassified or not stated once individual monitoring alone is recorded."""
    ended = year > reference.threshold("individual_monitoring_only_from").year - 1 and category in ("NC", "NR")
    return UNTOLD if category is None or ended else category


def groups_of(person: int, establishment: int, year: int, category: str) -> dict[str, list[str]]:
    """Dimension → the groups that an employment's year is counted in."""
    is_listed = category != UNTOLD
    sector, domain = SECTORS[establishment]
    parts = sector.split(".")
    age = year - BIRTHS[person % 4]
    bands = {row["code"]: row["size_band"] for row in reference.table("headcount_bands").to_dicts()}
    return {
        "ALL": ["ALL"],
        "domain": [domain],
        "sector": [".".join(parts[: level + 1]) for level in range(len(parts))],
        "category": [category],
        "occupation": [(OCCUPATIONS[(person + establishment) % 3] if is_listed else None) or UNTOLD],
        "contract": [CONTRACTS[(person + establishment) % 2] if is_listed else UNTOLD],
        "region": [REGIONS[establishment]],
        "size_band": [bands.get(BANDS[establishment], UNTOLD)],
        "sex": [SEXES[person % 2]],
        "age_band": [next(name for below, name in AGES if age < below)],
    }


AGES = [(25, "<25"), (35, "25-34"), (45, "35-44"), (55, "45-54"), (65, "55-64"), (999, "65+")]


def quantities_of(kind: str) -> list[str]:
    """The limited quantities that a dose enters; what was taken in is not external."""
    if kind in OTHERS:
        return [kind]
    if kind == "OPERATIONAL":
        return ["operational"]
    return ["effective"] if kind == "INTERNAL" else ["effective", "effective_external"]


def filled(home: str, drawn: dict) -> Register:
    register = Register(Path(home))
    for establishment, (sector, _) in SECTORS.items():
        register.add("establishments", establishment_key=establishment, sector_code=sector, row_no=establishment,
                     region_code=REGIONS[establishment], headcount_band=BANDS[establishment])  # fmt: skip
    for person in {person for person, _ in drawn["jobs"]}:
        register.add("persons", worker_key=person, sex=SEXES[person % 2], birth_year=BIRTHS[person % 4])
    for number, ((person, establishment), category) in enumerate(drawn["jobs"].items()):
        if category:
            register.add("employments", worker_key=person, establishment_key=establishment, category=category,
                         row_no=number + 2, sector_code=SECTORS[establishment][0],
                         occupation_code=OCCUPATIONS[(person + establishment) % 3],
                         contract_type=CONTRACTS[(person + establishment) % 2])  # fmt: skip

    def sent(job: tuple, day: date, dose: Decimal | None, kind: str, **said) -> int:
        given = {"worker_key": job[0], "establishment_key": job[1], **MEASURED[kind], **said}
        return register.dose(day, dose, dosimetry="PASSIVE" if kind in OTHERS else kind, **given)["dose_id"]

    for number, (job, day, dose, kind) in enumerate(drawn["doses"]):
        before = drawn["replaced"].get(number)
        said = {}
        if before is not None:
            said = {"record_action": "REPLACE", "replaces_dose_id": sent(job, day, before, kind)}
        sent(job, day, dose, kind, **said)
    for job, day, dose, kind in drawn["cancelled"]:
        cancels = {"record_action": "CANCEL", "replaces_dose_id": sent(job, day, dose, kind), "result_status": "ABSENT"}
        sent(job, day, None, kind, **cancels)
    return register


def in_all_rows(drawn: dict) -> list[tuple]:
    """The doses as if nothing had been replaced or cancelled.

    Of one badge the higher of two results counts; intakes, radon, flights and entries are summed.
    """
    found = []
    for number, (job, day, dose, kind) in enumerate(drawn["doses"]):
        if (before := drawn["replaced"].get(number)) is not None:
            dose = max(before, dose) if kind in ("PASSIVE", *OTHERS) else before + dose
        found.append((job, day, dose, kind))
    return found + drawn["cancelled"]


def employment_years(jobs: dict[tuple, str | None], doses: list[tuple]) -> list[dict]:
    """Employment years as the oracle reads them."""
    years: dict[tuple, list] = {}
    for (person, establishment), day, dose, kind in doses:
        for quantity in quantities_of(kind):
            own = years.setdefault((quantity, person, establishment, day.year), [])
            own.append((dose, kind not in ("INTERNAL", "RADON")))
    rows = [
        {
            "limit_quantity": quantity, "worker_key": person, "establishment_key": establishment, "year": year,
            "dose_msv": sum((dose for dose, _ in results), oracle.ZERO),
            "is_monitored": any(makes_monitored for _, makes_monitored in results), "results": len(results),
            "domain": SECTORS[establishment][1], "category": category_in(year, jobs[person, establishment]),
        }
        for (quantity, person, establishment, year), results in years.items()
    ]  # fmt: skip
    for row in rows:
        row["groups"] = groups_of(row["worker_key"], row["establishment_key"], row["year"], row["category"])
    # Neither dose nor a result that makes monitored: nothing to say of that year.
    return [row for row in rows if row["dose_msv"] > 0 or row["is_monitored"]]


OF_PARTS = ("monitored", "exposed", "mean_exposed_msv", "median_exposed_msv", "p95_exposed_msv")
COLUMNS = list(oracle.yearly_statistics([]))
OF_ALL_ROWS = [name.removesuffix("_msv") + "_all_rows" + ("_msv" if name.endswith("_msv") else "") for name in COLUMNS]
BY_BOTH = list(oracle.told_by_both({}, {}))
OF_PLACES = ("monitored", "exposed", "mean_monitored_msv", "mean_exposed_msv", "median_exposed_msv", "p25_exposed_msv",
             "p75_exposed_msv", "median_monitored_msv", "p25_monitored_msv", "p75_monitored_msv", "n_gt_1",
             "n_gt_6")  # fmt: skip
QUERIES = {
    "like_for_like": """
        select year, reading, monitored, exposed, collective_dose_man_sv * 1000 from like_for_like
    """,
    "national_statistics": f"""
        select limit_quantity, year, dimension, group_code, {", ".join(COLUMNS)} from national_statistics
    """,
    "statistics_of_all_rows": f"""
        select limit_quantity, year, dimension, group_code, collective_dose_all_rows_man_sv * 1000,
            {", ".join(OF_ALL_ROWS + BY_BOTH)}
        from statistics_of_all_rows
    """,
    "completeness_counts": """
        select year, limit_quantity, dimension, group_code, monitored, with_occupation, expected_persons
        from completeness_counts
    """,
    "statistics_completeness": """
        select year, limit_quantity, dimension, group_code, occupation_known_share, suppressed
        from statistics_completeness
    """,
    "top_contributors": """
        select limit_quantity, year, dimension, group_code, collective_dose_without_person_man_sv * 1000,
            mean_exposed_without_person_msv, top_establishment_share,
            collective_dose_without_establishment_man_sv * 1000, mean_exposed_without_establishment_msv
        from top_contributors
    """,
    "dose_distribution": """
        select year, dimension, group_code, limit_quantity, class_code, workers, collective_dose_man_sv * 1000
        from dose_distribution
    """,
    "dose_distribution_of_all_rows": """
        select year, dimension, group_code, limit_quantity, class_code, workers, collective_dose_man_sv * 1000,
            workers_all_rows, collective_dose_all_rows_man_sv * 1000
        from dose_distribution_of_all_rows
    """,
    "establishment_statistics": f"""
        select limit_quantity, establishment_key, year, {", ".join(OF_PLACES)} from establishment_statistics
    """,
    "component_statistics": f"""
        select year, dimension, group_code, component, {", ".join(OF_PARTS)} from component_statistics
    """,
    "job_paces": """
        select limit_quantity, occupation_code, category, monitored, exposed, exposed_internally, mean_msv,
            variance_within_msv2, variance_between_msv2, n_establishments, top_share, top_share_of_squares,
            top_establishment_share_dose
        from job_paces
    """,
    "cumulative_distribution": """
        select year, dimension, group_code, span, class_code, workers, collective_dose_man_sv * 1000
        from cumulative_distribution
    """,
}


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(registers())
def test_national_tables(drawn):
    with tempfile.TemporaryDirectory() as home:
        path = filled(home, drawn).build(only=set(QUERIES))
        with duckdb.connect(str(path), read_only=True) as connection:
            found = {name: connection.execute(sql).fetchall() for name, sql in QUERIES.items()}
    rows = employment_years(drawn["jobs"], drawn["doses"])
    effective = [row for row in rows if row["limit_quantity"] == "effective"]
    groups = people_of(rows)
    groups_of_all = people_of(employment_years(drawn["jobs"], in_all_rows(drawn)))
    mains = oracle.main_employments(effective)
    assert keyed(found["like_for_like"], 2) == oracle.like_for_like(effective)
    assert {row[:4]: dict(zip(COLUMNS, row[4:], strict=True)) for row in found["national_statistics"]} == {
        key: oracle.yearly_statistics(list(people.values())) for key, people in groups.items()
    }
    for _, _, _, _, *numbers in found["national_statistics"]:
        has_unscear_properties(dict(zip(COLUMNS, numbers, strict=True)))
    assert keyed(found["statistics_of_all_rows"], 4) == {
        key: (sum(dose for dose, _ in people.values()),
              *oracle.yearly_statistics(list(people.values())).values(),
              *oracle.told_by_both(groups.get(key, {}), people).values())
        for key, people in groups_of_all.items()
    }  # fmt: skip
    assert keyed(found["top_contributors"], 4) == {
        (quantity, year, dimension, group): oracle.without_top(
            [dose for dose, _ in people.values()],
            [row for row in rows if (row["limit_quantity"], row["year"]) == (quantity, year)
             and group in row["groups"][dimension]],
        )
        for (quantity, year, dimension, group), people in groups.items() if sum(dose for dose, _ in people.values())
    }  # fmt: skip
    counts = found["completeness_counts"]
    assert {row[:4]: row[4:6] for row in counts if row[4]} == occupations_known(rows)
    assert keyed(found["statistics_completeness"], 4) == told_of(counts)
    classes, classes_of_all = dose_classes(groups), dose_classes(groups_of_all)
    assert keyed(found["dose_distribution"], 5) == classes
    assert keyed(found["dose_distribution_of_all_rows"], 5) == {
        key: (*classes.get(key, (0, 0)), *classes_of_all.get(key, (0, 0))) for key in classes | classes_of_all
    }
    assert {row[:3]: dict(zip(OF_PLACES, row[3:], strict=True)) for row in found["establishment_statistics"]} == {
        of_place(row): {
            name: value for name, value in oracle.yearly_statistics([
                (other["dose_msv"], other["is_monitored"]) for other in rows if of_place(other) == of_place(row)
            ]).items() if name in OF_PLACES
        }
        for row in rows
    }  # fmt: skip
    assert {row[:4]: dict(zip(OF_PARTS, row[4:], strict=True)) for row in found["component_statistics"]} == {
        key: {name: oracle.yearly_statistics(people)[name] for name in OF_PARTS}
        for key, people in parts_of(drawn["doses"], mains).items()
    }
    assert keyed(found["cumulative_distribution"], 5) == in_classes(
        [((year, *group, span), dose) for (person, year, span), dose in oracle.cumulated(effective).items()
         for group in told_under(mains, person, year)], "cumulative_dose_classes", "span")  # fmt: skip
    last = max((row["year"] for row in rows), default=0)
    assert keyed(found["job_paces"], 3) == oracle.paces([row for row in rows if row["year"] > last - 5])


RULES = [
    row | {"level_msv": Decimal(row["level_msv"])}
    for row in reference.table("classification_levels").with_columns(pl.col("level_msv").cast(pl.String)).to_dicts()
]
# Of each kind, around the level of category B.
EFFECTIVE = ["PASSIVE", "INTERNAL", "COSMIC"]
LEVELS = {**dict.fromkeys(EFFECTIVE, 6), "lens": 15, "skin": 150, "extremities": 150}


@st.composite
def watched_registers(draw) -> dict:
    """As `registers`: classified persons, some with few doses year after year, some with a dose about a level."""
    people = range(1, draw(st.integers(1, 6)) + 1)
    places = st.sets(st.sampled_from(sorted(SECTORS)), min_size=1, max_size=2)
    categories = st.sampled_from(["A", "A", "B", "B", "NC", None])
    jobs = {(person, place): draw(categories) for person in people for place in draw(places)}
    doses = []
    for job in jobs:
        quiet = draw(st.sampled_from([None, None, None, 0, 300, 499, 500, 999, 1000]))
        years = range(draw(st.sampled_from([2017, 2018, 2021])), 2025)
        doses += [(job, date(year, 6, 28), Decimal(quiet) / 1000, "PASSIVE") for year in years if quiet is not None]
    days = st.sampled_from([date(y, *day) for y in (2017, 2018, 2023, 2024) for day in ((3, 28), (9, 28))])
    high = st.tuples(st.sampled_from(sorted(jobs)), days, st.integers(-1, 1), st.sampled_from([*LEVELS, *EFFECTIVE]))
    for job, day, off, kind in draw(st.lists(high, min_size=1, max_size=12, unique_by=lambda row: row[:2])):
        # Twice the half of a level, in two places or at two dates, comes to it too.
        half = draw(st.sampled_from([1, 1, 2]))
        doses.append((job, day, Decimal(LEVELS[kind] * 1000 // half + off) / 1000, kind))
    return {"jobs": jobs, "doses": doses, "replaced": {}, "cancelled": []}


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(watched_registers())
def test_counts_of_the_classification_watch(drawn):
    with tempfile.TemporaryDirectory() as home:
        register = filled(home, drawn)
        doses = list(register.rows["doses"])
        path = register.build(only={"classification_watch_counts", "classification_watch"})
        with duckdb.connect(str(path), read_only=True) as connection:
            counts = connection.execute(
                "select year, rule_code, dimension, group_code, monitored, flagged from classification_watch_counts"
            ).fetchall()
            flags = connection.execute(
                "select year, rule_code, count(distinct worker_key) from classification_watch"
                " where limit_quantity <> 'effective_external' group by year, rule_code"
            ).fetchall()
    category_on = {job: [(date(2000, 1, 1), category)] for job, category in drawn["jobs"].items() if category}
    flagged = {
        key: groups_of(key[0], key[3], key[4], drawn["jobs"][key[0], key[3]])
        for key in oracle.misclassified(doses, category_on, RULES)
    }
    found = keyed(counts, 4)
    assert found == oracle.watch_counts(employment_years(drawn["jobs"], drawn["doses"]), flagged, RULES)
    # Whoever is on the watch is in the count of the nation.
    assert {key: number for key, (_, number) in found.items() if key[2] == "ALL" and number} == {
        (year, rule, "ALL", "ALL"): number for year, rule, number in flags
    }


def of_place(row: dict) -> tuple[str, int, int]:
    return row["limit_quantity"], row["establishment_key"], row["year"]


def keyed(rows: list[tuple], keys: int) -> dict[tuple, tuple]:
    """The rows by their first columns, of which none stands twice."""
    found = {row[:keys]: row[keys:] for row in rows}
    assert len(found) == len(rows)
    return found


def told_under(mains: dict[tuple, dict], person: int, year: int) -> list[tuple[str, str]]:
    """(dimension, group): the nation, and the domain of the main employment."""
    main = mains.get((person, year))
    return [("ALL", "ALL"), ("domain", main["domain"] if main else "UNDETERMINED")]


def parts_of(doses: list[tuple], mains: dict[tuple, dict]) -> dict[tuple, list[tuple[Decimal, bool]]]:
    """(year, dimension, group, component) → (mSv, True) of each person with a result."""
    found: dict[tuple, dict[int, Decimal]] = {}
    for (person, _), day, dose, kind in doses:
        if kind in ("INTERNAL", "RADON", "COSMIC"):
            for group in told_under(mains, person, day.year):
                people = found.setdefault((day.year, *group, kind.lower()), {})
                people[person] = people.get(person, oracle.ZERO) + dose
    return {key: [(dose, True) for dose in people.values()] for key, people in found.items()}


def occupations_known(rows: list[dict]) -> dict[tuple, tuple[int, int]]:
    """(year, quantity, dimension, group) → persons monitored, of them those with an occupation there."""
    monitored: dict[tuple, set[int]] = {}
    known: dict[tuple, set[int]] = {}
    for row in rows:
        if row["is_monitored"] and row["limit_quantity"] in ("effective", *OTHERS):
            for dimension in ("ALL", "domain"):
                for group in row["groups"][dimension]:
                    key = row["year"], row["limit_quantity"], dimension, group
                    monitored.setdefault(key, set()).add(row["worker_key"])
                    if row["groups"]["occupation"] != [UNTOLD]:
                        known.setdefault(key, set()).add(row["worker_key"])
    return {key: (len(persons), len(known.get(key, ()))) for key, persons in monitored.items()}


def told_of(counts: list[tuple]) -> dict[tuple, tuple[Decimal | None, bool]]:
    """Share with an occupation, and whether nothing may be told: of few, or of the next larger beside too few."""
    fewest = int(reference.threshold("person_count"))
    sizes = {tuple(key): min(filter(None, (monitored, due)), default=0) for *key, monitored, _, due in counts}
    hidden = set()
    for partition in {key[:3] for key in sizes}:
        by_size = sorted((size, key) for key, size in sizes.items() if key[:3] == partition)
        out = [size for size, _ in by_size if size < fewest]
        extra = partition[2] != "ALL" and out and (len(out) == 1 or sum(out) < fewest)
        hidden |= {key for _, key in by_size[: len(out) + bool(extra)]}
    return {
        tuple(key): (
            oracle.rounded(Fraction(known, monitored), 2)
            if tuple(key) not in hidden and (monitored or 0) >= fewest else None,
            tuple(key) in hidden,
        )
        for *key, monitored, known, _ in counts
    }  # fmt: skip


def dose_classes(groups: dict[tuple, dict]) -> dict[tuple, tuple[int, Decimal]]:
    """(year, dimension, group, quantity, class) → persons, mSv; the electronic reading has no classes."""
    return in_classes(
        [((year, dimension, group, quantity), dose) for (quantity, year, dimension, group), people in groups.items()
         if dimension in ("ALL", "domain", "category") and quantity != "operational" for dose, _ in people.values()],
        "dose_classes", "limit_quantity")  # fmt: skip


def in_classes(doses: list[tuple[tuple, Decimal]], table: str, column: str) -> dict[tuple, tuple[int, Decimal]]:
    """(…, class) → persons, mSv; of the keys, the last is what `column` of the table of classes says."""
    classes = reference.table(table).to_dicts()
    found: dict[tuple, tuple[int, Decimal]] = {}
    for (*group, kind), dose in doses:
        (own,) = (
            row["class_code"] for row in classes
            if row[column] == kind and (row["above_msv"] is None or dose > row["above_msv"])
            and (row["up_to_msv"] is None or dose <= row["up_to_msv"])
        )  # fmt: skip
        key = (*group, kind, own)
        workers, total = found.get(key, (0, oracle.ZERO))
        found[key] = workers + 1, total + dose
    return found


def people_of(rows: list[dict]) -> dict[tuple, dict[int, tuple[Decimal, bool]]]:
    """(quantity, year, dimension, group) → person → mSv, is_monitored."""
    groups: dict[tuple, dict[int, tuple[Decimal, bool]]] = {}
    for row in rows:
        for dimension, codes in row["groups"].items():
            for code in codes:
                people = groups.setdefault((row["limit_quantity"], row["year"], dimension, code), {})
                dose, is_monitored = people.get(row["worker_key"], (oracle.ZERO, False))
                people[row["worker_key"]] = dose + row["dose_msv"], is_monitored or row["is_monitored"]
    return groups


def has_unscear_properties(found: dict) -> None:
    """Both ratios in [0, 1], not increasing with the level, SR at least NR; NULL where nothing is divided."""
    number = [found[f"number_ratio_{level}"] for level in (1, 5, 10, 15)]
    dose = [found[f"dose_ratio_{level}"] for level in (1, 5, 10, 15)]
    assert [share is None for share in number] == [found["monitored"] == 0] * 4
    assert len({share is None for share in dose}) == 1 and (found["monitored"] or dose[0] is None)
    for shares in (number, dose):
        known = [share for share in shares if share is not None]
        assert all(0 <= share <= 1 for share in known) and known == sorted(known, reverse=True)
    assert all(sr is None or sr >= nr for sr, nr in zip(dose, number, strict=True))
