"""Where a benchmark runs: what it is asked, the machine it ran on, and a folder that is gone with it."""

import argparse
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path


def parser(description: str, workers: int) -> argparse.ArgumentParser:
    """What every benchmark is asked; `workers`: the register's size by default."""
    made = argparse.ArgumentParser(description=description.splitlines()[0])
    made.add_argument("--workers", type=int, default=workers, help="size of the simulated register")
    made.add_argument("--folder", type=Path, help="kept, and used again where it can be; default: a temporary one")
    return made


@contextmanager
def ground(asked: argparse.Namespace, seed: int) -> Iterator[Path]:
    """The folder to work in; tells the machine, the day and the register."""
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="dosilake-bench-"))
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{datetime.now(UTC):%Y-%m-%d}: a register of {asked.workers} workers, seed {seed}", flush=True)
    try:
        yield folder
    finally:
        if not asked.folder:
            shutil.rmtree(folder, ignore_errors=True)
