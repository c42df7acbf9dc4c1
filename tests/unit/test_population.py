"""Lines are found by person for many rows at once, as a join would find them."""

import polars as pl
import pytest

from ingestion.population import ByPerson

LINES = pl.DataFrame({"person_key": [3, 1, 3, 7], "establishment_key": [31, 11, 30, 70]})
ROWS = pl.DataFrame({"row_no": [2, 3, 4, 5, 6, 7, 8], "person_key": [7, 3, 2, -5, 3, 8, 900]})


@pytest.mark.parametrize("lines", [LINES, LINES.clear()])
@pytest.mark.parametrize("rows", [ROWS, ROWS.clear()])
def test_each_row_meets_the_lines_of_its_person_and_of_nobody_else(lines, rows):
    met = ByPerson(lines).joined(rows)
    joined = rows.join(lines, on="person_key").rename({"establishment_key": "establishment_key_of_line"})
    order = ["row_no", "establishment_key_of_line"]
    assert met.sort(order).equals(joined.sort(order))
