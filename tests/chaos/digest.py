"""What a home holds, so that two homes can be compared: lake, registry, vault, bytes and reports."""

import hashlib
import json
from pathlib import Path

import polars as pl
from sqlalchemy import select

from ingestion import reports
from ingestion.door import Door
from lake.schema import TABLES
from lake.settings import Settings
from registry.numbering import Numbered
from registry.tables import deliveries, establishments, identifiers, waiting_identifiers

# The clock of the machine: when the rows were judged.
_CLOCK = "ended_at"
# The delivery's number, as ACK and RPT files call it.
_NUMBER = "file_id"


def digest(home: Path, *, renumbered: bool = False) -> dict:
    """Per lake table rows, sum of the doses and a hash of the sorted rows; then what stands around the lake.

    `renumbered`: deliveries take their numbers from the order of their bytes instead of that of their arrival.
    """
    door = Door(Settings(home=home))
    with door.engine.connect() as connection:
        received = [Numbered(**row._mapping) for row in connection.execute(select(deliveries))]
        places = connection.execute(select(establishments.c.siret, establishments.c.establishment_key)).all()
        workers = connection.scalars(select(identifiers.c.worker_key)).all()
        places_waiting = select(waiting_identifiers.c.delivery_no, waiting_identifiers.c.row_no)
        unknown = connection.execute(places_waiting).all()
    received.sort(key=lambda one: one.digest if renumbered else one.delivery_no)
    number_of = {one.delivery_no: i if renumbered else one.delivery_no for i, one in enumerate(received, start=1)}
    found = {f"lake {name}": _table(door.lake.scan(name).collect(), number_of) for name in TABLES}
    found["establishments"] = dict(map(tuple, places))
    found["vault"] = {key: vars(identity) for key, identity in sorted(door.vault.identities(list(workers)).items())}
    found["waiting identifiers"] = sorted((number_of[number], row_no) for number, row_no in unknown)
    for one in received:
        number = number_of[one.delivery_no]
        found[f"delivery {number}"] = vars(one) | {"delivery_no": number}
        found[f"bytes {number}"] = hashlib.sha256(b"".join(door.landing.pieces(one))).hexdigest()
        found[f"reports {number}"] = _reports(reports.folder(door.settings, one.delivery_no), number)
    hidden = door.settings.landing.rglob(".*")
    found["left behind"] = [str(path.relative_to(home)) for path in hidden if path.suffix != ".lock"]
    door.engine.dispose()
    return found


def versions(home: Path) -> dict[str, int]:
    """The Delta version of each table."""
    door = Door(Settings(home=home))
    door.engine.dispose()
    return {name: door.lake.version(name) for name in TABLES}


def differences(ours: dict, reference: dict) -> list[str]:
    """What is not as in the reference, in words; empty when the homes agree."""
    return [
        f"{key}: {ours.get(key, 'nothing')}\n  instead of {reference.get(key, 'nothing')}"
        for key in sorted(ours.keys() | reference.keys())
        if ours.get(key) != reference.get(key)
    ]


def _table(rows: pl.DataFrame, number_of: dict[int, int]) -> dict:
    for column in ("dose_id", "replaces_dose_id"):
        if column in rows.columns:
            number = pl.col(column) // 2**32
            moved = number.replace(number_of) * 2**32 + pl.col(column) % 2**32
            rows = rows.with_columns(moved.alias(column))
    numbers = [column for column in ("delivery_no", "judged_by") if column in rows.columns]
    rows = rows.with_columns(pl.col(numbers).replace(number_of))
    rows = rows.drop(_CLOCK, strict=False)
    rows = rows.sort(rows.columns)
    found = {"rows": rows.height, "sha256": hashlib.sha256(rows.write_csv().encode()).hexdigest()}
    if "dose_msv" in rows.columns:
        found["dose_msv"] = str(rows["dose_msv"].sum())
    return found


def _reports(folder: Path, number: int) -> dict:
    found = {path.name[:3]: _table_of(path) for path in folder.glob("[!.]*.csv")}
    found |= {path.name: json.loads(path.read_text("utf-8")) for path in folder.glob("[!.]*.json")}
    for content in found.values():
        content.pop(_CLOCK, None)
        content[_NUMBER if _NUMBER in content else "delivery_no"] = number
    return found


def _table_of(path: Path) -> dict:
    """The counts at the head of an ACK or RPT file by their names, and the lines below them."""
    header, counts, *below = path.read_text("utf-8").splitlines()
    return dict(zip(header.split(";"), counts.split(";"), strict=True)) | {"below": below}
