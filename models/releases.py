"""Releases: the statistics as readers are shown them, frozen as they were known at a reference date, and kept.

A table that is read before and after one late result gives that result by subtraction, however well each is protected
by itself. So no reader is shown the tables of the running snapshot: they are shown the release in force.
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl

from lake.errors import NoSnapshot, SettingError, UsageError
from lake.settings import Settings
from lake.views import PARIS, quoted
from models.catalog import Model, released
from models.disclosure import Thresholds, protect
from models.provenance import as_at, checksum, code_version, in_key_order

_MANIFEST = "release.json"
STATISTICS = "statistics.duckdb"


@dataclass(frozen=True)
class Release:
    """What a release says of itself; `checksums` holds the SHA-256 of each table's CSV."""

    on: date
    made_at: datetime
    snapshot: str
    code_version: str
    data_until: date | None
    checksums: dict[str, str]

    @property
    def name(self) -> str:
        """Its reference date, as its folder is called."""
        return self.on.isoformat()

    def label(self, language: str) -> str:
        """« Arrêté au 30 septembre 2026 », “As at 30 September 2026”."""
        return as_at(self.on, language)

    def save(self, folder: Path) -> None:
        said = json.dumps(asdict(self), default=lambda value: value.isoformat(), indent=1)
        (folder / _MANIFEST).write_text(said, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Release":
        said = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        days = {name: said[name] and date.fromisoformat(said[name]) for name in ("on", "data_until")}
        return cls(**{**said, **days, "made_at": datetime.fromisoformat(said["made_at"])})


def releases(settings: Settings) -> list[Release]:
    """Every release of the home, the earliest first."""
    return [Release.load(settings.releases / name) for name in _names(settings)]


def in_force(settings: Settings, on: date | None = None) -> Release:
    """The last release of a date up to `on` (None: the last of all); raises NoSnapshot where there is none."""
    names = [name for name in _names(settings) if on is None or name <= on.isoformat()]
    if not names:
        raise NoSnapshot(
            "Aucun arrêté des statistiques n'est disponible" + (f" au {on.isoformat()}." if on else "."),
            next_step="Demandez une date plus récente." if _names(settings) else "Lancez `dosilake refresh`.",
        )
    return Release.load(settings.releases / names[-1])


def due(settings: Settings, today: date | None = None) -> list[date]:
    """Reference dates that have passed since the last release: ends of every `release_months`-th month of the year.

    None before the first release, which comes with the first publication. Raises SettingError where the months do not
    divide a year.
    """
    if settings.release_months not in (1, 2, 3, 4, 6, 12):
        raise SettingError(
            "DOSILAKE_RELEASE_MONTHS must divide the year.", next_step="Set it to 1, 2, 3, 4, 6 or 12; default 3."
        )
    names = _names(settings)
    day = (today or datetime.now(PARIS).date()).replace(day=1) - timedelta(days=1)
    found = []
    while names and day.isoformat() > names[-1]:
        if day.month % settings.release_months == 0:
            found.append(day)
        day = day.replace(day=1) - timedelta(days=1)
    return found[::-1]


def may_release(settings: Settings, on: date) -> None:
    """Raises UsageError when a reference date has not ended in Paris or is not after the last release's."""
    _must_follow(settings, on)
    if on >= datetime.now(PARIS).date():
        raise UsageError(f"{on.isoformat()} has not ended.", next_step="Name a day that is over.")


def freeze(settings: Settings, snapshot: Path, on: date) -> Release:
    """Make the release of a reference date from a published snapshot; all of it is there, or nothing.

    Raises UsageError when the date is not after that of the last release: a release is never made anew.
    """
    _must_follow(settings, on)
    making = settings.releases / f".making-{on.isoformat()}"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True, mode=0o700)
    with duckdb.connect(str(snapshot), read_only=True) as source:
        [(version, until)] = source.execute("select version, data_until from snapshot").fetchall()
        found = {model.name: source.sql(f"select * from {model.name}").pl() for model in released()}
    thresholds = Thresholds.from_reference()
    shown = {m.name: _shown(in_key_order(found[m.name], m), m, on, thresholds) for m in released()}
    _write(making / STATISTICS, shown)
    sums = {name: checksum(frame) for name, frame in shown.items()}
    release = Release(on, datetime.now(UTC), version, code_version(), until, sums)
    release.save(making)
    os.replace(making, settings.releases / on.isoformat())
    return release


def make_first(settings: Settings, snapshot: Path) -> None:
    """Release what was published first: readers of a new home need not wait for the end of a quarter."""
    if not _names(settings):
        freeze(settings, snapshot, datetime.now(PARIS).date())


def _must_follow(settings: Settings, on: date) -> None:
    last = (_names(settings) or [""])[-1]
    if on.isoformat() <= last:
        raise UsageError(
            f"The statistics of {last} are released already.", next_step="Name a reference date after that."
        )


def _names(settings: Settings) -> list[str]:
    return sorted(path.parent.name for path in settings.releases.glob(f"[0-9]*/{_MANIFEST}"))


def _shown(found: pl.DataFrame, model: Model, on: date, thresholds: Thresholds) -> pl.DataFrame:
    """The table that readers are shown, with the release that each row's figures stem from."""
    frame = protect(found, model, thresholds) if model.disclosure else found
    return frame.with_columns(figures_on=pl.lit(on))


def _write(path: Path, shown: dict[str, pl.DataFrame]) -> None:
    """A DuckDB file with every table, read by DuckDB from Parquet (it has read frames wrongly)."""
    with duckdb.connect(str(path)) as connection:
        for name, frame in shown.items():
            waiting = path.with_name(f"{name}.parquet")
            frame.write_parquet(waiting)
            connection.execute(f"create table {name} as select * from read_parquet({quoted(str(waiting))})")
            waiting.unlink()
