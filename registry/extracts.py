"""Research extracts: asked for by a page or the API, made by the worker, held until downloaded.

Source: arrêté du 23 juin 2023 art. 7 (scientific use under a convention).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Engine, insert, select, update

from lake.errors import AccessDenied, UsageError
from lake.settings import Settings
from registry.accounts import project_codes_of
from registry.policy import Data, Viewer, decide
from registry.tables import extracts

EARLIEST_YEAR = 1950


class State(StrEnum):
    REQUESTED = "requested"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Extract:
    """One request and what became of it."""

    extract_id: int
    account_id: int
    project_code: str
    first_year: int
    last_year: int
    purpose: str
    state: State
    requested_at: datetime
    ended_at: datetime | None
    snapshot_version: str | None
    row_count: int | None
    sha256: str | None
    message: str | None


def folder_of(settings: Settings, extract_id: int) -> Path:
    """Where the worker leaves the files of one extract."""
    return settings.home / "extracts" / str(extract_id)


def request_extract(
    engine: Engine, viewer: Viewer, *, project_code: str, first_year: int, last_year: int, purpose: str
) -> Extract:
    """Queue an extract; raises AccessDenied outside the viewer's projects, UsageError for years or purpose amiss."""
    decide(viewer, Data.EXTRACT).or_raise()
    if project_code not in project_codes_of(engine, viewer.account_id, date.today()):
        raise AccessDenied(
            "Ce projet n'est pas ouvert à votre compte (arrêté du 23 juin 2023, art. 7).",
            next_step="Faites enregistrer votre convention auprès de l'équipe du registre.",
        )
    if not EARLIEST_YEAR <= first_year <= last_year <= date.today().year:
        raise UsageError(
            "Les années demandées ne se suivent pas.",
            next_step=f"Choisissez deux années entre {EARLIEST_YEAR} et cette année, dans l'ordre.",
        )
    if not purpose.strip():
        raise UsageError("La finalité manque.", next_step="Dites à quelle question l'extraction répond.")
    values = {
        "account_id": viewer.account_id,
        "project_code": project_code,
        "first_year": first_year,
        "last_year": last_year,
        "purpose": purpose.strip(),
        "state": State.REQUESTED.value,
        "requested_at": datetime.now(UTC),
    }
    with engine.begin() as connection:
        extract_id = connection.execute(insert(extracts).values(**values)).inserted_primary_key[0]
    return _read(engine, extract_id)


def list_extracts(engine: Engine, viewer: Viewer) -> list[Extract]:
    """The extracts of the viewer's projects, newest first."""
    decide(viewer, Data.EXTRACT).or_raise()
    projects = project_codes_of(engine, viewer.account_id, date.today())
    query = select(extracts).where(extracts.c.project_code.in_(projects)).order_by(extracts.c.extract_id.desc())
    with engine.connect() as connection:
        return [_extract(row) for row in connection.execute(query).mappings()]


def get_extract(engine: Engine, viewer: Viewer, extract_id: int) -> Extract:
    """One extract of the viewer's projects; raises AccessDenied for any other, existing or not."""
    for extract in list_extracts(engine, viewer):
        if extract.extract_id == extract_id:
            return extract
    raise AccessDenied(
        "Cette extraction n'existe pas dans vos projets.", next_step="Voyez la liste de vos extractions."
    )


def take_next(engine: Engine) -> Extract | None:
    """The oldest request, now marked as running; None when none waits. Two workers never take the same one."""
    waiting = select(extracts.c.extract_id).where(extracts.c.state == State.REQUESTED.value)
    with engine.begin() as connection:
        for extract_id in connection.scalars(waiting.order_by(extracts.c.extract_id)).all():
            mine = update(extracts).where(
                extracts.c.extract_id == extract_id, extracts.c.state == State.REQUESTED.value
            )
            if connection.execute(mine.values(state=State.RUNNING.value)).rowcount == 1:
                break
        else:
            return None
    return _read(engine, extract_id)


def finish_extract(engine: Engine, extract_id: int, *, snapshot_version: str, row_count: int, sha256: str) -> None:
    """The files are in place and named by their digest."""
    _end(
        engine,
        extract_id,
        State.DONE,
        snapshot_version=snapshot_version,
        row_count=row_count,
        sha256=sha256,
        message="",
    )


def fail_extract(engine: Engine, extract_id: int, message: str) -> None:
    """The extract could not be made; `message` is for the researcher and holds nothing of anyone."""
    _end(engine, extract_id, State.FAILED, message=message)


def requeue_running(engine: Engine) -> int:
    """Put back what a stopped worker left running; how many."""
    stuck = update(extracts).where(extracts.c.state == State.RUNNING.value)
    with engine.begin() as connection:
        return connection.execute(stuck.values(state=State.REQUESTED.value)).rowcount


def _end(engine: Engine, extract_id: int, state: State, **values) -> None:
    ended = update(extracts).where(extracts.c.extract_id == extract_id)
    with engine.begin() as connection:
        connection.execute(ended.values(state=state.value, ended_at=datetime.now(UTC), **values))


def _read(engine: Engine, extract_id: int) -> Extract:
    with engine.connect() as connection:
        row = connection.execute(select(extracts).where(extracts.c.extract_id == extract_id)).mappings().one()
    return _extract(row)


def _extract(row) -> Extract:
    return Extract(**{name: row[name] for name in Extract.__dataclass_fields__} | {"state": State(row["state"])})
