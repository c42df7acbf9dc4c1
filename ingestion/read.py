"""Bytes to rows of text, untouched: the file rules are settled here, and every row knows its line.

A file comes in pieces, cut anywhere, and no more of it is held at once than a piece or a slice of its rows.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import compress

import numpy as np
import polars as pl
import pyarrow as pa

from lake import reference
from lake.errors import DeliveryRefused
from lake.vocabulary import Layout

# A sequence of 12 digits at most holds nobody's number; years as in ingestion.fields.
_NAME = re.compile(
    r"(?P<layout>[A-Z]{4})_(?P<sender>[A-Z][A-Z0-9_]*)_(?P<sent>(19|20|21)[0-9]{6}T[0-9]{6})_(?P<sequence>[0-9]{1,12})\.csv"
)
# A well-shaped NIR or NIA, with its key or without.
_NUMBER = re.compile(r"[1-478][0-9]{4}(2[AB]|[0-9]{2})[0-9]{6}([0-9]{2})?")
_BOM = b"\xef\xbb\xbf"
_NO_SEPARATOR = bytes(byte for byte in range(256) if byte not in b";\n")

# Rows read at once where nobody says otherwise: enough that the cost of a slice is that of its rows.
SLICE_ROWS = 65_536
# Where lines are long a slice has fewer of them.
_SLICE_BYTES = 64 * 2**20


@dataclass(frozen=True)
class FileName:
    """What a delivery's name says; `sent_at` is UTC."""

    layout: Layout
    sender_code: str
    sent_at: datetime


@dataclass(frozen=True)
class Rows:
    """The data rows as text: `good` with the layout's fields and row_no, `broken` the lines of another shape.

    row_no is the line of the file, the header being line 1; `total` counts both. In a slice, fields that hold the same
    few values again and again are coded: Categorical, with categories of the file's own.
    """

    good: pl.DataFrame
    broken: list[int]
    total: int


def kept_name(name: str) -> str:
    """A file's name as it is kept and repeated: 200 characters at most, none that a terminal or a spreadsheet obeys.

    A person's number is masked; no name of the right form changes.
    """
    shown = "".join(c if c.isprintable() else "\ufffd" for c in name)
    return _NUMBER.sub("…", re.sub("^[=+@-]", "_", shown))[:200]


def parse_name(name: str) -> FileName:
    """Layout, sender and time from the file name; raises DeliveryRefused F06 or F03."""
    match = _NAME.fullmatch(name)
    layouts = [*Layout.codes()]
    if match is None or match["layout"] not in layouts:
        raise DeliveryRefused(
            f"The name {name!r} is not {{LAYOUT}}_{{SENDER}}_{{YYYYMMDDThhmmss}}_{{SEQ}}.csv with a layout among "
            f"{', '.join(layouts)} (rule F06).",
            next_step="Rename the file and send it again.",
            code="F06",
        )
    try:
        sent_at = datetime.strptime(match["sent"], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise DeliveryRefused(
            f"The time {match['sent']} in the name {name!r} does not exist (rule F06).",
            next_step="Rename the file and send it again.",
            code="F06",
        ) from None
    if match["layout"] not in reference.sender_layouts().get(match["sender"], ()):
        raise DeliveryRefused(
            f"{name}: the sender {match['sender']} may not send {match['layout']} (rule F03).",
            next_step="Check the sender code; the senders and their layouts stand in lake/reference/senders.csv.",
            code="F03",
        )
    return FileName(Layout(match["layout"]), match["sender"], sent_at)


def fields_of(layout: Layout) -> list[str]:
    """The layout's fields, in order."""
    return list(_types_of(layout))


def _types_of(layout: Layout) -> dict[str, str]:
    fields = reference.table("layouts").filter(layout=layout.value).sort("position")
    return dict(fields.select("field", "type").iter_rows())


# Types whose values are few in a file: what is asked of a value alone is then asked of a few.
_CODED = re.compile(r"code|date|bool|char(11|14)|decimal\(.*")


def _as_coded(layout: Layout) -> dict[str, pl.DataType]:
    return {
        field: pl.Categorical(pl.Categories.random(field)) if _CODED.fullmatch(kind) else pl.String()
        for field, kind in _types_of(layout).items()
    }


@dataclass(frozen=True)
class Checked:
    """What the file rules say: the file's lines, and the refusal of it as a whole (None: its rows will be judged)."""

    lines: int
    refusal: DeliveryRefused | None


def examine(name: str, pieces: Iterable[bytes], longest: int, most: int) -> Checked:
    """Hold a file against the file rules (F01, F02, F03, F05, F06, F09), in one pass over its pieces.

    `longest`: bytes that a line may have; `most`: lines that the file may have.
    """
    return examined(name, _seen(pieces, longest), most)


def examined(name: str, seen: "Seen", most: int) -> Checked:
    """As `examine`, of a file whose pieces were all seen already."""
    try:
        _check_lines(name, seen, most)
        _check_text(name, parse_name(name).layout, seen)
    except DeliveryRefused as refusal:
        return Checked(seen.lines, refusal)
    return Checked(seen.lines, None)


def check_file(name: str, pieces: Iterable[bytes], longest: int, most: int) -> int:
    """As `examine`: the file's lines; raises DeliveryRefused when a rule on the file as a whole refuses it."""
    checked = examine(name, pieces, longest, most)
    if checked.refusal:
        raise checked.refusal
    return checked.lines


def read_rows(name: str, layout: Layout, data: bytes) -> Rows:
    """The rows of a whole file as plain text; an empty field is NULL.

    A line ends with \\n or \\r\\n; a lone \\r ends none, so it never shifts a line's number: one at a field's end is
    dropped, and none may stand within.
    Raises DeliveryRefused F05 (no data row), F01 (not UTF-8, or holds NUL) or F02 (another header).
    """
    _check_text(name, layout, _seen([data], len(data)))
    rows = joined(slices(layout, [data]))
    return replace(rows, good=rows.good.cast({pl.Categorical: pl.String}))


def slices(layout: Layout, pieces: Iterable[bytes], rows: int = SLICE_ROWS) -> Iterator[Rows]:
    """As `read_rows`, `rows` lines at a time, in the order of the file; `good` is one chunk.

    For a file that `check_file` lets pass: only the shape of its lines is looked at here.
    """
    # A frame, not a schema: codes are forgotten with the last column that is written in them.
    no_rows = pl.DataFrame(schema=_as_coded(layout))
    row_no, is_first = 2, True
    for block in _blocks(_below_header(pieces), rows):
        found = _rows_of(block, no_rows.schema, row_no, is_first)
        row_no += found.total
        is_first = is_first and found.good.is_empty()
        yield found


def joined(parts: Iterable[Rows]) -> Rows:
    """Consecutive slices as one."""
    parts = list(parts)
    return Rows(
        pl.concat([part.good for part in parts]).rechunk(),
        [row_no for part in parts for row_no in part.broken],
        sum(part.total for part in parts),
    )


class Seen:
    """What one pass over a file's pieces finds, the same however they are cut; `longest`: bytes a line may have."""

    def __init__(self, longest: int):
        self.longest = longest
        self.ends = 0
        # The first line without its end; of one too long, its beginning.
        self.header = b""
        self.has_rows = False
        # Numbers of lines; None: there is none.
        self.too_long: int | None = None
        self.not_utf8: int | None = None
        self.with_nul: int | None = None
        # Bytes since the last line end.
        self._unended = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    @property
    def lines(self) -> int:
        """Lines of the file; the last need not be ended, and an empty file is one empty line."""
        return self.ends + bool(self._unended or not self.ends)

    def watch(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The pieces as they come, each seen before it is passed on."""
        for piece in pieces:
            self._see_header(piece)
            self._see_text(piece)
            self._see_lines(piece)
            yield piece
        self._decode(b"", final=True)

    def _see_header(self, piece: bytes) -> None:
        below = piece
        if not self.ends:
            first, _, below = piece.partition(b"\n")
            self.header += first[: self.longest + 1 - len(self.header)]
        self.has_rows = self.has_rows or bool(below) and not below.isspace()

    def _see_text(self, piece: bytes) -> None:
        self._decode(piece)
        if self.with_nul is None and (at := piece.find(b"\x00")) >= 0:
            self.with_nul = self._line_of(piece, at)

    def _decode(self, piece: bytes, final: bool = False) -> None:
        if self.not_utf8 is not None:
            return
        before = self._decoder.getstate()
        if self._fault_in(_without_text(piece), final):
            self._decoder.setstate(before)
            # The decoder may have kept some bytes of the piece before; no line ends among them.
            fault = self._fault_in(piece, final)
            self.not_utf8 = self._line_of(fault.object, fault.start)

    def _fault_in(self, piece: bytes, final: bool) -> UnicodeDecodeError | None:
        try:
            self._decoder.decode(piece, final)
        except UnicodeDecodeError as fault:
            return fault

    def _see_lines(self, piece: bytes) -> None:
        start = -self._unended
        while self.too_long is None and len(piece) - start > self.longest:
            # The last line end up to which no line can be too long.
            end = piece.rfind(b"\n", max(start, 0), max(start + self.longest + 1, 0))
            if end < 0:
                self.too_long = self._line_of(piece, max(start, 0))
            start = end + 1
        self.ends += _line_ends(piece)
        last = piece.rfind(b"\n")
        self._unended = len(piece) - last - 1 if last >= 0 else self._unended + len(piece)

    def _line_of(self, piece: bytes, at: int) -> int:
        return self.ends + piece.count(b"\n", 0, at) + 1


def _seen(pieces: Iterable[bytes], longest: int) -> Seen:
    seen = Seen(longest)
    for _ in seen.watch(pieces):
        pass
    return seen


def _check_lines(name: str, seen: Seen, most: int) -> None:
    if seen.ends > most:
        raise DeliveryRefused(
            f"{name} has more than {most} lines (rule F09).",
            next_step="Split it and send the parts, or raise DOSILAKE_MOST_LINES.",
            code="F09",
        )
    if seen.too_long is not None:
        raise DeliveryRefused(
            f"{name}, line {seen.too_long}: longer than {seen.longest} bytes (rule F09).",
            next_step="Check the export's line ends, or raise DOSILAKE_LONGEST_LINE_KIB.",
            code="F09",
        )


def _check_text(name: str, layout: Layout, seen: Seen) -> None:
    header = seen.header.removeprefix(_BOM)
    if not seen.has_rows and not header.strip():
        raise DeliveryRefused(
            f"{name} is empty (rule F05).", next_step="Check the export and send the file again.", code="F05"
        )
    # Where the encoding is wrong, a NUL is only what shows of it.
    unreadable = seen.with_nul if seen.not_utf8 is None else seen.not_utf8
    if unreadable is not None:
        raise DeliveryRefused(
            f"{name}, line {unreadable}: the file is not UTF-8 text (rule F01).",
            next_step="Save it as UTF-8 and send it again.",
            code="F01",
        )
    _check_header(name, header.decode(), fields_of(layout))
    if not seen.has_rows:
        raise DeliveryRefused(
            f"{name} has a header and no data row (rule F05).",
            next_step="Check the export and send the file again.",
            code="F05",
        )


def _below_header(pieces: Iterable[bytes]) -> Iterator[bytes]:
    pieces = iter(pieces)
    for piece in pieces:
        _, end, below = piece.partition(b"\n")
        if end:
            yield below
            break
    yield from pieces


def _blocks(pieces: Iterable[bytes], rows: int) -> Iterator[bytes]:
    """The bytes cut at line ends after every `rows` lines, or sooner where these fill _SLICE_BYTES."""
    kept, missing, size = [], rows, 0
    for piece in pieces:
        while (ends := _line_ends(piece)) >= missing:
            cut = _end_of_line(piece, missing)
            yield b"".join([*kept, piece[:cut]])
            kept, missing, size, piece = [], rows, 0, piece[cut:]
        kept.append(piece)
        missing -= ends
        size += len(piece)
        if size >= _SLICE_BYTES and missing < rows:
            block = b"".join(kept)
            cut = block.rfind(b"\n") + 1
            yield block[:cut]
            kept, missing, size = [block[cut:]], rows, len(block) - cut
    if size:
        yield b"".join(kept)


def _without_text(piece: bytes) -> bytes:
    """The piece without its whole lines where these are UTF-8: what is left is so where the piece is."""
    start, end = piece.find(b"\n") + 1, piece.rfind(b"\n") + 1
    ends = pa.py_buffer(np.array([0, end - start], np.int64))
    lines = pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(piece)[start:end]])
    try:
        # Nothing is decoded: a fifth of the time.
        lines.validate(full=True)
    except pa.ArrowInvalid:
        return piece
    return piece[:start] + piece[end:]


def _line_ends(piece: bytes) -> int:
    return _count(piece, b"\n")


def _count(piece: bytes, byte: bytes) -> int:
    # Lines are short: counting by comparison is several times as fast as searching for each end.
    return int(np.count_nonzero(np.frombuffer(piece, np.uint8) == ord(byte)))


def _end_of_line(piece: bytes, number: int) -> int:
    """Where the piece's line of this number, counted from 1, is over."""
    return int(np.flatnonzero(np.frombuffer(piece, np.uint8) == ord("\n"))[number - 1]) + 1


def _rows_of(block: bytes, kinds: pl.Schema, row_no: int, is_first: bool) -> Rows:
    """The rows of whole lines, the first of which has this number; `is_first`: no good line came before."""
    text = block.replace(b"\r\n", b"\n") if b"\r" in block else block
    # Of a last line without end the parser does not count an empty field too many.
    text = text if text.endswith(b"\n") else text + b"\n"
    total = _count(text, b"\n")
    row_nos = pl.int_range(row_no, row_no + total, dtype=pl.Int32, eager=True).alias("row_no")
    broken = []
    good = _fields_of_good_lines(text, total, kinds, is_first)
    if good is None:
        is_good = _are_good(text, len(kinds))
        good_rows = pl.Series(is_good, dtype=pl.Boolean)
        row_nos, broken = row_nos.filter(good_rows), row_nos.filter(~good_rows).to_list()
        text = b"\n".join(compress(text.split(b"\n"), is_good))
        good = _fields_of_lines(text, kinds, is_first) if len(row_nos) else pl.DataFrame(schema=kinds)
    # Columns in different pieces are glued together again by every expression over the rows.
    return Rows(good.with_columns(row_nos).rechunk(), broken, total)


def _fields_of_good_lines(text: bytes, total: int, kinds: pl.Schema, is_first: bool) -> pl.DataFrame | None:
    """The fields of lines that all have as many as there are kinds; None where one has not."""
    # The parser refuses a line with more: where none has and there are enough in all, none has fewer.
    if _count(text, b";") != total * (len(kinds) - 1):
        return None
    try:
        return _fields_of_lines(text, kinds, is_first)
    except (pl.exceptions.ComputeError, pl.exceptions.SchemaError):
        return None


def _are_good(text: bytes, fields: int) -> list[bool]:
    """Of each line whether it has this many fields."""
    # What is left without every other byte tells the shape of each line.
    shapes = text.removesuffix(b"\n").translate(None, _NO_SEPARATOR)
    return [shape == b";" * (fields - 1) for shape in shapes.split(b"\n")]


def _fields_of_lines(text: bytes, kinds: pl.Schema, is_first: bool) -> pl.DataFrame:
    if text.startswith(_BOM) and not is_first:
        # The parser drops one mark at the start of what it reads; this one stands in the middle of the file.
        text = _BOM + text
    return pl.read_csv(text, separator=";", has_header=False, schema=kinds, quote_char=None)


def _check_header(name: str, line: str, fields: list[str]) -> None:
    found = line.strip("\r").split(";")
    if found == fields:
        return
    position = next((i for i, (a, b) in enumerate(zip(found, fields, strict=False)) if a != b), None)
    if position is None:
        position = min(len(found), len(fields))
    expected = fields[position] if position < len(fields) else "no further field"
    raise DeliveryRefused(
        f"{name}, line 1: field {position + 1} of the header should be {expected!r} (rule F02).",
        next_step="Use the layout's exact header; see lake/reference/layouts.csv.",
        code="F02",
    )
