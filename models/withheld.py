"""What a release may show anew: a row whose change rests on too few persons keeps the figures last shown.

Two releases of a table are a third one, of its changes, and it is protected as they are: a change of 1 to 10 persons,
of fewer than three establishments or mostly of one contributor is held back, and with it what would give it by
subtraction within a partition, in the parts of a whole that is held, or by another pattern of hidden cells. Changes are
counted against the figures last shown, however old. A held row looks like one in which nothing changed: that a late
result was zero, or was not, is not told either.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import product

import polars as pl

from lake import reference
from models.catalog import Model
from models.changes import bounds, grain
from models.disclosure import HIGH_PERCENTILES, NEVER_SHOWN, Thresholds, complementary, protect
from registry.policy import Data

_BESIDE = ("reference", "jobs")
_STEM = "basis_"
_BASIS = f"{_STEM}on"


@dataclass
class Table:
    """One table between two releases.

    `now` is as computed, `before` as last shown with nothing hidden and with the release that changes of each row are
    counted against, `shown` as readers were shown it; `changes` holds how many changed since each of these releases.
    `rows` is worked on: one row per row of either, how many changed and whether it moves.
    """

    model: Model
    now: pl.DataFrame
    before: pl.DataFrame
    shown: pl.DataFrame
    changes: dict[date, pl.DataFrame]
    rows: pl.DataFrame = field(default_factory=pl.DataFrame)

    @property
    def keys(self) -> list[str]:
        return grain(next(iter(self.changes.values())))

    @property
    def bounds(self) -> list[str]:
        """Columns that count persons above a dose, of those that were released before."""
        return [column for column in bounds(self.model) if column in self.before.columns]


def as_new(now: pl.DataFrame, model: Model, on: date, thresholds: Thresholds) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(as shown with nothing hidden, as readers are shown it) of a table that was never released."""
    stems = {_BASIS: pl.lit(on)} | {_basis_of(c): pl.lit(on) for c in bounds(model)}
    shown = protect(now, model, thresholds) if model.disclosure else now
    return now.with_columns(**stems), shown.with_columns(figures_on=pl.lit(on))


def stems(before: pl.DataFrame) -> set[date]:
    """The releases that changes of a table are counted against."""
    columns = [c for c in before.columns if c.startswith(_STEM)]
    return {day for column in columns for day in before[column].unique().to_list()}


def held(whole: pl.DataFrame, on: date) -> int:
    """How many rows of a release show, in part or in all, figures that have changed since."""
    columns = [c for c in whole.columns if c.startswith(_STEM)]
    return whole.filter(pl.any_horizontal(pl.lit(False), *(pl.col(c) < on for c in columns))).height


def withhold(
    tables: dict[str, Table], on: date, thresholds: Thresholds, *, is_other_code: bool
) -> dict[str, tuple[pl.DataFrame, pl.DataFrame]]:
    """Per table (as shown with nothing hidden, as readers are shown it) at release `on`.

    Where the code is another one, a row in which nobody changed is shown as that code computes it.
    """
    for table in tables.values():
        table.rows = _rows(table, thresholds, is_other_code)
    _hold_bounds(tables, thresholds)
    staying = None
    # What is held in one table may be a part of another.
    while staying != (staying := sum(t.rows.filter(~pl.col("moves")).height for t in tables.values())):
        for table in tables.values():
            _hold_parts(table, tables)
        for table in tables.values():
            _hold_partitions(table, thresholds)
        families = [_stuck(table, tables, thresholds) for table in tables.values()]
        for table in tables.values():
            _hold_families(table, families)
    return {name: _released(table, on, thresholds) for name, table in tables.items()}


def _basis_of(column: str) -> str:
    return f"{_STEM}{column}"


def _rows(table: Table, thresholds: Thresholds, is_other_code: bool) -> pl.DataFrame:
    """A row per row of the table, old or new: how many changed (`size`), and whether it `moves` by itself."""
    keys, bounds = table.keys, table.bounds
    bases = [_BASIS, *map(_basis_of, bounds)]
    # Where the release before kept no basis of a count, it moved with its row.
    before = table.before.with_columns(pl.col(_BASIS).alias(c) for c in bases if c not in table.before.columns)
    known = before.select(*keys, *bases).with_columns(was=True)
    rows = table.now.select(keys).join(known, on=keys, how="full", coalesce=True, nulls_equal=True)
    # Whoever is in a row that was not there is a change since the last release.
    rows = rows.with_columns(pl.col(bases).fill_null(max(table.changes)))
    extra = [c for c in ("dimension", "parent_code") if c in table.model.columns and c not in keys]
    if extra:
        told = pl.concat([table.now.select(*keys, *extra), table.before.select(*keys, *extra)])
        rows = rows.join(told.unique(keys), on=keys, how="left", nulls_equal=True)
    changes = pl.concat([frame.with_columns(pl.lit(day).alias(_BASIS)) for day, frame in table.changes.items()])
    few = _of_few(thresholds, table.model)
    beside = pl.any_horizontal(pl.lit(False), *(pl.col("aspect").str.starts_with(b) for b in _BESIDE))
    is_beside = beside if "aspect" in changes.columns else pl.lit(False)
    own = changes.filter(~is_beside)
    aspects = own["aspect"].unique().sort().to_list() if "aspect" in own.columns else []
    changed = pl.col("changed").filter(~is_beside)
    sizes = {"size": changed} | {f"size_{a}": pl.col("changed").filter(pl.col("aspect") == a) for a in aspects}
    counted = changes.group_by(*keys, _BASIS).agg(
        *(size.max().alias(name) for name, size in sizes.items()),
        is_of_few=few.any(),
        any_changed=pl.col("changed").sum(),
    )
    rows = rows.join(counted, on=[*keys, _BASIS], how="left", nulls_equal=True)
    # A basis of earlier code may not tell who stands behind the table: nobody knows how many changed since.
    is_unknown = ~pl.col(_BASIS).is_in(list(table.changes))
    for column in bounds:
        # Of contributions that are told apart, the fewest who passed the dose.
        passed = pl.col(f"crossed_{column}")
        crossed = changes.group_by(*keys, _BASIS).agg(passed.filter(passed > 0).min())
        crossed = crossed.rename({_BASIS: _basis_of(column)})
        rows = rows.join(crossed, on=[*keys, _basis_of(column)], how="left", nulls_equal=True)
    rows = rows.with_columns(
        pl.col("is_of_few").fill_null(is_unknown),
        pl.col("was").fill_null(False),
        pl.col("any_changed", *sizes, *(f"crossed_{c}" for c in bounds)).fill_null(0).cast(pl.Int64),
    )
    family = _family_keys(table)
    rows = rows.with_columns(
        # A row of few that appears would tell that they are there, unless many others appear or change with them.
        appears=~pl.col("was") & ((pl.col("size") >= thresholds.persons) | ~pl.col("was").any().over(family))
    )
    changes_enough = ~pl.col("is_of_few") & ((pl.col("any_changed") > 0) | pl.lit(is_other_code))
    return rows.with_columns(moves=~pl.col("was") | changes_enough, is_masked=False, is_out=False, clashes=False)


def _of_few(thresholds: Thresholds, model: Model) -> pl.Expr:
    """Whether a change tells of too few persons or establishments, or mostly of one."""
    few = pl.col("changed").is_between(1, thresholds.persons - 1)
    few |= pl.col("dose_changed").is_between(1, thresholds.persons - 1)
    if model.disclosure == "classes":
        # Many whose dose changes within the class do not hide who passes its bounds.
        few |= pl.col("came_or_went").is_between(1, thresholds.persons - 1)
    for share in ("top_share", "top_establishment_share"):
        few |= (pl.col("dose_changed") > 0) & (pl.col(share) > float(thresholds.dominance)).fill_null(False)
    return few | (pl.col("n_establishments") < thresholds.establishments).fill_null(False)


def _mixed(table: Table) -> pl.DataFrame:
    """The table as it would be shown with nothing hidden: rows that move as they are now, all else as before."""
    keys = table.keys
    moving = table.rows.filter("moves").select(keys)
    staying = table.rows.filter(~pl.col("moves")).select(keys)
    now = table.now.join(moving, on=keys, how="semi", nulls_equal=True)
    before = table.before.join(staying, on=keys, how="semi", nulls_equal=True)
    mixed = pl.concat([now, before.select(c for c in now.columns if c in before.columns)], how="diagonal_relaxed")
    # Judged with the counts that stay: what hides the present ones would tell of them.
    return _with_bounds_held(table, mixed, table.before)


def _figures(model: Model) -> list[str]:
    return [c.name for c in model.columns.values() if c.protection not in ("key", *NEVER_SHOWN)]


def _masks(raw: pl.DataFrame, shown: pl.DataFrame, keys: list[str], columns: list[str]) -> pl.DataFrame:
    """Per row, which columns hold a figure that is hidden."""
    shown = shown.select(*keys, *(pl.col(c).alias(f"{c}_shown") for c in columns if c in shown.columns))
    joined = raw.join(shown, on=keys, how="left", nulls_equal=True)
    hidden = [
        (pl.col(c).is_not_null() & pl.col(f"{c}_shown").is_null()).alias(c)
        for c in columns
        if c in raw.columns and f"{c}_shown" in joined.columns
    ]
    return joined.select(*keys, *hidden)


def _hold_parts(table: Table, tables: dict[str, Table]) -> None:
    """Hold the parts of what is held, which would add up to it, and new parts of few where no whole changes too."""
    rows = _with_wholes(table, tables)
    many = pl.col("was") | pl.col("appears") | pl.col("_moves_within") | pl.col("_moves_across")
    table.rows = table.rows.with_columns(rows.select(moves=pl.col("moves") & ~pl.col("_whole_held") & many)["moves"])


def _hold_partitions(table: Table, thresholds: Thresholds) -> None:
    """Hold what would give a held or hidden change by subtraction (`is_out`), and mark rows that clash.

    A row clashes that does not move and would have to be hidden anew for the others' sake: it was shown, and hides
    nothing any more.
    """
    model, keys = table.model, table.keys
    mixed = _mixed(table)
    figures = _figures(model)
    now = _masks(mixed, protect(mixed, model, thresholds), keys, figures)
    before = _masks(table.before, table.shown, keys, figures)
    told = [c for c in figures if model.columns[c].protection == "magnitude" and not model.columns[c].follows]
    told += [c for c in ("workers", "monitored", "exposed") if c in figures]
    rows = table.rows.drop("is_masked", "is_out", "clashes")
    for name, mask in (("now", now), ("before", before)):
        mask = mask.rename({c: f"{name}_{c}" for c in mask.columns if c not in keys})
        rows = rows.join(mask, on=keys, how="left", nulls_equal=True)
    hidden = [pl.col(f"{name}_{c}") for name in ("now", "before") for c in told if f"{name}_{c}" in rows.columns]
    anew = [
        pl.col(f"now_{c}") & ~pl.col(f"before_{c}")
        for c in figures
        if f"now_{c}" in rows.columns and f"before_{c}" in rows.columns
    ]
    rows = rows.with_columns(
        is_masked=pl.any_horizontal(pl.lit(False), *hidden).fill_null(False),
        _anew=pl.any_horizontal(pl.lit(False), *anew).fill_null(False),
    )
    rows = rows.with_columns(is_out=(~pl.col("moves") & (pl.col("size") > 0)) | pl.col("is_masked"))
    for size in _sizes(rows):
        rows = complementary(rows, pl.col("is_out"), pl.col(size), model, thresholds)
        rows = rows.with_columns(
            moves=pl.col("moves") & ~(pl.col("_extra") & pl.col("was")), is_out=pl.col("is_out") | pl.col("_extra")
        )
    rows = rows.with_columns(clashes=pl.col("_anew") & pl.col("was") & ~pl.col("moves"))
    table.rows = rows.select(table.rows.columns)


def _stuck(table: Table, tables: dict[str, Table], thresholds: Thresholds) -> tuple[Model, pl.DataFrame]:
    """The families for which nothing less helps than to hold them whole."""
    rows = table.rows.with_columns(_with_wholes(table, tables).select("_moves_within", "_moves_across"))
    stuck = pl.concat([rows.filter("clashes"), _open_partitions(rows, table.model, thresholds)])
    return table.model, _numbers_alike(stuck.select(_family_keys(table))).unique()


def _open_partitions(rows: pl.DataFrame, model: Model, thresholds: Thresholds) -> pl.DataFrame:
    """Rows of partitions whose whole moves and in which what is held back would follow from the rest."""
    if not model.adds_up_within:
        return rows.clear()
    total = pl.col(model.total[0]) == model.total[1] if model.total else pl.lit(False)
    partitions = [(list(model.adds_up_within), ~total, "_moves_within")]
    if model.adds_up_across:
        partitions.append(([*model.adds_up_across, "dimension"], pl.col("dimension") != "ALL", "_moves_across"))
    found = []
    for (within, part, whole_moves), size in product(partitions, _sizes(rows)):
        out = part & pl.col("is_out") & (pl.col(size) > 0)
        left = pl.when(out).then(size).otherwise(0).sum().over(within)
        alone = (out.sum().over(within) == 1) | left.is_between(1, thresholds.persons - 1)
        found.append(rows.filter(out & alone & pl.col(whole_moves)))
    return pl.concat(found)


def _sizes(rows: pl.DataFrame) -> list[str]:
    """How many changed in all, and in each kind of contribution that is told apart; the rarest first.

    What must be held for its sake is mostly enough for the others'.
    """
    sizes = [name for name in rows.columns if name == "size" or name.startswith("size_")]
    return sorted(sizes, key=lambda name: rows[name].sum())


def _family_keys(table: Table) -> list[str]:
    """A family is a year of the nation, or of one establishment; where there are no years, a row."""
    if "year" not in table.keys:
        return table.keys
    return ["establishment_key", "year"] if table.model.level == Data.ESTABLISHMENT else ["year"]


def _numbers_alike(rows: pl.DataFrame) -> pl.DataFrame:
    """Keys as they are joined between tables."""
    return rows.with_columns(pl.selectors.integer().cast(pl.Int64))


def _hold_families(table: Table, families: list[tuple[Model, pl.DataFrame]]) -> None:
    for model, family in families:
        if model.level != table.model.level or family.is_empty():
            continue
        held = family.with_columns(_is_held=True)
        rows = _numbers_alike(table.rows.select(family.columns)).join(held, on=family.columns, how="left")
        table.rows = table.rows.with_columns(
            moves=table.rows["moves"] & ~(rows["_is_held"].fill_null(False) & table.rows["was"])
        )


def _same(*names: str, **others: pl.Expr) -> dict[str, pl.Expr]:
    return {**{name: pl.col(name) for name in names}, **others}


def _year_before(whole: dict[str, pl.Expr]) -> dict[str, pl.Expr]:
    return {**whole, "year": pl.col("year") - 1}


_EFFECTIVE = {"limit_quantity": pl.lit("effective")}
_ALL = {"dimension": pl.lit("ALL"), "group_code": pl.lit("ALL")}
_DOMAIN = {"dimension": pl.lit("domain"), "group_code": pl.col("_domain")}
_ROOT = {"dimension": pl.when(pl.col("parent_code").is_null()).then(pl.lit("ALL")), "group_code": pl.lit("ALL")}
_CATEGORY = {
    "dimension": pl.when(pl.col("dimension") == "ALL").then(pl.lit("category")), "group_code": pl.col("category")
}  # fmt: skip
_NATION = _same("year", **_EFFECTIVE, **_ALL)
_GROUP = _same("year", "dimension", "group_code", **_EFFECTIVE)
_PLACE = _same("establishment_key", "year", **_EFFECTIVE)
_EVERY_JOB = _same("establishment_key", "year", occupation_code=pl.lit("ALL"))
# Part, whole, where in the whole the part's row belongs, and which of the part's partitions add up to that.
_WHOLES: list[tuple[str, str, dict[str, pl.Expr], str]] = [
    ("national_statistics", "national_statistics", _same("year", "limit_quantity", **_ROOT), "within"),
    ("national_statistics", "national_statistics",
     _same("year", "limit_quantity", "dimension", group_code=pl.col("parent_code")), "within"),
    ("national_statistics", "national_statistics", _same("year", "limit_quantity", **_DOMAIN), ""),
    ("dose_distribution", "national_statistics", _same("year", "limit_quantity", "dimension", "group_code"), "within"),
    ("dose_distribution", "dose_distribution", _same("year", "limit_quantity", "class_code", **_ALL), "across"),
    ("cumulative_distribution", "national_statistics", _GROUP, "within"),
    ("cumulative_distribution", "cumulative_distribution", _same("year", "span", "class_code", **_ALL), "across"),
    ("component_statistics", "national_statistics", _GROUP, ""),
    ("component_statistics", "component_statistics", _same("year", "component", **_ALL), "within"),
    ("passive_operational_gaps", "national_statistics", _GROUP, ""),
    ("passive_operational_gaps", "passive_operational_gaps", _same("year", **_ALL), "within"),
    ("like_for_like", "national_statistics", _NATION, ""),
    ("workplace_statistics", "national_statistics", _NATION, "within"),
    ("statistics_of_all_rows", "national_statistics", _same("year", "limit_quantity", "dimension", "group_code"), ""),
    ("statistics_of_all_rows", "statistics_of_all_rows", _same("year", "limit_quantity", **_ROOT), "within"),
    ("statistics_of_all_rows", "statistics_of_all_rows",
     _same("year", "limit_quantity", "dimension", group_code=pl.col("parent_code")), "within"),
    ("statistics_of_all_rows", "statistics_of_all_rows", _same("year", "limit_quantity", **_DOMAIN), ""),
    ("classification_watch_counts", "national_statistics",
     _same("year", "limit_quantity", "dimension", "group_code"), ""),
    ("classification_watch_counts", "national_statistics", _same("year", "limit_quantity", **_CATEGORY), ""),
    ("classification_watch_counts", "classification_watch_counts", _same("year", "rule_code", **_ROOT), "within"),
    ("classification_watch_counts", "classification_watch_counts",
     _same("year", "rule_code", "dimension", group_code=pl.col("parent_code")), "within"),
    ("classification_watch_counts", "classification_watch_counts", _same("year", "rule_code", **_DOMAIN), ""),
    ("dose_distribution_of_all_rows", "dose_distribution",
     _same("year", "limit_quantity", "dimension", "group_code", "class_code"), ""),
    ("dose_distribution_of_all_rows", "statistics_of_all_rows",
     _same("year", "limit_quantity", "dimension", "group_code"), "within"),
    ("dose_distribution_of_all_rows", "dose_distribution_of_all_rows",
     _same("year", "limit_quantity", "class_code", **_ALL), "across"),
    ("national_dose_changes", "national_statistics", _NATION, ""),
    ("national_dose_changes", "national_statistics", _year_before(_NATION), ""),
    ("establishment_comparison", "establishment_statistics", _PLACE, ""),
    ("establishment_comparison", "establishment_comparison", _EVERY_JOB, "within"),
    ("dose_changes", "establishment_statistics", _PLACE, ""),
    ("dose_changes", "establishment_statistics", _year_before(_PLACE), ""),
]  # fmt: skip


def _with_wholes(table: Table, tables: dict[str, Table]) -> pl.DataFrame:
    """The rows with what becomes of the wholes they are part of, as far as these changed.

    `_whole_held`: one does not move; `_moves_within`, `_moves_across`: what a partition adds up to moves, and is seen.
    """
    found: dict[str, set[int]] = {"_whole_held": set(), "_moves_within": set(), "_moves_across": set()}
    for met, partition in _met_wholes(table, tables, ["size", "moves", "is_masked"]):
        met = met.filter(pl.col("size") > 0)
        found["_whole_held"] |= set(met.filter(~pl.col("moves"))["_at"])
        if partition:
            found[f"_moves_{partition}"] |= set(met.filter(pl.col("moves") & ~pl.col("is_masked"))["_at"])
    at = pl.int_range(pl.len())
    return table.rows.with_columns(at.is_in(list(places)).alias(name) for name, places in found.items())


def _met_wholes(table: Table, tables: dict[str, Table], told: list[str]) -> Iterator[tuple[pl.DataFrame, str]]:
    """Per table in which rows are part of a whole: `_at` of the part, what is `told` of the whole, and the partition.

    Wholes of which it is not told are left out.
    """
    rows = table.rows.with_row_index("_at")
    if "dimension" in rows.columns:
        domains = dict(reference.table("sectors").select("code", "bilan_domain").iter_rows())
        domain = pl.col("group_code").replace_strict(domains, default=None, return_dtype=pl.String)
        rows = rows.with_columns(_domain=pl.when(pl.col("dimension") == "sector").then(domain))
    for part, whole, where, partition in _WHOLES:
        if part != table.model.name or whole not in tables or not set(told) <= set(tables[whole].rows.columns):
            continue
        met = rows.select("_at", *(expr.alias(name) for name, expr in where.items())).drop_nulls()
        if part == whole:
            # A row is no part of itself.
            met = met.join(rows.select("_at", *where), on=["_at", *where], how="anti")
        yield met.join(tables[whole].rows.select(*where, *told), on=list(where)), partition


def _released(table: Table, on: date, thresholds: Thresholds) -> tuple[pl.DataFrame, pl.DataFrame]:
    model, keys = table.model, table.keys
    mixed = _mixed(table)
    fresh = protect(mixed, model, thresholds) if model.disclosure else mixed
    rows = table.rows
    moving = rows.filter("moves")
    told = [c for c in fresh.columns if c not in keys]
    fresh = fresh.join(moving.select(keys), on=keys, how="semi", nulls_equal=True)
    fresh = _with_bounds_held(table, fresh, table.shown)
    known = table.shown.select(
        *keys, "figures_on", *(pl.col(c).alias(f"{c}_last") for c in told if c in table.shown.columns)
    )
    fresh = fresh.join(known, on=keys, how="left", nulls_equal=True)
    same = [pl.col(c).eq_missing(pl.col(f"{c}_last")) for c in told if f"{c}_last" in fresh.columns]
    # A row whose figures came out as they were looks like any other that did not move.
    stays = pl.all_horizontal(pl.lit(True), *same) & pl.col("figures_on").is_not_null()
    fresh = fresh.with_columns(figures_on=pl.when(stays).then("figures_on").otherwise(pl.lit(on)))
    staying = rows.filter(~pl.col("moves")).select(keys)
    kept = table.shown.join(staying, on=keys, how="semi", nulls_equal=True)
    fresh = fresh.select(*_columns(model, fresh), "figures_on")
    shown = pl.concat([fresh, kept.select(c for c in kept.columns if c in fresh.columns)], how="diagonal_relaxed")
    return _with_stems(table, mixed, on), shown


def _columns(model: Model, frame: pl.DataFrame) -> list[str]:
    """The columns of the model that readers are shown, in its order, and what tells of suppression."""
    return [c for c in (*model.columns, "suppressed", "suppression_reason") if c in frame.columns]


def _hold_bounds(tables: dict[str, Table], thresholds: Thresholds) -> None:
    """Mark counts above a dose that stay in a row that moves: few passed the dose, or would follow by subtraction.

    What follows is a row of the same partition, or the same count of a part of what stays. National news are shown
    whatever their size.
    """
    for table in tables.values():
        few = {c: pl.col(f"crossed_{c}").is_between(1, thresholds.persons - 1) & pl.col("was") for c in table.bounds}
        table.rows = table.rows.with_columns((few[c] & ~_is_news(table, c)).alias(f"stays_{c}") for c in few)
    staying = None
    while staying != (staying := sum(t.rows[f"stays_{c}"].sum() for t in tables.values() for c in t.bounds)):
        for table in tables.values():
            for column in table.bounds:
                _hold_bound(column, table, tables, thresholds)
    for table in tables.values():
        behind = {"exposed"} | {c.of for c in table.model.columns.values() if c.protection in HIGH_PERCENTILES}
        for column in sorted(behind & {*table.bounds}):
            _hold_doses_of_few(column, table, thresholds)


def _hold_bound(column: str, table: Table, tables: dict[str, Table], thresholds: Thresholds) -> None:
    stays, crossed = f"stays_{column}", f"crossed_{column}"
    wholes = [met.filter(stays)["_at"] for met, _ in _met_wholes(table, tables, [stays])]
    is_part = pl.int_range(pl.len()).is_in(list(set().union(*wholes)))
    rows = complementary(table.rows, pl.col(stays), pl.col(crossed), table.model, thresholds)
    more = (pl.col("_extra") | is_part) & (pl.col(crossed) > 0) & pl.col("was") & ~_is_news(table, column)
    table.rows = rows.with_columns((pl.col(stays) | more).alias(stays)).drop("_extra")


def _hold_doses_of_few(exposed: str, table: Table, thresholds: Thresholds) -> None:
    """Hold the rows whose doses the number of `exposed` that stays would show, and the present one hide.

    So are those in which it would be above that of the monitored, and tell that it stays.
    """
    now = table.now.select(*table.keys, _now=exposed, _monitored=exposed.replace("exposed", "monitored"))
    before = table.before.select(*table.keys, _before=exposed)
    rows = table.rows
    for known in (now, before):
        rows = rows.join(known, on=table.keys, how="left", nulls_equal=True, maintain_order="left")
    needed = (thresholds.persons, thresholds.high_percentile, thresholds.highest_percentile, pl.col("_monitored") + 1)
    falls = pl.any_horizontal((pl.col("_before") >= n) & (pl.col("_now") < n) for n in needed).fill_null(False)
    moves = pl.col("moves") & ~(pl.col(f"stays_{exposed}") & falls)
    table.rows = rows.with_columns(moves=moves).drop("_before", "_now", "_monitored")


def _is_news(table: Table, column: str) -> pl.Expr:
    """Whether a count is published whatever its size."""
    if table.model.columns[column].protection == "exceedance_count" and "dimension" in table.keys:
        return pl.col("dimension").is_in(["ALL", "domain"])
    return pl.lit(False)


def _with_bounds_held(table: Table, fresh: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """The rows with the counts that stay, and what follows them, as they were before; hidden where they were not."""
    for column in table.bounds:
        staying = table.rows.filter(f"stays_{column}").select(table.keys)
        names = [column, *(c.name for c in table.model.columns.values() if column in c.follows)]
        shown = {c: pl.col(c) if c in before.columns else pl.lit(None) for c in names}
        last = before.select(*table.keys, *(shown[c].alias(f"{c}_last") for c in names))
        last = last.join(staying, on=table.keys, how="semi", nulls_equal=True).with_columns(_stays=True)
        fresh = fresh.join(last, on=table.keys, how="left", nulls_equal=True)
        fresh = fresh.with_columns(pl.when("_stays").then(f"{c}_last").otherwise(c).alias(c) for c in names)
        fresh = fresh.drop("_stays", *(f"{c}_last" for c in names))
    return fresh


def _with_stems(table: Table, mixed: pl.DataFrame, on: date) -> pl.DataFrame:
    """The rows as shown with nothing hidden, each with the release that its changes are counted against from now on."""
    is_settled = pl.col("moves") | ((pl.col("any_changed") == 0) & ~pl.col("is_of_few"))
    stems = {_BASIS: pl.when(is_settled).then(pl.lit(on)).otherwise(_BASIS)}
    for column in table.bounds:
        stays = pl.col(f"stays_{column}") | (~pl.col("moves") & (pl.col(f"crossed_{column}") > 0))
        stems[_basis_of(column)] = pl.when(stays).then(_basis_of(column)).otherwise(pl.lit(on))
    rows = table.rows.with_columns(**stems).select(*table.keys, *stems)
    return mixed.join(rows, on=table.keys, how="left", nulls_equal=True)
