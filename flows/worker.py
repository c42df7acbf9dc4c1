"""The worker loop: warm, it takes files as they land, refreshes the marts through the gate and makes extracts.

No Prefect here: starting a run costs seconds, and a dose should be visible before that.
"""

import threading
import time
from collections.abc import Callable

from flows.steps import make_extracts, refresh, take_landed
from ingestion.door import Door
from ingestion.reports import sentences
from lake.errors import DosilakeError, GateRefused
from lake.settings import Settings

Say = Callable[[str], None]


def work(settings: Settings, stop: threading.Event, say: Say) -> None:
    """Run until `stop` is set; a refused file or a failed gate is said, and the loop goes on."""
    door = Door(settings)
    door.land_all()
    make_extracts(door, first=True)
    # Imported while nothing waits: the gate's library costs seconds.
    import great_expectations  # noqa: F401

    say(f"Le veilleur attend les fichiers dans {settings.landing / 'inbox'}.")
    refused_at = None
    while not stop.is_set():
        try:
            take_all(door, say)
            if door.lake.version("deliveries") != refused_at:
                started = time.perf_counter()
                published = refresh(settings)
                if published:
                    say(f"Publié : {published.stem} en {time.perf_counter() - started:.1f} s.")
            make_extracts(door)
        except GateRefused as error:
            # The same lake would be refused again: wait for the next delivery.
            refused_at = door.lake.version("deliveries")
            say(str(error))
        except DosilakeError as error:
            say(str(error))
        stop.wait(settings.poll_seconds)


def take_all(door: Door, say: Say) -> None:
    """Take what waits in the inbox and say what became of it."""
    for outcome in take_landed(door):
        if isinstance(outcome, DosilakeError):
            say(str(outcome))
        else:
            for sentence in sentences(outcome.report, is_resend=outcome.is_resend):
                say(sentence)
