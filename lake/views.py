"""The lake seen from DuckDB: every table as `lake.<table>`, every nomenclature as `reference.<table>`, offline.

Only rows of deliveries that stand in `lake.deliveries` are seen, and only what was known at the end of `as_of`.
`lake.clock` holds one row: `today`, the day on which open employments and establishments are judged.
"""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
from deltalake import DeltaTable

from lake import reference
from lake.schema import TABLES, Table
from lake.settings import Settings
from lake.store import Lake, file_paths, files_digest

PARIS = ZoneInfo("Europe/Paris")
# A database that no crash leaves behind.
IN_MEMORY = Path(":memory:")
OFFLINE = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}

# Rows of these tables carry a delivery number of their own and are counted only if that delivery stands.
_OF_DELIVERIES = frozenset(TABLES) - {"deliveries"}


def open_over_lake(
    settings: Settings, lake: Lake, database: Path, as_of: date | None = None, *, versions: dict[str, int] | None = None
) -> duckdb.DuckDBPyConnection:
    """A connection to `database` with the lake beside it; it can read nothing else and its settings are locked.

    With `versions`, the tables are seen as they were at those versions and the database is opened read-only.
    """
    spill = settings.home / "tmp"
    spill.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(":memory:", config=dict(OFFLINE))
    connection.execute("set TimeZone = 'Europe/Paris'")
    connection.execute(f"set threads = {settings.threads}")
    connection.execute(f"set memory_limit = '{settings.memory_limit_gib}GiB'")
    connection.execute(f"set temp_directory = {quoted(str(spill))}")
    connection.execute("set preserve_insertion_order = false")
    for name in ("lake", "reference"):
        connection.execute(f"attach ':memory:' as {name}")
    connection.execute(f"attach {quoted(str(database))} as marts {'(read_only)' if versions else ''}")
    connection.execute("use marts")
    expose_lake(connection, lake, as_of, versions)
    expose_reference(connection)
    folders = [str(lake.root), str(settings.marts), str(spill)]
    connection.execute(f"set allowed_directories = [{', '.join(quoted(f) for f in folders)}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def expose_lake(
    connection: duckdb.DuckDBPyConnection, lake: Lake, as_of: date | None, versions: dict[str, int] | None = None
) -> None:
    """Make `lake.<table>` for one version of every table, and `lake.clock`, `lake.versions`.

    The version of `deliveries` is taken first, so that a delivery that stands has all its rows in what follows.
    """
    moment = end_of_day(as_of)
    seen = {}
    for name in ("deliveries", *sorted(_OF_DELIVERIES)):
        table = TABLES[name]
        delta = DeltaTable(str(lake.root / name), version=versions[name]) if versions else lake.opened(name)
        seen[name] = delta.version(), files_digest(delta)
        conditions = []
        clock = "known_at" if "known_at" in table.column_names else "received_at"
        if moment and clock in table.column_names:
            conditions.append(f"{clock} < timestamptz {quoted(moment.isoformat())}")
        if name in _OF_DELIVERIES:
            conditions += [
                f"{column} in (select delivery_no from lake.deliveries)"
                for column in ("delivery_no", "judged_by")
                if column in table.column_names
            ]
        where = f" where {' and '.join(conditions)}" if conditions else ""
        connection.execute(f"create view lake.{name} as {_select(delta, lake.root / name, table)}{where}")
    today = as_of or datetime.now(PARIS).date()
    connection.execute(f"create table lake.clock as select date {quoted(today.isoformat())} as today")
    connection.execute("create table lake.versions (table_name varchar, version bigint, files_digest varchar)")
    connection.executemany("insert into lake.versions values (?, ?, ?)", [(name, *told) for name, told in seen.items()])


def expose_reference(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `reference.<table>` for every CSV of lake/reference, typed."""
    for name in reference.TABLES:
        kinds = [(field.name, duckdb_type(field.type)) for field in reference.table(name).to_arrow().schema]
        typed = ", ".join(f'cast("{column}" as {kind}) as "{column}"' for column, kind in kinds)
        path = quoted(str(reference.FOLDER / f"{name}.csv"))
        connection.execute(
            f"create table reference.{name} as select {typed} from read_csv({path}, all_varchar = true, "
            "header = true, delim = ',', quote = '\"', escape = '\"', nullstr = '')"
        )


def end_of_day(day: date | None) -> datetime | None:
    """The first instant after `day` in Europe/Paris: what is known before it was known on `day`."""
    return datetime.combine(day + timedelta(days=1), time(), PARIS) if day else None


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def duckdb_type(dtype: pa.DataType) -> str:
    """The DuckDB name of an Arrow type of the lake."""
    if pa.types.is_decimal(dtype):
        return f"decimal({dtype.precision}, {dtype.scale})"
    if pa.types.is_timestamp(dtype):
        return "timestamp with time zone"
    names = {"int16": "smallint", "int32": "integer", "int64": "bigint", "date32[day]": "date", "bool": "boolean"}
    return names.get(str(dtype), "varchar")


def _select(delta: DeltaTable, folder: Path, table: Table) -> str:
    columns = ", ".join(f"cast({c.name} as {duckdb_type(c.dtype)}) as {c.name}" for c in table.columns)
    files = file_paths(delta, folder)
    if not files:
        nothing = ", ".join(f"cast(null as {duckdb_type(c.dtype)}) as {c.name}" for c in table.columns)
        return f"select * from (select * from (select {nothing}) where false)"
    kinds = ", ".join(
        f"'{c.name}': {duckdb_type(c.dtype).upper()}" for c in table.columns if c.name in table.partitions
    )
    options = f", hive_partitioning = true, hive_types = {{{kinds}}}" if kinds else ", hive_partitioning = false"
    listed = ", ".join(quoted(file) for file in files)
    return f"select * from (select {columns} from read_parquet([{listed}], union_by_name = true{options}))"
