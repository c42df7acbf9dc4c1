"""What may be published of a table: pure functions from a frame to the same frame with small cells hidden.

A hidden value is NULL; `suppressed` says that the row hides something and `suppression_reason` why:
INTERNAL (the external dose: beside the total it would give the internal one), PERSONS (too few monitored),
ESTABLISHMENTS (too few behind the cell), EXPOSED (too few exposed for a dose),
DOMINANCE (one person or establishment is most of it), COUNT (a count of 1 to 10, an establishment's exposed from 0, or
one that gives such a count by subtraction, as that of those without a dose), SECONDARY (would reveal another).
Sources: lake/reference/thresholds.csv; Insee, manuel de protection des tableaux.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from lake import reference
from lake.vocabulary import LimitQuantity
from models.catalog import Model, ModelColumn
from registry.policy import Data

# Where the number of persons above a dose limit is published whatever its size, as the annual reports do.
_NATIONAL_NEWS = ("ALL", "domain")
# How a count of the view of all rows received ends; without it, it is called as that of the results that stand.
_ALL_ROWS = "_all_rows"


@dataclass(frozen=True)
class Thresholds:
    """The rules' numbers."""

    persons: int
    establishments: int
    dominance: Decimal
    high_percentile: int
    highest_percentile: int

    @classmethod
    def from_reference(cls) -> "Thresholds":
        return cls(
            persons=int(reference.threshold("person_count")),
            establishments=int(reference.threshold("establishment_count")),
            dominance=Decimal(reference.threshold("dominance_share")),
            high_percentile=int(reference.threshold("high_percentile_count")),
            highest_percentile=int(reference.threshold("highest_percentile_count")),
        )


def protect(frame: pl.DataFrame, model: Model, thresholds: Thresholds) -> pl.DataFrame:
    """The publishable form of a whole table of `model`, control columns removed.

    The frame must hold whole partitions (`adds_up_within`), else secondary suppression cannot see what adds up.
    """
    counts = [c.name for c in model.columns.values() if c.protection in ("count", "exceedance_count")]
    # What is hidden must still be added up: the sizes and doses as they are, beside the columns that will be shown.
    frame = frame.with_columns(pl.col(c).alias(_true(c)) for c in counts)
    controls = [c for c in model.columns.values() if c.protection == "control"]
    frame = frame.with_columns(_whole(c, model).alias(_amount(c.name)) for c in controls)
    frame = frame.with_columns(_reason=_too_few(frame, model, thresholds))
    if model.disclosure == "classes":
        frame = _with_neighbours(frame, model, thresholds)
    frame = _secondary_rows(frame, model, thresholds)
    everything = [c.name for c in model.columns.values() if c.protection in _NUMBERS]
    frame = _hide(frame, everything, pl.col("_reason").is_not_null())
    frame = _hide_magnitudes(frame, model, thresholds)
    frame = _hide_counts(frame, model, thresholds)
    frame = _hide_followers(frame, model, thresholds)
    never = [c.name for c in model.columns.values() if c.protection in NEVER_SHOWN]
    reason = pl.col("_reason").fill_null("")
    return frame.with_columns(suppressed=reason != "", suppression_reason=reason).drop(
        "_reason", *never, *(_amount(c.name) for c in controls), *map(_true, counts)
    )


# Magnitudes that need more persons behind them, each as many as the threshold of its name.
HIGH_PERCENTILES = ("high_percentile", "highest_percentile")
_MAGNITUDES = ("magnitude", *HIGH_PERCENTILES)
_NUMBERS = ("count", "exceedance_count", *_MAGNITUDES)
# A margin is the smallest cell, of persons or establishments, that is had from this row and others that are shown; a
# control, the largest share of one contributor, of the dose or of an amount. Each speaks of the whole row, or of the
# columns that follow it alone.
NEVER_SHOWN = ("control", "amount", "margin", "margin_establishments")


def _too_few(frame: pl.DataFrame, model: Model, thresholds: Thresholds) -> pl.Expr:
    """Why a whole row is hidden, NULL when it is not."""
    persons = pl.col("workers" if model.disclosure == "classes" else "monitored")
    # Total and external dose differ by the internal one, in every group, class and count: they are not shown together.
    is_external = (
        pl.col("limit_quantity") == LimitQuantity.EFFECTIVE_EXTERNAL.value
        if "limit_quantity" in frame.columns
        else pl.lit(False)
    )
    rule = pl.when(is_external).then(pl.lit("INTERNAL")).when(persons < thresholds.persons).then(pl.lit("PERSONS"))
    if "n_establishments" in frame.columns:
        rule = rule.when(pl.col("n_establishments") < thresholds.establishments).then(pl.lit("ESTABLISHMENTS"))
    for column in model.columns.values():
        if column.protection in ("margin", "margin_establishments") and not _followers(model, column.name):
            rule = rule.when(_is_breached(column, thresholds)).then(pl.lit("SECONDARY"))
    return rule.otherwise(pl.lit(None, dtype=pl.String))


def _is_breached(column: ModelColumn, thresholds: Thresholds) -> pl.Expr:
    """Whether what the control or margin guards would tell of too few."""
    value = pl.col(column.name)
    if column.protection == "control":
        return value.fill_null(0) > thresholds.dominance
    fewest = thresholds.persons if column.protection == "margin" else thresholds.establishments
    return value.is_between(1, fewest - 1).fill_null(False)


def _followers(model: Model, name: str) -> list[str]:
    return [c.name for c in model.columns.values() if name in c.follows]


def _true(column: str) -> str:
    return f"_true_{column}"


def _amount(control: str) -> str:
    return f"_amount_{control}"


def _whole(control: ModelColumn, model: Model) -> pl.Expr:
    """What a control is a share of, the dose if it says nothing; NULL where no sum of doses can be told."""
    if control.of:
        return pl.col(control.of).cast(pl.Float64)
    if "collective_dose_man_sv" in model.columns:
        return pl.col("collective_dose_man_sv").cast(pl.Float64)
    if "mean_exposed_msv" in model.columns:
        return pl.col("mean_exposed_msv").cast(pl.Float64) * pl.col("exposed")
    return pl.lit(None, dtype=pl.Float64)


def _with_neighbours(frame: pl.DataFrame, model: Model, thresholds: Thresholds) -> pl.DataFrame:
    """Hide, beside a class of few, the classes above it until together they are enough, at the top those below.

    Counts of persons above the doses between classes are hidden so: of other classes they would give this one.
    """
    frame = frame.with_row_index("_at").sort("_at")
    size, beside = _true("workers"), []
    for group in frame.sort("position").partition_by(model.adds_up_within):
        classes = list(zip(group["_at"], group[size], strict=True))
        out, left = [], 0
        for at, persons in classes:
            if left or 0 < persons < thresholds.persons:
                out.append(at)
                left = left + persons if left + persons < thresholds.persons else 0
        for at, persons in reversed(classes):
            if left and at not in out:
                out.append(at)
                left = left + persons if left + persons < thresholds.persons else 0
        beside += out
    is_beside = pl.col("_at").is_in(beside)
    return frame.with_columns(_reason=pl.coalesce("_reason", pl.when(is_beside).then(pl.lit("SECONDARY")))).drop("_at")


def _secondary_rows(frame: pl.DataFrame, model: Model, thresholds: Thresholds) -> pl.DataFrame:
    """Hide more rows of a partition in which what is hidden could be had by subtraction."""
    size = pl.col(_true("workers" if model.disclosure == "classes" else "monitored"))
    frame = _with_extra(frame, pl.col("_reason").is_not_null(), size, model, thresholds)
    reason = pl.when("_extra").then(pl.lit("SECONDARY")).otherwise(pl.col("_reason"))
    return frame.with_columns(_reason=reason).drop("_extra")


def _with_extra(
    frame: pl.DataFrame,
    hidden: pl.Expr,
    size: pl.Expr,
    model: Model,
    thresholds: Thresholds,
    controls: Sequence[str] = (),
) -> pl.DataFrame:
    """The frame with `_extra`: the smallest visible rows that must go too.

    A reader subtracts what is visible of a partition from its total; what is left must be at least two rows, at least
    `persons` persons and, by none of the `controls`, mostly one of them. The partition's own total row (`Model.total`)
    is not part of it. Across (`Model.adds_up_across`), each dimension's rows add up to that of the whole, which may be
    hidden too.
    """
    frame = frame.with_columns(_first=hidden.fill_null(False), _out=hidden.fill_null(False), _size=size.fill_null(0))
    if model.adds_up_within:
        total = pl.col(model.total[0]) == model.total[1] if model.total else pl.lit(False)
        partitions = [(model.adds_up_within, ~total)]
        if model.adds_up_across:
            dimensions = frame["dimension"].unique().sort().to_list()
            partitions += [(model.adds_up_across, pl.col("dimension").is_in(["ALL", d])) for d in dimensions]
        gone = None
        # What goes in one partition may be alone in another.
        while gone != frame["_out"].sum():
            gone = frame["_out"].sum()
            for within, part in partitions:
                frame = _without_extra(frame, list(within), part, thresholds, controls)
    return frame.with_columns(_extra=pl.col("_out") & ~pl.col("_first")).drop("_first", "_out", "_size")


def _without_extra(
    frame: pl.DataFrame, within: list[str], part: pl.Expr, thresholds: Thresholds, controls: Sequence[str]
) -> pl.DataFrame:
    """`_out` with the rows, among `part` of each partition, without which `_out` could be had by subtraction."""
    can_go = part & ~pl.col("_out") & (pl.col("_size") > 0)
    frame = frame.with_columns(_rank=pl.when(can_go).then("_size").rank("ordinal").over(within))
    is_out = part & pl.col("_out")

    def left(value: str) -> pl.Expr:
        """What is hidden of it, with the rows that go before this one."""
        hidden = pl.when(is_out).then(pl.col(value).fill_null(0)).otherwise(0).sum().over(within)
        visible = pl.when(can_go).then(pl.col(value).fill_null(0)).otherwise(0)
        return hidden + visible.cum_sum().over(within, order_by="_rank") - visible

    is_dominated = pl.lit(False)
    for control in controls:
        # Of what is visible, nobody is most: only one of those hidden first can be.
        highest = pl.when(is_out).then(pl.col(control).cast(pl.Float64) * pl.col(_amount(control))).max().over(within)
        is_dominated = is_dominated | (highest > float(thresholds.dominance) * left(_amount(control)))
    out = is_out.sum().over(within)
    # Nobody beside it hides nothing of it.
    of_some = (is_out & (pl.col("_size") > 0)).sum().over(within)
    is_alone = ((out == 1) | (of_some == 1)) & (pl.col("_rank") == 1)
    tells = is_alone | (left("_size") < thresholds.persons) | is_dominated.fill_null(False)
    extra = can_go & (out > 0) & tells
    return frame.with_columns(_out=pl.col("_out") | extra.fill_null(False)).drop("_rank")


def _hide_magnitudes(frame: pl.DataFrame, model: Model, thresholds: Thresholds) -> pl.DataFrame:
    """Hide doses that rest on too few exposed persons or mostly on one person or establishment."""
    magnitudes = [c.name for c in model.columns.values() if c.protection in _MAGNITUDES]
    if not magnitudes:
        return frame
    controls = [c for c in model.columns.values() if c.protection == "control" and not _followers(model, c.name)]
    dominated = pl.any_horizontal([_is_breached(share, thresholds) for share in controls] or [pl.lit(False)])
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
    hidden, size = pl.col("_magnitudes").is_not_null(), pl.col(_true("exposed"))
    frame = _with_extra(frame, hidden, size, model, thresholds, [c.name for c in controls])
    secondary = pl.when("_extra").then(pl.lit("SECONDARY")).otherwise(pl.col("_magnitudes"))
    frame = frame.with_columns(_magnitudes=secondary).drop("_extra")
    frame = _hide(frame, magnitudes, pl.col("_magnitudes").is_not_null())
    for column in (c for c in model.columns.values() if c.protection in HIGH_PERCENTILES):
        behind = pl.col(_true(column.of)) if column.of else exposed
        frame = _hide(frame, [column.name], behind < getattr(thresholds, column.protection))
    return frame.with_columns(_reason=pl.coalesce("_reason", "_magnitudes")).drop("_magnitudes")


def _hide_counts(frame: pl.DataFrame, model: Model, thresholds: Thresholds) -> pl.DataFrame:
    """Hide counts of 1 to 10, the count that would give one back, and the ratios made of them."""
    has_all = "monitored" in model.columns
    widest = "monitored" if has_all else "exposed"
    # Counts above rising doses, as far as they are judged: those above it first, the lowest dose first.
    judged: dict[str, list[tuple[float, pl.Expr]]] = {
        view: [(-1, pl.col(_true(widest + view)))] for view in ("", _ALL_ROWS) if widest + view in model.columns
    }
    # What corrections change in each count of all rows received that came before.
    changes = {widest + _ALL_ROWS: _change(widest)} if _ALL_ROWS in judged else {}
    for column, is_turn in _in_turn(frame, model):
        view = _ALL_ROWS if column.name.endswith(_ALL_ROWS) else ""
        bound = column.name.removesuffix(view)
        # Those exposed are those above zero; whoever a rule does not flag is told by those whom it does.
        is_above = bound.startswith(("n_gt_", "flagged")) or (bound == "exposed" and has_all)
        small = pl.col(column.name).is_between(1, thresholds.persons - 1)
        if column.name == "exposed" and model.level == Data.ESTABLISHMENT:
            # An employer knows who stands behind the count: nobody exposed tells each one's dose, zero.
            small = pl.col("exposed") < thresholds.persons
        if is_above:
            # The classes between it and those that are shown must not be small either. Who is exposed without being
            # monitored may make the second the larger.
            dose = _above(bound)
            lower = [count for other, count in reversed(judged[view]) if other < dose]
            higher = [count for other, count in judged[view] if other > dose]
            for beside in (lower, higher):
                between = pl.coalesce(beside).cast(pl.Int64) - pl.col(column.name) if beside else pl.lit(0)
                small = small | _is_few(between, thresholds).fill_null(False)
            if view:
                # Nor must what corrections change there be; where they change few of a count, it goes by its margin.
                change = _change(bound)
                for name, other in changes.items():
                    is_told = pl.col(name).is_not_null() & ~_is_few(other, thresholds)
                    small = small | (is_told & _is_few(change - other, thresholds))
                changes[column.name] = change
            judged[view].append((dose, pl.when(is_turn).then(pl.col(column.name))))
            judged[view].sort(key=lambda count: count[0])
        if column.protection == "exceedance_count":
            small = small & ~pl.col("dimension").is_in(_NATIONAL_NEWS)
        frame = frame.with_columns(_small=small.fill_null(True) & is_turn)
        frame = _with_extra(frame, pl.col("_small"), pl.col(_true(column.name)), model, thresholds)
        extra = pl.col("_extra") & is_turn
        if column.protection == "exceedance_count":
            extra = extra & ~pl.col("dimension").is_in(_NATIONAL_NEWS)
        hidden = pl.col("_small") | extra
        why = pl.when(extra).then(pl.lit("SECONDARY")).when(small.fill_null(False) & is_turn).then(pl.lit("COUNT"))
        frame = frame.with_columns(_hidden=hidden, _reason=pl.coalesce("_reason", why)).drop("_extra")
        followers = _followers(model, column.name)
        if column.name in ("monitored", "workers"):
            # A mean and a total would give the hidden number of persons back.
            followers += [c.name for c in model.columns.values() if c.protection in _MAGNITUDES]
        frame = _hide(frame, [column.name, *followers], pl.col("_hidden")).drop("_small", "_hidden")
    return frame


def _in_turn(frame: pl.DataFrame, model: Model) -> list[tuple[ModelColumn, pl.Expr]]:
    """The counts in the order in which they are judged, each with the rows of which it is the turn.

    Counts above a dose at which a class ends come first, since the classes tell them.
    """
    counts = [c for c in model.columns.values() if c.protection in ("count", "exceedance_count")]
    of_doses = [c for c in counts if c.name.startswith("n_gt_")]
    if not of_doses or "limit_quantity" not in frame.columns:
        return [(c, pl.lit(True)) for c in counts]
    ends = reference.table("dose_classes").select("limit_quantity", pl.col("above_msv").cast(pl.Float64)).drop_nulls()
    is_end = {
        c.name: pl.col("limit_quantity").is_in(
            ends.filter(pl.col("above_msv") == _above(c.name.removesuffix(_ALL_ROWS)))["limit_quantity"].to_list()
        )
        for c in of_doses
    }
    others = [(c, pl.lit(True)) for c in counts if c not in of_doses]
    return [*others, *((c, is_end[c.name]) for c in of_doses), *((c, ~is_end[c.name]) for c in of_doses)]


def _above(count: str) -> float:
    """The dose in mSv above which a count is: zero for those exposed or flagged."""
    return float(count.removeprefix("n_gt_")) if count.startswith("n_gt_") else 0.0


def _change(count: str) -> pl.Expr:
    """Persons whom the view of all rows received counts beside those of the results that stand."""
    return pl.col(_true(count + _ALL_ROWS)).cast(pl.Int64) - pl.col(_true(count)).cast(pl.Int64)


def _is_few(persons: pl.Expr, thresholds: Thresholds) -> pl.Expr:
    return persons.abs().is_between(1, thresholds.persons - 1)


def _hide_followers(frame: pl.DataFrame, model: Model, thresholds: Thresholds) -> pl.DataFrame:
    """Hide what follows a control or a margin, where it is breached or the partition would give it back."""
    for column in model.columns.values():
        followers = _followers(model, column.name) if column.protection in NEVER_SHOWN else []
        if not followers:
            continue
        breached = _is_breached(column, thresholds)
        # Whoever stands behind a margin adds up over the partition; behind a control, the exposed do.
        is_control = column.protection == "control"
        size = pl.col(_true("exposed") if is_control else column.name)
        frame = _with_extra(frame, breached, size, model, thresholds, [column.name] if column.of else ())
        why = pl.when("_extra").then(pl.lit("SECONDARY"))
        why = why.when(breached).then(pl.lit("DOMINANCE" if is_control else "SECONDARY"))
        frame = _hide(frame, followers, breached | pl.col("_extra"))
        frame = frame.with_columns(_reason=pl.coalesce("_reason", why)).drop("_extra")
    return frame


def _hide(frame: pl.DataFrame, columns: list[str], where: pl.Expr) -> pl.DataFrame:
    return frame.with_columns([pl.when(where).then(None).otherwise(pl.col(c)).alias(c) for c in columns])


def complementary(
    frame: pl.DataFrame, hidden: pl.Expr, size: pl.Expr, model: Model, thresholds: Thresholds
) -> pl.DataFrame:
    """The frame with `_extra`: rows that must be held back beside those that `hidden` names, as secondary suppression.

    `size` is the number of persons that subtraction would give of a row.
    """
    return _with_extra(frame, hidden, size, model, thresholds)
