"""What a full build costs, model by model, beside one scan of the same doses: `make bench-build`.

The lake is that of `national.py` at the size asked for. The scan reads every column of `lake.doses` that a model reads,
through the view that models read, and is run three times; the build runs once in the same process, without the gate.
"""

import resource
import statistics
import time
from collections import Counter

from ground import ground, parser
from national import SEED, WORKERS, fill

from lake.schema import DOSES
from lake.settings import Settings
from lake.store import Lake
from lake.views import IN_MEMORY, open_over_lake
from models.build import build, discard
from models.catalog import models

_SLOWEST = 25


def scan_seconds(settings: Settings, lake: Lake) -> float:
    """Median of three scans of the columns of doses that the models read."""
    told = " ".join(model.sql for model in models().values())
    columns = [name for name in DOSES.column_names if name in told]
    query = f"select {', '.join(f'max({name})' for name in columns)} from lake.doses"
    with open_over_lake(settings, lake, IN_MEMORY) as connection:
        seconds = []
        for _ in range(3):
            began = time.perf_counter()
            connection.execute(query).fetchall()
            seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


class Watch:
    """Hears which model is made, and counts what each takes."""

    def __init__(self):
        self.seconds: Counter[str] = Counter()
        self.cpu: Counter[str] = Counter()
        self.batches: Counter[str] = Counter()
        self._now = "", time.perf_counter(), time.process_time()

    def __call__(self, name: str, done: int, total: int) -> None:
        last, began, cpu = self._now
        self._now = name, time.perf_counter(), time.process_time()
        self.seconds[last] += self._now[1] - began
        self.cpu[last] += self._now[2] - cpu
        self.batches[name] += 1


def main() -> None:
    options = parser(__doc__, workers=WORKERS)
    asked = options.parse_args()
    with ground(asked, SEED) as folder:
        settings = Settings(home=folder / "national")
        if not settings.lake_root.exists():
            began = time.perf_counter()
            doses = fill(settings, asked.workers / WORKERS)
            print(f"{doses} doses in {time.perf_counter() - began:.0f} s", flush=True)
        lake = Lake(settings.lake_root)
        scan = scan_seconds(settings, lake)
        print(f"one scan of the columns that models read: {scan:.1f} s", flush=True)
        watch, began, cpu = Watch(), time.perf_counter(), time.process_time()
        built = build(settings, lake, progress=watch)
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"full build: {took:.0f} s, {took / scan:.0f} scans, {cpu:.0f} CPU-s, {peak} MiB at the peak,"
              f" snapshot of {built.stat().st_size >> 20} MiB")  # fmt: skip
        for name, seconds in watch.seconds.most_common(_SLOWEST):
            print(f"{name:>32} {seconds:8.1f} s {watch.cpu[name]:8.1f} CPU-s {watch.batches[name]:4} batches")
        discard(built)


if __name__ == "__main__":
    main()
