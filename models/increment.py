"""After `refresh`, an unpublished snapshot holds what a build of the whole lake would, row for row, for less work.

It starts from a copy of the current snapshot. Deliveries that have come since touch persons: of each model by person
(`refreshed_by` in its sidecar), their rows are taken out and made anew, by the same SQL over a lake that holds nobody
else. A whole model is made anew once anything that it is made of has changed. Whatever this cannot follow (another day,
other code, a change that names no person) is built in full.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import duckdb

from lake.errors import NoSnapshot
from lake.schema import TABLES
from lake.settings import Settings
from lake.store import Lake
from models.build import (
    Progress,
    build,
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
    since = _of_this_code(settings)
    if since is None:
        return build(settings, lake, progress=progress)
    version = new_version()
    path = path_of(settings, version)
    try:
        shutil.copyfile(settings.marts / f"{since}.duckdb", path)
        with opened(settings, lake, path) as connection:
            _bring_up_to_date(connection, progress)
            write_snapshot_table(connection, version, None, since)
    except _EverybodyTouched:
        return build(settings, lake, progress=progress)
    return path


def _of_this_code(settings: Settings) -> str | None:
    """The current version, if this code with these nomenclatures made it."""
    version = current_version(settings)
    snapshots = Snapshots(settings)
    try:
        return version if version and snapshots.made() == (version, code_version()) else None
    except NoSnapshot:
        return None
    finally:
        snapshots.close()


def _bring_up_to_date(connection: duckdb.DuckDBPyConnection, progress: Progress | None) -> None:
    if not _holds(connection, "from snapshot inner join lake.clock using (today)"):
        raise _EverybodyTouched
    arrived = "from lake.deliveries anti join kept.deliveries using (delivery_no)"
    connection.execute(f"create temporary table arrived as {arrived}")
    changed = {f"lake.{name}" for name in TABLES if _holds(connection, _arrived(name))}
    changed |= _find_touched(connection)
    if _holds(connection, "from touched"):
        changed |= _make_touched(connection, progress)
    _make_whole(connection, changed, progress)
    connection.execute("create or replace table kept.deliveries as select delivery_no from lake.deliveries")


def _find_touched(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Make what models by person read and are not, and `touched`: persons as identities are linked and as they were.

    Returns the names of what changed of it.
    """
    inputs = _steps(_read_by_person() & set(models()), {m.name for m in _by_person()})
    tables = [model.name for model in inputs if model.kind == "table"]
    with _instead(connection, "deliveries", "semi join kept.deliveries using (delivery_no)"):
        for model in inputs:
            make(connection, model)
    for name in tables:
        connection.execute(f"alter table temp.{name} rename to {name}_before")
        make(connection, models()[name])
    differences = {name: _difference(name, f"{name}_before") for name in tables}
    differences |= {f"lake.{name}": _arrived(name) for name in TABLES if f"lake.{name}" in _read_by_person()}
    connection.execute("create temporary table keys_touched (worker_key bigint)")
    changed = {name for name, rows in differences.items() if _touch(connection, rows)}
    connection.execute("""
        create temporary table touched as
        select coalesce(person_key, worker_key) as worker_key
        from keys_touched
        left join person_keys using (worker_key)
        union
        select coalesce(person_key, worker_key)
        from keys_touched
        left join person_keys_before using (worker_key)
    """)
    return changed


def _touch(connection: duckdb.DuckDBPyConnection, rows: str) -> bool:
    """Add the keys that changed rows touch; whether there are any rows. Raises where they do not tell whom."""
    connection.execute(f"create or replace temporary table changed as {rows}")
    if not _holds(connection, "from changed"):
        return False
    columns = [row[0] for row in connection.execute("describe changed").fetchall()]
    touches = next((sql for column, sql in _TOUCHES.items() if column in columns), None)
    if touches is None:
        raise _EverybodyTouched
    connection.execute(f"insert into keys_touched from ({touches}) where worker_key is not null")
    return True


def _make_touched(connection: duckdb.DuckDBPyConnection, progress: Progress | None) -> set[str]:
    """Replace the rows of the persons touched in every model by person; the names of those in which any differs."""
    held = {model.name for model in kept()}
    changed = set()
    connection.execute("""
        create temporary table keys_of_touched as
        from touched
        union
        select worker_key from person_keys semi join touched on touched.worker_key = person_keys.person_key
    """)
    with ExitStack() as narrowed:
        for name, table in TABLES.items():
            if f"lake.{name}" in _read_by_person() and "worker_key" in table.column_names:
                narrowed.enter_context(_instead(connection, name, "semi join keys_of_touched using (worker_key)"))
        for done, model in enumerate(_by_person()):
            if progress:
                progress(model.name, done, len(_ordered()))
            make(connection, model, of_touched=True)
            if model.is_mart or model.name in held:
                now, before = f"temp.{model.name}", f"{'marts' if model.is_mart else 'kept'}.{model.name}"
                of_touched = f"{before} where worker_key in (from touched)"
                if _holds(connection, _difference(now, of_touched)):
                    connection.execute(f"delete from {of_touched}")
                    connection.execute(f"insert into {before} from {now}")
                    changed.add(model.name)
    for model in _by_person():
        connection.execute(f"drop table temp.{model.name}")
    return changed


def _make_whole(connection: duckdb.DuckDBPyConnection, changed: set[str], progress: Progress | None) -> None:
    """Make anew every whole mart of which anything in `changed` is a part, and the staging models on the way."""
    for model in kept():
        connection.execute(f"create temporary view {model.name} as from kept.{model.name}")
    changed = set(changed)
    for model in _ordered():
        if not model.is_by_person and made_of(model) & changed:
            changed.add(model.name)
    outdated = {m.name for m in _ordered() if m.is_mart and not m.is_by_person and m.name in changed}
    made = {row[0] for row in connection.execute("select view_name from duckdb_views() where temporary").fetchall()}
    made |= {row[0] for row in connection.execute("select table_name from duckdb_tables() where temporary").fetchall()}
    steps = _steps(outdated, made | {m.name for m in _ordered() if m.is_mart and m.name not in outdated})
    for done, model in enumerate(steps):
        if progress:
            progress(model.name, len(_ordered()) - len(steps) + done, len(_ordered()))
        if model.is_mart:
            connection.execute(f"drop table marts.{model.name}")
        make(connection, model)


@cache
def _ordered() -> tuple[Model, ...]:
    return tuple(in_order(list(models().values())))


@cache
def _by_person() -> tuple[Model, ...]:
    return tuple(model for model in _ordered() if model.is_by_person)


@cache
def _read_by_person() -> frozenset[str]:
    """What models by person read other than each other, through views and with them."""
    known = models()
    read = set().union(*(made_of(m) | tables_named(m.sql) & set(known) for m in _by_person()))
    return frozenset(read - {model.name for model in _by_person()})


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
