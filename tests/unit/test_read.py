"""Reading in pieces: however a file is cut, its rows and the verdict on it are those of the file read whole."""

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingestion import read
from ingestion.read import Rows, check_file, examine, fields_of, joined, parse_name, read_rows, slices
from lake.errors import DeliveryRefused
from lake.vocabulary import Layout

NAME = "LINK_REGISTER_20200210T080000_1.csv"
FIELDS = fields_of(Layout.LINK)
HEADER = ";".join(FIELDS).encode()
WIDTH = len(FIELDS) - 1
BOM = b"\xef\xbb\xbf"
GOOD = b"a" + b";" * (WIDTH - 1) + b"\xc3\xa9;"
LONGEST, MOST = 70, 12


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def read_whole(data: bytes) -> Rows:
    """The rows below the header, split line by line."""
    body = data.replace(b"\r\n", b"\n").partition(b"\n")[2]
    lines = [*enumerate(body.decode().removesuffix("\n").split("\n"), start=2)]
    good = [
        (*(field.removesuffix("\r") or None for field in line.split(";")), row_no)
        for row_no, line in lines
        if is_good(line)
    ]
    if good and good[0][0]:
        # One mark is dropped where reading begins.
        good[0] = (good[0][0].removeprefix(BOM.decode()) or None, *good[0][1:])
    rows = pl.DataFrame(good, schema=dict.fromkeys(FIELDS, pl.String) | {"row_no": pl.Int32}, orient="row")
    return Rows(rows, [row_no for row_no, line in lines if not is_good(line)], len(lines))


def is_good(line: str) -> bool:
    return line.count(";") == WIDTH


def judged_whole(data: bytes) -> str | None:
    """What the file rules say, asked one after the other of all bytes; None: nothing."""
    lines = data.split(b"\n")
    if len(lines) - 1 > MOST:
        return f"more than {MOST} lines (rule F09)"
    if long := [number for number, one in enumerate(lines, start=1) if len(one) > LONGEST]:
        return f"line {long[0]}: longer than {LONGEST} bytes (rule F09)"
    data = data.removeprefix(BOM)
    if not data.strip():
        return "is empty (rule F05)"
    try:
        data.decode()
        at = data.find(b"\x00")
    except UnicodeDecodeError as error:
        at = error.start
    if at >= 0:
        return f"line {data.count(bytes([10]), 0, at) + 1}: the file is not UTF-8 text (rule F01)"
    header, _, body = data.partition(b"\n")
    if header.strip(b"\r") != HEADER:
        return "of the header should be"
    return None if body.strip() else "has a header and no data row (rule F05)"


_BITS = [b"\n", b"\n", b"\r", b"\r\n", b";", b'"', b"a", b" ", b"\x0b", BOM, b"\xc3\xa9", "\U0001f9d1".encode()]
_LINES = st.sampled_from(
    [GOOD, GOOD + b"\n", GOOD + b"\r\n", b";" * WIDTH + b"\r\r\n", BOM + GOOD + b"\n", HEADER + b"\n"]
)
_WOUNDS = st.sampled_from([b"\x00", b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f", b"x" * (LONGEST - 3)])
BODIES = st.lists(_LINES | st.sampled_from(_BITS), max_size=16).map(b"".join)
WOUNDED = st.lists(_LINES | st.sampled_from(_BITS) | _WOUNDS | st.binary(max_size=5), max_size=16).map(b"".join)
HEADS = st.sampled_from(
    [HEADER + b"\n", BOM + HEADER + b"\r\n", HEADER + b"\r\r\n", HEADER, BOM, BOM + BOM + HEADER, b""]
)
SIZES = st.integers(1, 90)


def test_the_layout_is_small_enough_for_its_header_to_be_allowed():
    assert len(BOM + HEADER) + 2 <= LONGEST and parse_name(NAME).layout == Layout.LINK


@given(HEADS, BODIES, SIZES, st.integers(1, 20))
@example(BOM + HEADER + b"\r\n", BOM + GOOD + b"\n" + BOM + GOOD + b"\n", 1, 1)
@example(HEADER + b"\n", b";" * (WIDTH - 1) + b"\n" + b";" * (WIDTH + 1) + b"\n" + GOOD + b"\n", 1, 3)
@example(HEADER + b"\n", GOOD + b"\n" + b";" * (WIDTH - 1) + b"\n" + b";" * (WIDTH + 1), 1, 3)
@example(HEADER + b"\n", GOOD + b"\nx", 1, 2)
@example(HEADER + b"\n", b"x\n" + BOM + GOOD + b"\r", 7, 1)
@settings(max_examples=1000, deadline=None)
def test_the_slices_of_a_file_cut_anywhere_are_its_rows(head, body, size, rows):
    data = head + body
    try:
        whole = read_rows(NAME, Layout.LINK, data)
    except DeliveryRefused:
        return
    expected = read_whole(data)
    found = list(slices(Layout.LINK, cut(data, size), rows))
    for one in (whole, joined(found)):
        assert (one.broken, one.total) == (expected.broken, expected.total)
        good = one.good.cast({pl.Categorical: pl.String})
        assert good.equals(expected.good) and good.schema == expected.good.schema
    assert [one.total for one in found[:-1]] == [rows] * (len(found) - 1) and 0 < found[-1].total <= rows
    assert {one.good.n_chunks() for one in found} == {1}


@given(HEADS, WOUNDED, SIZES)
@example(HEADER + b"\n", GOOD + b"\xf0", 1)
@example(HEADER + b"\n", b"\x00\n\xff\n", 100)
@example(b"x" * LONGEST + b"\n", b"\n" * (MOST - 1), 1)
@example(b"", b"x" * LONGEST, 7)
@example(b"", b"", 1)
@settings(max_examples=1000, deadline=None)
def test_the_verdict_on_a_file_does_not_depend_on_how_it_is_cut(head, body, size):
    data = head + body
    expected = judged_whole(data)
    for pieces in ([data], cut(data, size), cut(data, 1), [b"", *cut(data, size), b""]):
        checked = examine(NAME, pieces, LONGEST, MOST)
        assert checked.lines == data.count(b"\n") + (not data.endswith(b"\n"))
        assert (checked.refusal is None) == (expected is None)
        assert expected is None or expected in checked.refusal.what
    if expected is None:
        assert check_file(NAME, cut(data, size), LONGEST, MOST) == checked.lines
        assert read_rows(NAME, Layout.LINK, data).total > 0


def test_a_file_is_refused_for_its_lines_then_its_name_then_its_bytes():
    wrong = "LINK_LANDAUER_20200210T080000_1.csv"
    codes = [
        examine(name, [b"\xff" * 9], longest, 9).refusal.code for name, longest in [(wrong, 8), (wrong, 9), (NAME, 9)]
    ]
    assert codes == ["F09", "F03", "F01"]


def test_long_lines_make_slices_of_fewer_rows(monkeypatch):
    monkeypatch.setattr(read, "_SLICE_BYTES", 10 * len(GOOD))
    data = HEADER + b"\n" + (GOOD + b"\n") * 95
    found = list(slices(Layout.LINK, cut(data, 7), 1000))
    assert max(one.total for one in found) < 12
    assert joined(found).good["row_no"].to_list() == list(range(2, 97))


@pytest.mark.parametrize("rows", [1, 1000, 5000])
def test_two_lines_that_make_up_for_each_other_are_both_of_another_shape(rows):
    lines = [GOOD] * 3000
    lines[1500], lines[1501] = b";" * (WIDTH - 1), b";" * (WIDTH + 1)
    data = b"\n".join([HEADER, *lines])
    assert joined(slices(Layout.LINK, [data], rows)).broken == [1502, 1503]
