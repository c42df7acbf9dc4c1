"""What a figure was made from: the code by its digest, a table by its bytes."""

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.metadata import version

import polars as pl

from lake import reference
from models.catalog import FOLDER, Model

# Written out: a locale may be missing.
_MONTHS_FR = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
              "novembre", "décembre")  # fmt: skip
_MONTHS_EN = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
              "November", "December")  # fmt: skip


@dataclass(frozen=True)
class Source:
    """What a reader can name and check a figure by.

    `checksum`: SHA-256 of the released table's CSV, or of what was answered. `release` is the reference date of
    statistics, None for what is read live; `code_version` None for a snapshot made before it was kept.
    """

    model: str
    snapshot: str
    code_version: str | None
    checksum: str
    release: date | None = None

    def label(self, language: str) -> str:
        """How a reader cites it."""
        if self.release is not None:
            return as_at(self.release, language)
        return f"{'Snapshot' if language == 'en' else 'Instantané'} {self.snapshot}"


def as_at(on: date, language: str) -> str:
    """« Arrêté au 30 septembre 2026 », “As at 30 September 2026”."""
    if language == "en":
        return f"As at {on.day} {_MONTHS_EN[on.month - 1]} {on.year}"
    return f"Arrêté au {'1er' if on.day == 1 else on.day} {_MONTHS_FR[on.month - 1]} {on.year}"


@cache
def code_version() -> str:
    """Version of Dosilake with a digest of what figures depend on: models, their protection, lake, nomenclatures."""
    digest = hashlib.sha256()
    models = [path for path in FOLDER.rglob("*") if path.suffix in (".sql", ".toml", ".py")]
    for path in sorted([*models, *reference.FOLDER.glob("*.csv"), *reference.FOLDER.parent.glob("*.py")]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{version('dosilake')}+{digest.hexdigest()[:12]}"


def in_key_order(frame: pl.DataFrame, model: Model) -> pl.DataFrame:
    """The rows in one order, whatever order they were made in."""
    keys = [c.name for c in model.columns.values() if c.protection == "key" and c.name in frame.columns]
    return frame.sort(keys, nulls_last=True)


def checksum(frame: pl.DataFrame) -> str:
    """SHA-256 of the frame's CSV as `as_csv` writes it."""
    return hashlib.sha256(as_csv(frame)).hexdigest()


def as_csv(frame: pl.DataFrame) -> bytes:
    """Tidy CSV, the same for the same rows: commas, points, ISO dates, an empty field for NULL, LF."""
    return frame.write_csv().encode()
