"""Releases: the statistics as readers are shown them, frozen as they were known at a reference date, and kept.

A table that is read before and after one late result gives that result by subtraction, however well each is protected
by itself. So no reader is shown the tables of the running snapshot: they are shown the release in force.
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl

from lake.errors import NoSnapshot, SettingError, UsageError
from lake.settings import Settings
from lake.views import OFFLINE, PARIS, end_of_day, quoted
from models.catalog import models, released
from models.changes import grain, has_members, keep_basis, persons_behind
from models.disclosure import Thresholds
from models.provenance import as_at, checksum, code_version, in_key_order
from models.revisions import Cause, Window, for_readers, revisions
from models.withheld import Table, as_new, held, stems, withhold

_MANIFEST = "release.json"
STATISTICS = "statistics.duckdb"
# What changes are counted against; never handed out.
_BASIS = "basis.duckdb"
_KINDS = ("whole", "shown")
_AS_OF = "as-of-"


@dataclass(frozen=True)
class Release:
    """What a release says of itself.

    `known_until`: what the register learnt from then on is not in it; `checksums`: the SHA-256 of each table's CSV;
    `revisions`: what became known since the release before, as far as readers may be told.
    """

    on: date
    made_at: datetime
    known_until: datetime
    snapshot: str
    code_version: str
    data_until: date | None
    checksums: dict[str, str]
    revisions: list[dict]

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
        moments = {name: datetime.fromisoformat(said[name]) for name in ("made_at", "known_until")}
        # Earlier code kept the year and the cause of few.
        told = [row for row in said["revisions"] if row["persons"] is not None or row["cause"] == Cause.CODE]
        return cls(**said | days | moments | {"revisions": told})


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
    last = next(reversed(releases(settings)), None)
    making = settings.releases / f".making-{on.isoformat()}"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True, mode=0o700)
    made_of = _read(snapshot, ["snapshot", *(model.name for model in released())])
    version, until = made_of.pop("snapshot").select("version", "data_until").row(0)
    found = {name: in_key_order(frame, models()[name]) for name, frame in made_of.items()}
    keep_basis(settings, snapshot, making / _BASIS)
    tables = _tables(settings, making, found, on, last)
    shown = {name: in_key_order(frame, models()[name]) for name, (_, frame) in tables.items()}
    _write(making / STATISTICS, shown)
    _write(making / _BASIS, {f"whole_{name}": frame for name, (frame, _) in tables.items()})
    _write(making / _BASIS, {f"shown_{name}": frame for name, frame in shown.items()})
    release = Release(
        on=on,
        made_at=datetime.now(UTC),
        known_until=_known_until(version),
        snapshot=version,
        code_version=code_version(),
        data_until=until,
        checksums={name: checksum(frame) for name, frame in shown.items()},
        revisions=[],
    )
    if last is not None:
        release = replace(release, revisions=for_readers(revised(settings, last, release)).to_dicts())
    release.save(making)
    os.replace(making, settings.releases / on.isoformat())
    return release


def revised(settings: Settings, first: Release, second: Release) -> pl.DataFrame:
    """What became known between two releases and by what, as `revisions` tells it."""
    as_of = second.on if second.snapshot.startswith(_AS_OF) else None
    is_other_code = first.code_version != second.code_version
    return revisions(settings, Window(first.known_until, second.known_until, first.on, as_of, is_other_code))


def moves(settings: Settings, first: Release, second: Release) -> pl.DataFrame:
    """One row per table: its rows, how many read otherwise than in the first release, how many are held back."""
    told = {one.name: _read(settings.releases / one.name / _BASIS, _stored(one)) for one in (first, second)}
    found = []
    for name in second.checksums:
        now, before = told[second.name][f"shown_{name}"], told[first.name].get(f"shown_{name}")
        common = [] if before is None else [c for c in now.columns if c in before.columns and c != "figures_on"]
        same = 0 if before is None else now.join(before, on=common, how="semi", nulls_equal=True).height
        found.append({"model": name, "rows": now.height, "moved": now.height - same,
                      "held": held(told[second.name][f"whole_{name}"], second.on)})  # fmt: skip
    return pl.DataFrame(found)


def _stored(release: Release) -> list[str]:
    return [f"{kind}_{name}" for kind in _KINDS for name in release.checksums]


def _known_until(snapshot: str) -> datetime:
    """The end of the day that a snapshot was built as of, or the moment at which its build began."""
    if snapshot.startswith(_AS_OF):
        return end_of_day(date.fromisoformat(snapshot.removeprefix(_AS_OF)))
    return datetime.strptime(snapshot, "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)


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
    settings: Settings, making: Path, found: dict[str, pl.DataFrame], on: date, last: Release | None
) -> dict[str, tuple[pl.DataFrame, pl.DataFrame]]:
    """Per table (as shown with nothing hidden, as readers are shown it), held to the release before if there is one."""
    thresholds = Thresholds.from_reference()
    made = {name: as_new(frame, models()[name], on, thresholds) for name, frame in found.items()}
    if last is None:
        return made
    before = _read(settings.releases / last.name / _BASIS, [f"{kind}_{name}" for kind in _KINDS for name in found])
    # Exceedances of the nation are news whatever their number; a table that was never released has nothing to hold.
    known = [name for name in found if f"shown_{name}" in before and models()[name].disclosure]
    guarded = [name for name in known if has_members(models()[name])]
    days = {last.on} | {day for name in guarded for day in stems(before[f"whole_{name}"])}
    changes = {
        day: persons_behind(settings, settings.releases / day.isoformat() / _BASIS, making / _BASIS)
        for day in sorted(days)
    }
    # Rows of another grain are not those that changes are counted of; years told in it keep it for good.
    guarded = [
        name for name in guarded
        if name in changes[last.on] and {*grain(changes[last.on][name])} <= {*before[f"whole_{name}"].columns}
    ]  # fmt: skip
    for name in set(known) - set(guarded):
        made[name] = tuple(
            _as_first_shown(before[f"{kind}_{name}"], table) for kind, table in zip(_KINDS, made[name], strict=True)
        )
    tables, staying = {}, {}
    for name in guarded:
        kept = [before[f"{kind}_{name}"] for kind in _KINDS]
        is_old = _is_of_old_grain(kept[0], found[name], grain(changes[last.on][name]))
        whole, shown, now = (frame.filter(~is_old) for frame in (*kept, found[name]))
        staying[name] = [frame.filter(is_old) for frame in kept]
        behind = {day: told[name] for day, told in changes.items() if name in told}
        tables[name] = Table(models()[name], now, whole, shown, behind)
    moved = withhold(tables, on, thresholds, is_other_code=last.code_version != code_version())
    for name, frames in moved.items():
        made[name] = tuple(_with_old_grain(*both) for both in zip(staying[name], frames, strict=True))
    return made


def _with_old_grain(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    if old.is_empty():
        return new
    return pl.concat([new, old.select(c for c in old.columns if c in new.columns)], how="diagonal_relaxed")


def _is_of_old_grain(before: pl.DataFrame, now: pl.DataFrame, keys: list[str]) -> pl.Expr:
    """The years that earlier code told of other groups, beside which today's would give parts by subtraction."""
    lacking = [c for c in keys if not now[c].null_count()]
    old = before.filter(pl.any_horizontal(pl.lit(False), *(pl.col(c).is_null() for c in lacking)))
    return pl.col("year").is_in(old["year"].unique().implode()) if "year" in keys else pl.lit(not old.is_empty())


def _as_first_shown(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """What was shown, with the years that were not: nothing says how many stand behind a change of the others."""
    if "year" not in before.columns:
        return before
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
