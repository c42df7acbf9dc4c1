"""A small lake written row by row: every field has a default, so that a test states only what it is about."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa

from lake.schema import TABLES, dose_id
from lake.settings import Settings
from lake.store import Lake
from models.build import build, tables_named

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

DEFAULTS = {
    "doses": {
        "delivery_no": 1, "part": 0, "sender_code": "LANDAUER", "worker_key": 1,
        "establishment_key": 10, "sector_code": "MED.01.01", "dosimetry": "PASSIVE", "quantity": "HP10",
        "radiation": "PHOTON", "body_location": "TRUNK", "result_status": "MEASURED", "situation": "PLANNED",
        "record_action": "NEW", "author_role": "BODY", "dose_msv": Decimal("1.000"),
    },
    "persons": {"birth_year": 1980, "sex": "F", "delivery_no": 1, "known_at": LONG_AGO},
    "identity_links": {"reason": "MERGED", "delivery_no": 1, "known_at": LONG_AGO},
    "minors": {"delivery_no": 1, "known_at": LONG_AGO},
    "decisions": {"delivery_no": 1, "sender_code": "MDT", "record_id": "k1", "motive_code": "MEDICAL_INQUIRY"},
    "authorisations": {
        "delivery_no": 1, "action": "GRANT", "worker_key": 1, "decision_ref": "d-1", "limit_quantity": "effective",
        "decided_on": date(2000, 1, 1), "known_at": LONG_AGO,
    },
    "inquiry_events": {"delivery_no": 1, "worker_key": 1, "limit_code": "L1", "event": "NOTIFIED"},
    "establishments": {
        "establishment_key": 10, "delivery_no": 1, "row_no": 2, "action": "ADD", "siret": "00000000000000",
        "company_name": "Essai", "postcode": "75001", "town": "Paris", "region_code": "11", "department_code": "75",
        "naf": "8610Z", "sector_code": "MED.01.01", "nomenclature_version": "S1_2013", "domain": "CIVIL",
        "is_inb": False, "valid_from": date(2000, 1, 1), "known_at": LONG_AGO,
    },
    "employments": {
        "worker_key": 1, "establishment_key": 10, "delivery_no": 1, "row_no": 2, "action": "ADD", "category": "B",
        "category_start": date(2000, 1, 1), "sector_code": "MED.01.01", "occupation_code": "M01",
        "nomenclature_version": "S1_2013", "contract_type": "CDI", "contract_start": date(2000, 1, 1),
        "known_at": LONG_AGO,
    },
}  # fmt: skip
DEFAULTS["waiting"] = {**DEFAULTS["doses"], "code": "I05"}


class Passed:
    """The verdict of a gate that finds nothing: for what is published only to be asked."""

    passed = True
    checks = ()

    def save(self, path: Path) -> None:
        path.write_text("{}")


class Register:
    """Rows for a lake; `build()` lands them and makes a snapshot with the real builder."""

    def __init__(self, home: Path):
        self.settings = Settings(home=home, memory_limit_gib=2)
        self.lake = Lake(self.settings.lake_root)
        self.lake.create()
        self.rows: dict[str, list[dict]] = {name: [] for name in TABLES}
        self.landed = 0

    def add(self, table: str, **fields) -> dict:
        """One row; a dose gets its dose_id, year and sector from the rest."""
        row = {**dict.fromkeys(TABLES[table].column_names), **DEFAULTS.get(table, {}), **fields}
        if table in ("doses", "waiting"):
            row["judged_by"] = row["judged_by"] or row["delivery_no"]
            row["row_no"] = row["row_no"] or len(self.rows["doses"]) + len(self.rows["waiting"]) + 2
            row["dose_id"] = dose_id(row["delivery_no"], row["row_no"], row["part"])
            row["record_id"] = row["record_id"] or f"r{row['delivery_no']}-{row['row_no']}"
            row["period_start"] = row["period_start"] or row["period_end"].replace(day=1)
            row["received_at"] = row["received_at"] or datetime(
                row["period_end"].year, row["period_end"].month, row["period_end"].day, 12, tzinfo=UTC
            )
        if table == "doses":
            row["year"], row["sector"] = row["period_end"].year, row["sector_code"].split(".")[0]
        self.rows[table].append(row)
        return row

    def dose(self, period_end: date | str, dose_msv="1.000", **fields) -> dict:
        """One dose of the month that ends on the day, unless told otherwise."""
        end = date.fromisoformat(period_end) if isinstance(period_end, str) else period_end
        value = None if dose_msv is None else Decimal(str(dose_msv))
        return self.add("doses", period_end=end, dose_msv=value, **fields)

    def land(self, standing: bool = True) -> None:
        """Append what was added since the last landing, with the deliveries it names unless the lander crashed."""
        self.landed += 1
        known = set(self.lake.scan("deliveries").select("delivery_no").collect()["delivery_no"])
        dosed = {row["delivery_no"] for name in ("doses", "waiting") for row in self.rows[name]}
        named = {row.get("delivery_no") for rows in self.rows.values() for row in rows} - known - {None}
        for number in sorted(named) if standing else ():
            self.rows["deliveries"].append(self._delivery(number, number in dosed))
        for name, rows in self.rows.items():
            if rows:
                frame = pl.from_arrow(_arrow(name, rows))
                self.lake.append(TABLES[name], frame, f"landing-{self.landed}")
                rows.clear()

    def _delivery(self, number: int, has_doses: bool) -> dict:
        loaded = len({r["row_no"] for r in self.rows["doses"] if r["delivery_no"] == number})
        received = min((r["received_at"] for r in self.rows["doses"] if r["delivery_no"] == number), default=LONG_AGO)
        waiting = len({r["row_no"] for r in self.rows["waiting"] if r["delivery_no"] == number})
        return {
            "delivery_no": number, "sender_code": "LANDAUER", "layout": "PASS" if has_doses else "TRAV",
            "file_name": f"{number}.csv", "sha256": f"{number:064d}", "byte_size": 1, "received_at": received,
            "ended_at": LONG_AGO, "accepted": True, "refusal_code": None, "rows_total": loaded + waiting,
            "rows_loaded": loaded, "rows_refused": 0, "rows_waiting": waiting, "rows_duplicate": 0, "rows_warned": 0,
        }  # fmt: skip

    def build(self, as_of: date | None = None, only: set[str] | None = None) -> Path:
        """The path of an unpublished snapshot of all that was added."""
        self.land()
        return build(self.settings, self.lake, as_of, only=only)

    def rows_of(self, sql: str, as_of: date | None = None) -> list[tuple]:
        """Build, ask one question, and forget the snapshot."""
        path = self.build(as_of, only=tables_named(sql))
        connection = duckdb.connect(str(path), read_only=True)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()
            path.unlink()


def _arrow(name: str, rows: list[dict]):
    return pa.Table.from_pylist(rows, schema=TABLES[name].arrow_schema)
