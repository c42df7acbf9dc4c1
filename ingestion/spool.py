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


class Spool:
    """Frames of one schema, in order; the first stays in memory, further ones go to a file without a name.

    Such a file is nobody's but the process's, and is gone with it. What is given back lies in the file, not in memory:
    only the columns that somebody looks at are read. Raises StorageError when its disk is full.
    """

    def __init__(self):
        self._first: pl.DataFrame | None = None
        self._file: BinaryIO | None = None
        self._places: list[tuple[int, int]] = []
        self._words: dict[str, pl.Enum] = {}

    def append(self, frame: pl.DataFrame) -> None:
        self._words = {c: kind for c, kind in frame.schema.items() if isinstance(kind, pl.Enum)}
        # As numbers: read as words, each would be looked up in its list again.
        frame = frame.with_columns(cs.enum().to_physical())
        if self._first is None:
            self._first = frame
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

    def __iter__(self) -> Iterator[pl.DataFrame]:
        return map(self._in_words, self._numbers())

    def where(self, asked: pl.Expr, columns: Sequence[str]) -> pl.DataFrame:
        """Columns of the rows that are asked for."""
        return self._in_words(pl.concat(rows.select(columns).filter(asked) for rows in self._numbers()))

    def _in_words(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(pl.col(c).cat.to(kind) for c, kind in self._words.items() if c in rows.columns)

    def _numbers(self) -> Iterator[pl.DataFrame]:
        if self._first is not None:
            yield self._first
        for start, length in self._places:
            piece = mmap.mmap(self._file.fileno(), length, access=mmap.ACCESS_READ, offset=start)
            with pa.ipc.open_stream(pa.py_buffer(piece)) as stream:
                yield pl.from_arrow(stream.read_all())

    @property
    def is_one_piece(self) -> bool:
        """True when nothing had to leave memory."""
        return not self._places
