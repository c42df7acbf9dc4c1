"""Deliveries as their senders and the register team may see them; the same answer for pages and API."""

import json
from pathlib import Path

from sqlalchemy import select

from ingestion import reports
from ingestion.read import parse_name
from ingestion.since import since
from lake.errors import AccessDenied, DosilakeError, UsageError
from lake.store import Lake
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
    """The execution report; raises UsageError while the rows are being judged, AccessDenied as `file_of`.

    As first given, with `findings`, its first lines (`findings_total`: all of them, in the RPT file), and `since`: what
    became of each row that waited then (`ingestion.since`).
    """
    _check_own(ground, viewer, delivery_no)
    report = reports.load(ground.settings, delivery_no)
    findings = reports.load_findings(ground.settings, delivery_no)
    return report | {
        "findings": findings.head(reports.LINES_SHOWN).to_dicts(),
        "findings_total": findings.height,
        "since": _since(ground, delivery_no) if report["rows_waiting"] else [],
    }


def acknowledgement_of(ground: Ground, viewer: Viewer, delivery_no: int) -> dict:
    """The acknowledgement; raises AccessDenied as `file_of`."""
    _check_own(ground, viewer, delivery_no)
    return reports.load_acknowledgement(ground.settings, delivery_no)


def file_of(ground: Ground, viewer: Viewer, delivery_no: int, kind: str) -> Path:
    """The ACK or RPT file; raises UsageError when it is not there yet.

    Another sender's delivery and one that does not exist get the same AccessDenied.
    """
    _check_own(ground, viewer, delivery_no)
    return reports.load_file(ground.settings, delivery_no, kind)


def _since(ground: Ground, delivery_no: int) -> list[dict]:
    lines = since(Lake(ground.settings.lake_root), delivery_no).to_dicts()
    return [line | {"at": line["at"].isoformat().replace("+00:00", "Z")} for line in lines]


def _check_own(ground: Ground, viewer: Viewer, delivery_no: int) -> None:
    decision = decide(viewer, Data.DELIVERY).or_raise()
    query = select(deliveries).where(deliveries.c.delivery_no == delivery_no)
    with ground.engine.connect() as connection:
        row = connection.execute(query).mappings().first()
    is_foreign = decision.cell.rows is Rows.OWN_DELIVERIES and row and row["sender_code"] not in viewer.sender_codes
    if row is None or is_foreign:
        raise AccessDenied("Cette livraison n'est pas parmi les vôtres.", next_step="Voyez la liste de vos livraisons.")


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
