"""Field by field: a rule finds the same rows whether it is asked of each, or of each value of a coded column once."""

import numpy as np
import polars as pl
import pytest

from delivery_files import line
from ingestion.fields import Check, Checks, Distinct, coded_columns, findings, typed
from lake.vocabulary import Layout

ROWS = 20_000


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


def _coded(rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
    return rows.cast({name: pl.Categorical(pl.Categories.random(name)) for name in columns})


@pytest.mark.parametrize("size", [100, 5_000, ROWS])
def test_repeated_values_are_judged_once_and_found_in_every_row(size):
    whole = findings(_rows(), CHECKS).sort("row_no", "code", "field")
    rows, checks = _coded(_rows(), "quantity", "read_on"), Checks(CHECKS)
    found = pl.concat(checks.findings(rows[start : start + size]) for start in range(0, ROWS, size))
    assert whole.equals(found.sort("row_no", "code", "field"))
    counts = dict(whole.group_by("code").len().iter_rows())
    assert counts == {"N01": ROWS // 4, "S02": ROWS // 4 + ROWS // 1000, "S03": ROWS // 31, "S04": 1}


def test_a_rule_of_few_combinations_is_asked_of_each_and_found_in_every_row():
    rows = pl.DataFrame({"row_no": [2, 3, 4, 5], "a": [1, 1, None, 1], "b": [2, 1, 2, 2]})
    asked = []
    watched = pl.col("a").map_batches(lambda values: asked.append(len(values)) or values == 1, return_dtype=pl.Boolean)
    check = Check("S04", "siret", pl.all_horizontal(watched, pl.col("b") == 2), of_few=True)
    assert findings(rows, [check])["row_no"].to_list() == [2, 5]
    assert asked == [3]


def test_a_value_asked_in_one_slice_is_not_asked_in_the_next():
    asked = []
    watched = pl.col("quantity").map_batches(
        lambda values: asked.append(values.sort().to_list()) or values == "bad", return_dtype=pl.Boolean
    )
    checks = Checks([Check("N01", "quantity", watched)])
    values = ["A", "bad", "A", "bad", "B", None, None, "bad"]
    rows = _coded(pl.DataFrame({"row_no": range(2, 10), "quantity": values}), "quantity")
    found = [checks.findings(rows[start : start + 2])["row_no"].to_list() for start in range(0, 8, 2)]
    assert (found, asked) == ([[3], [5], [], [9]], [["A", "bad"], [None, "B"]])


def test_coded_values_get_the_types_that_plain_ones_get():
    odd = {
        "period_start": ["2020-02-30", "soon", None],
        "value_msv": ["0.0005", "-1", None],
        "situation": ["?", "", None],
    }
    lines = [line("PASS", **dict(zip(odd, values, strict=True))) for values in zip(*odd.values(), strict=True)]
    rows = pl.DataFrame([line("PASS"), *lines, line("PASS")], infer_schema_length=None)
    plain = typed(rows, Layout.PASS)
    assert plain.equals(typed(_coded(rows, *odd, "sent_on", "recording_threshold_msv"), Layout.PASS))
    assert plain["period_start"].null_count() == 3 and plain.schema["value_msv"] == pl.Decimal(9, 3)


def test_each_value_is_told_by_a_row_that_has_it():
    numbers = np.array([4, 0, 4, 2])
    distinct = Distinct.of(numbers)
    assert distinct.numbers.tolist() == [0, 2, 4]
    assert numbers[distinct.row].tolist() == [0, 2, 4]
    assert distinct.numbers[distinct.which].tolist() == numbers.tolist()
    none = coded_columns(_coded(pl.DataFrame({"a": [None, "x", None]}, schema={"a": pl.String}), "a"))["a"]
    assert none.which[0] == none.which[2] != none.which[1] and none.numbers[none.which[0]] == 0
    assert Distinct.of(np.zeros(0, np.int64)).row.tolist() == []
