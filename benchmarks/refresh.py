"""What a refresh costs beside a full build of the same lake: CPU seconds, seconds and memory.

`make bench-refresh` simulates two years of a register and takes in all but the largest file of results of the last
month. Then come one result of that file, the file, and a file of which the only row is refused. After each, a refresh
and a full build run in turn, each in a new process, without the gate; medians of several runs. Their rows must be the
same.
"""

import shutil
import statistics
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

from ground import ground, parser

from flows.steps import arrivals
from ingestion.door import Door
from ingestion.read import parse_name
from ingestion.simulate import simulate
from lake.settings import Settings
from lake.vocabulary import Layout
from models.build import build, discard
from models.increment import reconciled
from models.publish import publish
from quality.gate import gate

_SEED = 2020
_FIRST, _LAST = date(2023, 1, 1), date(2024, 12, 1)
_ONE_RUN = """
import sys, time
from pathlib import Path
from lake.settings import Settings
from lake.store import Lake
from models import build, increment
settings = Settings(home=Path(sys.argv[2]))
lake = Lake(settings.lake_root)
wall, cpu = time.perf_counter(), time.process_time()
path = {"refresh": increment.refresh, "build": build.build}[sys.argv[1]](settings, lake)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
# What `getrusage` tells begins with what the parent held.
status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
print(path, wall, cpu, int(status["VmHWM"].split()[0]) // 1024, sep="\\t")
"""


def prepare(folder: Path, workers: int) -> tuple[Settings, Path]:
    """A home that holds the register but for one file, published, and that file."""
    sent, settings = folder / "deliveries", Settings(home=folder / "home")
    if not (sent / "manifest.json").exists():
        simulate(workers, _FIRST, _LAST, _SEED, sent)
    found = arrivals(sent)
    of_last_month = [a for a in found if parse_name(a.path.name).layout == Layout.PASS and a.received_at.date() > _LAST]
    late = max(of_last_month, key=lambda arrival: arrival.path.stat().st_size)
    door = Door(settings)
    for _ in door.receive_all(arrival for arrival in found if arrival != late):
        pass
    _publish(settings, build(settings, door.lake))
    return settings, late.path


def parts(late: Path, folder: Path) -> dict[str, Path]:
    """What comes, in order: one result, the whole file, and a result that overlaps one of it."""
    folder.mkdir(exist_ok=True)
    with late.open(encoding="utf-8") as file:
        header = file.readline()
        first = next(line for line in file if line.split(";")[1] == "NEW")
    one, again = (folder / f"{late.stem.rpartition('_')[0]}_{number}.csv" for number in ("900001", "900002"))
    one.write_text(header + first, encoding="utf-8")
    again.write_text(header + "again-" + first, encoding="utf-8")
    return {"one late result": one, "a body's results of a quarter": late, "a row that is refused": again}


def _publish(settings: Settings, built: Path) -> None:
    lake = Door(settings).lake
    publish(settings, built, lambda path: gate(settings, lake, path, with_suites=False))


def run_once(what: str, settings: Settings) -> tuple[Path, float, float, int]:
    """(snapshot, seconds, CPU seconds, MiB at the peak) of a refresh or a full build in a new process."""
    command = [sys.executable, "-c", _ONE_RUN, what, settings.home]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    # Before it, DuckDB may have drawn how far it was.
    path, wall, cpu, peak = done.stdout.splitlines()[-1].split("\t")
    return Path(path), float(wall), float(cpu), int(peak)


def main() -> None:
    options = parser(__doc__, workers=100_000)
    options.add_argument("--runs", type=int, default=3)
    asked = options.parse_args()
    with ground(asked, _SEED) as folder:
        started = time.perf_counter()
        shutil.rmtree(folder / "home", ignore_errors=True)
        settings, late = prepare(folder, asked.workers)
        print(f"prepared in {time.perf_counter() - started:.0f} s", flush=True)
        for came, path in parts(late, folder / "late").items():
            report = Door(settings).receive(path, datetime(2025, 4, 1, tzinfo=UTC)).report
            print(f"{came}: {report['rows_loaded']} rows loaded", flush=True)
            made: dict[str, list] = {"refresh": [], "build": []}
            for _ in range(asked.runs):
                for what, runs in made.items():
                    if runs:
                        discard(runs[-1][0])
                    runs.append(run_once(what, settings))
            for what, runs in made.items():
                wall, cpu, peak = (statistics.median(run[column] for run in runs) for column in (1, 2, 3))
                print(f"{what:>20}: {wall:.1f} s, {cpu:.1f} CPU-s, {peak:.0f} MiB at the peak", flush=True)
            refreshed, built = (runs[-1][0] for runs in made.values())
            _publish(settings, refreshed)
            if differing := reconciled(settings, built):
                sys.exit(f"A full build has other rows in {', '.join(differing)}.")
            discard(built)


if __name__ == "__main__":
    main()
