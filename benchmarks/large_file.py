"""How fast passive files are validated and committed, and how much memory it takes, whatever their size.

`make bench` simulates a year of a register, takes its lists in, and passes what its largest dosimetry body sent for the
year through the door as one file of a million rows: its first part in a new process, which opens the register, then
the rest, as a process that goes on receiving sees it. Each time into a fresh copy of the same home; medians of several
runs.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

from ground import ground, parser

from flows.steps import arrivals
from ingestion.door import Door
from ingestion.read import parse_name
from ingestion.simulate import simulate
from lake.settings import Settings
from lake.vocabulary import Layout

SEED = 2020
# The part that opens the register, and the sizes that the memory is asked of.
_FIRST_ROWS = 60_000
_SHARES = (0.25, 0.5, 1.0)
# As the command runs: `flows` comes first.
_ONE_RUN = """
import sys, time
import flows
from datetime import UTC, datetime
from pathlib import Path
from ingestion.door import Door
from lake.settings import Settings
door = Door(Settings(home=Path(sys.argv[1])))
for path in sys.argv[2:]:
    wall, cpu = time.perf_counter(), time.process_time()
    report = door.receive(Path(path), datetime(2021, 2, 1, tzinfo=UTC)).report
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    # What `getrusage` tells begins with what the parent held.
    status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0])
    print(report["rows_total"], report["rows_loaded"], wall, cpu, peak // 1024)
"""


def prepare(folder: Path, workers: int) -> tuple[Path, Path]:
    """A home that holds the lists of a year, and one file with all that the largest body sent in it."""
    sent = folder / "deliveries"
    simulate(workers, date(2020, 1, 1), date(2020, 12, 1), SEED, sent)
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


def cut(large: Path, folder: Path, share: float) -> list[Path]:
    """The first rows of a file, and this share of the others, as two files."""
    first = folder / large.name.replace("T080000", "T070000")
    rest = folder / large.name
    with large.open("rb") as file, first.open("wb") as start, rest.open("wb") as others:
        header = file.readline()
        lines = (large.stat().st_size - len(header)) * share
        for out in (start, others):
            out.write(header)
        for _ in range(_FIRST_ROWS):
            start.write(file.readline())
        written = 0
        while written < lines and (line := file.readline()):
            written += others.write(line)
    return [first, rest]


def run_once(home: Path, files: list[Path], folder: Path) -> list[tuple[int, int, float, float, int]]:
    """For each file (rows, loaded, seconds, CPU seconds, MiB at the peak), one after the other in a new process."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(home, copy)
    # What the copy left to be written is not the door's.
    os.sync()
    command = [sys.executable, "-c", _ONE_RUN, copy, *files]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    return [(int(a), int(b), float(c), float(d), int(e)) for a, b, c, d, e in lines]


def main() -> None:
    options = parser(__doc__, workers=415_000)
    options.add_argument("--runs", type=int, default=3)
    asked = options.parse_args()
    with ground(asked, SEED) as folder:
        started = time.perf_counter()
        ready = folder / "home", next(folder.glob("PASS_*.csv"), None)
        home, large = ready if ready[1] else prepare(folder, asked.workers)
        print(f"prepared in {time.perf_counter() - started:.0f} s: {large.stat().st_size / 2**20:.0f} MiB", flush=True)
        parts = folder / "parts"
        parts.mkdir(exist_ok=True)
        for share in _SHARES:
            files = cut(large, parts, share)
            runs = [run_once(home, files, folder) for _ in range(asked.runs)]
            for what, number in (("opening the register", 0), ("going on", 1)):
                rows, loaded, *_ = runs[0][number]
                wall, cpu, peak = (statistics.median(run[number][column] for run in runs) for column in (2, 3, 4))
                print(
                    f"{what:>20}: {rows} rows ({loaded} loaded) in {wall:.1f} s, {cpu:.1f} CPU-s: "
                    f"{rows / wall:.0f} rows a second, {peak:.0f} MiB at the peak",
                    flush=True,
                )


if __name__ == "__main__":
    main()
