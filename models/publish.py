"""After `publish`, a snapshot that passed the gate is the one readers open; one that failed changed nothing."""

import fcntl
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from lake.errors import GateRefused
from lake.settings import Settings
from lake.store import storage_errors
from models.build import discard
from models.releases import make_first

CURRENT = "CURRENT"
_PREFIX = ".building-"


class Check(Protocol):
    """One finding of the gate."""

    name: str
    passed: bool
    severity: str
    sentence: str


class GateReport(Protocol):
    """What the gate says; `quality.gate.gate` returns one."""

    passed: bool
    checks: Sequence[Check]

    def save(self, path: Path) -> None: ...


@contextmanager
def making(settings: Settings) -> Iterator[None]:
    """Within, a snapshot may be made and published while others are; nobody removes what is half-made.

    Whoever comes while nobody is at it removes what was left by those who were killed. A killed process holds no lock.
    """
    with storage_errors(settings.marts):
        settings.marts.mkdir(parents=True, exist_ok=True)
        lock = (settings.marts / ".making.lock").open("w")
    with lock:
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for leftover in (*settings.marts.glob(f"{_PREFIX}*"), *settings.marts.glob(f".{CURRENT}-*")):
                leftover.unlink()
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def publish(settings: Settings, built: Path, gate: Callable[[Path], GateReport]) -> Path:
    """Let the gate look at `built`, then make it current; returns the published path.

    An as-of build takes its own name and never becomes current. The first publication of a home is its first release of
    the statistics too. The report is saved as `<version>.json` beside it.
    Raises GateRefused with the failed checks: the build is removed and what was current stays.
    """
    version = built.name.removeprefix(_PREFIX).removesuffix(".duckdb")
    report = gate(built)
    report.save(settings.marts / f"{version}.json")
    if not report.passed:
        discard(built)
        failed = [check for check in report.checks if not check.passed and check.severity == "critical"]
        raise GateRefused(
            f"The snapshot {version} failed {len(failed)} check(s): "
            + " ".join(f"{check.name}: {check.sentence}" for check in failed),
            next_step=f"The earlier snapshot stays. The full report is {version}.json in the marts folder.",
        )
    published = settings.marts / f"{version}.duckdb"
    os.replace(built, published)
    if not version.startswith("as-of-"):
        make_first(settings, published)
        make_current(settings, version)
        prune(settings)
    return published


def make_current(settings: Settings, version: str) -> None:
    """Point readers at a published version, in one rename."""
    waiting = settings.marts / f".{CURRENT}-{os.getpid()}"
    with waiting.open("w", encoding="utf-8") as file:
        file.write(version + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(waiting, settings.marts / CURRENT)


def current_version(settings: Settings) -> str | None:
    """Name of the version that readers open; None when nothing has been published."""
    try:
        return (settings.marts / CURRENT).read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None


def prune(settings: Settings) -> list[str]:
    """Remove all but the last `snapshots_kept` versions and return the removed.

    The current one stays, and those that the file KEEP in the marts folder names, one a line.
    """
    keep_file = settings.marts / "KEEP"
    kept = set(keep_file.read_text(encoding="utf-8").split()) if keep_file.exists() else set()
    kept.add(current_version(settings) or "")
    versions = sorted(p.stem for p in settings.marts.glob("*.duckdb") if re.fullmatch(r"\d{8}T\d{12}Z", p.stem))
    removed = [v for v in versions[: -max(settings.snapshots_kept, 1)] if v not in kept]
    for version in removed:
        discard(settings.marts / f"{version}.duckdb")
        (settings.marts / f"{version}.json").unlink(missing_ok=True)
    return removed
