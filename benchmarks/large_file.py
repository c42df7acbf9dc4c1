"""How fast one large passive file is validated and committed, and how much memory it takes: median of several runs.

`make bench` simulates a year of a register, takes its lists in, and passes everything that its largest dosimetry body
sent for the year through the door as one file, each time into a fresh copy of the same home.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

from flows.steps import arrivals
from ingestion.door import Door
from ingestion.read import parse_name
from ingestion.simulate import simulate
from lake.settings import Settings
from lake.vocabulary import Layout

_SEED = 2020
_ONE_RUN = """
import resource, sys, time
from datetime import UTC, datetime
from pathlib import Path
from ingestion.door import Door
from lake.settings import Settings
door = Door(Settings(home=Path(sys.argv[1])))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.perf_counter()
report = door.receive(Path(sys.argv[2]), datetime(2021, 2, 1, tzinfo=UTC)).report
seconds = time.perf_counter() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(report["rows_total"], report["rows_loaded"], seconds, before // 1024, peak // 1024)
"""


def prepare(folder: Path, workers: int) -> tuple[Path, Path]:
    """A home that holds the lists of a year, and one file with all that the largest body sent in it."""
    sent = folder / "deliveries"
    simulate(workers, date(2020, 1, 1), date(2020, 12, 1), _SEED, sent)
    home = folder / "home"
    door = Door(Settings(home=home))
    lists = [a for a in arrivals(sent) if parse_name(a.path.name).layout in (Layout.ETAB, Layout.TRAV)]
    for _ in door.receive_all(lists):
        pass
    by_body: dict[str, list[Path]] = {}
    for arrival in arrivals(sent):
        name = parse_name(arrival.path.name)
        if name.layout == Layout.PASS:
            by_body.setdefault(name.sender_code, []).append(arrival.path)
    body, paths = max(by_body.items(), key=lambda item: sum(p.stat().st_size for p in item[1]))
    large = folder / f"PASS_{body}_20210201T080000_000001.csv"
    with large.open("wb") as out:
        for number, path in enumerate(paths):
            with path.open("rb") as file:
                header = file.readline()
                if number == 0:
                    out.write(header)
                shutil.copyfileobj(file, out)
    return home, large


def run_once(home: Path, large: Path, folder: Path) -> tuple[int, int, float, int, int]:
    """(rows, loaded, seconds, MiB before, MiB at the peak) of one landing, in a process of its own."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(home, copy)
    done = subprocess.run([sys.executable, "-c", _ONE_RUN, copy, large], capture_output=True, text=True, check=True)
    total, loaded, seconds, before, peak = done.stdout.split()
    return int(total), int(loaded), float(seconds), int(before), int(peak)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=370_000, help="size of the simulated register")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="kept and reused; default: a temporary one")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="dosilake-bench-"))
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{datetime.now(UTC):%Y-%m-%d}: a register of {asked.workers} workers, seed {_SEED}", flush=True)
    try:
        started = time.perf_counter()
        ready = folder / "home", next(folder.glob("PASS_*.csv"), None)
        home, large = ready if ready[1] else prepare(folder, asked.workers)
        print(f"prepared in {time.perf_counter() - started:.0f} s: {large.stat().st_size / 2**20:.0f} MiB", flush=True)
        runs = [run_once(home, large, folder) for _ in range(asked.runs)]
        total, loaded, _, before, _ = runs[0]
        seconds = statistics.median(run[2] for run in runs)
        peak = statistics.median(run[4] for run in runs)
        print(f"{total} rows ({loaded} loaded), median of {len(runs)} runs: {seconds:.1f} s")
        print(f"{total / seconds:.0f} rows a second")
        print(f"memory: {before} MiB before, {peak:.0f} MiB at the peak")
    finally:
        if not asked.folder:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
