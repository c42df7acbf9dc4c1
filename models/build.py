"""After `build`, an unpublished DuckDB file holds every mart, made from the lake as it was known at one moment."""

import re
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import duckdb

from lake.errors import ModelError, StorageError
from lake.settings import Settings
from lake.store import Lake, storage_errors
from lake.views import open_over_lake
from models import functions
from models.batches import of_persons, of_years, persons_alone, year_in, years_alone
from models.catalog import FOLDER, Model, check_columns, models
from models.provenance import code_version

Progress = Callable[[str, int, int], None]


# A number alone does not tell a delivery: after a restored backup it is given again, to another.
SEEN = "select delivery_no, ended_at from lake.deliveries"
_NO_ROOM = (duckdb.IOException, duckdb.OutOfMemoryException)
_MACROS = (FOLDER / "macros.sql").read_text(encoding="utf-8")


def build(
    settings: Settings,
    lake: Lake,
    as_of: date | None = None,
    progress: Progress | None = None,
    *,
    only: Collection[str] | None = None,
) -> Path:
    """Make every model and return the path of the unpublished snapshot, `.building-<version>.duckdb`.

    Rows known only after `as_of` (end of that day in Europe/Paris) are not seen. `progress` hears
    (model, done, total). `only` makes some models and what they are made of: such a file passes no gate.
    A build that fails leaves no file behind; raises ModelError naming the model.
    """
    version = f"as-of-{as_of.isoformat()}" if as_of else new_version()
    path = path_of(settings, version)
    ordered = in_order(list(models().values()))
    if only is not None:
        needed = with_ancestors({*only, "dose_records"})
        ordered = [model for model in ordered if model.name in needed]
    told = progress or (lambda *_: None)
    with opened(settings, lake, path, as_of) as connection:
        done: set[str] = set()
        for phase in (_make_first, _make_persons, _make_years, _make_others):
            for name in phase(connection, ordered, settings.doses_at_once):
                told(name, min(len(done), len(ordered) - 1), len(ordered))
                done.add(name)
        # As of a day, or in part, nothing is ever refreshed from it.
        if as_of is None and only is None:
            connection.execute(f"create table kept.deliveries as {SEEN}")
        else:
            connection.execute("drop schema kept cascade")
        write_snapshot_table(connection, version, as_of)
    told("", len(ordered), len(ordered))
    return path


def _make_first(connection: duckdb.DuckDBPyConnection, ordered: list[Model], doses: int) -> Iterator[str]:
    """Make what models by person and by year are made of; yields each model's name before it is made."""
    for model in _first(ordered):
        yield model.name
        make(connection, model)


def _first(ordered: list[Model]) -> list[Model]:
    """What models by person and by year read, and is made of neither."""
    refreshed = {model.name for model in ordered if model.refreshed_by != "whole"}
    read = with_ancestors(refreshed) - refreshed
    return [model for model in ordered if model.name in read and not with_ancestors({model.name}) & refreshed]


def _make_persons(connection: duckdb.DuckDBPyConnection, ordered: list[Model], doses: int) -> Iterator[str]:
    """Make the models by person, some persons at a time: marts in the snapshot, and in `kept` what is kept.

    What many of them read of the doses is made once for each batch.
    """
    by_person = [model for model in ordered if model.is_by_person]
    views = [model for model in ordered if model.kind == "view" and "lake.doses" in sources_named(model.sql)]
    connection.execute("create schema kept")
    for view in views:
        connection.execute(f"drop view temp.{view.name}")
    for condition in of_persons(connection, doses):
        with persons_alone(connection, condition):
            for model in [*views, *by_person]:
                yield model.name
                make(connection, model, of_touched=condition)
                _store(connection, model)
    for model in [*views, *by_person]:
        connection.execute(f"drop table temp.{model.name}")
    for view in views:
        make(connection, view)


def _make_years(connection: duckdb.DuckDBPyConnection, ordered: list[Model], doses: int) -> Iterator[str]:
    """Make the models by year, some years at a time, from those by person."""
    by_year = {model.name for model in ordered if model.is_by_year}
    read = with_ancestors(by_year)
    steps = [m for m in ordered if m.name in by_year or (m.name in read and with_ancestors({m.name}) & by_year)]
    held = {m.name: held_in(m) for m in ordered if m.is_by_person and (m.is_mart or m in kept())}
    for condition in of_years(connection, doses) if by_year else ():
        with years_alone(connection, condition, held):
            for model in steps:
                yield model.name
                of_batch = f"{year_in(model.columns) or 'year'} {condition}" if model.name in by_year else ""
                make(connection, model, of_touched=of_batch)
                _store(connection, model)
    for model in steps:
        connection.execute(f"drop {model.kind} temp.{model.name}")
    for name, table in held.items():
        if table.startswith("kept."):
            connection.execute(f"create temporary view {name} as from {table}")


def _make_others(connection: duckdb.DuckDBPyConnection, ordered: list[Model], doses: int) -> Iterator[str]:
    """Make the whole marts, and what they are made of that does not stand yet."""
    standing = {m.name for m in ordered if m.is_by_person or (m.is_by_year and m.is_mart)}
    standing |= {model.name for model in _first(ordered)}
    wanted = {model.name for model in ordered if model.is_mart} - standing
    needed: set[str] = set()
    while wanted:
        needed |= wanted
        wanted = set().union(*(tables_named(models()[name].sql) for name in wanted)) & set(models()) - needed - standing
    for model in ordered:
        if model.name in needed:
            yield model.name
            make(connection, model)


def _store(connection: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Add what was made of a batch to the snapshot, if it is kept there."""
    if model.is_mart or model in kept():
        table = held_in(model)
        connection.execute(f"create table if not exists {table} as from temp.{model.name} limit 0")
        connection.execute(f"insert into {table} from temp.{model.name}")


def held_in(model: Model) -> str:
    """The table of a snapshot that holds a model."""
    return f"{'marts' if model.is_mart else 'kept'}.{model.name}"


def new_version() -> str:
    """The name of a snapshot that is begun now."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")


def path_of(settings: Settings, version: str) -> Path:
    """Where a snapshot is made until it is published; nothing of an earlier attempt is left there."""
    settings.marts.mkdir(parents=True, exist_ok=True)
    path = settings.marts / f".building-{version}.duckdb"
    discard(path)
    return path


@contextmanager
def opened(
    settings: Settings, lake: Lake, path: Path, as_of: date | None = None, *, since: Path | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that makes models in the file `path`, a copy of `since`; an error inside leaves no file behind."""
    connection = None
    try:
        if since:
            with storage_errors(settings.marts):
                shutil.copyfile(since, path)
        connection = open_over_lake(settings, lake, path, as_of)
        functions.register(connection)
        connection.execute(_MACROS)
        yield connection
        connection.execute("checkpoint")
    except BaseException as error:
        if connection:
            connection.close()
        discard(path)
        if isinstance(error, _NO_ROOM):
            raise _no_room("the snapshot", error) from error
        raise
    connection.close()


def make(connection: duckdb.DuckDBPyConnection, model: Model, *, of_touched: str = "") -> float:
    """Create one model and return the seconds it took; staging models are temporary and never published.

    `of_touched`, a condition: only the rows that it holds for, in a temporary table even of a mart or a view.
    """
    kind = "temporary table" if of_touched else "table" if model.is_mart else f"temporary {model.kind}"
    if model.kind == "view" or of_touched:
        kind = f"or replace {kind}"
    query = f"from (\n{model.sql}\n) where {of_touched}" if of_touched else model.sql
    started = time.perf_counter()
    try:
        connection.execute(_parsed(f"create {kind} {model.name} as {query}"))
    except _NO_ROOM as error:
        raise _no_room(f"the model {model.name}", error) from error
    except duckdb.Error as error:
        raise ModelError(
            f"The model {model.name} cannot be built: {type(error).__name__}.",
            next_step=f"Run {model.path.name} in a DuckDB shell; the first line says: {str(error).splitlines()[0]}",
        ) from error
    if model.columns:
        check_columns(model, [row[0] for row in connection.execute(f"describe {model.name}").fetchall()])
    return time.perf_counter() - started


def _no_room(what: str, error: duckdb.Error) -> StorageError:
    return StorageError(
        f"There is no room to build {what} ({type(error).__name__}).",
        next_step="Make room on the disk of the home, or raise DOSILAKE_MEMORY_LIMIT_GIB; then refresh again.",
    )


@cache
def _parsed(sql: str) -> duckdb.Statement:
    """The one statement of `sql`, good for every connection."""
    return duckdb.extract_statements(sql)[0]


def in_order(wanted: list[Model]) -> list[Model]:
    """The models sorted so that each comes after those its SQL names; raises ModelError on a circle."""
    by_name = {model.name: model for model in wanted}
    ordered: list[Model] = []
    waiting = dict(by_name)
    while waiting:
        made = {model.name for model in ordered}
        ready = [m for m in waiting.values() if (tables_named(m.sql) & set(by_name)) - {m.name} <= made]
        if not ready:
            raise ModelError(f"These models wait for each other: {', '.join(sorted(waiting))}.")
        for model in sorted(ready, key=lambda m: m.name):
            ordered.append(waiting.pop(model.name))
    return ordered


def made_of(model: Model) -> set[str]:
    """The models, lake tables and nomenclatures that a model reads, through views."""
    known = models()
    found = tables_named(model.sql) & set(known) | sources_named(model.sql)
    views = {name for name in found if name in known and known[name].kind == "view"}
    return (found - views).union(*(made_of(known[name]) for name in views))


@cache
def kept() -> tuple[Model, ...]:
    """Staging models by person that whole models read: a snapshot keeps them for the next refresh to start from.

    They stand in the schema `kept`, which is served to nobody (models/increment.py).
    """
    known = models()
    read = set().union(*(made_of(m) for m in known.values() if m.kind != "view" and not m.is_by_person))
    found = [known[name] for name in sorted(read & set(known))]
    return tuple(model for model in found if model.is_by_person and not model.is_mart)


def with_ancestors(names: set[str]) -> set[str]:
    """The models named and every model they are made of."""
    known = models()
    found: set[str] = set()
    waiting = names & set(known)
    while waiting:
        found |= waiting
        waiting = set().union(*(tables_named(known[name].sql) for name in waiting)) & set(known) - found
    return found


@cache
def tables_named(sql: str) -> frozenset[str]:
    """Names after `from` or `join`; schema-qualified ones (`lake.doses`) and steps of the SQL itself left out.

    A step is known once its definition is closed: `with persons as (select * from persons)` names the table.
    """
    sql = _bare(sql)
    steps = re.finditer(r"\b([a-z_0-9]+)\s+as\s+(?:(?:not\s+)?materialized\s+)?\(", sql)
    known_from = {step[1]: _closing(sql, step.end()) for step in steps}
    found = _NAMED.finditer(sql)
    return frozenset(n[1] for n in found if "." not in n[1] and n.start() < known_from.get(n[1], len(sql)))


def sources_named(sql: str) -> set[str]:
    """Tables of the lake (`lake.doses`) and nomenclatures (`reference.sectors`) named after `from` or `join`."""
    return {name for name in _NAMED.findall(_bare(sql)) if name.startswith(("lake.", "reference."))}


_NAMED = re.compile(r"\b(?:from|join)\s+([a-z_0-9]+(?:\.[a-z_0-9]+)?)\b")


def _bare(sql: str) -> str:
    """Without comments and what stands in quotes."""
    return re.sub(r"--[^\n]*|'[^']*'", "", sql)


def _closing(sql: str, start: int) -> int:
    """Where the bracket that was opened just before `start` is closed."""
    depth = 1
    for bracket in re.finditer(r"[()]", sql[start:]):
        depth += 1 if bracket[0] == "(" else -1
        if not depth:
            return start + bracket.start()
    return len(sql)


def write_snapshot_table(
    connection: duckdb.DuckDBPyConnection, version: str, as_of: date | None, refreshed_from: str | None = None
) -> None:
    """One row that says what the snapshot is made of, and whether from the snapshot before; `deliveries` names each."""
    connection.execute("""
        create or replace table snapshot (
            version varchar, built_at timestamp with time zone, as_of date, today date, last_delivery_no integer,
            data_until date, lake_versions map(varchar, bigint), deliveries_digest varchar, code_version varchar,
            refreshed_from varchar
        )
    """)
    last_delivery, until, digest = connection.execute("""
        select
            (select max(delivery_no) from lake.deliveries),
            (select max(period_end) from dose_records where dosimetry <> 'OPERATIONAL'),
            (select files_digest from lake.versions where table_name = 'deliveries')
    """).fetchone()
    today = connection.execute("select today from lake.clock").fetchone()[0]
    versions = dict(connection.execute("select table_name, version from lake.versions").fetchall())
    told = [as_of, today, last_delivery, until, versions, digest]
    connection.execute(
        "insert into snapshot values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [version, datetime.now(UTC), *told, code_version(), refreshed_from],
    )


def discard(path: Path) -> None:
    """Remove a snapshot and its write-ahead log, if they are there."""
    for leftover in (path, path.with_name(path.name + ".wal")):
        leftover.unlink(missing_ok=True)
