"""What may be published of a table: pure functions from a frame to the same frame with small cells hidden.

A hidden value is NULL; `suppressed` says that the row hides something and `suppression_reason` why:
PERSONS (too few monitored), ESTABLISHMENTS (too few behind the cell), EXPOSED (too few exposed for a dose),
DOMINANCE (one person or establishment is most of it), COUNT (a count of 1 to 10; of an establishment's exposed, also 0), SECONDARY (would reveal another).
Sources: lake/reference/thresholds.csv; Insee, manuel de protection des tableaux.
"""

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from lake import reference
from models.catalog import Model
from registry.policy import Data

# Where the number of persons above a dose limit is published whatever its size, as the annual reports do.
_NATIONAL_NEWS = ("ALL", "domain")


@dataclass(frozen=True)
class Thresholds:
    """The rules' numbers."""

    persons: int
    establishments: int
    dominance: Decimal
    high_percentile: int

    @classmethod
    def from_reference(cls) -> "Thresholds":
        return cls(
            persons=int(reference.threshold("person_count")),
            establishments=int(reference.threshold("establishment_count")),
            dominance=Decimal(reference.threshold("dominance_share")),
            high_percentile=int(reference.threshold("high_percentile_count")),
        )


def protect(frame: pl.DataFrame, model: Model, thresholds: Thresholds) -> pl.DataFrame:
    """The publishable form of a whole table of `model`, control columns removed.

    The frame must hold whole partitions (`adds_up_within`), else secondary suppression cannot see what adds up.
    """
    has_small_groups = _too_few(frame, model, thresholds)
    frame = frame.with_columns(_reason=has_small_groups)
    frame = _secondary_rows(frame, model)
    everything = [c.name for c in model.columns.values() if c.protection in _NUMBERS]
    frame = _hide(frame, everything, pl.col("_reason").is_not_null())
    frame = _hide_magnitudes(frame, model, thresholds)
    frame = _hide_counts(frame, model, thresholds)
    controls = [c.name for c in model.columns.values() if c.protection == "control"]
    reason = pl.col("_reason").fill_null("")
    return frame.with_columns(suppressed=reason != "", suppression_reason=reason).drop("_reason", *controls)


_NUMBERS = ("count", "exceedance_count", "magnitude", "high_percentile")


def _too_few(frame: pl.DataFrame, model: Model, thresholds: Thresholds) -> pl.Expr:
    """Why a whole row is hidden, NULL when it is not."""
    persons = pl.col("workers" if model.disclosure == "classes" else "monitored")
    rule = pl.when(persons < thresholds.persons).then(pl.lit("PERSONS"))
    if "n_establishments" in frame.columns:
        rule = rule.when(pl.col("n_establishments") < thresholds.establishments).then(pl.lit("ESTABLISHMENTS"))
    return rule.otherwise(pl.lit(None, dtype=pl.String))


def _secondary_rows(frame: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Hide the next smallest row of a partition in which exactly one row is hidden."""
    size = pl.col("workers" if model.disclosure == "classes" else "monitored")
    extra = _second_of_one(pl.col("_reason").is_not_null(), size, list(model.adds_up_within))
    return frame.with_columns(_reason=pl.when(extra).then(pl.lit("SECONDARY")).otherwise(pl.col("_reason")))


def _second_of_one(hidden: pl.Expr, size: pl.Expr, within: list[str]) -> pl.Expr:
    """True for the smallest visible row of a partition that hides exactly one of several."""
    if not within:
        return pl.lit(False)
    rank = pl.when(~hidden).then(size).rank("ordinal").over(within)
    alone = (hidden.cast(pl.Int32).sum().over(within) == 1) & (pl.len().over(within) > 1)
    return (alone & ~hidden & (rank == 1)).fill_null(False)


def _hide_magnitudes(frame: pl.DataFrame, model: Model, thresholds: Thresholds) -> pl.DataFrame:
    """Hide doses that rest on too few exposed persons or mostly on one person or establishment."""
    shares = [c.name for c in model.columns.values() if c.protection == "control"]
    dominated = pl.any_horizontal([pl.col(s).fill_null(0) > thresholds.dominance for s in shares] or [pl.lit(False)])
    exposed = pl.col("exposed").fill_null(0)
    visible = pl.col("_reason").is_null()
    why = (
        pl.when(~visible)
        .then(pl.col("_reason"))
        .when(exposed < thresholds.persons)
        .then(pl.lit("EXPOSED"))
        .when(dominated)
        .then(pl.lit("DOMINANCE"))
        .otherwise(pl.lit(None, dtype=pl.String))
    )
    frame = frame.with_columns(_magnitudes=why)
    extra = _second_of_one(pl.col("_magnitudes").is_not_null(), pl.col("exposed"), list(model.adds_up_within))
    frame = frame.with_columns(_magnitudes=pl.when(extra).then(pl.lit("SECONDARY")).otherwise(pl.col("_magnitudes")))
    magnitudes = [c.name for c in model.columns.values() if c.protection in ("magnitude", "high_percentile")]
    high = [c.name for c in model.columns.values() if c.protection == "high_percentile"]
    frame = _hide(frame, magnitudes, pl.col("_magnitudes").is_not_null())
    frame = _hide(frame, high, exposed < thresholds.high_percentile)
    return frame.with_columns(_reason=pl.coalesce("_reason", "_magnitudes")).drop("_magnitudes")


def _hide_counts(frame: pl.DataFrame, model: Model, thresholds: Thresholds) -> pl.DataFrame:
    """Hide counts of 1 to 10, the count that would give one back, and the ratios made of them."""
    for column in model.columns.values():
        if column.protection not in ("count", "exceedance_count"):
            continue
        small = pl.col(column.name).is_between(1, thresholds.persons - 1)
        if column.name == "exposed" and model.level == Data.ESTABLISHMENT:
            # An employer knows who stands behind the count: nobody exposed tells each one's dose, zero.
            small = pl.col("exposed") < thresholds.persons
        if column.protection == "exceedance_count":
            small = small & ~pl.col("dimension").is_in(_NATIONAL_NEWS)
        frame = frame.with_columns(_small=small.fill_null(True))
        size = pl.when(pl.col(column.name) > 0).then(pl.col(column.name))
        extra = _second_of_one(pl.col("_small"), size, list(model.adds_up_within))
        if column.protection == "exceedance_count":
            extra = extra & ~pl.col("dimension").is_in(_NATIONAL_NEWS)
        hidden = pl.col("_small") | extra
        why = pl.when(extra).then(pl.lit("SECONDARY")).when(small.fill_null(False)).then(pl.lit("COUNT"))
        frame = frame.with_columns(_hidden=hidden, _reason=pl.coalesce("_reason", why))
        followers = [c.name for c in model.columns.values() if c.follows == column.name]
        if column.name in ("monitored", "exposed", "workers"):
            # A mean and a total would give the hidden number of persons back.
            followers += [c.name for c in model.columns.values() if c.protection in ("magnitude", "high_percentile")]
        frame = _hide(frame, [column.name, *followers], pl.col("_hidden")).drop("_small", "_hidden")
    return frame


def _hide(frame: pl.DataFrame, columns: list[str], where: pl.Expr) -> pl.DataFrame:
    return frame.with_columns([pl.when(where).then(None).otherwise(pl.col(c)).alias(c) for c in columns])
