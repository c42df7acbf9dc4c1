"""The Delta tables: append once, list the files of the current version, never rewrite."""

import base64
import hashlib
import json
import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import polars as pl
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction
from filelock import FileLock

from lake.errors import StorageError
from lake.schema import TABLES, Table


@contextmanager
def storage_errors(folder: Path, make_room: str = "Make room or give another folder with --home") -> Iterator[None]:
    """Turns what the disk says (full, read-only, gone) into a StorageError with the next step."""
    try:
        yield
    except (OSError, DeltaError) as error:
        reason = getattr(error, "strerror", None) or str(error).strip().splitlines()[-1].split(": ")[-1] or "I/O error"
        raise StorageError(
            f"The folder {folder} cannot be written ({reason}); nothing is half-loaded.",
            next_step=f"{make_room}, then run the same command again.",
        ) from None


@dataclass
class _Staged:
    """Rows of one table that the open batch will write, their application ids, and all that its readers see of it."""

    rows: pl.DataFrame
    app_ids: list[str]
    seen: pl.DataFrame


class Lake:
    """The tables under one root.

    An append is guarded by an application id: the same id never lands twice in a table, whatever crashed between.
    """

    def __init__(self, root: Path):
        self.root = Path(root)
        self._opened: dict[str, DeltaTable] = {}
        self._actions: dict[str, tuple[int, pl.DataFrame]] = {}
        self._is_alone = False
        self._batch: dict[str, _Staged] | None = None
        self._unlanded: list[int] = []

    def create(self) -> None:
        """Make the tables that are missing, one process at a time; existing ones are left as they are."""
        with storage_errors(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            with FileLock(self.root / ".create.lock"):
                for table in TABLES.values():
                    path = self._path(table.name)
                    if not DeltaTable.is_deltatable(str(path)):
                        self._opened[table.name] = DeltaTable.create(
                            str(path),
                            schema=table.arrow_schema,
                            partition_by=list(table.partitions),
                            configuration=_configuration(table),
                        )

    def append(self, table: Table, rows: pl.DataFrame, app_id: str) -> bool:
        """Append rows under an application id; False when that id is in the table already.

        The columns must be the table's; they are put in order, cast to its types and sorted.
        """
        ready = in_letters(conformed(rows, table))
        is_new = self.opened(table.name).transaction_version(app_id) is None
        if self._batch is not None:
            staged = self._batch.setdefault(table.name, _Staged(ready.clear(), [], ready.clear()))
            is_new = is_new and app_id not in staged.app_ids
            staged.seen.vstack(ready, in_place=True)
            if is_new:
                staged.rows.vstack(ready, in_place=True)
                staged.app_ids.append(app_id)
        elif is_new:
            self._write(table, _Staged(ready, [app_id], ready))
        return is_new

    def append_pieces(self, table: Table, pieces: Iterable[pl.DataFrame], app_id: str) -> bool:
        """As `append`, for more rows than memory should hold: written as they come, even inside a batch.

        One commit; what is written at once is sorted by itself. Nothing is committed where no piece has a row.
        """
        if self.opened(table.name).transaction_version(app_id) is not None:
            return False
        self._commit(table, _together(conformed(piece, table) for piece in pieces), [app_id])
        return True

    def stands(self, delivery_no: int) -> None:
        """All of the delivery's rows are appended: what is on disk of it is seen, also inside the open batch."""
        self._unlanded = [number for number in self._unlanded if number != delivery_no]

    @contextmanager
    def batch(self, unlanded: Collection[int], last: Table) -> Iterator[None]:
        """What is appended inside is seen by `scan` at once and written on leaving, one commit a table, `last` last.

        A small append costs as much as a large one. An error inside leaves nothing of what leaving would write. What
        is on disk of the deliveries `unlanded` is not seen until one `stands`: a crashed batch may have left it, and
        they are judged anew.
        """
        self._batch, self._unlanded = {}, list(unlanded)
        try:
            yield
            for name in sorted(self._batch, key=lambda name: name == last.name):
                if self._batch[name].app_ids:
                    self._write(TABLES[name], self._batch[name])
        finally:
            self._batch, self._unlanded = None, []

    def _write(self, table: Table, staged: _Staged) -> None:
        self._commit(table, [staged.rows], staged.app_ids)

    def _commit(self, table: Table, pieces: Iterable[pl.DataFrame], app_ids: list[str]) -> None:
        """Write the pieces, then name all of their files in one commit; a file that no commit names is not read."""
        with storage_errors(self.root):
            added = [file for piece in pieces for file in _written(piece, table, self._path(table.name))]
            if added:
                delta = self.opened(table.name)
                landed = CommitProperties(app_transactions=[Transaction(i, 1) for i in app_ids])
                delta.create_write_transaction(
                    added, "append", delta.schema(), list(table.partitions), commit_properties=landed
                )
                delta.update_incremental()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """For the one writer that holds the lander's lock: nobody else's appends need to be looked for."""
        for name in TABLES:
            self.opened(name)
        self._is_alone = True
        try:
            yield
        finally:
            self._is_alone = False

    def files(self, name: str, keep: pl.Expr | None = None) -> list[str]:
        """Files of the table's current version; `keep` prunes on the statistics of the Delta log.

        The statistics are columns `partition.<p>`, `min.<c>`, `max.<c>`, `num_records`.
        """
        delta = self.opened(name)
        if keep is None:
            return file_paths(delta, self._path(name))
        version, actions = self._actions.get(name, (None, None))
        if version != delta.version():
            actions = pl.DataFrame(delta.get_add_actions(flatten=True))
            self._actions[name] = (delta.version(), actions)
        if actions.is_empty():
            return []
        return [f"{self._path(name)}/{path}" for path in actions.filter(keep)["path"]]

    def scan(self, name: str, keep: pl.Expr | None = None) -> pl.LazyFrame:
        """The table's current version and the open batch, lazily, with its declared types."""
        table = TABLES[name]
        types = polars_types(table)
        parts = []
        if files := self.files(name, keep):
            partition_types = {c: types[c] for c in table.partitions}
            scanned = pl.scan_parquet(
                files, hive_partitioning=bool(table.partitions), hive_schema=partition_types or None
            )
            scanned = scanned.select(table.column_names).cast(types)
            if self._unlanded:
                settled_by = "judged_by" if "judged_by" in types else "delivery_no"
                scanned = scanned.filter(~pl.col(settled_by).is_in(self._unlanded))
            parts.append(scanned)
        if self._batch and name in self._batch:
            parts.append(self._batch[name].seen.lazy())
        return pl.concat(parts) if parts else pl.LazyFrame(schema=types)

    def version(self, name: str) -> int:
        return self.opened(name).version()

    def opened(self, name: str) -> DeltaTable:
        """The table at its newest version; kept open, since reading its whole log again costs far more."""
        path = self._path(name)
        with storage_errors(self.root):
            opened = self._opened.get(name)
            if opened is None:
                if not DeltaTable.is_deltatable(str(path)):
                    raise StorageError(
                        f"There is no lake at {self.root}.", next_step="Run `dosilake ingest` or `make demo` first."
                    )
                opened = self._opened[name] = DeltaTable(str(path))
            elif not self._is_alone:
                opened.update_incremental()
        return opened

    def _path(self, name: str) -> Path:
        return self.root / name


def files_digest(delta: DeltaTable) -> str:
    """Tells what the table holds, as its version does not: that is counted on from wherever a backup was restored.

    SHA-256 of its files' names, each of which was drawn when it was written.
    """
    names = sorted(delta.get_add_actions()["path"].to_pylist())
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def file_paths(delta: DeltaTable, folder: Path) -> list[str]:
    """Files of the table in `folder` as the disk names them; its URIs write a space or an accent of the folder as %."""
    return [f"{folder.absolute()}/{path}" for path in delta.get_add_actions()["path"].to_pylist()]


# What `Lake.files` prunes on; statistics of every column would only make the log heavier.
_PRUNED_ON = ("delivery_no", "sender_code", "record_id", "worker_key", "period_start", "period_end", "replaces_dose_id")


def _configuration(table: Table) -> dict[str, str]:
    columns = [name for name in _PRUNED_ON if name in table.column_names]
    return {"delta.dataSkippingStatsColumns": ",".join(columns)} if columns else {}


# Rows that are sorted and written at once: a file of them for each partition.
_WRITTEN_TOGETHER = 524_288
# What DuckDB reads in one go.
_ROW_GROUP = 122_880


def _together(pieces: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same rows in fewer pieces, none without a row."""
    kept, size = [], 0
    for piece in pieces:
        kept.append(piece)
        size += piece.height
        if size >= _WRITTEN_TOGETHER:
            yield pl.concat(kept)
            kept, size = [], 0
    if size:
        yield pl.concat(kept)


def _written(rows: pl.DataFrame, table: Table, folder: Path) -> Iterator[AddAction]:
    """Conformed rows as files of the table, sorted, one for each partition: what a commit has to say of them."""
    for values, part in _in_parts(rows, table):
        partition = dict(zip(table.partitions, map(str, values), strict=True))
        place = "/".join([*(f"{name}={value}" for name, value in partition.items()), f"{uuid.uuid4()}.zstd.parquet"])
        file = folder / place
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_parquet(
                file,
                compression="zstd",
                compression_level=1,
                row_group_size=_ROW_GROUP,
                metadata=_said_to_readers(table),
            )
        except pl.exceptions.ComputeError as error:
            # What the disk says, as polars passes it on.
            raise OSError(str(error)) from None
        on_disk = file.stat()
        yield AddAction(place, on_disk.st_size, partition, on_disk.st_mtime_ns // 10**6, True, _statistics(part))


def _in_parts(rows: pl.DataFrame, table: Table) -> Iterator[tuple[tuple, pl.DataFrame]]:
    """The values of each partition with its rows, sorted as the table wants them."""
    if table.partitions or table.sorted_by:
        order = _order(rows, table)
        rows = rows.sort(*table.partitions, *table.sorted_by) if order is None else rows.rechunk()[order]
    if not table.partitions:
        yield (), rows
        return
    values = rows.select(table.partitions)
    is_first = values.select(pl.any_horizontal(pl.all().ne_missing(pl.all().shift()))).to_series()
    for start, end in pairwise([*is_first.arg_true(), rows.height]):
        yield values.row(start), rows.slice(start, end - start).drop(table.partitions)


def _order(rows: pl.DataFrame, table: Table) -> pl.Series | None:
    """Where the rows stand in their order, told by one number; None where all that decides does not fit in one.

    It takes half the time of sorting by each column and parting the rows then. Partitions come in any order.
    """
    decides = [_as_codes(rows[name]) for name in table.partitions] + [rows[name] for name in table.sorted_by]
    number, room = pl.zeros(rows.height, pl.Int64, eager=True), 2**63 - 1
    for column in decides:
        values = column.to_physical().cast(pl.Int64)
        # NULL comes first.
        values = (values - ((values.min() or 0) - 1)).fill_null(0)
        span = values.max() + 1
        room //= span
        if not room:
            return None
        number = number * span + values
    return number.arg_sort()


def _as_codes(column: pl.Series) -> pl.Series:
    return column.cast(pl.Categorical(pl.Categories.random("part"))) if column.dtype == pl.String else column


def _statistics(part: pl.DataFrame) -> str:
    """What the log tells of a file: its rows; of what `Lake.files` prunes on, the least, the greatest and the NULLs."""
    columns = [name for name in _PRUNED_ON if name in part.columns]
    told = {
        "minValues": part.select(pl.col(columns).min()),
        "maxValues": part.select(pl.col(columns).max()),
        "nullCount": part.select(pl.col(columns).null_count()),
    }
    known = {name: {c: v for c, v in one.row(0, named=True).items() if v is not None} for name, one in told.items()}
    return json.dumps({"numRecords": part.height, **known}, default=str)


@cache
def polars_types(table: Table) -> dict[str, pl.DataType]:
    """The table's columns with their polars types, in order."""
    # From no batch: `empty_table` would import pandas, which nothing here needs.
    return dict(pl.from_arrow(pa.Table.from_batches([], schema=table.arrow_schema)).schema)


@cache
def word_types(table: Table) -> dict[str, pl.Enum]:
    """Columns that hold a word, as codes of one byte: a million of them are moved, sorted and written in no time."""
    return {column.name: pl.Enum(column.words.codes()) for column in table.columns if column.words}


def conformed(rows: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The rows with exactly the table's columns and types; raises ValueError where a NULL stands and none may.

    Words may stay codes.
    """
    types = polars_types(table)
    ready = rows.select(table.column_names)
    ready = ready.cast({c: types[c] for c, kind in ready.schema.items() if not isinstance(kind, pl.Enum)})
    for column in table.columns:
        if not column.nullable and ready[column.name].null_count():
            raise ValueError(f"{table.name}.{column.name} may not be NULL.")
    return ready


def in_letters(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with words as text."""
    # Looked up by number: a cast spells each row's word out, at fifteen times the cost.
    spelled = {
        c: pl.lit(kind.categories).gather(pl.col(c).to_physical())
        for c, kind in rows.schema.items()
        if isinstance(kind, pl.Enum)
    }
    return rows.with_columns(**spelled)


@cache
def _said_to_readers(table: Table) -> dict[str, str]:
    """The columns' types for a Parquet file: without it, words that polars holds as codes would be read as such."""
    columns = {c: kind for c, kind in polars_types(table).items() if c not in table.partitions}
    schema = pl.DataFrame(schema=columns).to_arrow(compat_level=pl.CompatLevel.newest()).schema
    return {"ARROW:schema": base64.b64encode(schema.serialize()).decode()}
