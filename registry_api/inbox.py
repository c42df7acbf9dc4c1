"""The inbox: a received file stands there whole, with who sent it and when, for the worker loop to take."""

import hashlib
import json
import os
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from anyio.to_thread import run_sync

from ingestion.read import parse_name
from lake.errors import AccessDenied, DeliveryRefused
from lake.settings import Settings
from registry.policy import Data, Rows, Viewer, decide

# A sidecar without its file for this long was left by a crash, and its name is free again.
ORPHAN_SECONDS = 600


@dataclass(frozen=True)
class Receipt:
    """Proof of reception; the digest names the delivery until it has a number."""

    file_name: str
    sha256: str
    byte_size: int
    received_at: datetime


def check_sender(viewer: Viewer, file_name: str) -> None:
    """Raises DeliveryRefused (F03, F06) for a bad name, AccessDenied when the sender is not the account's."""
    decision = decide(viewer, Data.DELIVERY).or_raise()
    sender = parse_name(file_name).sender_code
    if decision.cell.rows is Rows.OWN_DELIVERIES and sender not in viewer.sender_codes:
        raise AccessDenied(
            f"Votre compte ne transmet pas pour {sender} ({decision.article}).",
            next_step="Vérifiez le code d'expéditeur dans le nom du fichier.",
        )


async def receive(settings: Settings, viewer: Viewer, file_name: str, chunks: AsyncIterator[bytes]) -> Receipt:
    """Put the bytes in the inbox; the file appears there whole or not at all.

    Raises what `check_sender` raises, and DeliveryRefused for a file that is too large (F07) or another file of
    the same name that still waits.
    """
    check_sender(viewer, file_name)
    inbox = settings.landing / "inbox"
    draft = inbox / f".{os.urandom(8).hex()}.part"
    inbox.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            async for chunk in chunks:
                size += len(chunk)
                _check_size(settings, size)
                digest.update(chunk)
                await run_sync(file.write, chunk)
            file.flush()
            await run_sync(os.fsync, file.fileno())
        receipt = Receipt(file_name, digest.hexdigest(), size, datetime.now(UTC))
        await run_sync(_place, inbox, draft, viewer, receipt)
        return receipt
    finally:
        draft.unlink(missing_ok=True)


def _check_size(settings: Settings, size: int) -> None:
    if size > settings.largest_file_mib * 1024 * 1024:
        raise DeliveryRefused(
            f"Le fichier dépasse {settings.largest_file_mib} Mio (règle F07).",
            next_step="Découpez-le et envoyez les parties.",
            code="F07",
        )


def _place(inbox: Path, draft: Path, viewer: Viewer, receipt: Receipt) -> None:
    """Sidecar first, then the file: whoever sees the file finds who sent it."""
    sidecar = inbox / f"{receipt.file_name}.json"
    note = draft.with_suffix(".note")
    note.write_text(
        json.dumps(
            {
                "account_id": viewer.account_id,
                "received_at": receipt.received_at.isoformat(),
                "sha256": receipt.sha256,
            }
        )
    )
    try:
        os.link(note, sidecar)
    except FileExistsError:
        if _waits(inbox, sidecar, receipt):
            return
        os.replace(note, sidecar)
    finally:
        note.unlink(missing_ok=True)
    os.replace(draft, inbox / receipt.file_name)


def _waits(inbox: Path, sidecar: Path, receipt: Receipt) -> bool:
    """True when the same bytes wait under this name; raises when others do."""
    try:
        is_same = json.loads(sidecar.read_text()).get("sha256") == receipt.sha256
        age = time.time() - sidecar.stat().st_mtime
    except FileNotFoundError:
        return False
    if (inbox / receipt.file_name).exists():
        if is_same:
            return True
    elif is_same or age > ORPHAN_SECONDS:
        return False
    raise DeliveryRefused(
        "Un autre fichier du même nom attend d'être traité.",
        next_step="Attendez son compte rendu, ou changez le numéro de séquence.",
        code="name_in_use",
    )
