"""Deliveries: send a file, follow what became of its rows."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from registry_api import inbox, reporting
from registry_api.ground import Asking, On
from registry_api.problems import RESPONSES
from registry_api.serialise import Page

router = APIRouter(prefix="/deliveries", tags=["deliveries"], responses=RESPONSES)


class Received(BaseModel):
    file_name: str = Field(description="The name it was sent under.")
    sha256: str = Field(description="Digest of the bytes: the proof of reception.")
    byte_size: int
    received_at: datetime = Field(description="Second clock (UTC).")


@router.post("", status_code=202)
async def send(
    request: Request,
    viewer: Asking,
    ground: On,
    file_name: Annotated[str, Query(max_length=200, description="{LAYOUT}_{SENDER}_{YYYYMMDDThhmmss}_{SEQ}.csv")],
) -> Received:
    """Send one delivery file as the request's body; it is judged within seconds and reported under its number.

    The same bytes again give the same receipt and change nothing.
    """
    receipt = await inbox.receive(ground.settings, viewer, file_name, request.stream())
    return Received(**receipt.__dict__)


@router.get("")
def list_deliveries(
    viewer: Asking,
    ground: On,
    before: Annotated[int | None, Query(ge=1, description="Go on from this delivery number.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Page:
    """The deliveries of the viewer's senders (the register team: all), newest first."""
    found = reporting.list_deliveries(ground, viewer, before=before, limit=limit)
    following = str(found[-1]["delivery_no"]) if len(found) == limit else None
    return Page(items=found, next_cursor=following)


DeliveryNo = Annotated[int, Path(ge=1, le=2**31, description="Number the registry gave it.")]


@router.get("/{delivery_no}")
def report(delivery_no: DeliveryNo, viewer: Asking, ground: On) -> dict[str, Any]:
    """The execution report of one delivery: counts, and each refused or waiting row by line and code.

    It never changes; `since` tells what became of the rows that waited: loaded or refused, by which later delivery.
    """
    return reporting.report_of(ground, viewer, delivery_no)


@router.get("/{delivery_no}/acknowledgement")
def acknowledgement(delivery_no: DeliveryNo, viewer: Asking, ground: On) -> dict[str, Any]:
    """That the bytes arrived, when, and whether the file as a whole was accepted."""
    return reporting.acknowledgement_of(ground, viewer, delivery_no)


@router.get("/{delivery_no}/file", response_class=FileResponse)
def download(
    delivery_no: DeliveryNo,
    viewer: Asking,
    ground: On,
    kind: Annotated[Literal["ACK", "RPT"], Query(description="Acknowledgement or execution report.")],
) -> FileResponse:
    """The acknowledgement or the execution report as a file, with every line and both languages."""
    path = reporting.file_of(ground, viewer, delivery_no, kind)
    return FileResponse(path, filename=path.name, media_type="text/csv")
