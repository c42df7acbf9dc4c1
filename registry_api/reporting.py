"""Deliveries as their senders and the register team may see them; the same answer for pages and API."""

import json
from pathlib import Path

from sqlalchemy import select

from ingestion import reports
from ingestion.read import parse_name
from lake.errors import AccessDenied, DosilakeError, UsageError
from registry.policy import Data, Rows, Viewer, decide
from registry.tables import deliveries
from registry_api.ground import Ground

WAITING, RECEIVED, ACCEPTED, REFUSED = "waiting", "received", "accepted", "refused"


def list_deliveries(ground: Ground, viewer: Viewer, *, before: int | None = None, limit: int = 100) -> list[dict]:
    """Newest first; `before` is the delivery_no to go on from. Raises AccessDenied."""
    decision = decide(viewer, Data.DELIVERY).or_raise()
    query = select(deliveries).order_by(deliveries.c.delivery_no.desc()).limit(limit)
    if decision.cell.rows is Rows.OWN_DELIVERIES:
        query = query.where(deliveries.c.sender_code.in_(viewer.sender_codes))
    if before is not None:
        query = query.where(deliveries.c.delivery_no < before)
    with ground.engine.connect() as connection:
        found = [dict(row) for row in connection.execute(query).mappings()]
    return [_summary(ground, row) for row in found]


def report_of(ground: Ground, viewer: Viewer, delivery_no: int) -> dict:
    """The execution report; raises UsageError while the rows are being judged.

    Another sender's delivery and one that does not exist get the same AccessDenied.
    """
    decision = decide(viewer, Data.DELIVERY).or_raise()
    query = select(deliveries).where(deliveries.c.delivery_no == delivery_no)
    with ground.engine.connect() as connection:
        row = connection.execute(query).mappings().first()
    is_foreign = decision.cell.rows is Rows.OWN_DELIVERIES and row and row["sender_code"] not in viewer.sender_codes
    if row is None or is_foreign:
        raise AccessDenied("Cette livraison n'est pas parmi les vôtres.", next_step="Voyez la liste de vos livraisons.")
    return reports.load(ground.settings, delivery_no)


def waiting_files(ground: Ground, viewer: Viewer) -> list[dict]:
    """Files in the inbox that no lander has taken yet."""
    decision = decide(viewer, Data.DELIVERY).or_raise()
    inbox = ground.settings.landing / "inbox"
    found = []
    for sidecar in sorted(inbox.glob("*.csv.json")) if inbox.is_dir() else []:
        name = sidecar.name.removesuffix(".json")
        note = _note(inbox, name, sidecar)
        if note and (decision.cell.rows is Rows.ALL or _sender(name) in viewer.sender_codes):
            found.append({"file_name": name, "received_at": note["received_at"], "state": WAITING})
    return found


def _note(inbox: Path, name: str, sidecar: Path) -> dict | None:
    try:
        return json.loads(sidecar.read_text()) if (inbox / name).exists() else None
    except (FileNotFoundError, ValueError):
        return None


def _sender(name: str) -> str | None:
    try:
        return parse_name(name).sender_code
    except DosilakeError:
        return None


def _summary(ground: Ground, row: dict) -> dict:
    shown = {
        name: row[name]
        for name in ("delivery_no", "file_name", "sender_code", "layout", "byte_size", "sha256", "received_at")
    }
    try:
        report = reports.load(ground.settings, row["delivery_no"])
    except UsageError:
        return shown | dict.fromkeys(reports.COUNTS) | {"state": RECEIVED, "refusal_code": None}
    state = ACCEPTED if report["accepted"] else REFUSED
    counts = {name: report.get(name) for name in reports.COUNTS}
    return shown | counts | {"state": state, "refusal_code": report.get("refusal_code")}
