"""How senders transmit agrees with a naive Python reading on random deliveries."""

import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from register import Register

from lake import reference
from tests import oracle

LATE_AFTER = int(reference.threshold("late_after_days"))
TODAY = date(2024, 7, 1)
# Late in the evening of a month's last day in universal time is the next month in Paris.
MOMENTS = [
    datetime(2024, 1, 31, 12, tzinfo=UTC),
    datetime(2024, 1, 31, 23, 30, tzinfo=UTC),
    datetime(2024, 3, 10, 12, tzinfo=UTC),
    datetime(2024, 6, 21, 12, tzinfo=UTC),
]
ENDS = [date(2024, 1, 11), date(2024, 1, 12), date(2024, 1, 3), date(2024, 2, 19), *[date(2024, 6, 1)] * 2,
        date(2024, 5, 31), date(2024, 4, 2), date(2024, 4, 1)]  # fmt: skip
MEASURED = [
    {},
    {},
    {"quantity": "HP3", "body_location": "EYE"},
    {"dosimetry": "RADON", "quantity": "E", "radiation": "RADON", "body_location": None},
    {"dosimetry": "OPERATIONAL"},
    {"dosimetry": "INTERNAL", "quantity": "E50", "radiation": "ALPHA_INT", "body_location": None},
    {"situation": "SUR"},
    {"author_role": "PHYSICIAN"},
]


@st.composite
def deliveries(draw) -> list[dict]:
    """Files of few rows, each loaded, waiting, or found fault with; some refused as a whole."""
    rows = st.fixed_dictionaries({
        "fields": st.sampled_from(MEASURED),
        "worker_key": st.integers(1, 2),
        "period_end": st.sampled_from(ENDS),
        "days": st.sampled_from([0, 30]),
        "status": st.sampled_from(["MEASURED", "ABSENT", "ABSENT", "NOT_RETURNED"]),
        "kind": st.sampled_from(["LOADED"] * 7 + ["WAITING"] * 2 + ["REPLACE", "CANCEL"]),
        "replaced": st.integers(0, 9),
        "faults": st.lists(st.tuples(st.sampled_from(["P04", "I06", "D01"]), st.sampled_from("WRDA"),
                                     st.sampled_from([0, 0, 1])), max_size=2, unique_by=lambda fault: fault[0]),
    })  # fmt: skip
    return draw(st.lists(st.fixed_dictionaries({
        "sender": st.sampled_from(["LANDAUER", "ALGADE"]),
        "moment": st.sampled_from(MOMENTS),
        "refusal": st.sampled_from([None, None, None, "F02"]),
        "rows": st.lists(rows, max_size=8),
    }), min_size=1, max_size=5))  # fmt: skip


def sent(register: Register, files: list[dict]) -> dict[str, list[dict]]:
    """The rows of the register as the oracle reads them."""
    found: dict[str, list[dict]] = {name: [] for name in ("deliveries", "doses", "waiting", "rejections")}
    for number, file in enumerate(files, start=1):
        is_refused = file["refusal"] is not None
        for row_no, row in enumerate([] if is_refused else file["rows"], start=2):
            fields = {
                "worker_key": row["worker_key"], "period_end": row["period_end"], "result_status": row["status"],
                "period_start": row["period_end"] - timedelta(days=row["days"]), "delivery_no": number,
                "row_no": row_no, "sender_code": file["sender"], "received_at": file["moment"], **row["fields"],
            }  # fmt: skip
            if row["status"] != "MEASURED":
                fields["dose_msv"] = None
            if row["kind"] in ("REPLACE", "CANCEL") and found["doses"]:
                earlier = found["doses"][row["replaced"] % len(found["doses"])]
                fields |= {"record_action": row["kind"], "replaces_dose_id": earlier["dose_id"]}
            table = "waiting" if row["kind"] == "WAITING" else "doses"
            found[table].append(register.add(table, **fields))
            for code, severity, later in row["faults"]:
                found["rejections"].append(register.add(
                    "rejections", delivery_no=number, row_no=row_no, judged_by=number + later, code=code,
                    severity=severity, field="",
                ))  # fmt: skip
        delivery = register._delivery(number, True) | {
            "sender_code": file["sender"], "received_at": file["moment"], "accepted": not is_refused,
            "refusal_code": file["refusal"],
        }  # fmt: skip
        register.rows["deliveries"].append(delivery)
        found["deliveries"].append(delivery)
    # Of what was judged again with the last file, and of the file that it came with.
    last = register._delivery(len(files) + 1, True) | {"received_at": MOMENTS[-1]}
    register.rows["deliveries"].append(last)
    found["deliveries"].append(last)
    register.land(standing=False)
    return found


def in_paris(moment: datetime) -> date:
    return (moment + timedelta(hours=1 if moment.month < 4 else 2)).date()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(deliveries())
def test_what_senders_transmit_and_what_becomes_of_it(files):
    with tempfile.TemporaryDirectory() as home:
        register = Register(Path(home))
        rows = sent(register, files)
        path = register.build(TODAY, only={"transmission_quality", "transmission_timeliness", "refusal_causes"})
        with duckdb.connect(str(path), read_only=True) as connection:
            quality, timely, causes = (connection.execute(sql).fetchall() for sql in (
                "select * from transmission_quality",
                "select sender_code, dosimetry, month, rows_sent, on_time, late, open_absences, median_delay_days,"
                " p90_delay_days from transmission_timeliness",
                "select sender_code, month, code, severity, rows_at_first, rows_later, deliveries from refusal_causes",
            ))  # fmt: skip
    rows["deliveries"] = [one | {"received_on": in_paris(one["received_at"])} for one in rows["deliveries"]]
    came = {row["dose_id"]: in_paris(row["received_at"]) for row in rows["doses"]}
    assert {row[:2]: row[2:] for row in quality} == oracle.transmissions(rows, TODAY, LATE_AFTER)
    assert {row[:3]: row[3:] for row in timely} == oracle.timeliness(rows["doses"], came, LATE_AFTER)
    assert {row[:4]: row[4:] for row in causes} == oracle.refusals(rows["deliveries"], rows["rejections"])
