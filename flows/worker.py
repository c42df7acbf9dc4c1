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
    must_refresh = True
    while not stop.is_set():
        try:
            must_refresh |= take_all(door, say)
            if must_refresh:
                started = time.perf_counter()
                published = refresh(settings)
                must_refresh = False
                if published:
                    say(f"Publié : {published.stem} en {time.perf_counter() - started:.1f} s.")
            make_extracts(door)
        except GateRefused as error:
            must_refresh = False
            say(str(error))
        except DosilakeError as error:
            say(str(error))
        stop.wait(settings.poll_seconds)


def take_all(door: Door, say: Say) -> bool:
    """Take what waits in the inbox; whether anything came."""
    came = False
    for _, outcome in take_landed(door):
        came = True
        if isinstance(outcome, DosilakeError):
            say(str(outcome))
        else:
            for sentence in sentences(outcome.report):
                say(sentence)
    return came
