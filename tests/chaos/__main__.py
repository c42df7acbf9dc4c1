"""`make chaos`: kill more than 200 senders, at every step and at any time; each lake must be as if none had died.

Run as `python -m chaos [seed]` with the project and its tests on the path; exit code 1 when a lake differs.
"""

import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from chaos import deliveries
from chaos.killing import Nursery, at_boundaries, at_random, nursery, reference, with_a_full_disk

ANY_TIME = 25
TOGETHER = 25
FULL_EVERY = 5


def main(seed: int = 1) -> int:
    folder = Path(tempfile.mkdtemp(prefix="dosilake-chaos-"))
    try:
        with nursery(heard=lambda kills: print(f"\r  {kills} kills ", end="", file=sys.stderr, flush=True)) as warm:
            disagreements = _all(warm, folder, seed)
        kills = Counter(warm.kills)
        print(f"\n{kills.total()} kills (seed {seed}):")
        for step, count in sorted(kills.items()):
            print(f"  {count:4d}  {step}")
        for disagreement in disagreements:
            print(f"\n{disagreement}")
        print("\nNot every lake is the same." if disagreements else "\nEvery lake is the same as without a kill.")
        return 1 if disagreements else 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _all(warm: Nursery, folder: Path, seed: int) -> list[str]:
    disagreements = []

    def told(what: str, kill: Callable[[], str]) -> None:
        started, before = time.monotonic(), len(warm.kills)
        found = kill()
        kills = len(warm.kills) - before
        said = "DIFFERS" if found else "same lake"
        print(f"\r— {what}: {kills} kills in {time.monotonic() - started:.0f} s, {said}", flush=True)
        disagreements.extend([found] if found else [])

    planned = reference(warm, folder / "planned", deliveries.planned(folder / "planned files"))
    told("at every step", lambda: at_boundaries(warm, folder / "steps", planned, planned.boundaries))
    told("at any time", lambda: at_random(warm, folder / "any", planned, [planned.waves], ANY_TIME, seed))

    simulated = reference(warm, folder / "simulated", deliveries.simulated(folder / "simulated files"))
    told(
        "a synthetic register, at any time",
        lambda: at_random(warm, folder / "any simulated", simulated, [simulated.waves], ANY_TIME, seed),
    )

    lists, doses = deliveries.independent(folder / "independent files", 12)
    one = reference(warm, folder / "one", [lists, doses], renumbered=True)
    shares = [[lists, doses[:8]], [lists, doses[4:]], [lists, doses[::-1]]]
    told(
        "three senders at once, at any time",
        lambda: at_random(warm, folder / "together", one, shares, TOGETHER, seed),
    )

    disk = folder / "disk"
    disk.mkdir()
    with nursery(disk) as cramped:
        found, full = with_a_full_disk(cramped, disk, folder / "copy", planned, planned.boundaries[::FULL_EVERY])
    print(f"— disk full {full} times: {'DIFFERS' if found else 'same lake'}", flush=True)
    return [*disagreements, found] if found else disagreements


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
