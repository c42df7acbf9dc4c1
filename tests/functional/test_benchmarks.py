"""The benchmarks run as they are told to, on a small register: what they measure is theirs to say."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["large_file.py", "--runs", "1"], "rows a second"),
        # Its own exit code tells whether the lake holds each dose once after the kill.
        (["backfill.py", "--years", "2"], "2 files"),
        (["full_build.py"], "scans"),
    ],
)
def test_a_benchmark_runs_to_its_end(command, told):
    program, *options = command
    done = subprocess.run(
        [sys.executable, BENCHMARKS / program, "--workers", "100", *options], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert told in done.stdout
