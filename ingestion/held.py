"""What the lake already holds that a new file must be held against: same records, targets, overlapping periods."""

import functools
import operator
from collections.abc import Mapping
from datetime import date

import polars as pl

from ingestion.population import Population
from lake.store import Lake

# Two rows with the same identifier are the same record when these agree.
CONTENT = (
    "part",
    "worker_key",
    "establishment_key",
    "quantity",
    "radiation",
    "body_location",
    "badge_position",
    "period_start",
    "period_end",
    "dose_msv",
    "result_status",
    "situation",
    "organ",
    "emergency_id",
    "sur_group",
    "record_action",
)
_OF_ALL = ("establishment_key", "quantity", "radiation", "body_location", "badge_position")
MEASURED_BY = (*_OF_ALL, "emergency")
# The same as the lake holds it.
TOLD_BY = (*_OF_ALL, "situation", "emergency_id")
# A badge of an emergency may lie inside the period of the usual one: another measurement.
EMERGENCY = pl.when(pl.col("situation") == "SUR").then(pl.col("emergency_id").fill_null("")).alias("emergency")
# Two nuclides of one emergency are two intakes, not one measured twice.
IS_RESULT = pl.col("dose_msv").is_not_null() & (pl.col("quantity") != "E50")

# A record's and a measurement's traces: equal for equal ones, and almost never for others.
RECORD_TRACE = pl.col("record_id").hash().alias("record")


def measured_trace(schema: Mapping[str, pl.DataType]) -> pl.Expr:
    """The trace of what measured whom, `measured`, of rows with person_key and MEASURED_BY in these types."""
    columns = enumerate(("person_key", *MEASURED_BY))
    traces = (_trace(name, seed, schema.get(name)) for seed, name in columns)
    return functools.reduce(operator.xor, traces).alias("measured")


def _trace(column: str, seed: int, kind: pl.DataType | None) -> pl.Expr:
    """A word held as a code has the trace of its letters."""
    if not isinstance(kind, pl.Enum):
        return pl.col(column).hash(seed)
    of_words = kind.categories.hash(seed)
    of_null = pl.Series([None], dtype=pl.String).hash(seed).item()
    return pl.lit(of_words).gather(pl.col(column).to_physical()).fill_null(of_null)


def records(lake: Lake, sender: str, record_ids: pl.Series, delivery_no: int) -> pl.DataFrame:
    """Doses held or waiting under these record ids of the sender: record_id, dose_id, is_waiting and CONTENT.

    What waits of the delivery itself is left out: its rows may be asked about again.
    """
    columns = ("record_id", "dose_id", *CONTENT)
    wanted = record_ids.drop_nulls().unique()
    if wanted.is_empty():
        return lake.scan("doses", pl.lit(False)).select(columns).collect().with_columns(is_waiting=pl.lit(False))
    ids = wanted.to_frame("record_id").lazy()
    keep = _names_between(sender, wanted.min(), wanted.max())
    found = {
        name: lake.scan(name, keep).filter(sender_code=sender).join(ids, on="record_id", how="semi").collect()
        for name in ("doses", "waiting")
    }
    waits = still_waiting(found["waiting"].filter(pl.col("delivery_no") != delivery_no), lake)
    return pl.concat(
        [
            found["doses"].select(columns).with_columns(is_waiting=pl.lit(False)),
            waits.select(columns).with_columns(is_waiting=pl.lit(True)),
        ]
    )


def record_traces(lake: Lake, sender: str, ends: tuple[str, str], wanted: pl.Series) -> pl.Series:
    """Those of the traces that a record of the sender may have, held or waiting; `ends`: first and last record_id."""
    asked = wanted.unique().to_frame("record").lazy()
    keep = _names_between(sender, *ends)
    found = [
        lake.scan(name, keep).filter(sender_code=sender).select(RECORD_TRACE).join(asked, on="record", how="semi")
        for name in ("doses", "waiting")
    ]
    return pl.concat(found).collect()["record"].unique()


def _names_between(sender: str, first: str, last: str) -> pl.Expr:
    """Files that may hold a record_id of the sender between the two."""
    # The log may keep only the start of a long text.
    may = _of_sender(sender) & (pl.col("max.record_id") >= first[:32]) & (pl.col("min.record_id") <= last)
    return may.fill_null(True)


def still_waiting(waits: pl.DataFrame, lake: Lake) -> pl.DataFrame:
    """The latest judgement of each of these waiting doses that was neither loaded nor refused since.

    As in models/staging/still_waiting.sql.
    """
    if waits.is_empty():
        return waits
    latest = waits.sort("judged_by").unique("dose_id", keep="last", maintain_order=True)
    deliveries = waits["delivery_no"]
    keep = (pl.col("min.delivery_no") <= deliveries.max()) & (pl.col("max.delivery_no") >= deliveries.min())
    keep = keep.fill_null(True)
    loaded = lake.scan("doses", keep).join(latest.lazy(), on="dose_id", how="semi").select("dose_id").collect()
    refused = lake.scan("rejections", keep).filter(
        pl.col("judged_by") > pl.col("delivery_no"), pl.col("severity").is_in(["R", "D"])
    )
    refused = refused.join(latest.lazy(), on=["delivery_no", "row_no"], how="semi").select("delivery_no", "row_no")
    return latest.join(loaded, on="dose_id", how="anti", maintain_order="left").join(
        refused.collect(), on=["delivery_no", "row_no"], how="anti", maintain_order="left"
    )


def replaced_rows(lake: Lake, row_ids: pl.Series) -> pl.Series:
    """Those of the rows (dose_id >> 3) that anybody has replaced or cancelled already."""
    if row_ids.is_empty():
        return row_ids
    first, last = row_ids.min() * 8, row_ids.max() * 8 + 7
    keep = (pl.col("min.replaces_dose_id") <= last) & (pl.col("max.replaces_dose_id") >= first)
    # Where the log has no statistics the file must be read; where every value is NULL it need not.
    keep = keep.fill_null(pl.col("null_count.replaces_dose_id").fill_null(0) < pl.col("num_records"))
    rows = lake.scan("doses", keep).select(row_id=pl.col("replaces_dose_id") // 8)
    return rows.filter(pl.col("row_id").is_in(row_ids.implode())).collect()["row_id"].unique()


def rows_named(lake: Lake, dose_ids: pl.Series) -> pl.DataFrame:
    """Every dose of the rows that the dose_ids name, with all columns of `doses`."""
    if dose_ids.is_empty():
        return lake.scan("doses", pl.lit(False)).collect()
    row_ids, deliveries = dose_ids // 8, dose_ids // 2**32
    keep = (pl.col("min.delivery_no") <= deliveries.max()) & (pl.col("max.delivery_no") >= deliveries.min())
    rows = lake.scan("doses", keep.fill_null(True))
    return rows.filter((pl.col("dose_id") // 8).is_in(row_ids.implode())).sort("dose_id").collect()


def results(lake: Lake, sender: str, candidates: pl.DataFrame, workers: pl.DataFrame) -> pl.DataFrame:
    """Results with a value that the sender holds for the workers around the candidates' periods.

    `workers`: worker_key and person_key. Columns row_id, person_key, period_start, period_end and MEASURED_BY.
    """
    span = candidates["period_start"].min(), candidates["period_end"].max()
    rows = _results_within(lake, sender, span).join(workers.lazy(), on="worker_key").with_columns(EMERGENCY)
    row_id = pl.col("dose_id") // 8
    return rows.select("person_key", "period_start", "period_end", *MEASURED_BY, row_id=row_id).collect()


def result_traces(
    lake: Lake, sender: str, span: tuple[date, date], population: Population, traces: pl.DataFrame
) -> pl.Series:
    """row_no of the traces whose period may overlap that of a result which the sender holds.

    `traces`: row_no, measured, period_start and period_end, none before span[0] or after span[1].
    """
    rows = _results_within(lake, sender, span).join(population.links.lazy(), on="worker_key", how="left")
    rows = rows.with_columns(EMERGENCY, person_key=pl.coalesce("person_key", "worker_key"))
    others = rows.select(measured_trace({}), "period_start", "period_end")
    met = traces.lazy().join(others, on="measured", suffix="_held")
    met = met.filter(
        pl.col("period_start") <= pl.col("period_end_held"), pl.col("period_end") >= pl.col("period_start_held")
    )
    return met.select("row_no").collect()["row_no"].unique()


def _results_within(lake: Lake, sender: str, span: tuple[date, date]) -> pl.LazyFrame:
    first, last = span
    keep = (
        _of_sender(sender)
        & (pl.col("partition.year") >= first.year)
        & (pl.col("max.period_end") >= first)
        & (pl.col("min.period_start") <= last)
    )
    rows = lake.scan("doses", keep.fill_null(True)).filter(sender_code=sender)
    return rows.filter(IS_RESULT, pl.col("period_end") >= first, pl.col("period_start") <= last)


def _of_sender(sender: str) -> pl.Expr:
    return (pl.col("min.sender_code") <= sender) & (pl.col("max.sender_code") >= sender)
