"""The nightly flow: ingest what landed, rebuild in full, pass the gate, publish; Prefect retries, schedules and shows.

The steps are plain functions in `flows.steps`; Prefect adds only when they run and what happens when one fails.
"""

import os
from pathlib import Path

from prefect import flow, get_run_logger, task

from flows.steps import make_extracts, refresh, release, take_landed
from ingestion.door import Door
from ingestion.reports import sentences
from lake.errors import DosilakeError
from lake.settings import Settings

# 02:15 in Paris: after the senders' evening files, before the readers' morning.
NIGHTLY = "15 2 * * *"


@task(retries=2, retry_delay_seconds=30, task_run_name="ingest what landed")
def ingest_landed(settings: Settings) -> int:
    """Take every file of the inbox, and finish what a stopped lander left; how many files came."""
    log = get_run_logger()
    door = Door(settings)
    door.land_all()
    files = 0
    for outcome in take_landed(door):
        files += 1
        lines = (
            [str(outcome)]
            if isinstance(outcome, DosilakeError)
            else sentences(outcome.report, is_resend=outcome.is_resend)
        )
        for line in lines:
            log.info(line)
    return files


@task(task_run_name="build, gate, publish")
def build_and_publish(settings: Settings) -> str:
    """Rebuild every mart and publish through the gate; the published version's name."""
    return refresh(settings, full=True).stem


@task(task_run_name="release of statistics")
def release_due(settings: Settings) -> list[str]:
    """Freeze the statistics at the reference dates that have passed; their names."""
    return [made.name for made in release(settings)]


@task(retries=1, task_run_name="research extracts")
def extracts(settings: Settings) -> int:
    """Make the extracts that wait; how many."""
    return make_extracts(Door(settings))


@flow(name="nightly")
def nightly(home: str) -> str:
    """Ingest, rebuild in full, gate, publish, release the statistics when due, extract; returns the published version.

    The other settings come from the environment of the process that runs it.
    """
    settings = Settings.from_environ(os.environ, home=Path(home))
    ingest_landed(settings)
    version = build_and_publish(settings)
    release_due(settings)
    extracts(settings)
    return version
