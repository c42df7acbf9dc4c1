"""The steps of a run as plain functions: take what landed, refresh the marts through the gate, make extracts."""

import json
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

from ingestion.door import Arrival, Door, Receipt
from ingestion.read import parse_name
from lake.errors import DeliveryRefused, DosilakeError, GateRefused
from lake.settings import Settings
from lake.store import Lake, files_digest
from models import increment
from models.build import build
from models.extract import make_extract
from models.publish import current_version, making, publish
from models.releases import Release, due, freeze, may_release
from models.snapshot import Snapshots
from quality import suites
from quality.gate import gate
from registry.extracts import fail_extract, finish_extract, requeue_running, take_next

Progress = Callable[[str, int, int], None]
_STABLE_SECONDS = 1


def inbox(settings: Settings) -> list[Arrival]:
    """Files that wait in `landing/inbox`, in the order of their names' times.

    A file without a sidecar was put there by hand: it is taken once it has not changed for a moment, so that one that
    is still being copied is not read half-written. What is no file of its own (a link, a folder, a pipe) and what has
    an unreadable sidecar is set aside.
    """
    folder = settings.landing / "inbox"
    if not folder.is_dir():
        return []
    found = []
    for path in sorted(folder.glob("*.csv"), key=lambda p: (p.name.split("_")[-2:], p.name)):
        try:
            status = path.lstat()
            note = _sidecar(path)
        except FileNotFoundError:
            # Taken away since the folder was listed.
            continue
        except (ValueError, KeyError, TypeError, OverflowError, OSError):
            _set_aside(settings, path)
            _forget_sidecar(path)
            continue
        if not stat.S_ISREG(status.st_mode):
            _set_aside(settings, path)
        elif note is not None:
            found.append(note)
        elif time.time() - status.st_mtime >= _STABLE_SECONDS:
            found.append(Arrival(path))
    return found


def _sidecar(path: Path) -> Arrival | None:
    """Who sent a file of the inbox and when; None where nothing says it."""
    sidecar = path.with_name(f"{path.name}.json")
    if len(os.fsencode(sidecar.name)) > 255 or not sidecar.exists():
        return None
    note = json.loads(sidecar.read_text())
    return Arrival(path, datetime.fromisoformat(note["received_at"]).astimezone(UTC), note["account_id"])


def _forget_sidecar(path: Path) -> None:
    # Most files put there by hand have none.
    with suppress(OSError):
        path.with_name(f"{path.name}.json").unlink()


def _set_aside(settings: Settings, path: Path) -> None:
    """Out of the inbox, kept for the register team."""
    aside = settings.landing / "refused"
    aside.mkdir(exist_ok=True)
    # A name may be as long as the disk allows, and gets longer here: its end says more than its start.
    name = os.fsdecode(os.fsencode(path.name)[-200:])
    path.rename(aside / f"{time.time_ns()}_{name}")


def take_landed(door: Door) -> Iterator[Receipt | DosilakeError]:
    """Pass waiting files through the door; a taken file leaves the inbox, one too large goes to `refused`."""
    for waiting, outcome in door.receive_all(inbox(door.settings)):
        if isinstance(outcome, DosilakeError):
            _set_aside(door.settings, waiting.path)
        waiting.path.unlink(missing_ok=True)
        _forget_sidecar(waiting.path)
        yield outcome


def arrivals(folder: Path) -> list[Arrival]:
    """Delivery files in the order in which they were sent, received at the time in their names.

    A name that tells no time comes last, received now.
    """
    return sorted(
        (Arrival(path, sent_at(path.name)) for path in folder.glob("*.csv")),
        key=lambda arrival: (arrival.received_at is None, arrival.received_at, arrival.path.name),
    )


def sent_at(name: str) -> datetime | None:
    """The time in a file's name; None where the name is refused."""
    try:
        return parse_name(name).sent_at
    except DeliveryRefused:
        return None


def refresh(
    settings: Settings,
    *,
    as_of: date | None = None,
    full: bool = False,
    progress: Progress | None = None,
) -> Path | None:
    """Bring every mart up to date, pass the gate and publish.

    None when this code made the current snapshot and nothing has arrived since.

    What has arrived touches some rows of that snapshot, and only those are made anew; `full` builds everything, even if
    nothing has arrived. An as-of snapshot takes its own name and never becomes current.
    Raises GateRefused when a check fails (the current snapshot stays) and StorageError when there is no lake.
    """
    lake = Lake(settings.lake_root)
    newest = files_digest(lake.opened("deliveries"))
    if as_of is None and not full and increment.made_by_this_code(settings) and _built_from(settings) == newest:
        return None
    # The gate's library takes seconds to import, and the build leaves a core for it.
    suites.warm()
    with making(settings):
        if as_of is None and not full:
            built = increment.refresh(settings, lake, progress)
            # The refresh may be at fault; of a full build, what the gate refuses is the lake's.
            with suppress(GateRefused):
                return publish(settings, built, lambda path: gate(settings, lake, path))
        built = build(settings, lake, as_of, progress)
        otherwise = increment.reconciled(settings, built)
        return publish(settings, built, lambda path: gate(settings, lake, path, refreshed_otherwise=otherwise))


def release(settings: Settings, *, on: date | None = None, progress: Progress | None = None) -> list[Release]:
    """Freeze the statistics at every reference date that has passed since the last release, or at `on` alone.

    Each is built as the register knew it at the end of that day and passes the gate. Raises UsageError when `on` has
    not ended or is not after the last release.
    """
    if on is not None:
        may_release(settings, on)
    made = []
    for day in due(settings) if on is None else [on]:
        made.append(freeze(settings, refresh(settings, as_of=day, progress=progress), day))
    return made


def _built_from(settings: Settings) -> str | None:
    """Digest of the `deliveries` that the current snapshot was built from; None when there is no snapshot."""
    if current_version(settings) is None:
        return None
    snapshots = Snapshots(settings)
    try:
        return snapshots.query("select deliveries_digest from snapshot")["deliveries_digest"].item()
    finally:
        snapshots.close()


def make_extracts(door: Door, *, first: bool = False) -> int:
    """Make the research extracts that wait; how many. `first`: also those a stopped worker left half-made."""
    if first:
        requeue_running(door.engine)
    made = 0
    while extract := take_next(door.engine):
        try:
            version, rows, sha256 = make_extract(door.settings, door.engine, door.keys, extract)
            finish_extract(door.engine, extract.extract_id, snapshot_version=version, row_count=rows, sha256=sha256)
            made += 1
        except DosilakeError as error:
            fail_extract(door.engine, extract.extract_id, str(error))
    return made
