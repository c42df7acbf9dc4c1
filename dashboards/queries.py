"""The questions pages ask, by name; each goes through `models.access` with the viewer of the session."""

from datetime import date
from decimal import Decimal

import polars as pl

from dashboards.ask import Ask
from lake import reference
from lake.errors import NoSnapshot
from lake.vocabulary import LimitQuantity
from models.catalog import models
from models.provenance import Source
from registry.constraints import Constraint, constraints_of, level_of
from registry.policy import Data

WHY = "page"
MOST_KEPT = 500
_kept: dict[tuple, pl.DataFrame] = {}
# Registers commonly look more closely from three tenths of a limit.
WATCHED_SHARE = 0.3


def break_year() -> int:
    """The year from which only workers under individual monitoring are counted."""
    return reference.threshold("individual_monitoring_only_from").year


def national_years(ask: Ask, quantity: str, *, of_all_rows: bool = False) -> pl.DataFrame:
    """The whole country, one row per year; `of_all_rows`: as if nothing had been replaced or cancelled."""
    return _national(ask, of_all_rows, limit_quantity=quantity, dimension="ALL").sort("year")


def national_all_rows(ask: Ask, quantity: str) -> pl.DataFrame:
    """The whole country in both views, one row per year."""
    return _published(ask, "statistics_of_all_rows", {"limit_quantity": quantity, "dimension": "ALL"}).sort("year")


def national_completeness(ask: Ask, quantity: str, year: int) -> dict | None:
    """What the national figures of a year rest on; None where the release is older than the table, too."""
    rows = _completeness(ask, limit_quantity=quantity, year=year, dimension="ALL")
    return rows.row(0, named=True) if rows.height else None


def domain_completeness(ask: Ask, quantity: str, year: int) -> pl.DataFrame:
    """What the figures of each domain in a year rest on; empty where the release is older than the table, too."""
    return _completeness(ask, limit_quantity=quantity, year=year, dimension="domain")


def _completeness(ask: Ask, **where: object) -> pl.DataFrame:
    try:
        return _published(ask, "statistics_completeness", where)
    except NoSnapshot:
        return pl.DataFrame()


def nowcast(ask: Ask, quantity: str) -> pl.DataFrame:
    """Results of the latest twelve months of wear, received and to be expected, newest first."""
    rows = _published(ask, "result_nowcast", {"limit_quantity": quantity})
    return rows.sort("month", descending=True).head(12)


def establishment_completeness(ask: Ask, establishment_key: int, year: int) -> dict | None:
    """What an establishment's figures of a year rest on; None where the release is older than the table, too."""
    where = {"establishment_key": establishment_key, "year": year}
    try:
        rows = ask.ground.access.fetch("establishment_completeness", ask.viewer, where=where, purpose=WHY)
    except NoSnapshot:
        return None
    return rows.row(0, named=True) if rows.height else None


def national_groups(ask: Ask, quantity: str, dimension: str, year: int, *, of_all_rows: bool = False) -> pl.DataFrame:
    """One year by domain, sector, occupation, category …"""
    return _national(ask, of_all_rows, limit_quantity=quantity, dimension=dimension, year=year)


def dose_classes(ask: Ask, quantity: str, year: int, *, of_all_rows: bool = False) -> pl.DataFrame:
    """Persons per dose class in one year, every class of the quantity present and labelled."""
    where = {"limit_quantity": quantity, "year": year, "dimension": "ALL"}
    found = _in_view(ask, "dose_distribution", "dose_distribution_of_all_rows", of_all_rows, where)
    found = found.select("class_code", "workers")
    if found.is_empty():
        return pl.DataFrame(schema=dict.fromkeys(("class_code", "position", "label", "workers"), pl.Int64))
    classes = reference.table("dose_classes").filter(limit_quantity=quantity)
    label = "label_en" if ask.language == "en" else "label_fr"
    counted = classes.join(found.with_columns(is_known=True), on="class_code", how="left").sort("position")
    # A class nobody is in has no row; one whose count is withheld has a row and no number.
    workers = pl.when(pl.col("is_known").is_null()).then(0).otherwise(pl.col("workers")).alias("workers")
    return counted.select("class_code", "position", pl.col(label).alias("label"), workers)


def national_exceedances(ask: Ask, year: int) -> pl.DataFrame:
    return _published(ask, "national_exceedances", {"year": year})


def timeliness(ask: Ask) -> pl.DataFrame:
    """Delay of transmission by dosimetry and month, all senders together."""
    frame = _published(ask, "transmission_timeliness", {})
    return (
        frame.group_by("dosimetry", "month")
        .agg(pl.col("rows_sent").sum(), pl.col("late").sum(), pl.col("open_absences").sum())
        .with_columns((pl.col("late") / pl.col("rows_sent")).alias("late_share"))
        .sort("dosimetry", "month")
    )


def transmission(ask: Ask) -> pl.DataFrame:
    """What the viewer's senders transmitted by month of reception, newest first; empty before the first snapshot."""
    if ask.ground.snapshot_version() is None:
        return pl.DataFrame()
    return ask.ground.access.fetch("transmission_quality", ask.viewer, order_by=["-month", "sender_code"], purpose=WHY)


def own_establishments(ask: Ask) -> pl.DataFrame:
    """The establishments in the viewer's scope."""
    return ask.ground.access.fetch("establishments", ask.viewer, purpose=WHY).sort("company_name", "siret")


def comparison(ask: Ask, establishment_key: int) -> pl.DataFrame:
    """An establishment against its sector: every year, occupation and category."""
    return ask.ground.access.fetch(
        "establishment_comparison", ask.viewer, where={"establishment_key": establishment_key}, purpose=WHY
    )


def team(ask: Ask, establishment_key: int, on: date) -> pl.DataFrame:
    """The workers of one establishment with their sums on a day, highest first."""
    return ask.ground.access.workers_of(ask.viewer, establishment_key, on_date=on, purpose=WHY)


def constraints(ask: Ask, establishment_key: int) -> list[Constraint]:
    """The dose constraints that hold at one of the reader's establishments."""
    return constraints_of(ask.ground.engine, ask.viewer, establishment_key)


def constraint_on(ask: Ask, worker_key: int, quantity: str) -> Decimal | None:
    """The lowest constraint that holds for a worker today at the reader's establishments, in mSv; None: none."""
    lines = employments(ask, worker_key).filter(
        pl.col("establishment_key").is_in(sorted(ask.viewer.establishment_keys))
        & (pl.col("valid_from") <= ask.today)
        & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= ask.today))
    )
    places = lines.select("establishment_key", "group_label").unique().iter_rows()
    levels = [level_of(constraints(ask, place), quantity, unit) for place, unit in places]
    return min((level for level in levels if level is not None), default=None)


def work_units(ask: Ask, establishment_key: int) -> dict[int, str | None]:
    """The work unit of each worker of an establishment, by their latest line."""
    columns = ["worker_key", "group_label", "valid_from"]
    where = {"establishment_key": establishment_key}
    lines = ask.ground.access.fetch("employments", ask.viewer, where=where, columns=columns, purpose=WHY)
    return dict(lines.sort("valid_from").select("worker_key", "group_label").iter_rows())


def exceedances(ask: Ask) -> pl.DataFrame:
    """The exceedances of the workers in scope, newest first."""
    return ask.ground.access.fetch("limit_exceedances", ask.viewer, purpose=WHY).sort("first_date", descending=True)


def provisional_exceedances(ask: Ask) -> pl.DataFrame:
    """What the rows that wait would make exceed."""
    return ask.ground.access.fetch("provisional_exceedances", ask.viewer, purpose=WHY).sort("first_date")


def exceedance_notices(ask: Ask) -> pl.DataFrame:
    """Whom the reader's establishments must take out of the exposure, newest first."""
    rows = ask.ground.access.fetch("exceedance_notices", ask.viewer, purpose=WHY)
    return rows.sort("first_date", "worker_key", descending=[True, False])


def exceedance_context(ask: Ask) -> pl.DataFrame:
    """Every exceedance with its sector and occupation, without the person."""
    return ask.ground.access.fetch("exceedance_context", ask.viewer, purpose=WHY).sort("first_date", descending=True)


def rolling(ask: Ask, worker_key: int, as_of: date | None = None) -> pl.DataFrame:
    return _of_worker(ask, "rolling_doses", worker_key, as_of).sort("limit_quantity", "on_date")


def outlook(ask: Ask, worker_key: int, on: date, as_of: date | None = None) -> pl.DataFrame:
    return ask.ground.access.outlook(ask.viewer, worker_key, on, as_of=as_of, purpose=WHY)


def rolling_on(ask: Ask, worker_key: int, on: date, as_of: date | None = None) -> pl.DataFrame:
    return ask.ground.access.rolling_on(ask.viewer, worker_key, on, as_of=as_of, purpose=WHY)


def dose_records(ask: Ask, worker_key: int, as_of: date | None = None) -> pl.DataFrame:
    return _of_worker(ask, "dose_records", worker_key, as_of).sort("period_end", "dose_id", descending=True)


def worker_exceedances(ask: Ask, worker_key: int, as_of: date | None = None) -> pl.DataFrame:
    return _of_worker(ask, "limit_exceedances", worker_key, as_of).sort("first_date", descending=True)


def authorisations(ask: Ask, worker_key: int, as_of: date | None = None) -> pl.DataFrame:
    """A worker's authorised exceptional exposures, newest first."""
    rows = _of_worker(ask, "exposure_authorisations", worker_key, as_of)
    return rows.sort("valid_from", "decision_ref", "limit_quantity", descending=[True, False, False])


def significant_events(ask: Ask, worker_key: int, as_of: date | None = None) -> pl.DataFrame:
    """What one operation may have given a worker above a quarter of a limit, newest first."""
    rows = _of_worker(ask, "significant_events", worker_key, as_of)
    return rows.sort(
        "period_end", "kind", "limit_quantity", "limit_code", "establishment_key", "period_start", "operation_no",
        descending=[True, *6 * [False]],
    )  # fmt: skip


def contract_doses(ask: Ask, worker_key: int, as_of: date | None = None) -> pl.DataFrame:
    """A worker's fixed-term and temporary contracts with a dose, newest first."""
    rows = _of_worker(ask, "contract_doses", worker_key, as_of)
    keys = ["contract_start", "establishment_key", "limit_quantity"]
    return rows.sort(keys, descending=[True, False, False])


def emergency_doses(ask: Ask, worker_key: int, as_of: date | None = None) -> pl.DataFrame:
    """A worker's emergencies, newest first; the quantities that the reader may see."""
    rows = _of_worker(ask, "emergency_doses", worker_key, as_of)
    return rows.sort("period_end", "emergency_id", "limit_quantity", descending=[True, False, False])


def employments(ask: Ask, worker_key: int) -> pl.DataFrame:
    return _of_worker(ask, "employments", worker_key, None).sort("valid_from", descending=True)


def limits_of(quantity: str) -> pl.DataFrame:
    """The dated 12-month limits of adults for a quantity, in order; the external dose is read against the total's."""
    limited = LimitQuantity.EFFECTIVE if quantity == LimitQuantity.EFFECTIVE_EXTERNAL else quantity
    return (
        reference.table("dose_limits")
        .filter(limit_quantity=str(limited), population="ADULT", window="12_MONTHS")
        .sort("valid_from")
    )


def limit_on(quantity: str, on: date):
    """The 12-month limit in force on a day, in mSv; None when the quantity has none."""
    limited = LimitQuantity.EFFECTIVE if quantity == LimitQuantity.EFFECTIVE_EXTERNAL else quantity
    return reference.limit_on(str(limited), on)


def limit_labels(language: str) -> list[tuple[str, str]]:
    """(limit_code, label) of every limit."""
    return list(reference.table("dose_limits").select("limit_code", f"label_{language}").iter_rows())


def size_labels(language: str) -> dict[str, str]:
    """What a band of establishment sizes is called."""
    return dict(reference.table("headcount_bands").select("size_band", f"label_{language}").iter_rows())


def interval_percent() -> Decimal:
    """Level of the interval of a standardised dose ratio."""
    return 100 * reference.threshold("interval_level")


def late_after_days() -> int:
    return int(reference.threshold("late_after_days"))


def revisions(ask: Ask) -> pl.DataFrame:
    """What became known since the release before the one in force, by year and cause."""
    return ask.ground.access.revisions(ask.viewer, purpose=WHY)


def source(ask: Ask, model: str, answer: pl.DataFrame, as_of: date | None = None) -> Source:
    """What the figures that a page shows of a model were made from."""
    return ask.ground.access.source(model, answer, as_of)


def _national(ask: Ask, of_all_rows: bool, **where) -> pl.DataFrame:
    return _in_view(ask, "national_statistics", "statistics_of_all_rows", of_all_rows, where)


def _in_view(ask: Ask, current: str, all_rows: str, of_all_rows: bool, where: dict) -> pl.DataFrame:
    """Either table, its figures named as in the current one; NULL those that the release is older than."""
    if not of_all_rows:
        return _published(ask, current, where)
    found = _published(ask, all_rows, where)
    names = {name: name.replace("_all_rows", "") for name in models()[all_rows].columns if "_all_rows" in name}
    named = {name: pl.col(name) if name in found.columns else pl.lit(None) for name in names}
    return found.with_columns(named[name].alias(names[name]) for name in names)


def _published(ask: Ask, model: str, where: dict) -> pl.DataFrame:
    """A national table; the same for every reader, so it is kept until the next publication."""
    ask.decide(Data.NATIONAL).or_raise()
    made_from = (ask.ground.snapshot_version(), ask.ground.access.release().name)
    key = (ask.ground.settings.home, *made_from, model, tuple(sorted(where.items())))
    if key not in _kept:
        found = ask.ground.access.fetch(model, ask.viewer, where=where, purpose=WHY)
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = found
    return _kept[key]


def _of_worker(ask: Ask, model: str, worker_key: int, as_of: date | None) -> pl.DataFrame:
    return ask.ground.access.fetch(model, ask.viewer, where={"worker_key": worker_key}, as_of=as_of, purpose=WHY)
