"""Exceeded limits: identity and dose for who follows the worker, context for the authority, identity for employers."""

from fastapi import APIRouter

from registry.policy import Data, decide
from registry_api.ground import Asking, On
from registry_api.problems import RESPONSES
from registry_api.routes.workers import AsOf, Cursor, Limit, Purpose
from registry_api.serialise import Page, page

_TOLD = ((Data.EXCEEDANCE, "limit_exceedances"), (Data.EXCEEDANCE_NOTICE, "exceedance_notices"))

router = APIRouter(tags=["exceedances"], responses=RESPONSES)


@router.get("/exceedances")
def exceedances(
    viewer: Asking, ground: On, as_of: AsOf = None, cursor: Cursor = None, limit: Limit = 100, purpose: Purpose = "API"
) -> Page:
    """The exceedances in the viewer's scope, by first day; what is told of each is what the reader's role opens."""
    model = next((m for data, m in _TOLD if decide(viewer, data).allowed), "exceedance_context")
    frame = ground.access.fetch(model, viewer, as_of=as_of, purpose=purpose)
    frame = frame.sort("first_date", "limit_code")
    return page(frame, cursor=cursor, limit=limit, as_of=as_of, source=ground.access.source(model, frame, as_of))
