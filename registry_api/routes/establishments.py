"""An establishment against its sector."""

from datetime import date
from typing import Annotated

import polars as pl
from fastapi import APIRouter, Path, Query

from lake.errors import AccessDenied
from registry.policy import Data, Viewer, decide
from registry_api.ground import Asking, Ground, On
from registry_api.problems import RESPONSES
from registry_api.routes.statistics import ReleasedOn
from registry_api.serialise import Page, page

router = APIRouter(prefix="/establishments", tags=["establishments"], responses=RESPONSES)


Siret = Annotated[str, Path(pattern=r"^\d{14}$", description="SIRET of one of the viewer's establishments.")]
# An establishment's tables have a few rows a year.
_ALL = 1_000_000
Year = Annotated[int | None, Query(ge=1900, le=2200, description="Calendar year; all when left out.")]


@router.get("/{siret}/comparison")
def comparison(siret: Siret, viewer: Asking, ground: On, year: Year = None, as_of: ReleasedOn = None) -> Page:
    """Observed against expected dose, the mix of occupations and categories being equal; never one person's dose.

    Beside each row stand the shares of wear periods and of occupations that the year rests on. A foreign SIRET and an
    unknown one get the same refusal.
    """
    model = "establishment_comparison"
    frame = _own(ground, viewer, model, siret, year, as_of)
    source = ground.access.source(model, frame, as_of)
    shares = _own(ground, viewer, "establishment_completeness", siret, year, as_of)
    shares = shares.select("year", "received_periods_share", "occupation_known_share")
    frame = frame.join(shares, on="year", how="left", maintain_order="left")
    return page(frame, cursor=None, limit=_ALL, as_of=as_of, source=source)


@router.get("/{siret}/completeness")
def completeness(siret: Siret, viewer: Asking, ground: On, year: Year = None, as_of: ReleasedOn = None) -> Page:
    """What became of the wear periods expected at the establishment, and how many occupations are known.

    A foreign SIRET and an unknown one get the same refusal.
    """
    return _whole(ground, viewer, "establishment_completeness", siret, year, as_of)


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
    # Whose establishment it is, is a question of today, whatever release is read.
    found = ground.access.fetch(
        "establishments", viewer, where={"siret": siret}, columns=["establishment_key"], purpose="API"
    )
    if found.is_empty():
        raise AccessDenied(
            "Cet établissement n'est pas dans votre périmètre.",
            next_step="Vérifiez le SIRET et votre désignation.",
        )
    where = {"establishment_key": found["establishment_key"][0]}
    if year is not None:
        where["year"] = year
    return ground.access.fetch(model, viewer, where=where, as_of=as_of, purpose="API")
