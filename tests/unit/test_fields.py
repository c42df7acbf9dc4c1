"""Field by field: a rule finds the same rows whether it is asked of each row or of each distinct value."""

import polars as pl

from ingestion.fields import Check, findings

ROWS = 10_000


def _rows() -> pl.DataFrame:
    numbers = pl.int_range(ROWS, eager=True, dtype=pl.Int32)
    return pl.DataFrame(
        {
            "row_no": numbers + 2,
            "code": ["A", "B", None, "Z"] * (ROWS // 4),
            "day": [f"2020-01-{i % 31 + 1:02d}" for i in range(ROWS)],
            "serial": [f"S{i}" if i % 1000 else None for i in range(ROWS)],
        }
    )


CHECKS = [
    Check("N01", "code", pl.col("code").is_not_null() & ~pl.col("code").is_in(["A", "B"])),
    Check("S02", "code", pl.col("code").is_null()),
    Check("S03", "day", pl.col("day") == "2020-01-31"),
    Check("S02", "serial", pl.col("serial").is_null()),
    Check("S04", "serial", (pl.col("code") == "A") & (pl.col("serial") == "S4")),
    Check("S05", "code", pl.col("code") == "nobody's"),
]


def test_repeated_values_are_judged_once_and_found_in_every_row():
    rows = _rows()
    whole = findings(rows, CHECKS)
    pieces = pl.concat(findings(rows[start : start + 100], CHECKS) for start in range(0, ROWS, 100))
    assert whole.sort("row_no", "code", "field").equals(pieces.sort("row_no", "code", "field"))
    counts = dict(whole.group_by("code", "field").len().sort("code", "field").select(["code", "len"]).iter_rows())
    assert counts["N01"] == ROWS // 4 and counts["S04"] == 1 and "S05" not in counts
