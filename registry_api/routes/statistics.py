"""National statistics of the release in force, open to every reader; small groups are suppressed there."""

from collections.abc import Callable, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated

import polars as pl
from fastapi import APIRouter, Query

from lake.errors import NoSnapshot
from models.periods import five_year_means
from registry.policy import Viewer
from registry_api.ground import Asking, Ground, On
from registry_api.problems import RESPONSES
from registry_api.routes.workers import AsOf, Cursor, Limit
from registry_api.serialise import LARGEST_PAGE, Page, page


class Table(StrEnum):
    """The other published tables, each by the name of its model."""

    LIKE_FOR_LIKE = "like_for_like"
    NATIONAL_DOSE_CHANGES = "national_dose_changes"
    WORKPLACE_STATISTICS = "workplace_statistics"
    PASSIVE_OPERATIONAL_GAPS = "passive_operational_gaps"
    COMPONENT_STATISTICS = "component_statistics"
    DOSE_DISTRIBUTION = "dose_distribution"
    DOSE_DISTRIBUTION_OF_ALL_ROWS = "dose_distribution_of_all_rows"
    CUMULATIVE_DISTRIBUTION = "cumulative_distribution"
    CLASSIFICATION_WATCH_COUNTS = "classification_watch_counts"


ReleasedOn = Annotated[date | None, Query(description="The release in force on this day; the last when left out.")]

# What tells the rows of any of them apart, so that pages follow each other.
_KEYS = (
    "year", "limit_quantity", "reading", "site", "relation", "basis", "component", "span", "rule_code", "dimension",
    "group_code", "position",
)  # fmt: skip

router = APIRouter(prefix="/statistics", tags=["statistics"], responses=RESPONSES)


_ORDER = ("year", "limit_quantity", "dimension", "group_code")
# The group whose completeness stands beside the figures of a group.
_OF = {"dimension": "of_dimension", "group_code": "of_group"}
COMPLETENESS = ("received_periods_share", "occupation_known_share", "received_results_share")
Year = Annotated[int | None, Query(ge=1900, le=2200, description="Calendar year of the wear's end.")]
Quantity = Annotated[str | None, Query(max_length=40, description="effective, lens, …")]
Dimension = Annotated[str | None, Query(max_length=40, description="How persons are grouped.")]


@router.get("/national")
def national(
    viewer: Asking,
    ground: On,
    year: Year = None,
    limit_quantity: Quantity = None,
    dimension: Dimension = None,
    as_of: ReleasedOn = None,
    cursor: Cursor = None,
    limit: Limit = 500,
) -> Page:
    """One row per year, limited quantity, dimension and group; a suppressed figure is null and says so.

    Beside each stand the shares of wear periods, of occupations and of results that the year's figures rest on, of a
    domain its own; null where the release is older than they are (`not_kept`).
    """
    model = "national_statistics"
    frame = _by_group(ground, viewer, model, year, limit_quantity, dimension, as_of)
    source = ground.access.source(model, frame, as_of)
    # How complete a sector or an occupation is by itself cannot be told: as the nation is.
    is_domain = pl.col("dimension") == "domain"
    rests_on = [pl.when(is_domain).then(name).otherwise(pl.lit("ALL")).alias(of) for name, of in _OF.items()]
    frame, not_kept = beside(
        frame.with_columns(rests_on), ("year", "limit_quantity", *_OF.values()), COMPLETENESS,
        "statistics_completeness",
        lambda of: ground.access.fetch(of, viewer, as_of=as_of, purpose="API").rename(_OF, strict=False),
    )  # fmt: skip
    return page(frame.drop(_OF.values()), cursor=cursor, limit=limit, as_of=as_of, source=source, not_kept=not_kept)


@router.get("/national/all-rows")
def all_rows(
    viewer: Asking,
    ground: On,
    year: Year = None,
    limit_quantity: Quantity = None,
    dimension: Dimension = None,
    as_of: ReleasedOn = None,
    cursor: Cursor = None,
    limit: Limit = 500,
) -> Page:
    """The same as if no result had been replaced or cancelled, beside what stands; null where few were corrected."""
    model = "statistics_of_all_rows"
    frame = _by_group(ground, viewer, model, year, limit_quantity, dimension, as_of)
    return page(frame, cursor=cursor, limit=limit, as_of=as_of, source=ground.access.source(model, frame, as_of))


@router.get("/national/five-years")
def five_years(
    viewer: Asking,
    ground: On,
    limit_quantity: Quantity = None,
    dimension: Dimension = None,
    as_of: ReleasedOn = None,
    cursor: Cursor = None,
    limit: Limit = 500,
) -> Page:
    """Means of five calendar years, as UNSCEAR asks for them: persons and dose a year, dose over persons.

    Made of the yearly figures of the release: null where one of the five is hidden.
    """
    model = "national_statistics"
    frame = _by_group(ground, viewer, model, None, limit_quantity, dimension, as_of)
    source = ground.access.source(model, frame, as_of)
    return page(five_year_means(frame), cursor=cursor, limit=limit, as_of=as_of, source=source)


@router.get("/revisions")
def revisions(viewer: Asking, ground: On, as_of: ReleasedOn = None) -> Page:
    """What became known since the release before the one in force, by year and cause; nothing of what bears on few."""
    frame = ground.access.revisions(viewer, as_of=as_of, purpose="API")
    return page(frame, cursor=None, limit=LARGEST_PAGE, as_of=as_of)


@router.get("/completeness")
def completeness(
    viewer: Asking,
    ground: On,
    dimension: Annotated[str | None, Query(max_length=40, description="ALL or domain; both when left out.")] = None,
    as_of: ReleasedOn = None,
    cursor: Cursor = None,
    limit: Limit = 500,
) -> Page:
    """What the figures of a year, or of a domain in it, rest on: wear received, occupations known, results to come."""
    model = "statistics_completeness"
    frame = _by_group(ground, viewer, model, None, None, dimension, as_of)
    return page(frame, cursor=cursor, limit=limit, as_of=as_of, source=ground.access.source(model, frame, as_of))


@router.get("/nowcast")
def nowcast(viewer: Asking, ground: On, as_of: AsOf = None, cursor: Cursor = None, limit: Limit = 500) -> Page:
    """Results of the latest months of wear: those that have come, and those to be expected by earlier delays."""
    model = "result_nowcast"
    frame = ground.access.fetch(model, viewer, as_of=as_of, purpose="API").sort("month", "limit_quantity")
    return page(frame, cursor=cursor, limit=limit, as_of=as_of, source=ground.access.source(model, frame, as_of))


@router.get("/{table}")
def table(
    table: Table,
    viewer: Asking,
    ground: On,
    year: Annotated[int | None, Query(ge=1900, le=2200, description="Calendar year; all when left out.")] = None,
    as_of: ReleasedOn = None,
    cursor: Cursor = None,
    limit: Limit = 500,
) -> Page:
    """A yearly table: the series that breaks leave alone, places, parts of a dose, classes, sums, who is flagged."""
    where = {} if year is None else {"year": year}
    frame = ground.access.fetch(table.value, viewer, where=where, as_of=as_of, purpose="API")
    frame = frame.sort([name for name in _KEYS if name in frame.columns])
    source = ground.access.source(table.value, frame, as_of)
    return page(frame, cursor=cursor, limit=limit, as_of=as_of, source=source)


def beside(
    frame: pl.DataFrame, keys: Sequence[str], told: Sequence[str], model: str, fetch: Callable[[str], pl.DataFrame]
) -> tuple[pl.DataFrame, list[str]]:
    """The rows with what a model tells of them, and its name where the release is older than it or what it tells."""
    try:
        rows = fetch(model)
    except NoSnapshot:
        rows = pl.DataFrame()
    if not set(keys) <= set(rows.columns):
        return frame.with_columns(pl.lit(None).alias(name) for name in told), [model]
    lacking = [name for name in told if name not in rows.columns]
    rows = rows.with_columns(pl.lit(None).alias(name) for name in lacking).select(*keys, *told)
    return frame.join(rows, on=keys, how="left", maintain_order="left"), [model] if lacking else []


def _by_group(
    ground: Ground,
    viewer: Viewer,
    model: str,
    year: int | None,
    limit_quantity: str | None,
    dimension: str | None,
    as_of: date | None,
) -> pl.DataFrame:
    where = {"year": year, "limit_quantity": limit_quantity, "dimension": dimension}
    where = {name: value for name, value in where.items() if value is not None}
    frame = ground.access.fetch(model, viewer, where=where, as_of=as_of, purpose="API")
    return frame.sort(_ORDER)
