"""Rows of a file that is larger than memory should hold, put aside until all of it was seen."""

import mmap
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import polars as pl
import polars.selectors as cs
import pyarrow as pa

from lake.store import storage_errors

# What a spool holds in memory, a delivery having two: some two million doses. Written aside, each costs a third of a
# microsecond more.
ROOM_BYTES = 256 * 2**20


class Spool:
    """Frames of one schema, in order; what is more than ROOM_BYTES after the first goes to a file without a name.

    Such a file is nobody's but the process's, and is gone with it. What is given back of it lies in the file, not in
    memory: only the columns that somebody looks at are read. Raises StorageError when its disk is full.
    """

    def __init__(self):
        self._held: list[pl.DataFrame] = []
        self._held_bytes = 0
        self._file: BinaryIO | None = None
        self._places: list[tuple[int, int]] = []
        self._words: dict[str, pl.Enum] = {}

    def append(self, frame: pl.DataFrame) -> None:
        self._words = {c: kind for c, kind in frame.schema.items() if isinstance(kind, pl.Enum)}
        # As numbers: read as words, each would be looked up in its list again.
        frame = frame.with_columns(cs.enum().to_physical())
        if self._has_room_for(frame):
            self._held.append(frame)
            self._held_bytes += frame.estimated_size()
            return
        with storage_errors(Path(tempfile.gettempdir()), "Make room there, or name another folder in TMPDIR"):
            if self._file is None:
                self._file = tempfile.TemporaryFile()
                weakref.finalize(self, self._file.close)
            start = self._file.seek(0, 2)
            # A part of the file can only be mapped from a multiple of this on.
            start = self._file.seek(start + -start % mmap.ALLOCATIONGRANULARITY)
            # As polars itself lays its columns out: nothing is converted on the way out or back.
            rows = frame.to_arrow(compat_level=pl.CompatLevel.newest())
            with pa.ipc.new_stream(self._file, rows.schema) as stream:
                stream.write_table(rows)
            self._file.flush()
            self._places.append((start, self._file.tell() - start))

    def _has_room_for(self, frame: pl.DataFrame) -> bool:
        if self._places:
            return False
        return not self._held or self._held_bytes + frame.estimated_size() <= ROOM_BYTES

    def __iter__(self) -> Iterator[pl.DataFrame]:
        return map(self._in_words, self._numbers())

    def where(self, asked: pl.Expr, columns: Sequence[str]) -> pl.DataFrame:
        """Columns of the rows that are asked for."""
        return self._in_words(pl.concat(rows.select(columns).filter(asked) for rows in self._numbers()))

    def _in_words(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(pl.col(c).cat.to(kind) for c, kind in self._words.items() if c in rows.columns)

    def _numbers(self) -> Iterator[pl.DataFrame]:
        yield from self._held
        for start, length in self._places:
            piece = mmap.mmap(self._file.fileno(), length, access=mmap.ACCESS_READ, offset=start)
            with pa.ipc.open_stream(pa.py_buffer(piece)) as stream:
                yield pl.from_arrow(stream.read_all())

    @property
    def is_one_piece(self) -> bool:
        return len(self._held) + len(self._places) <= 1
