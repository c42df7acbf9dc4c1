"""Projections made in the middle of a simulated year, beside the doses that the year brought in the end.

Run by `make backtest`. Of everyone employed: the sums of the twelve months expected and those that came, and the share
that lies within the interval, which should be near its level.
"""

import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import polars as pl

from flows.steps import arrivals
from ingestion.door import Door
from ingestion.simulate import simulate
from lake import reference
from lake.settings import Settings
from lake.store import Lake
from models import outlook
from models.build import build

FIRST_MONTH, LAST_MONTH = date(2015, 1, 1), date(2019, 12, 1)
MADE_ON, SETTLED = date(2019, 7, 15), date(2020, 12, 1)
DAYS = [date(2019, 10, 15), date(2019, 12, 31)]
QUANTITY = "effective"
_MODELS = {"job_paces", "period_doses", "dose_records", "annual_worker_doses", "employments"}

_CAME = """
    select coalesce(max(dose_msv), 0)
    from (
        select sum(dose_msv) as dose_msv
        from period_doses
        where worker_key = ? and limit_quantity = ? and period_end <= ? and period_end > ?::date - interval 12 month
        group by site
    )
"""


def projections(early: duckdb.DuckDBPyConnection, late: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """One row per person employed on MADE_ON and day: from_date, projected_msv and bounds, came_msv."""
    employed = "select distinct worker_key from employments where valid_from <= $1 and coalesce(valid_to, $1) >= $1"
    told = []
    for (worker,) in early.execute(employed, [MADE_ON]).fetchall():
        ahead = _asked(early, outlook.AHEAD, [MADE_ON, [QUANTITY], None, worker, DAYS])
        own = _asked(early, outlook.OWN, [MADE_ON, [QUANTITY], None, *3 * [worker]])
        job = own.select("occupation_code", "category").row(0) if own.height else (None, None)
        pace = own.join(_asked(early, outlook.JOB, job), on="limit_quantity")
        after = dict.fromkeys(ahead["from_date"], MADE_ON)
        rows = outlook.table(ahead, pace, False, after, None).filter(pl.col("from_date").is_in(DAYS))
        came = [late.execute(_CAME, [worker, QUANTITY, day, day]).fetchone()[0] for day in rows["from_date"]]
        told.append(rows.with_columns(came_msv=pl.Series(came, dtype=pl.Decimal(12, 3))))
    return pl.concat(told).drop_nulls("projected_msv")


def _asked(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence) -> pl.DataFrame:
    return connection.sql(sql, params=parameters).pl()


def summed(told: pl.DataFrame) -> pl.DataFrame:
    """Per day: persons, the sums known, projected and that came, shares within, below and above the interval."""
    low, high, came = pl.col("projected_low_msv"), pl.col("projected_high_msv"), pl.col("came_msv")
    return (
        told.group_by("from_date")
        .agg(
            persons=pl.len(),
            known_msv=pl.col("dose_12m_msv").sum(),
            projected_msv=pl.col("projected_msv").sum(),
            came_msv=came.sum(),
            within=came.is_between(low, high).mean(),
            below=(came < low).mean(),
            above=(came > high).mean(),
        )
        .sort("from_date")
    )


def main(workers: int = 6_000) -> None:
    """Simulate and ingest five years, project in the middle of the last and print what came."""
    folder = Path(tempfile.mkdtemp(prefix="dosilake-backtest-"))
    try:
        settings = Settings(home=folder / "home")
        simulate(workers, FIRST_MONTH, LAST_MONTH, 2020, folder / "deliveries")
        for _ in Door(settings).receive_all(arrivals(folder / "deliveries")):
            pass
        lake = Lake(settings.lake_root)
        early, late = (build(settings, lake, day, only=_MODELS) for day in (MADE_ON, SETTLED))
        with (
            closing(duckdb.connect(early, read_only=True)) as then,
            closing(duckdb.connect(late, read_only=True)) as now,
        ):
            found = summed(projections(then, now))
        with pl.Config(tbl_rows=40, tbl_cols=20, float_precision=3, tbl_width_chars=160):
            print(f"projected on {MADE_ON}; level of the interval {reference.threshold('interval_level')}")
            print(found)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
