"""Rows to JSON: doses as decimal strings in mSv, dates in ISO 8601, pages by an opaque cursor."""

import base64
import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
from pydantic import BaseModel, Field

from lake.errors import UsageError
from models.provenance import Source

LARGEST_PAGE = 1000
_THOUSANDTH = Decimal("0.001")


class SourceOfFigures(BaseModel):
    """What the figures were made from, so that they can be named and checked."""

    model: str = Field(description="The model; docs/models describes it.")
    snapshot: str = Field(description="The snapshot it was computed in.")
    code_version: str | None = Field(description="Version and digest of the code; null for a snapshot older than this.")
    checksum: str = Field(description="SHA-256 of the released table's CSV, else of the rows of the answer.")
    release: date | None = Field(description="Reference date of the statistics; null for what is read live.")
    label_fr: str = Field(description="How to cite it in French.")
    label_en: str = Field(description="How to cite it in English.")


class Page(BaseModel):
    """One page of rows; `next_cursor` is null on the last one."""

    items: list[dict[str, Any]] = Field(description="Rows; magnitudes in mSv are decimal strings with 3 decimals.")
    next_cursor: str | None = Field(None, description="Send it as `cursor` to go on; null: nothing follows.")
    as_of: date | None = Field(None, description="The state of knowledge that was asked for; null: all that is known.")
    source: SourceOfFigures | None = Field(None, description="What the figures were made from; null where none are.")
    not_kept: list[str] = Field([], description="Models that the release is older than: what they would tell is null.")


def rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """The frame's rows, JSON-ready."""
    return [{name: _plain(name, value) for name, value in row.items()} for row in frame.iter_rows(named=True)]


def page(
    frame: pl.DataFrame,
    *,
    cursor: str | None,
    limit: int,
    as_of: date | None = None,
    source: Source | None = None,
    not_kept: Sequence[str] = (),
) -> Page:
    """One page of a frame that has its final order; the cursor holds how many rows came before."""
    start = _decode(cursor)
    end = start + limit
    following = _encode(end) if end < frame.height else None
    told = None if source is None else SourceOfFigures(**vars(source), **_labels(source))
    items = rows(frame.slice(start, limit))
    return Page(items=items, next_cursor=following, as_of=as_of, source=told, not_kept=list(not_kept))


def _labels(source: Source) -> dict[str, str]:
    return {f"label_{language}": source.label(language) for language in ("fr", "en")}


def _plain(name: str, value):
    if isinstance(value, Decimal):
        return str(value.quantize(_THOUSANDTH)) if name.endswith("_msv") else str(value)
    if isinstance(value, float) and name.endswith("_msv"):
        return f"{value:.3f}"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, pl.Series):
        return value.to_list()
    return value


def _encode(start: int) -> str:
    return base64.urlsafe_b64encode(json.dumps({"after": start}).encode()).decode().rstrip("=")


def _decode(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        start = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))["after"]
    except (ValueError, KeyError, TypeError):
        start = None
    if not isinstance(start, int) or start < 0:
        raise UsageError("Ce curseur n'est pas de nous.", next_step="Reprenez `next_cursor` tel quel.", code="cursor")
    return start
