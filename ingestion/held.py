"""What the lake already holds that a new file must be held against: same records, targets, overlapping periods."""

from collections.abc import Sequence

import polars as pl

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
MEASURED_BY = ("establishment_key", "quantity", "radiation", "body_location", "badge_position", "emergency")
# A badge of an emergency may lie inside the period of the usual one: another measurement.
EMERGENCY = pl.when(pl.col("situation") == "SUR").then(pl.col("emergency_id").fill_null("")).alias("emergency")


def records(lake: Lake, sender: str, record_ids: pl.Series, unlanded: Sequence[int]) -> pl.DataFrame:
    """Doses held or waiting under these record ids of the sender: record_id, dose_id, is_waiting and CONTENT."""
    columns = ("record_id", "dose_id", *CONTENT)
    wanted = record_ids.drop_nulls().unique()
    if wanted.is_empty():
        return lake.scan("doses", pl.lit(False)).select(columns).collect().with_columns(is_waiting=pl.lit(False))
    ids = wanted.to_frame("record_id").lazy()
    first, last = wanted.min(), wanted.max()
    # The log may keep only the start of a long text.
    keep = _of_sender(sender) & (pl.col("max.record_id") >= first[:32]) & (pl.col("min.record_id") <= last)
    found = []
    for name in ("doses", "waiting"):
        rows = lake.scan(name, keep.fill_null(True))
        rows = rows.filter(sender_code=sender).filter(is_landed(unlanded))
        rows = rows.join(ids, on="record_id", how="semi").select(*columns)
        found.append(rows.collect().with_columns(is_waiting=pl.lit(name == "waiting")))
    return pl.concat(found)


def replaced_rows(lake: Lake, sender: str, unlanded: Sequence[int]) -> pl.Series:
    """Rows (dose_id >> 3) of the sender that are replaced or cancelled already."""
    keep = _of_sender(sender) & (pl.col("null_count.replaces_dose_id") < pl.col("num_records"))
    rows = lake.scan("doses", keep.fill_null(True))
    rows = rows.filter(sender_code=sender).filter(is_landed(unlanded))
    replaced = rows.filter(pl.col("replaces_dose_id").is_not_null()).select(row_id=pl.col("replaces_dose_id") // 8)
    return replaced.collect()["row_id"].unique()


def results(
    lake: Lake, sender: str, candidates: pl.DataFrame, workers: pl.DataFrame, unlanded: Sequence[int]
) -> pl.DataFrame:
    """Results with a value that the sender holds for the workers around the candidates' periods.

    `workers`: worker_key and person_key. Columns row_id, person_key, period_start, period_end and MEASURED_BY.
    """
    first, last = candidates["period_start"].min(), candidates["period_end"].max()
    keep = (
        _of_sender(sender)
        & (pl.col("partition.year") >= first.year)
        & (pl.col("max.period_end") >= first)
        & (pl.col("min.period_start") <= last)
    )
    rows = lake.scan("doses", keep.fill_null(True))
    rows = rows.filter(sender_code=sender).filter(is_landed(unlanded))
    rows = rows.filter(
        pl.col("dose_msv").is_not_null(), pl.col("period_end") >= first, pl.col("period_start") <= last
    ).join(workers.lazy(), on="worker_key")
    row_id = pl.col("dose_id") // 8
    rows = rows.with_columns(EMERGENCY)
    return rows.select("person_key", "period_start", "period_end", *MEASURED_BY, row_id=row_id).collect()


def is_landed(unlanded: Sequence[int]) -> pl.Expr:
    """False for what a crashed attempt at a delivery left behind, which its new attempt must not meet."""
    return ~pl.col("delivery_no").is_in(list(unlanded))


def _of_sender(sender: str) -> pl.Expr:
    return (pl.col("min.sender_code") <= sender) & (pl.col("max.sender_code") >= sender)
