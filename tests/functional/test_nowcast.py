"""A nowcast made early on a simulated register, held against what came in the end."""

from datetime import date

import duckdb

from lake.store import Lake
from models.build import build, discard

EARLY = (date(2020, 10, 10), date(2020, 11, 12), date(2020, 12, 16), date(2021, 1, 20))
SETTLED = date(2021, 12, 1)


def months(settings, as_of: date | None) -> dict[date, dict]:
    """The months of whole-body results as they were known, by month."""
    path = build(settings, Lake(settings.lake_root), as_of, only={"result_nowcast"})
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.sql("select * from result_nowcast where limit_quantity = 'effective'").to_arrow_table()
    discard(path)
    return {row["month"]: row for row in found.to_pylist()}


def test_what_was_foreseen_is_nearer_to_what_came_than_what_had_come(web_settings):
    final = {month: row["results_received"] for month, row in months(web_settings, SETTLED).items()}
    missed, within, lacking = 0, [], 0
    for day in EARLY:
        for month, row in months(web_settings, day).items():
            came, foreseen = final[month], row["results_nowcast"]
            if row["results_received"] < came and foreseen is not None:
                lacking += came - row["results_received"]
                missed += abs(foreseen - came)
                within.append(row["results_nowcast_low"] <= came <= row["results_nowcast_high"])
    assert len(within) >= 4 and lacking > 100
    assert missed < lacking / 2
    assert all(within)
