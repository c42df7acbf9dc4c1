"""A file's rows held against each other and against the lake: identifiers, what they replace, periods that overlap.

Of each dose a trace of a few numbers stays in memory. Where traces meet, and only there, the rows themselves are read
again and compared: a trace can name a row that is innocent, and misses none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from ingestion import held
from ingestion.fields import FINDINGS
from ingestion.population import Population
from ingestion.spool import Spool
from lake.store import Lake, in_letters

_MAY_CHANGE_PERSON = ("IDENTITY", "BADGE_MIX_UP")

# Rows compared at once.
_TOGETHER = 262_144

_NOTHING = pl.DataFrame(schema=FINDINGS)
NO_IDS = pl.DataFrame(schema={"row_no": pl.Int32, "record_id": pl.String})
_NO_TARGETS = pl.DataFrame(schema={"row_no": pl.Int32, "replaces_dose_id": pl.Int64})
_CHANGED = ("row_no", "record_id", "replaces_record_id", "person_key", "motive_code")
_COMPARED = ("row_no", "record_id", *held.CONTENT)
_RESULT = ("row_no", "record_id", "worker_key", "period_start", "period_end", *held.TOLD_BY)


@dataclass(frozen=True)
class Crossed:
    """findings (row_no, code, field), the record_id of their rows, and for rows that replace another its dose_id."""

    found: pl.DataFrame
    record_ids: pl.DataFrame
    targets: pl.DataFrame


@dataclass(frozen=True)
class Crossing:
    """What the rows of one delivery leave behind for the comparison, slice by slice.

    doses and waits: the rows as the lake will hold them. may_overlap: whether results of this layout may.
    """

    sender_code: str
    delivery_no: int
    may_overlap: bool
    doses: Spool = field(default_factory=Spool)
    waits: Spool = field(default_factory=Spool)
    _traces: list[pl.DataFrame] = field(default_factory=list)
    _changes: list[pl.DataFrame] = field(default_factory=list)
    _ends: list[tuple[str, str]] = field(default_factory=list)

    def add(self, parts: pl.DataFrame, doses: pl.DataFrame, waits: pl.DataFrame) -> None:
        """One slice: `parts` are all of its doses with person_key and `waiting`, split in `doses` and `waits`."""
        self.doses.append(doses)
        self.waits.append(waits)
        is_result = held.IS_RESULT & ~pl.col("waiting") if not self.may_overlap else pl.lit(False)
        self._traces.append(
            parts.with_columns(held.EMERGENCY).select(
                "row_no",
                "part",
                "waiting",
                "period_start",
                "period_end",
                record=held.RECORD_TRACE,
                measured=pl.when(is_result).then(held.measured_trace(parts.schema)),
            )
        )
        changes = parts.filter(pl.col("record_action") != "NEW")
        self._changes.append(in_letters(changes.select(_CHANGED).unique()))
        if parts.height:
            self._ends.append((parts["record_id"].min(), parts["record_id"].max()))

    def settle(self, lake: Lake, population: Population) -> Crossed:
        """Compare all that was added."""
        if not self._ends:
            return Crossed(_NOTHING, NO_IDS, _NO_TARGETS)
        traces = pl.concat(self._traces)
        known, known_ids = self._same_records(traces, lake)
        traces = _without(traces, known)
        changes = _without(pl.concat(self._changes), known)
        lost, targets = _against_targets(changes, self, lake, population)
        found = [known, lost]
        record_ids = [known_ids, _ids_of(changes, lost)]
        if not self.may_overlap:
            left = _without(traces, lost).filter(~pl.col("waiting"))
            # A cancellation frees the period of what it cancels, though it has no dose itself.
            kept = left["row_no"].filter(left["row_no"].is_in(targets["row_no"].implode()))
            gone = targets.filter(pl.col("row_no").is_in(kept.implode()))["replaces_dose_id"] // 8
            overlapping, overlapping_ids = self._overlapping(left.drop_nulls("measured"), gone, lake, population)
            found.append(overlapping)
            record_ids.append(overlapping_ids)
        return Crossed(pl.concat(found), pl.concat(record_ids), targets)

    def _same_records(self, traces: pl.DataFrame, lake: Lake) -> tuple[pl.DataFrame, pl.DataFrame]:
        rows = traces.filter(pl.col("part") == 0).select("row_no", trace="record")
        ends = min(first for first, _ in self._ends), max(last for _, last in self._ends)
        known = held.record_traces(lake, self.sender_code, ends, rows["trace"])
        # Sorted, what comes twice follows itself; counting each costs three times as much.
        by_trace = rows["trace"].sort()
        suspicious = pl.concat([by_trace.filter(by_trace == by_trace.shift()), known])
        suspects = rows.filter(pl.col("trace").is_in(suspicious.implode()))
        found, record_ids = [_NOTHING], [NO_IDS]
        for row_nos in _together(suspects):
            spools = (self.doses, False), (self.waits, True)
            parts = [_rows(spool, row_nos, _COMPARED).with_columns(waiting=pl.lit(waits)) for spool, waits in spools]
            parts = pl.concat(parts)
            found.append(_against_same_records(parts, self, lake))
            record_ids.append(_ids_of(parts, found[-1]))
        return pl.concat(found), pl.concat(record_ids)

    def _overlapping(
        self, traces: pl.DataFrame, gone: pl.Series, lake: Lake, population: Population
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        found, record_ids = [_NOTHING], [NO_IDS]
        if traces.is_empty():
            return _NOTHING, NO_IDS
        span = traces["period_start"].min(), traces["period_end"].max()
        inside = _meeting(traces)
        outside = held.result_traces(lake, self.sender_code, span, population, traces)
        suspects = traces.filter(_GROUP.is_in(inside.implode()) | pl.col("row_no").is_in(outside.implode()))
        for row_nos in _together(suspects.select("row_no", trace=_GROUP)):
            parts = population.person_of(_rows(self.doses, row_nos, _RESULT))
            found.append(_against_results(parts, gone, self.sender_code, lake, population))
            record_ids.append(_ids_of(parts, found[-1]))
        return pl.concat(found), pl.concat(record_ids)


def _rows(spool: Spool, row_nos: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
    return in_letters(spool.where(pl.col("row_no").is_in(row_nos.implode()), columns))


# More than there are days between 1900 and 2199: a start fits beside what is left of the trace, in one number.
_DAYS = 2**17
_GROUP = pl.col("measured") // _DAYS


def _meeting(traces: pl.DataFrame) -> pl.Series:
    """Groups of traces in which two periods overlap."""
    day = (pl.col("period_start") - date(1900, 1, 1)).dt.total_days().cast(pl.UInt64)
    # A single number is sorted in a third of the time of two.
    by_start = traces.select("period_end", "period_start", number=_GROUP * _DAYS + day).sort("number")
    group = pl.col("number") // _DAYS
    # Two of a group overlap only if two that follow each other do.
    meets_last = (group == group.shift()) & (pl.col("period_start") <= pl.col("period_end").shift())
    return by_start.filter(meets_last).select(group).to_series().unique()


def _without(rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    return rows if found.is_empty() else rows.filter(~pl.col("row_no").is_in(found["row_no"].implode()))


def _ids_of(rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    return rows.select("row_no", "record_id").join(found, on="row_no", how="semi")


def _together(suspects: pl.DataFrame) -> Iterator[pl.Series]:
    """Row numbers of suspects in groups of a bearable size; rows of one trace are never parted."""
    groups = suspects.height // _TOGETHER + 1
    for _, group in suspects.group_by(pl.col("trace") % groups):
        yield group["row_no"]


def _against_same_records(parts: pl.DataFrame, crossing: Crossing, lake: Lake) -> pl.DataFrame:
    """R02 for a record already held with the same content, R01 with other content.

    A record that waits and is sent again loads once its person and employment are known; till then it is held (R02).
    """
    ids = parts.select("row_no", "record_id").unique(maintain_order=True)
    repeated = ids.filter(pl.col("record_id").is_duplicated())["record_id"]
    known = held.records(lake, crossing.sender_code, ids["record_id"], crossing.delivery_no)
    still_waiting = parts.filter("waiting")["record_id"].unique()
    known = known.filter(~pl.col("is_waiting") | pl.col("record_id").is_in(still_waiting.implode()))
    suspicious = pl.concat([repeated, known["record_id"]]).unique().implode()
    again = _signed(parts.filter(pl.col("record_id").is_in(suspicious)), "row_no")
    if again.is_empty():
        return _NOTHING
    first_held = _signed(known.with_columns(row_no=pl.col("dose_id") // 8), "row_no").select(
        "record_id", held_content="content", held_bare="bare_content"
    )
    waits = known.group_by("record_id").agg(pl.col("is_waiting").any())
    again = again.sort("row_no").join(first_held, on="record_id", how="left").join(waits, on="record_id", how="left")
    again = again.with_columns(
        first_row=pl.col("row_no").min().over("record_id"), first_content=pl.col("content").first().over("record_id")
    ).filter(pl.col("held_content").is_not_null() | (pl.col("row_no") > pl.col("first_row")))
    is_same = (
        pl.when(pl.col("held_content").is_null())
        .then(pl.col("content") == pl.col("first_content"))
        # What waits may not have known its person or establishment yet.
        .when(pl.col("is_waiting"))
        .then(pl.col("bare_content") == pl.col("held_bare"))
        .otherwise(pl.col("content") == pl.col("held_content"))
    )
    code = pl.when(is_same).then(pl.lit("R02")).otherwise(pl.lit("R01"))
    return again.select("row_no", code=code, field=pl.lit("record_id")).cast(FINDINGS)


def _signed(parts: pl.DataFrame, row: str) -> pl.DataFrame:
    """One row per record: its content as text, and the same without person and establishment."""
    bare = [c for c in held.CONTENT if c not in ("worker_key", "establishment_key")]
    as_text = [
        pl.concat_str([pl.col(c).cast(pl.String).fill_null("") for c in columns], separator="|").alias(name)
        for name, columns in (("content", held.CONTENT), ("bare_content", bare))
    ]
    signed = parts.sort(row, "part").with_columns(as_text)
    return signed.group_by("record_id", row, maintain_order=True).agg(
        pl.col("content").str.join("/"), pl.col("bare_content").str.join("/")
    )


def _against_targets(
    changes: pl.DataFrame, crossing: Crossing, lake: Lake, population: Population
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Findings, and row_no with replaces_dose_id.

    D05 where the target is unknown, waiting, replaced already, or another person's without a motive of identity.
    """
    if changes.is_empty():
        return _NOTHING, _NO_TARGETS
    known = held.records(lake, crossing.sender_code, changes["replaces_record_id"], crossing.delivery_no)
    gone = held.replaced_rows(lake, (known["dose_id"] // 8).unique())
    targets = (
        known.filter(~pl.col("is_waiting"), ~(pl.col("dose_id") // 8).is_in(gone.implode()))
        .pipe(population.person_of)
        .group_by(replaces_record_id=pl.col("record_id"))
        .agg(target=pl.col("dose_id").min(), target_person=pl.col("person_key").first())
    )
    changes = changes.sort("row_no").join(targets, on="replaces_record_id", how="left", maintain_order="left")
    is_own = (pl.col("target_person") == pl.col("person_key")).fill_null(False)
    is_lost = (
        pl.col("target").is_null()
        | ~pl.col("target").is_first_distinct()
        | ~(is_own | pl.col("motive_code").is_in(_MAY_CHANGE_PERSON))
    )
    found = changes.filter(is_lost).select("row_no", code=pl.lit("D05"), field=pl.lit("replaces_record_id"))
    return found.cast(FINDINGS), changes.filter(~is_lost).select("row_no", replaces_dose_id="target")


def _against_results(
    parts: pl.DataFrame, gone: pl.Series, sender: str, lake: Lake, population: Population
) -> pl.DataFrame:
    """P03 where a result's period overlaps another current result of the same measurement.

    Only results with a value overlap: a late result may follow the absence that was declared for its period. `gone`:
    rows (dose_id >> 3) that the file itself replaces.
    """
    results = parts.with_columns(held.EMERGENCY)
    same = ("person_key", *held.MEASURED_BY)
    earlier = results.sort("period_start", "row_no").with_columns(
        reached=pl.col("period_end").cum_max().shift(1).over(same)
    )
    inside = earlier.filter(pl.col("reached") >= pl.col("period_start"))["row_no"]

    workers = population.keys_of(results["person_key"])
    others = held.results(lake, sender, results, workers)
    met = results.join(others, on=same, nulls_equal=True, suffix="_held").filter(
        pl.col("period_start") <= pl.col("period_end_held"), pl.col("period_end") >= pl.col("period_start_held")
    )
    if not met.is_empty():
        gone = pl.concat([gone, held.replaced_rows(lake, met["row_id"].unique())])
        met = met.filter(~pl.col("row_id").is_in(gone.implode()))
    overlapping = pl.concat([inside, met["row_no"]]).unique()
    return overlapping.to_frame().with_columns(code=pl.lit("P03"), field=pl.lit("period_start")).cast(FINDINGS)
