"""The 2020 table of workers by category and dose class, as computed from a snapshot, beside the published one.

Run at full size by `make backtest`; `test_published_2020.py` runs it on the small register of the tests.
Aircrew and the other natural sources stand apart, as in the published table.
"""

import shutil
import sys
import tempfile
import time
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl

from flows.steps import arrivals, refresh
from ingestion.door import Door
from ingestion.simulate import simulate
from lake.settings import Settings
from models.snapshot import Snapshots

PUBLISHED = Path(__file__).parent / "published" / "dose_class_category_2020.csv"
COLLECTIVE_MAN_SV = Decimal("49.97")

_COMPUTED = """
with persons as (
    select
        worker_key,
        sum(dose_msv) as dose_msv,
        max(case when is_main then category end) as category,
        bool_or(sector_code like 'NAT%') as is_natural
    from annual_worker_doses
    where year = 2020 and limit_quantity = 'effective_external'
    group by worker_key
    having bool_or(is_monitored)
)
select
    case when category = 'UNSPECIFIED' then 'NR' else category end as category,
    case
        when dose_msv = 0 then '0' when dose_msv <= 1 then ']0;1]' when dose_msv <= 5 then ']1;5]'
        when dose_msv <= 10 then ']5;10]' else '>10'
    end as dose_class,
    count(*) as workers,
    sum(dose_msv) as dose_msv
from persons
where not is_natural
group by all
"""


def computed(snapshots: Snapshots) -> pl.DataFrame:
    """Columns category, dose_class, workers, dose_msv."""
    return snapshots.query(_COMPUTED)


def published() -> pl.DataFrame:
    """Columns category, dose_class, workers of the published table; NR is what it calls unspecified."""
    return pl.read_csv(PUBLISHED).select(
        pl.col("category").replace("UNSPECIFIED", "NR"), "workers", dose_class="class_code"
    )


def side_by_side(found: pl.DataFrame) -> pl.DataFrame:
    """Per category and class: workers and share, ours and published."""
    keys = ["category", "dose_class"]
    both = (
        published()
        .join(found.select(*keys, ours="workers"), on=keys, how="left")
        .with_columns(pl.col("ours").fill_null(0))
    )
    return both.with_columns(
        published_share=100 * pl.col("workers") / pl.col("workers").sum().over("category"),
        our_share=100 * pl.col("ours") / pl.col("ours").sum().over("category"),
    )


def main(workers: int = 370_000) -> None:
    """Simulate, ingest and publish the year 2020 at full size, and print both tables."""
    folder = Path(tempfile.mkdtemp(prefix="dosilake-backtest-"))
    try:
        settings = Settings(home=folder / "home")
        started = time.perf_counter()
        simulate(workers, date(2020, 1, 1), date(2020, 12, 1), 2020, folder / "deliveries")
        print(f"simulated in {time.perf_counter() - started:.0f} s", flush=True)
        door, rows, started = Door(settings), 0, time.perf_counter()
        for _, receipt in door.receive_all(arrivals(folder / "deliveries")):
            rows += receipt.report["rows_total"]
        seconds = time.perf_counter() - started
        print(f"ingested {rows} rows in {seconds:.0f} s ({rows / seconds:.0f} a second)", flush=True)
        started = time.perf_counter()
        refresh(settings)
        print(f"built, gated and published in {time.perf_counter() - started:.0f} s", flush=True)
        snapshots = Snapshots(settings)
        found = computed(snapshots)
        with pl.Config(tbl_rows=40, float_precision=2):
            print(side_by_side(found))
        scale = found["workers"].sum() / published()["workers"].sum()
        collective = found["dose_msv"].sum() / 1000
        print(f"workers: {found['workers'].sum()} for {published()['workers'].sum()} published ({scale:.4f})")
        print(f"collective dose: {collective:.2f} man·Sv for {COLLECTIVE_MAN_SV} published")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
