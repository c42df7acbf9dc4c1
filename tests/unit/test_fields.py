"""Field by field: a rule finds the same rows whether it is asked of each row, of each value, or of each value once."""

import polars as pl

from ingestion.fields import Check, Checks, findings

ROWS = 20_000
# Enough for values to be asked once, and too few for it.
LONG, SHORT = 5_000, 100


def _rows() -> pl.DataFrame:
    numbers = pl.int_range(ROWS, eager=True, dtype=pl.Int32)
    return pl.DataFrame(
        {
            "row_no": numbers + 2,
            "quantity": ["A", "B", None, "Z"] * (ROWS // 4),
            # A day that comes in the last slice only, and one that the first already has.
            "read_on": [f"2020-{7 + i // 17_000:02d}-{i % 31 + 1:02d}" for i in range(ROWS)],
            "badge_serial": [f"S{i}" if i % 1000 else None for i in range(ROWS)],
        }
    )


CHECKS = [
    Check("N01", "quantity", pl.col("quantity").is_not_null() & ~pl.col("quantity").is_in(["A", "B"])),
    Check("S02", "quantity", pl.col("quantity").is_null()),
    Check("S03", "read_on", pl.col("read_on").is_in(["2020-07-31", "2020-08-31"])),
    Check("S02", "badge_serial", pl.col("badge_serial").is_null()),
    Check("S04", "badge_serial", (pl.col("quantity") == "A") & (pl.col("badge_serial") == "S4")),
    Check("S05", "quantity", pl.col("quantity") == "nobody's"),
]


def _in_slices(rows: pl.DataFrame, size: int) -> pl.DataFrame:
    checks = Checks(CHECKS)
    return pl.concat(checks.findings(rows[start : start + size]) for start in range(0, ROWS, size))


def test_repeated_values_are_judged_once_and_found_in_every_row():
    rows = _rows()
    whole = findings(rows, CHECKS).sort("row_no", "code", "field")
    assert whole.equals(_in_slices(rows, SHORT).sort("row_no", "code", "field"))
    assert whole.equals(_in_slices(rows, LONG).sort("row_no", "code", "field"))
    counts = dict(whole.group_by("code").len().iter_rows())
    assert counts == {"N01": ROWS // 4, "S02": ROWS // 4 + ROWS // 1000, "S03": ROWS // 31, "S04": 1}
