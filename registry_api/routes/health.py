"""Whether the service answers and what it answers from; public, so it says nothing else."""

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from lake.errors import StorageError
from registry_api.ground import On

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: str = Field(description="ok, or empty while nothing has been published.")
    snapshot: str | None = Field(description="The published snapshot, if any.")


@router.get("/health")
def health(ground: On) -> Health:
    """The registry answers; 503 when it does not."""
    try:
        with ground.engine.connect() as connection:
            connection.execute(text("select 1"))
    except SQLAlchemyError:
        raise StorageError("The registry database does not answer.", next_step="See `dosilake check`.") from None
    snapshot = ground.snapshot_version()
    return Health(status="ok" if snapshot else "empty", snapshot=snapshot)
