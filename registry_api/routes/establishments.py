"""An establishment against its sector."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import polars as pl
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from lake.errors import AccessDenied
from registry import constraints
from registry.policy import Data, Viewer, decide
from registry_api.ground import Asking, Ground, On
from registry_api.problems import RESPONSES
from registry_api.routes.statistics import ReleasedOn, beside
from registry_api.serialise import Page, page

router = APIRouter(prefix="/establishments", tags=["establishments"], responses=RESPONSES)


Siret = Annotated[str, Path(pattern=r"^\d{14}$", description="SIRET of one of the viewer's establishments.")]
# An establishment's tables have a few rows a year.
_ALL = 1_000_000
Year = Annotated[int | None, Query(ge=1900, le=2200, description="Calendar year; all when left out.")]


@router.get("/{siret}/comparison")
def comparison(siret: Siret, viewer: Asking, ground: On, year: Year = None, as_of: ReleasedOn = None) -> Page:
    """Each occupation and category beside the same of the sector; observed against expected dose, the mix being equal.

    Beside each row stand the shares of wear periods and of occupations that the year rests on; null where the release
    is older than they are (`not_kept`). A foreign SIRET and an unknown one get the same refusal.
    """
    model = "establishment_comparison"
    frame = _own(ground, viewer, model, siret, year, as_of)
    source = ground.access.source(model, frame, as_of)
    frame, not_kept = beside(
        frame, ("year",), ("received_periods_share", "occupation_known_share"), "establishment_completeness",
        lambda of: _own(ground, viewer, of, siret, year, as_of),
    )  # fmt: skip
    return page(frame, cursor=None, limit=_ALL, as_of=as_of, source=source, not_kept=not_kept)


@router.get("/{siret}/completeness")
def completeness(siret: Siret, viewer: Asking, ground: On, year: Year = None, as_of: ReleasedOn = None) -> Page:
    """What became of the wear periods expected at the establishment, and how many occupations are known.

    A foreign SIRET and an unknown one get the same refusal.
    """
    return _whole(ground, viewer, "establishment_completeness", siret, year, as_of)


class ConstraintLevel(BaseModel):
    limit_quantity: str = Field(max_length=20, description="effective, lens, skin or extremities.")
    team: str | None = Field(None, max_length=120, description="A work unit of the worker list; null: all of it.")
    level_msv: Decimal | None = Field(description="mSv in 12 months, a decimal string; null withdraws the level.")


class HeldConstraint(ConstraintLevel):
    level_msv: str = Field(description="mSv in 12 months, a decimal string with 3 decimals.")
    set_at: datetime


@router.get("/{siret}/constraints")
def held_constraints(siret: Siret, viewer: Asking, ground: On) -> list[HeldConstraint]:
    """The dose constraints that hold at one of the viewer's establishments and its work units."""
    decide(viewer, Data.CONSTRAINT).or_raise()
    held = constraints.constraints_of(ground.engine, viewer, _key(ground, viewer, siret))
    return [
        HeldConstraint(limit_quantity=c.limit_quantity, team=c.team, level_msv=f"{c.level_msv:.3f}", set_at=c.set_at)
        for c in held
    ]


@router.post("/{siret}/constraints", status_code=201)
def set_constraint(siret: Siret, level: ConstraintLevel, viewer: Asking, ground: On) -> list[HeldConstraint]:
    """Set or withdraw a dose constraint, as the establishment's adviser; what held before stays on record."""
    decide(viewer, Data.CONSTRAINT_SETTING).or_raise()
    keep_constraint(ground, viewer, _key(ground, viewer, siret), **level.model_dump())
    return held_constraints(siret, viewer, ground)


def keep_constraint(
    ground: Ground,
    viewer: Viewer,
    establishment_key: int,
    limit_quantity: str,
    team: str | None,
    level_msv: Decimal | None,
) -> None:
    """Set or withdraw a dose constraint, and log who did; raises as `registry.constraints.set_constraint` does."""
    article = decide(viewer, Data.CONSTRAINT_SETTING).or_raise().article
    constraints.set_constraint(
        ground.engine, viewer, establishment_key=establishment_key, team=team, limit_quantity=limit_quantity,
        level_msv=level_msv,
    )  # fmt: skip
    ground.audit.record(
        viewer, "constraint", detail=f"establishment {establishment_key} {limit_quantity}", article=article
    )


@router.get("/{siret}/changes")
def changes(siret: Siret, viewer: Asking, ground: On, year: Year = None, as_of: ReleasedOn = None) -> Page:
    """Why the collective dose changed from the year before: headcount, mix of jobs, mean dose in the same jobs.

    A foreign SIRET and an unknown one get the same refusal.
    """
    return _whole(ground, viewer, "dose_changes", siret, year, as_of)


def _whole(ground: Ground, viewer: Viewer, model: str, siret: str, year: int | None, as_of: date | None) -> Page:
    frame = _own(ground, viewer, model, siret, year, as_of)
    return page(frame, cursor=None, limit=_ALL, as_of=as_of, source=ground.access.source(model, frame, as_of))


def _own(ground: Ground, viewer: Viewer, model: str, siret: str, year: int | None, as_of: date | None) -> pl.DataFrame:
    """Every row of one of the viewer's establishments."""
    decide(viewer, Data.ESTABLISHMENT).or_raise()
    where = {"establishment_key": _key(ground, viewer, siret)}
    if year is not None:
        where["year"] = year
    return ground.access.fetch(model, viewer, where=where, as_of=as_of, purpose="API")


def _key(ground: Ground, viewer: Viewer, siret: str) -> int:
    """The establishment's key; raises AccessDenied, the same for a foreign SIRET as for an unknown one.

    Whose establishment it is, is a question of today, whatever release is read.
    """
    found = ground.access.fetch(
        "establishments", viewer, where={"siret": siret}, columns=["establishment_key"], purpose="API"
    )
    if found.is_empty():
        raise AccessDenied(
            "Cet établissement n'est pas dans votre périmètre.",
            next_step="Vérifiez le SIRET et votre désignation.",
        )
    return found["establishment_key"][0]
