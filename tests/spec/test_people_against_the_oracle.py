"""Who is in the register, where, employed as what and authorised to what, agrees with a naive Python reading."""

import tempfile
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from register import Register
from test_against_the_oracle import LINKS

from lake import reference
from tests import oracle

TODAY = date(2024, 6, 30)
# The last of these is known tomorrow.
KNOWN = [datetime.combine(TODAY, datetime.min.time(), UTC) + timedelta(days=n, hours=12) for n in (-90, -60, -30, 0, 1)]
DAYS = [date(2024, 1, 1), date(2024, 2, 1), date(2024, 2, 29), date(2024, 6, 30), date(2024, 7, 1)]
OPEN_OR_DAYS = [None, None, *DAYS]


def said(of: dict, least: int):
    """Statements of a table, in any order of what was known when."""
    rows = st.fixed_dictionaries({**of, "known_at": st.sampled_from(KNOWN)})
    return st.lists(rows, min_size=least, max_size=2 * least)


PERSONS = said({
    "worker_key": st.integers(1, 4), "birth_year": st.integers(1960, 2006), "sex": st.sampled_from("FM"),
}, 3)  # fmt: skip
PLACES = said({
    "establishment_key": st.integers(10, 12), "town": st.sampled_from(["Paris", "Lyon", "Brest"]),
    "valid_from": st.sampled_from(DAYS), "valid_to": st.sampled_from(OPEN_OR_DAYS),
    "sector_code": st.sampled_from(["MED.01.01", "NUC.06"]), "is_inb": st.booleans(),
    "headcount_band": st.sampled_from([None, "01"]),
}, 4)  # fmt: skip
JOBS = said({
    "worker_key": st.integers(1, 4), "establishment_key": st.integers(10, 11),
    "user_establishment_key": st.sampled_from([None, 12]),
    "category": st.sampled_from(["A", "B", "B", "NC", "NR", "RADON", "SUR2"]),
    "category_start": st.sampled_from([date(2023, 11, 15), *DAYS]), "category_end": st.sampled_from(OPEN_OR_DAYS),
    "contract_start": st.sampled_from([date(2023, 1, 1), date(2023, 11, 15)]),
    "contract_end": st.sampled_from(OPEN_OR_DAYS),
    "contract_type": st.sampled_from(["CDI", "TEMP"]), "oa_code": st.sampled_from([None, "LANDAUER"]),
    "sector_code": st.sampled_from([None, "MED.01.01"]), "occupation_code": st.sampled_from([None, "M01"]),
}, 6)  # fmt: skip
AUTHORISED = said({
    "worker_key": st.integers(1, 4), "decision_ref": st.sampled_from(["d-1", "d-2"]),
    "limit_quantity": st.sampled_from(["effective", "effective", "lens"]),
    "action": st.sampled_from(["GRANT", "GRANT", "WITHDRAW"]), "valid_from": st.sampled_from(DAYS),
    "days": st.sampled_from([0, 28, 59]),
}, 4)  # fmt: skip
LINE = ("worker_key", "establishment_key", "user_establishment_key", "category", "sector_code", "occupation_code",
        "contract_type", "contract_start", "oa_code")  # fmt: skip
PLACE = ("town", "sector_code", "is_inb", "headcount_band", "valid_from")
GRANTED = ("worker_key", "decision_ref", "limit_quantity", "valid_from", "valid_to")


def told(register: Register, table: str, statements: list[dict]) -> list[dict]:
    """The rows of a table that are known today; each of its own delivery."""
    rows = [register.add(table, delivery_no=2 + no, **row) for no, row in enumerate(statements)]
    return [row for row in rows if row["known_at"].date() <= TODAY]


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(PERSONS, PLACES, JOBS, AUTHORISED, LINKS)
def test_who_is_known_and_where_they_work(persons, places, jobs, authorised, merged):
    for row in authorised:
        is_grant = row["action"] == "GRANT"
        last = row["valid_from"] + timedelta(days=row.pop("days"))
        row |= {"valid_to": last} if is_grant else {"valid_from": None, "valid_to": None}
    # One statement of a person at a time.
    persons = list({(row["worker_key"], row["known_at"]): row for row in persons}.values())
    with tempfile.TemporaryDirectory() as home:
        register = Register(Path(home))
        links = told(register, "identity_links", [
            {"worker_key": key, "person_key": person, "reason": "UNMERGED" if key == person else "MERGED",
             "known_at": KNOWN[no]}
            for no, (key, person) in enumerate(merged)
        ])  # fmt: skip
        known = [
            told(register, table, rows)
            for table, rows in (("persons", persons), ("establishments", [row | {"row_no": 2} for row in places]),
                                ("employments", [row | {"row_no": 2} for row in jobs]),
                                ("authorisations", [row | {"row_no": 2} for row in authorised]))
        ]  # fmt: skip
        path = register.build(TODAY, only={"persons", "establishments", "employments", "exposure_authorisations"})
        with duckdb.connect(str(path), read_only=True) as connection:
            found = [connection.execute(sql).fetchall() for sql in (
                "select worker_key, birth_year, sex from persons",
                f"select establishment_key, {', '.join(PLACE)}, valid_to, is_closed from establishments",
                f"select {', '.join(LINE)}, valid_from, valid_to, is_complete from employments",
                f"select {', '.join(GRANTED)} from exposure_authorisations",
            )]  # fmt: skip
    people, places, lines, granted = known
    assert Counter(found[0]) == Counter((key, *fact) for key, fact in oracle.persons(people, links).items())
    assert Counter(found[1]) == Counter(
        (key, *(line[name] for name in PLACE), last, is_closed)
        for key, (line, last, is_closed) in oracle.establishments(places, TODAY).items()
    )
    only_from = reference.threshold("individual_monitoring_only_from")
    assert Counter(found[2]) == Counter(
        (*(line[name] for name in LINE), line["first"], None if line["last"] == date.max else line["last"],
         all(line[name] for name in ("oa_code", "sector_code", "occupation_code")))
        for line in oracle.statuses(lines, links, only_from)
    )  # fmt: skip
    assert Counter(found[3]) == Counter(
        tuple(row[name] for name in GRANTED) for row in oracle.authorisations(granted, links)
    )
