"""Rows of a file that is larger than memory should hold, put aside until all of it was seen."""

import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import polars as pl
import pyarrow as pa

from lake.store import storage_errors


class Spool:
    """Frames of one schema, in order; the first stays in memory, further ones go to a file without a name.

    Such a file is nobody's but the process's, and is gone with it. Raises StorageError when its disk is full.
    """

    def __init__(self):
        self._first: pl.DataFrame | None = None
        self._file: BinaryIO | None = None
        self._places: list[int] = []

    def append(self, frame: pl.DataFrame) -> None:
        if self._first is None:
            self._first = frame
            return
        with storage_errors(Path(tempfile.gettempdir()), "Make room there, or name another folder in TMPDIR"):
            if self._file is None:
                self._file = tempfile.TemporaryFile()
                weakref.finalize(self, self._file.close)
            self._places.append(self._file.seek(0, 2))
            rows = frame.to_arrow()
            with pa.ipc.new_stream(self._file, rows.schema) as stream:
                stream.write_table(rows)

    def __iter__(self) -> Iterator[pl.DataFrame]:
        if self._first is not None:
            yield self._first
        for place in self._places:
            self._file.seek(place)
            with pa.ipc.open_stream(self._file) as stream:
                yield pl.from_arrow(stream.read_all())

    @property
    def is_one_piece(self) -> bool:
        """True when nothing had to leave memory."""
        return not self._places
