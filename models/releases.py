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
from lake.views import OFFLINE, PARIS, quoted
from models.catalog import released, served
from models.changes import has_members, keep_basis, persons_behind
from models.disclosure import Thresholds
from models.provenance import as_at, checksum, code_version, in_key_order
from models.withheld import Table, first, stems, withhold

_MANIFEST = "release.json"
STATISTICS = "statistics.duckdb"
# What changes are counted against; never handed out.
_BASIS = "basis.duckdb"
_KINDS = ("whole", "shown")


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
    made_of = _read(snapshot, ["snapshot", *(model.name for model in released())])
    version, until = made_of.pop("snapshot").select("version", "data_until").row(0)
    found = {name: in_key_order(frame, served(name)) for name, frame in made_of.items()}
    keep_basis(settings, snapshot, making / _BASIS)
    tables = _tables(settings, making, found, on)
    shown = {name: in_key_order(frame, served(name)) for name, (_, frame) in tables.items()}
    _write(making / STATISTICS, shown)
    _write(making / _BASIS, {f"whole_{name}": frame for name, (frame, _) in tables.items()})
    _write(making / _BASIS, {f"shown_{name}": frame for name, frame in shown.items()})
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


def _tables(
    settings: Settings, making: Path, found: dict[str, pl.DataFrame], on: date
) -> dict[str, tuple[pl.DataFrame, pl.DataFrame]]:
    """Per table (as shown with nothing hidden, as readers are shown it), held to the release before if there is one."""
    thresholds = Thresholds.from_reference()
    made = {name: first(frame, served(name), on, thresholds) for name, frame in found.items()}
    names = _names(settings)
    if not names:
        return made
    last = Release.load(settings.releases / names[-1])
    before = _read(settings.releases / last.name / _BASIS, [f"{kind}_{name}" for kind in _KINDS for name in found])
    # Exceedances of the nation are news whatever their number; a table that was never released has nothing to hold.
    held = [
        name for name in found if f"shown_{name}" in before and has_members(served(name)) and served(name).disclosure
    ]
    days = {day for name in held for day in stems(before[f"whole_{name}"])}
    changes = {
        day: persons_behind(settings, settings.releases / day.isoformat() / _BASIS, making / _BASIS)
        for day in sorted(days)
    }
    tables = {
        name: Table(
            served(name),
            found[name],
            before[f"whole_{name}"],
            before[f"shown_{name}"],
            {d: c[name] for d, c in changes.items()},
        )
        for name in held
    }
    return made | withhold(tables, on, thresholds, is_other_code=last.code_version != code_version())


def _as_first_shown(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """What was shown, with the years that were not: nothing says how many stand behind a change of the others."""
    years = before["year"].unique().to_list()
    return pl.concat([before, now.filter(~pl.col("year").is_in(years))], how="diagonal_relaxed")


def _read(path: Path, names: list[str]) -> dict[str, pl.DataFrame]:
    """Those of the tables that the file holds."""
    connection = duckdb.connect(":memory:", config=dict(OFFLINE))
    try:
        # Attached, since readers in this process may hold the file open with settings of their own.
        connection.execute(f"attach {quoted(str(path))} as file (read_only)")
        there = {row[0] for row in connection.execute("show tables from file").fetchall()}
        return {name: connection.sql(f"select * from file.{name}").pl() for name in names if name in there}
    finally:
        connection.close()


def _write(path: Path, shown: dict[str, pl.DataFrame]) -> None:
    """A DuckDB file with every table, read by DuckDB from Parquet (it has read frames wrongly)."""
    with duckdb.connect(str(path)) as connection:
        for name, frame in shown.items():
            waiting = path.with_name(f"{name}.parquet")
            frame.write_parquet(waiting)
            connection.execute(f"create table {name} as select * from read_parquet({quoted(str(waiting))})")
            waiting.unlink()
