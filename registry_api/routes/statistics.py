"""National statistics, open to every reader; small groups are suppressed before they get here."""

from typing import Annotated

from fastapi import APIRouter, Query

from registry_api.ground import Asking, On
from registry_api.problems import RESPONSES
from registry_api.routes.workers import AsOf, Cursor, Limit
from registry_api.serialise import Page, page

router = APIRouter(prefix="/statistics", tags=["statistics"], responses=RESPONSES)


@router.get("/national")
def national(
    viewer: Asking,
    ground: On,
    year: Annotated[int | None, Query(ge=1900, le=2200, description="Calendar year of the wear's end.")] = None,
    limit_quantity: Annotated[str | None, Query(max_length=40, description="effective, lens, …")] = None,
    dimension: Annotated[str | None, Query(max_length=40, description="How persons are grouped.")] = None,
    as_of: AsOf = None,
    cursor: Cursor = None,
    limit: Limit = 500,
) -> Page:
    """One row per year, limited quantity, dimension and group; a suppressed figure is null and says so."""
    where = {"year": year, "limit_quantity": limit_quantity, "dimension": dimension}
    where = {name: value for name, value in where.items() if value is not None}
    frame = ground.access.fetch("national_statistics", viewer, where=where, as_of=as_of, purpose="API")
    frame = frame.sort("year", "limit_quantity", "dimension", "group_code")
    return page(frame, cursor=cursor, limit=limit, as_of=as_of)
