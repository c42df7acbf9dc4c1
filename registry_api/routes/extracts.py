"""Research extracts: ask, follow, download."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from registry import extracts
from registry_api.ground import Asking, Ground, On
from registry_api.problems import RESPONSES

router = APIRouter(prefix="/extracts", tags=["extracts"], responses=RESPONSES)

ExtractId = Annotated[int, Path(ge=1, le=2**62)]


class Request(BaseModel):
    project_code: str = Field(max_length=40, description="A project of the viewer's convention.")
    first_year: int
    last_year: int
    purpose: str = Field(max_length=2000, description="The question that the extract answers.")


class ExtractState(BaseModel):
    extract_id: int
    project_code: str
    first_year: int
    last_year: int
    purpose: str
    state: str = Field(description="requested, running, done or failed.")
    requested_at: datetime
    ended_at: datetime | None
    snapshot_version: str | None = Field(description="The snapshot it was made from: ask again, get the same.")
    row_count: int | None
    sha256: str | None
    message: str | None
    files: list[str] = Field(description="Names for /file?name=…")


@router.post("", status_code=202)
def ask(request: Request, viewer: Asking, ground: On) -> ExtractState:
    """Queue a pseudonymised extract; the worker makes it."""
    extract = extracts.request_extract(ground.engine, viewer, **request.model_dump())
    ground.audit.record(viewer, "extract_request", detail=f"extract {extract.extract_id}", purpose=extract.purpose)
    return _state(ground, extract)


@router.get("")
def list_extracts(viewer: Asking, ground: On) -> list[ExtractState]:
    """The extracts of the viewer's projects, newest first."""
    return [_state(ground, extract) for extract in extracts.list_extracts(ground.engine, viewer)]


@router.get("/{extract_id}")
def follow(extract_id: ExtractId, viewer: Asking, ground: On) -> ExtractState:
    """What became of one extract."""
    return _state(ground, extracts.get_extract(ground.engine, viewer, extract_id))


@router.get("/{extract_id}/file", response_class=FileResponse)
def download(extract_id: ExtractId, viewer: Asking, ground: On, name: str) -> FileResponse:
    """One file of a finished extract: data, codebook or manifest."""
    extract = extracts.get_extract(ground.engine, viewer, extract_id)
    if name not in files_of(ground, extract):
        raise HTTPException(404, "Ce fichier n'est pas (encore) dans l'extraction.")
    ground.audit.record(viewer, "extract_download", detail=f"extract {extract_id} {name}", purpose=extract.purpose)
    path = extracts.folder_of(ground.settings, extract_id) / name
    return FileResponse(path, filename=f"dosilake-{extract.project_code}-{extract_id}-{name}")


def files_of(ground: Ground, extract: extracts.Extract) -> list[str]:
    """Names of a finished extract's files; none before."""
    folder = extracts.folder_of(ground.settings, extract.extract_id)
    if extract.state is not extracts.State.DONE or not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def _state(ground: Ground, extract: extracts.Extract) -> ExtractState:
    shown = {name: getattr(extract, name) for name in ExtractState.model_fields if name != "files"}
    return ExtractState(**shown | {"state": extract.state.value}, files=files_of(ground, extract))
