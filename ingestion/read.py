"""Bytes to rows of text, untouched: the file rules are settled here, and every row knows its line."""

import io
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

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


@dataclass(frozen=True)
class FileName:
    """What a delivery's name says; `sent_at` is UTC."""

    layout: Layout
    sender_code: str
    sent_at: datetime


@dataclass(frozen=True)
class Rows:
    """The data rows as text: `good` with the layout's fields and row_no, `broken` the lines of another shape.

    row_no is the line of the file, the header being line 1; `total` counts both.
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
    return reference.table("layouts").filter(layout=layout.value).sort("position")["field"].to_list()


def check_lines(name: str, data: bytes, longest: int, most: int) -> None:
    """Raises DeliveryRefused F09 for a line of more than `longest` bytes, or more than `most` lines.

    Asked before anything is decoded or split: such a file takes many times its size in memory.
    """
    if data.count(b"\n") > most:
        raise DeliveryRefused(
            f"{name} has more than {most} lines (rule F09).",
            next_step="Split it and send the parts, or raise DOSILAKE_MOST_LINES.",
            code="F09",
        )
    start = 0
    while len(data) - start > longest:
        end = data.rfind(b"\n", start, start + longest + 1)
        if end < 0:
            raise DeliveryRefused(
                f"{name}, line {data.count(bytes([10]), 0, start) + 1}: longer than {longest} bytes (rule F09).",
                next_step="Check the export's line ends, or raise DOSILAKE_LONGEST_LINE_KIB.",
                code="F09",
            )
        start = end + 1


def check_file(name: str, data: bytes, longest: int, most: int) -> None:
    """Raises DeliveryRefused when a rule on the file as a whole (F01, F02, F03, F05, F06, F09) refuses it."""
    check_lines(name, data, longest, most)
    _body_of(name, parse_name(name).layout, data)


def read_rows(name: str, layout: Layout, data: bytes) -> Rows:
    """The file's rows as text; an empty field is NULL.

    A line ends with \\n or \\r\\n; a lone \\r ends none, so it never shifts a line's number, and no field may hold it.
    Raises DeliveryRefused F05 (no data row), F01 (not UTF-8, or holds NUL) or F02 (another header).
    """
    return _split(_body_of(name, layout, data), fields_of(layout))


def read_ahead(slices: Iterable[Rows]) -> Iterator[Rows]:
    """The slices, each read while the one before is judged."""
    coming = iter(slices)
    with ThreadPoolExecutor(max_workers=1) as reader:
        following = reader.submit(next, coming, None)
        while (rows := following.result()) is not None:
            following = reader.submit(next, coming, None)
            yield rows


def whole(slices: Iterable[Rows]) -> Rows:
    """All the slices of a file as one."""
    slices = list(slices)
    broken = [row_no for rows in slices for row_no in rows.broken]
    return Rows(pl.concat(rows.good for rows in slices).rechunk(), broken, sum(rows.total for rows in slices))


def _body_of(name: str, layout: Layout, data: bytes) -> bytes:
    """What follows the header, with Unix line ends."""
    data = data.removeprefix(_BOM)
    if not data.strip():
        raise DeliveryRefused(
            f"{name} is empty (rule F05).", next_step="Check the export and send the file again.", code="F05"
        )
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in data or not _is_utf8(data):
        raise DeliveryRefused(
            f"{name}, {_undecodable_line(data)}: the file is not UTF-8 text (rule F01).",
            next_step="Save it as UTF-8 and send it again.",
            code="F01",
        )
    data = data.replace(b"\r\n", b"\n")
    header_line, _, body = data.partition(b"\n")
    _check_header(name, header_line.decode(), fields_of(layout))
    if not body.strip():
        raise DeliveryRefused(
            f"{name} has a header and no data row (rule F05).",
            next_step="Check the export and send the file again.",
            code="F05",
        )
    return body


def _split(body: bytes, fields: list[str]) -> Rows:
    lines = pl.DataFrame({"line": body.decode().removesuffix("\n").split("\n")}).with_row_index("row_no", offset=2)
    lines = lines.with_columns(pl.col("row_no").cast(pl.Int32))
    is_good = lines["line"].str.count_matches(";", literal=True) == len(fields) - 1
    good_lines = lines.filter(is_good)
    text = body if is_good.all() else "\n".join(good_lines["line"]).encode()
    if good_lines.is_empty():
        good = pl.DataFrame(schema={field: pl.String for field in fields})
    else:
        good = pl.read_csv(
            io.BytesIO(text),
            separator=";",
            has_header=False,
            new_columns=fields,
            quote_char=None,
            infer_schema=False,
            null_values=[""],
        )
    # Columns in different pieces are glued together again by every expression over the rows.
    good = good.with_columns(good_lines["row_no"]).rechunk()
    return Rows(good, lines.filter(~is_good)["row_no"].to_list(), lines.height)


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


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _undecodable_line(data: bytes) -> str:
    try:
        data.decode()
        at = data.index(b"\x00") if b"\x00" in data else 0
    except UnicodeDecodeError as error:
        at = error.start
    return f"line {data.count(bytes([10]), 0, at) + 1}"
