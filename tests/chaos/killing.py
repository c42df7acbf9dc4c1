"""Sending in processes that die: the nursery's client, the places where a sender is killed, and what is left to say."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from signal import SIGKILL

from chaos.digest import differences, digest
from chaos.nursery import FULL

ROOT = Path(__file__).parents[2]
_KILLED = -SIGKILL


@dataclass
class Nursery:
    """Starts senders and waits for them; `kills` are those it has seen die, in words, `heard` is told their number."""

    process: subprocess.Popen
    heard: Callable[[int], None]
    kills: list[str] = field(default_factory=list)

    def run(self, *senders: dict) -> list[int]:
        """The exit codes of senders that run at the same time."""
        self.process.stdin.write(json.dumps(senders, default=str) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "The nursery itself has died; its last words are on stderr."
        codes = json.loads(answer)
        for sender, code in zip(senders, codes, strict=True):
            assert code in (0, _KILLED, FULL), (
                f"A sender failed by itself; its traceback is on stderr. It was told: {sender}"
            )
            if code == _KILLED:
                self.kills.append(sender.get("step") or "at a random time")
                self.heard(len(self.kills))
        return codes

    def finish(self, home: Path, waves: list[list[Path]], receipts: Path) -> list:
        """Pass everything with nobody killed; the receipts (path, number, report)."""
        assert self.run({"home": home, "waves": waves, "receipts": receipts}) == [0]
        return json.loads(receipts.read_text())


@contextmanager
def nursery(disk: Path | None = None, heard: Callable[[int], None] = lambda _: None) -> Iterator[Nursery]:
    """With `disk`: senders alone see a small disk in that folder, which is gone with the nursery."""
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    command = [sys.executable, "-m", "chaos.nursery"]
    if disk:
        mounting = f'mount -t tmpfs -o size=32m tmpfs "{disk}" && exec "$0" "$@"'
        command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mounting, *command]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environ
    ) as process:
        yield Nursery(process, heard)
        process.stdin.close()


@dataclass(frozen=True)
class Reference:
    """A home where nobody was killed: what it holds, the steps in the order in which each wave first took them, and
    how long all of it took.
    """

    waves: list[list[Path]]
    digest: dict
    steps: list[tuple[int, str]]
    seconds: float
    renumbered: bool

    @property
    def boundaries(self) -> list[dict]:
        """Every place where a sender can be killed, in an order in which one home can meet them all."""
        return [{"wave": wave, "step": step, "when": when} for wave, step in self.steps for when in ("before", "after")]


def reference(nursery: Nursery, home: Path, waves: list[list[Path]], *, renumbered: bool = False) -> Reference:
    """Pass the files in one undisturbed process; `renumbered`: see `chaos.digest`."""
    trace = home.with_name(f"{home.name}.trace")
    assert nursery.run({"home": home, "waves": waves, "trace": trace}) == [0]
    told = json.loads(trace.read_text())
    steps = [tuple(step) for step in told["steps"]]
    return Reference(
        waves, digest(home, renumbered=renumbered), list(dict.fromkeys(steps)), told["seconds"], renumbered
    )


def at_boundaries(nursery: Nursery, home: Path, reference: Reference, boundaries: list[dict]) -> str:
    """Kill one sender after the other in the same home, each at its boundary; what disagrees when a last one is done.

    Each takes up where the dead one before it stopped, so every one of them must meet its boundary. As in the inbox,
    files of earlier waves are gone; the last sender passes them all again.
    """
    first = 1
    for boundary in boundaries:
        codes = nursery.run({"home": home, "waves": reference.waves[first - 1 :], "first_wave": first} | boundary)
        assert codes == [_KILLED], f"A sender never came to {boundary}."
        first = max(boundary["wave"], 1)
    return _finished(nursery, home, reference, f"killed at {boundaries}")


def at_random(
    nursery: Nursery, folder: Path, reference: Reference, shares: list[list[list[Path]]], kills: int, seed: int
) -> str:
    """Kill senders that pass their shares (waves of files) at the same time, each after seconds drawn from `seed`.

    In home after home: in each until all senders are done before their time comes.
    """
    dice = Random(seed)
    enough = len(nursery.kills) + kills
    longest = reference.seconds * len(shares) / 2
    folder.mkdir()
    homes = 0
    while len(nursery.kills) < enough:
        homes += 1
        home = folder / f"home{homes}"
        told, codes = [], [_KILLED]
        while _KILLED in codes and len(nursery.kills) < enough:
            told.append([round(dice.uniform(0, longest), 3) for _ in shares])
            senders = [{"home": home, "waves": waves} for waves in shares]
            codes = nursery.run(*(one | {"seconds": s} for one, s in zip(senders, told[-1], strict=True)))
        if found := _finished(nursery, home, reference, f"seed {seed}, home {homes}, killed after {told} s"):
            return found
    return ""


def with_a_full_disk(
    nursery: Nursery, disk: Path, copy: Path, reference: Reference, boundaries: list[dict]
) -> tuple[str, int]:
    """Fill the disk at each boundary and make room before the next; what disagrees, and how often the disk was full."""
    home, filler, first, full = disk / "home", disk / "filler", 1, 0
    for boundary in boundaries:
        waves = reference.waves[first - 1 : max(boundary["wave"], 1)]
        codes = nursery.run({"home": home, "waves": waves, "first_wave": first, "filler": filler} | boundary)
        full += codes == [FULL]
        first = max(boundary["wave"], 1)
    last = {"home": home, "waves": reference.waves, "filler": filler, "copy": copy}
    assert nursery.run(last) == [0]
    found = differences(digest(copy), reference.digest)
    return "\n".join([f"Not the lake that never wanted room; full at {boundaries}.", *found] if found else []), full


def together(nursery: Nursery, home: Path, reference: Reference, shares: list[list[list[Path]]]) -> str:
    """Senders that pass their shares (waves of files) at the same time; what disagrees, receipts included.

    Each file must have one number whoever passed it, and the lake be that of one sender, but for the numbers.
    """
    papers = [home.with_name(f"{home.name}.receipts{i}") for i in range(len(shares))]
    senders = [{"home": home, "waves": waves, "receipts": paper} for waves, paper in zip(shares, papers, strict=True)]
    assert nursery.run(*senders) == [0] * len(shares)
    told = {tuple(receipt[:2]) for paper in papers for receipt in json.loads(paper.read_text())}
    sent = {str(path) for waves in shares for wave in waves for path in wave}
    if len(told) != len(sent) or len({number for _, number in told}) != len(sent):
        return f"{len(sent)} files were given other than one number each: {sorted(told)}"
    return _finished(nursery, home, reference, f"after {len(shares)} senders at once")


def _finished(nursery: Nursery, home: Path, reference: Reference, story: str) -> str:
    nursery.finish(home, reference.waves, home.with_name(f"{home.name}.receipts"))
    found = differences(digest(home, renumbered=reference.renumbered), reference.digest)
    return "\n".join([f"Not the lake that nobody disturbed; {story}.", *found]) if found else ""
