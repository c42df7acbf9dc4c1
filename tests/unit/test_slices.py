"""A file's verdict does not depend on where it is cut: judged whole, or a few rows at a time."""

from datetime import UTC, datetime

import polars as pl
import pytest
from rule_register import LONG_AGO, rule_register

from delivery_files import SENDERS, Files, content, line, siret
from ingestion import crossing, spool
from ingestion.door import Arrival, Door
from ingestion.judge import Judgement, Question
from ingestion.measurements import MEASUREMENTS
from ingestion.read import Rows, read_rows
from lake.settings import Settings
from lake.vocabulary import Layout
from rule_cases import CASES, HELD, NEIGHBOUR

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    return rule_register(tmp_path_factory.mktemp("home"))


def _cut(rows: Rows, size: int) -> list[Rows]:
    last = max([*rows.good["row_no"], *rows.broken])
    cuts = []
    for first in range(2, last + 1, size):
        good = rows.good.filter(pl.col("row_no").is_between(first, first + size - 1))
        broken = [row_no for row_no in rows.broken if first <= row_no < first + size]
        cuts.append(Rows(good, broken, good.height + len(broken)))
    return cuts


def _said(judged: Judgement) -> tuple:
    tables = {name: judged.table(name).sort("dose_id").rows() for name in judged.tables}
    counts = judged.total, judged.loaded, judged.refused, judged.waiting, judged.duplicate, judged.warned
    ids = judged.record_ids.sort("row_no").rows()
    return counts, judged.findings.rows(), judged.unknown.sort("row_no").rows(), ids, tables


def _everything(layout: str) -> list[dict]:
    """Every case of the rule book in one file, then all of it again, and results that touch and overlap."""
    cases = [line(layout, **given) for case in CASES if case.layout == layout for given in (case.given, case.neighbour)]
    fields = {"PASS": ("period_start", "period_end", "value_msv")}.get(layout)
    if fields is None:
        return cases + cases
    spans = [("03-01", "03-31"), ("01-01", "01-31"), ("02-15", "03-14"), ("04-01", "04-30"), ("01-20", "01-25")]
    worn = [
        line(layout, record_id=f"worn-{n}", period_start=f"2019-{start}", period_end=f"2019-{end}", value_msv=f"{n}.5")
        for n, (start, end) in enumerate(spans)
    ]
    again = dict(record_action="REPLACE", replaces_record_id=HELD["record_id"], motive_code="TYPING")
    worn.append(line(layout, **HELD | again | {"record_id": "better"}))
    return cases + worn + cases + worn


WORN = {"period_start": "2019-08-01", "period_end": "2019-08-31"}
AGAIN = {"record_action": "CANCEL", "replaces_record_id": "august", "motive_code": "TYPING"}


@pytest.mark.parametrize("together", [False, True])
def test_what_is_written_in_pieces_is_seen_by_the_files_landed_with_it(tmp_path, together, monkeypatch):
    """A resend, an overlap, a list that releases and a cancellation, each after a file too large for one slice."""
    monkeypatch.setattr(spool, "ROOM_BYTES", 0)
    files = Files(tmp_path)
    door = Door(Settings(home=tmp_path / "home", slice_rows=2))
    months = [("01-01", "01-31"), ("02-01", "02-28"), ("03-01", "03-31")]
    first = [line("PASS", record_id=f"r{n}", period_start=f"2019-{a}", period_end=f"2019-{b}") for n, (a, b) in
             enumerate(months)]  # fmt: skip
    unknown = line("PASS", record_id="w", nir=NEIGHBOUR["nir"], siret=siret(3))
    held_again = line("PASS", record_id="q", period_start="2019-01-15", period_end="2019-02-14")
    paths = [
        files.write("ETAB", *[line("ETAB", siret=siret(i)) for i in (1, 2, 3)]),
        files.write("TRAV", line("TRAV")),
        files.write("PASS", *first, unknown, line("PASS", record_id="august", **WORN)),
        files.write("PASS", first[0], held_again),
        files.write("TRAV", line("TRAV", **NEIGHBOUR)),
        # A cancellation frees the period of what it cancels, in the same file.
        files.write("PASS", line("PASS", record_id="no", **WORN | AGAIN), line("PASS", record_id="yes", **WORN)),
    ]
    at = LONG_AGO.replace(year=2020, month=3)
    if together:
        reports = [receipt.report for _, receipt in door.receive_all(Arrival(path, at) for path in paths)]
    else:
        reports = [door.receive(path, at).report for path in paths]
    causes = [[cause["code"] for cause in report["causes"] if cause["severity"] != "W"] for report in reports]
    assert causes == [[], [], ["I04"], ["P03", "R02"], [], []]
    assert [report["rows_loaded"] for report in reports[2:]] == [4, 0, 1, 2]
    assert [one["rows_loaded"] for one in reports[4]["released"]] == [1]
    held = door.lake.scan("doses").collect()
    assert sorted(held["record_id"]) == ["august", "no", "r0", "r1", "r2", "w", "yes"]


@pytest.mark.parametrize("layout", [layout.value for layout in MEASUREMENTS])
@pytest.mark.parametrize("size", [1, 3, 7])
def test_a_cut_file_gets_the_verdict_of_the_whole(door, layout, size, monkeypatch):
    monkeypatch.setattr(crossing, "_TOGETHER", size)
    monkeypatch.setattr(spool, "ROOM_BYTES", 0)
    rows = read_rows("file", Layout(layout), content(layout, _everything(layout)).encode())
    whole, cut = (
        door._judge(Question(1_000, SENDERS[layout], Layout(layout), NOW, slices))
        for slices in ([rows], _cut(rows, size))
    )
    assert _said(cut) == _said(whole)
    assert cut.is_large and not whole.is_large
    assert whole.refused and whole.total == rows.total
