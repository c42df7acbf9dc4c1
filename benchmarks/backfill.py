"""How long a takeover of many years takes: one command over a folder of large files, killed half-way and run again.

`make bench-backfill` repeats a body's year of `large_file.py` year after year, every date and record identifier moved,
then lets `dosilake ingest FOLDER --as-named` take them in, kills it (SIGKILL) when half is landed, and runs the same
command again. What the lake holds at the end is held against what the files hold.
"""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
from ground import ground, parser
from large_file import SEED, prepare

from ingestion.read import fields_of, parse_name, slices
from lake.settings import Settings
from lake.store import Lake

_YEARS = 36
_POLL_SECONDS = 1.0
_DAYS = ("period_start", "period_end", "read_on", "returned_on", "sent_on")


def repeat(large: Path, folder: Path, years: int) -> list[Path]:
    """The file's year, and the years after it, a file each: the same wear, other identifiers."""
    folder.mkdir(parents=True, exist_ok=True)
    layout = parse_name(large.name).layout
    _, body, _, _ = large.stem.rsplit("_", 3)
    made = []
    for year in range(2020, 2020 + years):
        path = folder / f"PASS_{body}_{year + 1}0201T080000_000001.csv"
        made.append(path)
        if path.exists():
            continue
        draft = path.with_suffix(".draft")
        with draft.open("wb") as out, large.open("rb") as file:
            for number, rows in enumerate(slices(layout, iter(lambda: file.read(2**22), b""))):
                text = rows.good.drop("row_no").cast({pl.Categorical: pl.String})
                moved = text.with_columns(
                    pl.format("{}-{}", pl.lit(str(year)), "record_id").alias("record_id"),
                    pl.format("{}-{}", pl.lit(str(year)), "replaces_record_id").alias("replaces_record_id"),
                    *(_moved(field, year) for field in _DAYS),
                )
                lines = moved.select(fields_of(layout))
                lines.write_csv(out, separator=";", include_header=number == 0, quote_style="never")
        draft.rename(path)
    return made


def _moved(field: str, year: int) -> pl.Expr:
    """The date as many years later as the file is; 29 February becomes 28."""
    day = pl.col(field).str.to_date("%Y-%m-%d", strict=False).dt.offset_by(f"{year - 2020}y")
    return pl.coalesce(day.dt.strftime("%Y-%m-%d"), field).alias(field)


def ingest(home: Path, folder: Path, kill_after: int | None = None) -> tuple[float, int]:
    """Seconds that the command took, and its peak memory in MiB; killed once so many files are landed."""
    command = [sys.executable, "-m", "flows.cli", "--home", home, "ingest", folder, "--as-named"]
    landed = _landed(home)
    started = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        peak = 0
        while process.poll() is None:
            peak = max(peak, _peak_mib(process.pid))
            if kill_after is not None and _landed(home) >= landed + kill_after:
                process.send_signal(signal.SIGKILL)
                process.wait()
            time.sleep(_POLL_SECONDS)
    return time.perf_counter() - started, peak


def _landed(home: Path) -> int:
    return len(list((home / "landing").glob("*/report.json")))


def _peak_mib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return max((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), default=0)


def main() -> None:
    options = parser(__doc__, workers=415_000)
    options.add_argument("--years", type=int, default=_YEARS, help="files, of a year each")
    asked = options.parse_args()
    with ground(asked, SEED) as folder:
        ready = folder / "home", next(folder.glob("PASS_*.csv"), None)
        home, large = ready if ready[1] else prepare(folder, asked.workers)
        files = repeat(large, folder / "years", asked.years)
        copy = folder / "filled"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(home, copy)
        print(f"{len(files)} files, {sum(f.stat().st_size for f in files) / 2**30:.1f} GiB", flush=True)
        first, _ = ingest(copy, folder / "years", kill_after=len(files) // 2)
        print(f"killed after {first:.0f} s", flush=True)
        second, peak = ingest(copy, folder / "years")
        told = Lake(Settings(home=copy).lake_root).scan("deliveries").filter(layout="PASS")
        told = told.select(pl.col("rows_total", "rows_loaded").sum(), pl.len()).collect()
        total, loaded, landed = told.row(0)
        doses = Lake(Settings(home=copy).lake_root).scan("doses").select(pl.len(), ids=pl.col("dose_id").n_unique())
        held, ids = doses.collect().row(0)
        print(f"run again: {second:.0f} s, {peak} MiB at the peak")
        print(f"{landed} files, {total} rows, {loaded} loaded; the lake holds {held} doses, {ids} different")
        print(f"{total / (first + second):.0f} rows a second, kill and second reading of the first half included")
        if (landed, held, ids) != (len(files), loaded, loaded):
            sys.exit("The lake does not hold each loaded dose once.")


if __name__ == "__main__":
    main()
