"""A warm process that forks senders and tells how each ended; run as `python -m chaos.nursery`.

Importing costs seconds and a sender's work a fraction of one: the nursery imports, opens nothing, and forks. It reads
one line of JSON, a list of senders, and answers with one line, the list of their exit codes (-9: killed).

A sender: {"home", "waves": [[path, …], …], "first_wave": the number of the first one, "receipts": where to write them,
"trace": where to write the steps it took} and one of {"step", "wave", "when"}, where it kills itself with SIGKILL or
with {"filler": path of a file} fills the disk, {"seconds"}, after which it is killed, or none. It ends with FULL when
the disk was, and copies its home to {"copy"} when it is done.
The code under test knows nothing of all this: the steps are wrapped in the forked process.
"""

import gc
import json
import os
import shutil
import signal
import sys
import time
import traceback
import warnings
from contextlib import suppress
from pathlib import Path

from ingestion import door as door_module
from ingestion import lists, reports, spool
from ingestion.door import Arrival, Door
from ingestion.landing import Landing
from ingestion.read import parse_name
from lake import store
from lake.errors import DeliveryRefused, DosilakeError, StorageError
from lake.settings import Settings
from lake.store import Lake
from registry import database
from registry.vault import Vault

# Step → who holds it, and what tells one call from another (table, kind of report, name of the file that appears).
STEPS = {
    "_migrate": (database, None),
    "open_keys": (door_module, None),
    "create": (store.DeltaTable, lambda args: Path(args[0]).name),
    "keep": (Landing, None),
    "number_delivery": (door_module, None),
    "replace": (os, lambda args: Path(args[1]).name.split("_")[0] if Path(args[1]).suffix else "sealed"),
    "acknowledge": (reports, None),
    "draft_report": (reports, None),
    "save_report": (reports, None),
    "remember_waiting": (door_module, None),
    "unlanded": (door_module, None),
    "_judged": (Door, None),
    "register_establishments": (lists, None),
    "register": (Vault, None),
    "append": (Lake, None),
    "_commit": (Lake, lambda args: args[1].name),
    "mark_landed": (door_module, None),
    "load": (reports, None),
}
OPENING = 0
FULL = 3


class Sender:
    """One process that passes its files through the door, wave after wave, until it is done or dead."""

    def __init__(self, orders: dict):
        self.orders = orders
        self.wave = OPENING
        self.trace: list[tuple[int, str]] = []

    def run(self) -> None:
        started = time.monotonic()
        if not self.orders.keys().isdisjoint(("trace", "step")):
            # What is done side by side comes in one order here, so that every sender meets the step it is to die at.
            door_module.side_by_side = _one_by_one
        for name, (owner, label_of) in STEPS.items():
            self._wrap(owner, name, label_of)
        # Files of more than two rows are put aside and written as they come, as very large ones are.
        spool.ROOM_BYTES = 0
        door = Door(Settings(home=Path(self.orders["home"]), slice_rows=2))
        receipts = []
        for number, paths in enumerate(self.orders["waves"], start=self.orders.get("first_wave", 1)):
            self.wave = number
            arrivals = [Arrival(Path(path), _received_at(Path(path).name)) for path in paths]
            for arrival, outcome in door.receive_all(arrivals):
                if isinstance(outcome, DosilakeError):
                    raise outcome
                receipts.append((str(arrival.path), outcome.delivery_no, outcome.report))
        if path := self.orders.get("receipts"):
            Path(path).write_text(json.dumps(receipts))
        if path := self.orders.get("copy"):
            shutil.copytree(self.orders["home"], path)
        if path := self.orders.get("trace"):
            Path(path).write_text(json.dumps({"steps": self.trace, "seconds": time.monotonic() - started}))

    def _wrap(self, owner, name: str, label_of) -> None:
        original = getattr(owner, name)

        def wrapped(*args, **kwargs):
            step = f"{name}:{label_of(args)}" if label_of else name
            self.trace.append((self.wave, step))
            self._die_if_due(step, "before")
            result = original(*args, **kwargs)
            self._die_if_due(step, "after")
            return result

        setattr(owner, name, wrapped)

    def _die_if_due(self, step: str, when: str) -> None:
        orders = self.orders
        if (orders.get("step"), orders.get("wave"), orders.get("when")) == (step, self.wave, when):
            if filler := orders.get("filler"):
                _fill(Path(filler))
            else:
                os.kill(os.getpid(), signal.SIGKILL)


def _fill(path: Path) -> None:
    """Let the file grow till its disk is full."""
    with open(path, "wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def _one_by_one(tasks) -> None:
    for task in tasks:
        task()


def _received_at(name: str):
    try:
        return parse_name(name).sent_at
    except DeliveryRefused:
        return parse_name("PASS_LANDAUER_20200301T080000_000000.csv").sent_at


def fork(orders: dict) -> int:
    """The process id of a sender that has its orders and is on its way."""
    pid = os.fork()
    if pid:
        return pid
    try:
        if filler := orders.get("filler"):
            Path(filler).unlink(missing_ok=True)
        Sender(orders).run()
    except StorageError:
        os._exit(FULL if orders.get("filler") else 1)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def wait(senders: dict[int, float | None]) -> list[int]:
    """Wait until all have ended; `senders`: process id → seconds after which it is killed (None: never)."""
    started = time.monotonic()
    codes: dict[int, int] = {}
    while len(codes) < len(senders):
        for pid, seconds in senders.items():
            if pid in codes:
                continue
            if seconds is not None and time.monotonic() - started >= seconds:
                os.kill(pid, signal.SIGKILL)
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                codes[pid] = os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    return [codes[pid] for pid in senders]


def main() -> None:
    # What runs beside us is the allocator's, which knows how to be forked; polars, Delta and DuckDB start no pool of
    # threads before they are used.
    warnings.simplefilter("ignore", DeprecationWarning)
    gc.freeze()
    for line in sys.stdin:
        orders = json.loads(line)
        print(json.dumps(wait({fork(one): one.get("seconds") for one in orders})), flush=True)


if __name__ == "__main__":
    main()
