"""One worker's doses, for the readers the law names; every read is logged before the answer."""

from datetime import date, datetime
from typing import Annotated

import polars as pl
from fastapi import APIRouter, Path, Query

from lake.vocabulary import Role
from models.access import Access
from registry.policy import Data, Viewer, decide
from registry_api.ground import PARIS, Asking, On
from registry_api.problems import RESPONSES
from registry_api.serialise import LARGEST_PAGE, Page, page

router = APIRouter(prefix="/workers", tags=["workers"], responses=RESPONSES)

WorkerKey = Annotated[int, Path(ge=1, le=2**62, description="The register's key of the person; never a NIR.")]
AsOf = Annotated[date | None, Query(description="Only what the register knew by the end of this day (Paris).")]
Cursor = Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="Rows per page.")]
Purpose = Annotated[str, Query(max_length=200, description="Why; it goes into the access log.")]


@router.get("")
def workers(viewer: Asking, ground: On, cursor: Cursor = None, limit: Limit = 100, purpose: Purpose = "API") -> Page:
    """The workers in the viewer's scope by establishment, with their sums today; a worker finds only themself."""
    frame = in_scope(ground.access, viewer, purpose=purpose)
    return page(frame, cursor=cursor, limit=limit, source=ground.access.source("rolling_doses", frame))


@router.get("/{worker_key}/doses")
def doses(
    worker_key: WorkerKey,
    viewer: Asking,
    ground: On,
    as_of: AsOf = None,
    cursor: Cursor = None,
    limit: Limit = 100,
    purpose: Purpose = "API",
) -> Page:
    """The dose records of one worker, newest wear first: measured, below threshold and absent alike."""
    frame = _of_worker(ground.access, "dose_records", viewer, worker_key, as_of, purpose)
    frame = frame.sort("period_end", "dose_id", descending=True)
    source = ground.access.source("dose_records", frame, as_of)
    return page(frame, cursor=cursor, limit=limit, as_of=as_of, source=source)


@router.get("/{worker_key}/rolling")
def rolling(
    worker_key: WorkerKey,
    viewer: Asking,
    ground: On,
    on: Annotated[date | None, Query(description="The sums on this day alone, one row per limited quantity.")] = None,
    as_of: AsOf = None,
    cursor: Cursor = None,
    limit: Limit = 100,
    purpose: Purpose = "API",
) -> Page:
    """12-month, 60-month and career sums per limited quantity, on each day that carries a dose, or on one day."""
    if on is not None:
        frame = ground.access.rolling_on(viewer, worker_key, on, as_of=as_of, purpose=purpose)
    else:
        frame = _of_worker(ground.access, "rolling_doses", viewer, worker_key, as_of, purpose)
    frame = frame.sort("limit_quantity", "on_date")
    source = ground.access.source("rolling_doses", frame, as_of)
    return page(frame, cursor=cursor, limit=limit, as_of=as_of, source=source)


@router.get("/{worker_key}/outlook")
def outlook(
    worker_key: WorkerKey,
    viewer: Asking,
    ground: On,
    on: Annotated[date | None, Query(description="The day to look ahead from; today when left out.")] = None,
    as_of: AsOf = None,
    purpose: Purpose = "API",
) -> Page:
    """What leaves the twelve months of one worker and when, the largest dose a job may add, the sum to be expected."""
    day = on or datetime.now(PARIS).date()
    frame = ground.access.outlook(viewer, worker_key, day, as_of=as_of, purpose=purpose)
    return page(frame, cursor=None, limit=LARGEST_PAGE, as_of=as_of)


@router.get("/{worker_key}/events")
def events(
    worker_key: WorkerKey,
    viewer: Asking,
    ground: On,
    as_of: AsOf = None,
    cursor: Cursor = None,
    limit: Limit = 100,
    purpose: Purpose = "API",
) -> Page:
    """What one operation may have given one worker above a quarter of a limit: to be examined, and declared."""
    frame = _of_worker(ground.access, "significant_events", viewer, worker_key, as_of, purpose)
    frame = frame.sort("period_end", "kind", "limit_quantity", "limit_code", "establishment_key", "period_start",
                       "operation_no")  # fmt: skip
    return page(frame, cursor=cursor, limit=limit, as_of=as_of)


@router.get("/{worker_key}/contracts")
def contracts(
    worker_key: WorkerKey,
    viewer: Asking,
    ground: On,
    as_of: AsOf = None,
    cursor: Cursor = None,
    limit: Limit = 100,
    purpose: Purpose = "API",
) -> Page:
    """The dose of one worker's fixed-term and temporary contracts against the limit pro rata of their length."""
    frame = _of_worker(ground.access, "contract_doses", viewer, worker_key, as_of, purpose)
    frame = frame.sort("contract_start", "establishment_key", "limit_quantity")
    return page(frame, cursor=cursor, limit=limit, as_of=as_of)


@router.get("/{worker_key}/exceedances")
def exceedances(
    worker_key: WorkerKey,
    viewer: Asking,
    ground: On,
    as_of: AsOf = None,
    cursor: Cursor = None,
    limit: Limit = 100,
    purpose: Purpose = "API",
) -> Page:
    """The limits that one worker's doses exceed in the current view."""
    frame = _of_worker(ground.access, "limit_exceedances", viewer, worker_key, as_of, purpose)
    frame = frame.sort("first_date", "limit_code")
    source = ground.access.source("limit_exceedances", frame, as_of)
    return page(frame, cursor=cursor, limit=limit, as_of=as_of, source=source)


@router.get("/{worker_key}/exceedances/records")
def exceedance_records(
    worker_key: WorkerKey,
    viewer: Asking,
    ground: On,
    as_of: AsOf = None,
    cursor: Cursor = None,
    limit: Limit = 100,
    purpose: Purpose = "API",
) -> Page:
    """The results that the peak of each exceedance of one worker is made of."""
    frame = _of_worker(ground.access, "exceedance_records", viewer, worker_key, as_of, purpose)
    frame = frame.sort("first_date", "limit_code", "period_end", "dose_id")
    source = ground.access.source("exceedance_records", frame, as_of)
    return page(frame, cursor=cursor, limit=limit, as_of=as_of, source=source)


def in_scope(access: Access, viewer: Viewer, *, purpose: str, on: date | None = None) -> pl.DataFrame:
    """One row per worker and establishment of the viewer, highest 12-month dose first in each establishment."""
    if viewer.role is Role.WORKER:
        return pl.DataFrame({"worker_key": [viewer.worker_key]})
    decide(viewer, Data.INDIVIDUAL).or_raise()
    found = [
        access.workers_of(viewer, key, on_date=on, purpose=purpose).with_columns(
            pl.lit(key, dtype=pl.Int64).alias("establishment_key")
        )
        for key in sorted(viewer.establishment_keys)
    ]
    return pl.concat(found) if found else pl.DataFrame(schema={"worker_key": pl.Int64})


def _of_worker(
    access: Access, model: str, viewer: Viewer, worker_key: int, as_of: date | None, purpose: str
) -> pl.DataFrame:
    return access.fetch(model, viewer, where={"worker_key": worker_key}, as_of=as_of, purpose=purpose)
