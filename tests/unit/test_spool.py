"""The spool: what is put aside comes back as it was, words as words, in its order and as often as it is asked for."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest

from ingestion import spool as spool_module
from ingestion.spool import Spool

WORDS = pl.Enum(["NEW", "REPLACE", "CANCEL"])
ROWS = pl.DataFrame(
    {
        "row_no": [2, 3, 4, 5],
        "record_id": ["a", None, "c", "longer than what a view holds within"],
        "record_action": pl.Series(["NEW", None, "CANCEL", "NEW"], dtype=WORDS),
        "period_end": [date(1900, 1, 1), None, date(2199, 12, 31), date(2020, 2, 29)],
        "dose_msv": pl.Series([Decimal("0.001"), None, Decimal("0"), Decimal("999999.999")], dtype=pl.Decimal(9, 3)),
    }
)


@pytest.mark.parametrize("room", [0, ROWS[:2].estimated_size(), 2**20])
@pytest.mark.parametrize("sizes", [[4], [1, 3], [2, 0, 2], [0, 4], [1, 1, 1, 1]])
def test_what_is_put_aside_comes_back_as_it_was(monkeypatch, sizes, room):
    monkeypatch.setattr(spool_module, "ROOM_BYTES", room)
    spool, start = Spool(), 0
    for size in sizes:
        spool.append(ROWS.slice(start, size))
        start += size
    assert spool.is_one_piece == (len(sizes) == 1)
    for _ in range(2):
        pieces = list(spool)
        assert [piece.height for piece in pieces] == sizes
        assert pl.concat(pieces).equals(ROWS) and pl.concat(pieces).schema == ROWS.schema
    asked = ["row_no", "record_action"]
    found = spool.where(pl.col("row_no").is_in([3, 5]), asked)
    assert found.equals(ROWS[[1, 3]].select(asked)) and found.schema["record_action"] == WORDS
