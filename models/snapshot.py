"""The published snapshot and the releases, open for reading: one connection a file, a cursor a query.

The snapshot is reopened when CURRENT moves; a release never changes.
"""

import threading
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from lake.errors import NoSnapshot
from lake.settings import Settings
from models.publish import current_version
from models.releases import STATISTICS, Release


class Snapshots:
    """Read-only snapshots of one home; safe to share between threads."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self._lock = threading.Lock()
        self._open: dict[str, duckdb.DuckDBPyConnection] = {}
        self._current: str | None = None
        self._made: dict[str, tuple[str, str | None]] = {}

    def version(self) -> str:
        """Name of the current version; raises NoSnapshot when nothing has been published."""
        version = current_version(self.settings)
        if version is None:
            raise NoSnapshot(
                "Aucune publication n'est disponible.", next_step="Lancez `dosilake refresh`, puis réessayez."
            )
        return version

    def query(self, sql: str, parameters: Sequence = (), as_of: date | None = None) -> pl.DataFrame:
        """Run one query on the current snapshot, or on the one made as of a date; values only as parameters."""
        return _asked(self._connection(as_of).cursor(), sql, parameters)

    def made(self, as_of: date | None = None) -> tuple[str, str | None]:
        """Version of the snapshot, and of the code that made it where it was kept."""
        name = _name(as_of) or self.version()
        if name not in self._made:
            row = self.query("select * from snapshot", as_of=as_of).row(0, named=True)
            self._made[name] = row["version"], row.get("code_version")
        return self._made[name]

    def query_release(self, release: Release, sql: str, parameters: Sequence = ()) -> pl.DataFrame:
        """Run one query on a release's tables, as readers are shown them."""
        name = f"release {release.name}"
        with self._lock:
            if name not in self._open:
                self._open[name] = _connect(self.settings, self.settings.releases / release.name / STATISTICS)
            cursor = self._open[name].cursor()
        return _asked(cursor, sql, parameters)

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for connection in self._open.values():
                connection.close()
            self._open.clear()
            self._current = None

    def _connection(self, as_of: date | None) -> duckdb.DuckDBPyConnection:
        name = _name(as_of) or self.version()
        with self._lock:
            if as_of is None and name != self._current:
                # A cursor already running keeps its own hold on the old file until it is done.
                if self._current is not None:
                    self._open.pop(self._current, None)
                self._current = name
            if name not in self._open:
                self._open[name] = _connect(self.settings, self._published(name, as_of))
            return self._open[name]

    def _published(self, name: str, as_of: date | None) -> Path:
        path = self.settings.marts / f"{name}.duckdb"
        if not path.exists():
            raise NoSnapshot(
                f"Aucune publication {'à la date du ' + as_of.isoformat() if as_of else path.stem} n'est disponible.",
                next_step=f"Lancez `dosilake refresh{f' --as-of {as_of.isoformat()}' if as_of else ''}`.",
            )
        return path


def _asked(cursor: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence) -> pl.DataFrame:
    """Raises NoSnapshot where the file was made by code that knew no such table."""
    try:
        return cursor.sql(sql, params=list(parameters)).pl()
    except duckdb.CatalogException:
        raise NoSnapshot(
            "Cette publication est antérieure à la table demandée.",
            next_step="Lancez `dosilake refresh`, ou demandez une date plus récente.",
        ) from None
    finally:
        cursor.close()


def _name(as_of: date | None) -> str | None:
    return f"as-of-{as_of.isoformat()}" if as_of else None


def _connect(settings: Settings, path: Path) -> duckdb.DuckDBPyConnection:
    # All in the config: connections of one process to one file share an instance, and its settings are locked.
    config = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "threads": str(settings.threads),
        "enable_external_access": "false",
        "lock_configuration": "true",
    }
    return duckdb.connect(str(path), read_only=True, config=config)
