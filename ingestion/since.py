"""What became of a delivery's waiting rows after its execution report, which never changes.

Read from the lake: which later delivery let each row be judged again, and what that judgement was. Rows are named by
line and record identifier only.
Source: arrêté du 23 juin 2023 art. 11.
"""

import polars as pl

from ingestion.identifiers import may_be_repeated
from lake.store import Lake

# What becomes of a row that waited.
LOADED, SENT_AGAIN, REFUSED, WAITS = "loaded", "sent_again", "refused", "waiting"
COLUMNS = ("row_no", "record_id", "state", "code", "by_delivery_no", "at")


def since(lake: Lake, delivery_no: int) -> pl.DataFrame:
    """One row per row that waited when the delivery was judged, in the file's order.

    state: loaded (by the list that came as `by_delivery_no`), sent_again (loaded under the same record identifier from
    that delivery), refused (by `code`) or waiting (for the reason `code`). `at`: when that delivery came, UTC; a row
    that waits as at first names its own.
    """
    stands = lake.scan("deliveries").select("delivery_no", at="received_at").collect()
    known = pl.col("judged_by").is_in(stands["delivery_no"].implode())
    of_delivery = (pl.col("min.delivery_no") <= delivery_no) & (pl.col("max.delivery_no") >= delivery_no)
    own = pl.col("delivery_no") == delivery_no
    waits = lake.scan("waiting", of_delivery.fill_null(True)).filter(own, known)
    latest = (
        waits.sort("judged_by")
        .unique("row_no", keep="last")
        .select("row_no", "record_id", "sender_code", "code", by_delivery_no="judged_by", state=pl.lit(WAITS))
        .collect()
    )
    loaded = (
        lake.scan("doses", of_delivery.fill_null(True))
        .filter(own, known, pl.col("judged_by") > pl.col("delivery_no"))
        .select("row_no", code=pl.lit(None, dtype=pl.String), by_delivery_no="judged_by", state=pl.lit(LOADED))
        .unique("row_no")
        .collect()
    )
    refused = (
        lake.scan("rejections", of_delivery.fill_null(True))
        .filter(own, known, pl.col("judged_by") > pl.col("delivery_no"), pl.col("severity").is_in(["R", "D"]))
        .sort("row_no", "code")
        .unique("row_no", keep="first", maintain_order=True)
        .select("row_no", "code", by_delivery_no="judged_by", state=pl.lit(REFUSED))
        .collect()
    )
    settled = pl.concat([loaded, refused.join(loaded, on="row_no", how="anti")])
    open_rows = latest.join(settled, on="row_no", how="anti")
    again = _sent_again(lake, open_rows, delivery_no, stands["delivery_no"])
    settled = pl.concat([settled, again])
    told = latest.select("row_no", "record_id").join(
        pl.concat([settled, open_rows.join(again, on="row_no", how="anti").select(settled.columns)]), on="row_no"
    )
    told = told.join(stands.rename({"delivery_no": "by_delivery_no"}), on="by_delivery_no", how="left")
    told = told.with_columns(pl.when(may_be_repeated("record_id")).then("record_id"))
    return told.sort("row_no").select(COLUMNS)


def _sent_again(lake: Lake, rows: pl.DataFrame, delivery_no: int, stands: pl.Series) -> pl.DataFrame:
    """Those of the rows whose record the sender has sent again since, and which loaded then."""
    if rows.is_empty():
        return rows.select("row_no", "code", "by_delivery_no", "state")
    first, last = rows["record_id"].min(), rows["record_id"].max()
    # The log may keep only the start of a long text.
    keep = (pl.col("max.record_id") >= first[:32]) & (pl.col("min.record_id") <= last)
    found = (
        lake.scan("doses", keep.fill_null(True))
        .filter(pl.col("delivery_no") != delivery_no, pl.col("delivery_no").is_in(stands.implode()))
        .join(rows.lazy().select("row_no", "record_id", "sender_code"), on=["record_id", "sender_code"])
        .select(row_no="row_no_right", by_delivery_no="delivery_no")
        .unique("row_no")
        .collect()
    )
    return found.select(
        "row_no", pl.lit(None, dtype=pl.String).alias("code"), "by_delivery_no", pl.lit(SENT_AGAIN).alias("state")
    )
