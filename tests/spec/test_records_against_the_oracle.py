"""What becomes of every dose row, and the records that stand, agree with a naive Python reading on random registers."""

import tempfile
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_against_the_oracle import LINKS, MEASUREMENTS, written

from tests import oracle

EVERY_MEASUREMENT = [
    *MEASUREMENTS,
    *[("PASSIVE", "HP10", radiation, place) for radiation in ("PHOTON", "MIXED", "NEUTRON") for place in
      ("TRUNK", "BELT")],
    *[("PASSIVE", "HP3", radiation, place) for radiation in ("PHOTON", "BETA", "MIXED") for place in
      ("EYE", "HEAD_BAND")],
    ("INTERNAL", "HT50", "ALPHA_INT", None),
    *[("OPERATIONAL", "HP10", "NEUTRON", "TRUNK")] * 5,
    ("OPERATIONAL", "HP007", "MIXED", "TRUNK"),
    ("EMERGENCY", "HP10", "NOT_STATED", "TRUNK"),
    ("EMERGENCY_INTERNAL", "E50", "ALPHA_INT", None),
]  # fmt: skip
# All that there is, or one kind alone, so that much of it is worn together.
KINDS = st.sampled_from([
    EVERY_MEASUREMENT,
    *([one for one in EVERY_MEASUREMENT if one[:2] == kind]
      for kind in (("PASSIVE", "HP10"), ("PASSIVE", "HP3"), ("OPERATIONAL", "HP10"))),
    [("PASSIVE", "HP3", radiation, "EYE") for radiation in ("PHOTON", "BETA", "MIXED")],
])  # fmt: skip
# A correction may move a dose to another year.
ENDS = [date(2023, 12, 31), *[date(2024, 1, 31)] * 3]
STATUSES = ["MEASURED"] * 8 + ["ESTIMATED", "BELOW_THRESHOLD", "ABSENT", "LOST"]


@st.composite
def rows_of_any_end(draw, measurements: list[tuple]) -> dict:
    """Few persons, days and doses, so that badges are worn together, alike, at the threshold and below it."""
    dosimetry, quantity, radiation, location = draw(st.sampled_from(measurements))
    end = draw(st.sampled_from(ENDS))
    status = draw(st.sampled_from(STATUSES))
    action = draw(st.sampled_from(["NEW"] * 9 + ["REPLACE", "REPLACE", "CANCEL"]))
    has_value = status not in ("ABSENT", "LOST") and action != "CANCEL"
    is_emergency = dosimetry.startswith("EMERGENCY")
    return {
        "worker_key": draw(st.sampled_from([1, 1, 1, 2])),
        "establishment_key": draw(st.sampled_from([10, 10, 10, 11])),
        "dosimetry": dosimetry,
        "quantity": quantity,
        "radiation": radiation,
        "body_location": location,
        "period_end": end,
        "period_start": end - timedelta(days=draw(st.sampled_from([0, 30, 30, 30]))),
        "dose_msv": Decimal(draw(st.sampled_from([0, 99, 99, 100, 1000, 1000, 1000, 2000, 2000]))) / 1000
        if has_value
        else None,
        "result_status": "ABSENT" if action == "CANCEL" else status,
        "recording_threshold_msv": draw(st.sampled_from([None, Decimal("0.100")])),
        "badge_position": draw(st.sampled_from([None] * 5 + ["UNDER_APRON", "OVER_APRON"])),
        "situation": "SUR" if is_emergency else draw(st.sampled_from(["PLANNED"] * 8 + ["SUR"])),
        "record_action": action,
        "part": draw(st.integers(0, 1)),
        "replaced": draw(st.integers(0, 39)) if action != "NEW" else None,
    }


@settings(max_examples=16, deadline=None, suppress_health_check=list(HealthCheck))
@given(KINDS.flatmap(lambda kind: st.lists(rows_of_any_end(kind), min_size=8, max_size=24)), LINKS)
def test_what_becomes_of_every_row(rows, said):
    with tempfile.TemporaryDirectory() as home:
        register, doses, links = written(Path(home), rows, said)
        path = register.build(only={"dose_ledger", "dose_records"})
        with duckdb.connect(str(path), read_only=True) as connection:
            ledger, records, months = (connection.execute(sql).fetchall() for sql in (
                "select dosimetry, disposition, dose_rows, dose_msv from dose_ledger where dose_rows > 0",
                "select dose_id, worker_key, establishment_key, dosimetry, quantity, radiation, body_location,"
                " badge_position, period_start, period_end, dose_msv, counted_msv, result_status, situation"
                " from dose_records where dosimetry <> 'OPERATIONAL'",
                "select dose_id, worker_key, establishment_key, period_start, period_end, dose_msv, counted_msv,"
                " readings from dose_records where dosimetry = 'OPERATIONAL'",
            ))  # fmt: skip
    assert Counter(ledger) == Counter((*key, *ends) for key, ends in oracle.ledger(doses, links).items())
    assert sum(row[2] for row in ledger) == len(doses)
    assert Counter(records) == Counter(
        (row["dose_id"], oracle.person_of(links, row["worker_key"]), row["establishment_key"], row["dosimetry"],
         row["quantity"], row["radiation"], row["body_location"], row["badge_position"], row["period_start"],
         row["period_end"], row["dose_msv"], oracle.counted(row), row["result_status"], row["situation"])
        for row in oracle.current(doses) if row["dosimetry"] != "OPERATIONAL"
    )  # fmt: skip
    assert Counter(months) == Counter(
        (number, *key, *sums) for key, (number, *sums) in oracle.operational_months(doses, links).items()
    )
