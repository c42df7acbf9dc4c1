"""After `refresh`, an unpublished snapshot holds what a build of the whole lake would, row for row, for less work.

It starts from a copy of the current snapshot. Deliveries that have come since touch persons: of each model by person
(`refreshed_by` in its sidecar), their rows are taken out and made anew, by the same SQL over a lake that holds nobody
else. The years of the rows that are others since are made anew in each model by year, over those years alone. A whole
model is made anew once anything that it is made of has changed. Whatever this cannot follow (another day, other code, a
lake restored from a backup, a change that names no person) is built in full, and so is what touches most persons.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import duckdb

from lake.errors import NoSnapshot
from lake.schema import TABLES
from lake.settings import Settings
from lake.store import Lake
from lake.views import quoted
from models.batches import year_in
from models.build import (
    SEEN,
    Progress,
    build,
    held_in,
    in_order,
    kept,
    made_of,
    make,
    new_version,
    opened,
    path_of,
    tables_named,
    write_snapshot_table,
)
from models.catalog import Model, models
from models.provenance import code_version
from models.publish import current_version
from models.snapshot import Snapshots

# By the first of these columns that it has, a changed row of what models by person read tells whom it touches: keys as
# sent, or of persons. A row without any touches everybody.
_TOUCHES = {
    "worker_key": "select worker_key from changed",
    "dose_id": "select worker_key from lake.doses where dose_id in (select dose_id from changed)",
    "dose_row": """
        select worker_key from lake.doses where dose_id >> 3 in (select dose_row from changed)
        union all
        select worker_key from lake.waiting where dose_id >> 3 in (select dose_row from changed)
    """,
    "establishment_key": """
        select worker_key
        from lake.doses
        where
            establishment_key in (select establishment_key from changed)
            or workplace_key in (select establishment_key from changed)
        union all
        select worker_key
        from lake.employments
        where
            establishment_key in (select establishment_key from changed)
            or user_establishment_key in (select establishment_key from changed)
        union all
        select worker_key from lake.waiting where establishment_key in (select establishment_key from changed)
    """,
}


class _EverybodyTouched(Exception):
    """Nothing of the current snapshot can be kept."""


def refresh(settings: Settings, lake: Lake, progress: Progress | None = None) -> Path:
    """The path of an unpublished snapshot of the lake as it stands, made from the current one where that can be.

    Raises as `build` does; a refresh that fails leaves no file behind.
    """
    since = made_by_this_code(settings)
    if since is None:
        return build(settings, lake, progress=progress)
    version = new_version()
    path = path_of(settings, version)
    try:
        with opened(settings, lake, path, since=settings.marts / f"{since}.duckdb") as connection:
            _bring_up_to_date(connection, settings.full_build_share, progress)
            write_snapshot_table(connection, version, None, since)
    except _EverybodyTouched:
        return build(settings, lake, progress=progress)
    if progress:
        progress("", len(_ordered()), len(_ordered()))
    return path


def reconciled(settings: Settings, built: Path) -> list[str] | None:
    """Tables of the current snapshot, which refreshes have made, that are not those of a full build: none, one hopes.

    None where they cannot be compared: nothing is refreshed, `built` is not a full build, or other deliveries or other
    code made it. On another day, only what does not depend on the day is compared.
    """
    since = made_by_this_code(settings)
    if since is None:
        return None
    with duckdb.connect(config={"threads": settings.threads}) as connection:
        for name, path in (("refreshed", settings.marts / f"{since}.duckdb"), ("built", built)):
            connection.execute(f"attach {quoted(str(path))} as {name} (read_only)")
        is_comparable, is_same_day = connection.execute("""
            select
                refreshed.refreshed_from is not null and built.refreshed_from is null and built.as_of is null
                    and refreshed.code_version = built.code_version,
                refreshed.today = built.today
            from refreshed.snapshot as refreshed
            cross join built.snapshot as built
        """).fetchone()
        deliveries = _difference("refreshed.kept.deliveries", "built.kept.deliveries")
        if not is_comparable or _holds(connection, deliveries):
            return None
        compared = [m for m in _ordered() if m.is_mart and (is_same_day or "lake.clock" not in _all_parts(m))]
        return [model.name for model in compared if len({*_digests(connection, model.name)}) > 1]


def _digests(connection: duckdb.DuckDBPyConnection, name: str) -> Iterator[tuple]:
    """Per snapshot, the number of rows of a mart and the sum of their hashes: equal for the same rows in any order."""
    for snapshot in ("refreshed", "built"):
        yield connection.execute(f"select count(*), sum(hash(rows)) from {snapshot}.{name} as rows").fetchone()


def made_by_this_code(settings: Settings) -> str | None:
    """The current version, if this code with these nomenclatures made it."""
    version = current_version(settings)
    snapshots = Snapshots(settings)
    try:
        return version if version and snapshots.made() == (version, code_version()) else None
    except NoSnapshot:
        return None
    finally:
        snapshots.close()


def _bring_up_to_date(connection: duckdb.DuckDBPyConnection, most: float, progress: Progress | None) -> None:
    if not _holds(connection, "from snapshot inner join lake.clock using (today)"):
        raise _EverybodyTouched
    if _holds(connection, f"from kept.deliveries anti join ({SEEN}) using (delivery_no, ended_at)"):
        raise _EverybodyTouched
    arrived = "from lake.deliveries anti join kept.deliveries using (delivery_no)"
    connection.execute(f"create temporary table arrived as {arrived}")
    changed = {f"lake.{name}" for name in TABLES if _holds(connection, _arrived(name))}
    changed |= _find_touched(connection)
    if _share_touched(connection) > most:
        raise _EverybodyTouched
    connection.execute("create temporary table touched_year (year bigint)")
    if _holds(connection, "from touched_worker_key"):
        changed |= _make_persons(connection, progress)
    for model in kept():
        connection.execute(f"create temporary view {model.name} as from kept.{model.name}")
    if _whole_parts("year") & changed:
        raise _EverybodyTouched
    if _holds(connection, "from touched_year"):
        changed |= _make_years(connection, progress)
    _make_whole(connection, changed, progress)
    connection.execute(f"create or replace table kept.deliveries as {SEEN}")


def _find_touched(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Make what models by person read and are not, and `touched_worker_key`: persons as linked now and before.

    Returns the names of what changed of it.
    """
    inputs = _steps(set(_read_by("worker_key")) & set(models()), {m.name for m in _refreshed_by("worker_key")})
    tables = [model.name for model in inputs if model.kind == "table"]
    with _instead(connection, "deliveries", "semi join kept.deliveries using (delivery_no)"):
        for model in inputs:
            make(connection, model)
    for name in tables:
        connection.execute(f"alter table temp.{name} rename to {name}_before")
        make(connection, models()[name])
    differences = {name: _difference(name, f"{name}_before") for name in tables}
    differences |= {f"lake.{name}": _arrived(name) for name in TABLES if f"lake.{name}" in _read_by("worker_key")}
    connection.execute("create temporary table keys_touched (worker_key bigint)")
    changed = {name for name, rows in differences.items() if _touch(connection, rows)}
    connection.execute("""
        create temporary table touched_worker_key as
        select coalesce(person_key, worker_key) as worker_key
        from keys_touched
        left join person_keys using (worker_key)
        union
        select coalesce(person_key, worker_key)
        from keys_touched
        left join person_keys_before using (worker_key)
    """)
    return changed


def _share_touched(connection: duckdb.DuckDBPyConnection) -> float:
    """Of the persons of the snapshot before and those who are new."""
    return connection.execute("""
        select coalesce(count(touched_worker_key.worker_key) / nullif(count(*), 0), 0)
        from persons
        full outer join touched_worker_key using (worker_key)
    """).fetchone()[0]


def _touch(connection: duckdb.DuckDBPyConnection, rows: str) -> bool:
    """Add the keys that changed rows touch; whether there are any rows. Raises where they do not tell whom."""
    connection.execute(f"create or replace temporary table changed as {rows}")
    if not _holds(connection, "from changed"):
        return False
    columns = _columns(connection, "changed")
    touches = next((sql for column, sql in _TOUCHES.items() if column in columns), None)
    if touches is None:
        raise _EverybodyTouched
    connection.execute(f"insert into keys_touched from ({touches}) where worker_key is not null")
    return True


def _make_persons(connection: duckdb.DuckDBPyConnection, progress: Progress | None) -> set[str]:
    """Make the persons touched anew in every model by person, and find the years touched; the names of what differs."""
    connection.execute("""
        create temporary table keys_of_touched as
        from touched_worker_key
        union
        select worker_key from person_keys where person_key in (from touched_worker_key)
    """)
    connection.execute("create temporary table touched_by_year (year bigint)")
    connection.execute("create temporary table touched_by_worker_key (worker_key bigint)")
    changed = set()
    with ExitStack() as narrowed:
        for name, table in TABLES.items():
            if f"lake.{name}" in _read_by("worker_key") and "worker_key" in table.column_names:
                narrowed.enter_context(_instead(connection, name, "semi join keys_of_touched using (worker_key)"))
        for model in _refreshed_by("worker_key"):
            if _differs(connection, model, progress):
                changed.add(model.name)
                if model.name in _read_by("year"):
                    year = year_in(_columns(connection, "differing"))
                    told, by = (year, "year") if year else ("worker_key", "worker_key")
                    connection.execute(f"insert into touched_by_{by} select distinct {told} from differing")
    # What is told of a person and no year is told in every year of theirs.
    connection.execute("""
        insert into touched_year
        from touched_by_year
        union
        select year from kept.annual_doses where worker_key in (from touched_by_worker_key)
    """)
    _drop(connection, "worker_key")
    return changed


def _make_years(connection: duckdb.DuckDBPyConnection, progress: Progress | None) -> set[str]:
    """Make the years touched anew in every model by year; the names of those in which any differs."""
    changed = set()
    others = {model.name for model in _ordered() if model.is_mart and not model.is_by_year}
    with ExitStack() as narrowed:
        for model in _refreshed_by("worker_key"):
            if model.name in _read_by("year") and (year := year_in(_columns(connection, held_in(model)))):
                narrowed.enter_context(_only_touched_years(connection, model, year))
        for model in _steps({m.name for m in _refreshed_by("year")}, _made(connection) | others):
            if not model.is_by_year:
                make(connection, model)
            elif _differs(connection, model, progress):
                changed.add(model.name)
    _drop(connection, "year")
    return changed


def _differs(connection: duckdb.DuckDBPyConnection, model: Model, progress: Progress | None) -> bool:
    """Make what is touched of a model and put it into the snapshot; whether any row, now in `differing`, is another."""
    if progress:
        progress(model.name, _ordered().index(model), len(_ordered()))
    key = model.refreshed_by
    told = year_in(model.columns) if model.is_mart and model.is_by_year else key
    make(connection, model, of_touched=f"{told} in (from touched_{key})")
    if not model.is_mart and model not in kept():
        return False
    of_touched = f"{held_in(model)} where {told} in (from touched_{key})"
    difference = _difference(f"temp.{model.name}", of_touched)
    connection.execute(f"create or replace temporary table differing as {difference}")
    if not _holds(connection, "from differing"):
        return False
    connection.execute(f"delete from {of_touched}")
    connection.execute(f"insert into {held_in(model)} from temp.{model.name}")
    return True


def _make_whole(connection: duckdb.DuckDBPyConnection, changed: set[str], progress: Progress | None) -> None:
    """Make anew every whole mart of which anything in `changed` is a part, and the staging models on the way."""
    changed = set(changed)
    for model in _ordered():
        is_told = model.is_by_person or (model.is_by_year and model.is_mart)
        if not is_told and made_of(model) & changed:
            changed.add(model.name)
    outdated = {m.name for m in _ordered() if m.is_mart and m.refreshed_by == "whole" and m.name in changed}
    current = {m.name for m in _ordered() if m.is_mart} - outdated
    for model in _steps(outdated, _made(connection) | current):
        if progress:
            progress(model.name, _ordered().index(model), len(_ordered()))
        if model.is_mart:
            connection.execute(f"drop table marts.{model.name}")
        make(connection, model)


def _made(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Staging models that stand in full: as temporary tables, or as they are kept."""
    tables = connection.execute("select table_name from duckdb_tables() where temporary").fetchall()
    return {name for (name,) in tables} | {model.name for model in kept()}


def _drop(connection: duckdb.DuckDBPyConnection, key: str) -> None:
    for model in _refreshed_by(key):
        connection.execute(f"drop table temp.{model.name}")


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    return {row[0] for row in connection.execute(f"describe {table}").fetchall()}


@cache
def _ordered() -> tuple[Model, ...]:
    return tuple(in_order(list(models().values())))


@cache
def _refreshed_by(key: str) -> tuple[Model, ...]:
    return tuple(model for model in _ordered() if model.refreshed_by == key)


@cache
def _read_by(key: str) -> frozenset[str]:
    """What models refreshed by a key read other than each other, through views and with them."""
    known = models()
    read = set().union(*(made_of(m) | tables_named(m.sql) & set(known) for m in _refreshed_by(key)))
    return frozenset(read - {model.name for model in _refreshed_by(key)})


@cache
def _whole_parts(key: str) -> frozenset[str]:
    """What models refreshed by a key read of the lake or of whole models, with what those are made of."""
    found = set()
    wanted = {name for name in _read_by(key) if name not in models() or models()[name].refreshed_by == "whole"}
    while wanted:
        found |= wanted
        whole = [models()[n] for n in wanted if n in models() and models()[n].refreshed_by == "whole"]
        wanted = set().union(*(made_of(model) for model in whole if model.kind == "table")) - found
    return frozenset(found)


def _all_parts(model: Model) -> set[str]:
    """Everything that a model is made of, down to the lake."""
    parts = made_of(model)
    return parts.union(*(_all_parts(models()[name]) for name in parts & set(models())))


def _steps(wanted: set[str], made: set[str]) -> list[Model]:
    """The models wanted and all that they are made of, in order, but for what is made."""
    found: set[str] = set()
    while wanted:
        found |= wanted
        wanted = set().union(*(tables_named(models()[name].sql) for name in wanted)) & set(models()) - found - made
    return [model for model in _ordered() if model.name in found]


def _arrived(name: str) -> str:
    """Rows of a table of the lake that the snapshot before has not seen."""
    settled_by = "judged_by" if "judged_by" in TABLES[name].column_names else "delivery_no"
    return f"from lake.{name} where {settled_by} in (select delivery_no from arrived)"


def _difference(one: str, other: str) -> str:
    """Rows of either that the other has not, as often as it does."""
    return f"(from {one} except all from {other}) union all (from {other} except all from {one})"


def _holds(connection: duckdb.DuckDBPyConnection, rows: str) -> bool:
    return connection.execute(f"select exists({rows})").fetchone()[0]


@contextmanager
def _instead(connection: duckdb.DuckDBPyConnection, name: str, which: str) -> Iterator[None]:
    """Within, a table of the lake is only some of its rows, for every model and view that reads it."""
    connection.execute(f"alter view lake.{name} rename to all_{name}")
    connection.execute(f"create table lake.{name} as from lake.all_{name} {which}")
    yield
    connection.execute(f"drop table lake.{name}")
    connection.execute(f"alter view lake.all_{name} rename to {name}")


@contextmanager
def _only_touched_years(connection: duckdb.DuckDBPyConnection, model: Model, year: str) -> Iterator[None]:
    """Within, a model by person is only its rows of the years touched."""
    kind = "create temporary" if model.is_mart else "create or replace temporary"
    connection.execute(f"{kind} view {model.name} as from {held_in(model)} where {year} in (from touched_year)")
    yield
    if model.is_mart:
        connection.execute(f"drop view temp.{model.name}")
    else:
        connection.execute(f"create or replace temporary view {model.name} as from {held_in(model)}")
