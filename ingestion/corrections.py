"""A physician's decision on a dose after inquiry: maintained, modified or cancelled, with motive and date.

The dose decided on is never rewritten. A modified one stands in a new row that repeats the old one's doses but for the
value decided on; a cancelled one gets a row without dose. Both name what they replace.
Source: Code du travail R.4451-79 to -83; arrêté du 23 juin 2023 art. 5, 22 and 23.
"""

import polars as pl

from ingestion import held
from ingestion.fields import FINDINGS, Check, field_checks, findings, typed
from ingestion.identifiers import is_rpps, names_a_person
from ingestion.judge import Judgement, Question, broken_lines, repeatable_ids, with_severity, without_refused
from ingestion.population import Population
from lake.schema import DECISIONS, DOSES
from lake.store import Lake, conformed
from lake.vocabulary import AuthorRole, Layout

_CONTENT = ("dose_id", "decision", "value_msv", "period_start", "period_end", "motive_code", "decided_on")


def judge_corrections(question: Question, lake: Lake, population: Population) -> Judgement:
    """Judge a CORR file; D05 where the dose is unknown, replaced already, or decided on twice in the file."""
    text = question.rows.good
    text_checks = [*field_checks(Layout.CORR), _VALUE_IS_THERE]
    found = [broken_lines(question.rows), findings(text, text_checks)]
    rows = typed(text, Layout.CORR).rename({"action": "decision", "decision_date": "decided_on"})
    found.append(findings(rows, _row_checks(question)))
    rows = without_refused(rows, found)
    found.append(_already_held(rows, question, lake))
    rows = without_refused(rows, found)
    doses = held.rows_named(lake, rows["dose_id"])
    found.append(findings(_with_target(rows, doses, question, lake, population), _TARGET_CHECKS))
    rows = without_refused(rows, found).with_columns(
        delivery_no=pl.lit(question.delivery_no, dtype=pl.Int32),
        sender_code=pl.lit(question.sender_code),
        known_at=pl.lit(question.received_at),
    )
    settled = with_severity(pl.concat(found))
    refused = settled.filter(severity="R")["row_no"].unique()
    duplicate = settled.filter(severity="D")["row_no"].unique()
    return Judgement(
        settled,
        {
            DOSES.name: [conformed(_new_doses(rows, doses, question), DOSES)],
            DECISIONS.name: [conformed(rows, DECISIONS)],
        },
        question.rows.total,
        refused.len(),
        waiting=0,
        duplicate=duplicate.filter(~duplicate.is_in(refused.implode())).len(),
        record_ids=repeatable_ids(text, settled),
    )


_VALUE_IS_THERE = Check("S02", "value_msv", (pl.col("action") == "MODIFY") & pl.col("value_msv").is_null())


def _row_checks(question: Question) -> list[Check]:
    is_modified = pl.col("decision") == "MODIFY"
    says_more = pl.any_horizontal(pl.col("value_msv", "period_start", "period_end").is_not_null())
    end = pl.col("period_end")
    return [
        Check("S06", "record_id", names_a_person("record_id")),
        Check("S03", "mdt_rpps", ~is_rpps("mdt_rpps")),
        Check("S04", "value_msv", ~is_modified & says_more),
        Check("S04", "period_end", pl.col("period_start").is_null() != end.is_null()),
        Check("P01", "period_end", (end < pl.col("period_start")) | (end > question.received_on)),
        Check("P01", "decision_date", pl.col("decided_on") > question.received_on),
    ]


def _already_held(rows: pl.DataFrame, question: Question, lake: Lake) -> pl.DataFrame:
    """R02 for a decision already held, R01 where its identifier was used for another; also within the file."""
    earlier = lake.scan("decisions").filter(sender_code=question.sender_code).select("record_id", *_CONTENT)
    earlier = earlier.join(rows.lazy().select("record_id"), on="record_id", how="semi").collect()
    said = pl.concat([earlier.with_columns(row_no=pl.lit(0, pl.Int32)), rows.select("record_id", *_CONTENT, "row_no")])
    content = pl.concat_str([pl.col(c).cast(pl.String).fill_null("") for c in _CONTENT], separator="|")
    said = said.with_columns(content=content).with_columns(
        first_row=pl.col("row_no").first().over("record_id"), first_content=pl.col("content").first().over("record_id")
    )
    again = said.filter(pl.col("row_no") > pl.col("first_row"))
    is_same = pl.col("content") == pl.col("first_content")
    code = pl.when(is_same).then(pl.lit("R02")).otherwise(pl.lit("R01"))
    return again.select("row_no", code=code, field=pl.lit("record_id")).cast(FINDINGS)


_TARGET_CHECKS = (
    Check("D05", "dose_id", ~pl.col("stands") | ~pl.col("row_id").is_first_distinct()),
    Check("I14", "dose_id", pl.col("stands") & ~pl.col("is_followed")),
)


def _with_target(
    rows: pl.DataFrame, doses: pl.DataFrame, question: Question, lake: Lake, population: Population
) -> pl.DataFrame:
    """The rows with row_id, stands (the dose is there, is no cancellation, was not replaced) and is_followed."""
    gone = held.replaced_rows(lake, (doses["dose_id"] // 8).unique())
    standing = doses.filter(pl.col("record_action") != "CANCEL", ~(pl.col("dose_id") // 8).is_in(gone.implode())).pipe(
        population.person_of
    )
    if question.own is None:
        followed = standing["person_key"]
    else:
        # As for reading: who has left is followed by another physician, or by none.
        employed = population.contracts.joined(standing.select("person_key").unique()).filter(
            pl.col("establishment_key_of_line").is_in(sorted(question.own)),
            pl.col("starts_of_line") <= question.received_on,
            pl.col("ends_of_line") >= question.received_on,
        )
        followed = employed["person_key"]
    standing = standing.select(
        "dose_id", stands=pl.lit(True), is_followed=pl.col("person_key").is_in(followed.unique().implode())
    )
    return rows.join(standing, on="dose_id", how="left", maintain_order="left").with_columns(
        pl.col("stands", "is_followed").fill_null(False), row_id=pl.col("dose_id") // 8
    )


def _new_doses(rows: pl.DataFrame, doses: pl.DataFrame, question: Question) -> pl.DataFrame:
    """The doses that stand instead: every part of the row decided on, or one without dose where it is cancelled."""
    said = rows.filter(pl.col("decision") != "MAINTAIN").select(
        "decision",
        "value_msv",
        "motive_code",
        "decided_on",
        target="dose_id",
        row_id=pl.col("dose_id") // 8,
        new_row="row_no",
        new_record="record_id",
        new_start="period_start",
        new_end="period_end",
    )
    parts = doses.drop("motive_code").with_columns(row_id=pl.col("dose_id") // 8)
    parts = said.join(parts, on="row_id", maintain_order="left_right")
    is_cancel, is_target = pl.col("decision") == "CANCEL", pl.col("dose_id") == pl.col("target")
    parts = parts.filter(~is_cancel | is_target)
    row_no = pl.col("new_row").cast(pl.Int64)
    end = pl.coalesce("new_end", "period_end")
    return parts.with_columns(
        dose_id=pl.lit(question.delivery_no << 32, dtype=pl.Int64) + row_no * 8 + pl.col("part"),
        delivery_no=pl.lit(question.delivery_no, dtype=pl.Int32),
        row_no="new_row",
        judged_by=pl.lit(question.delivery_no, dtype=pl.Int32),
        sender_code=pl.lit(question.sender_code),
        record_id="new_record",
        record_action=pl.when(is_cancel).then(pl.lit("CANCEL")).otherwise(pl.lit("REPLACE")),
        replaces_dose_id="target",
        author_role=pl.lit(AuthorRole.PHYSICIAN.value),
        dose_msv=pl.when(is_cancel).then(None).when(is_target).then("value_msv").otherwise("dose_msv"),
        result_status=pl.when(is_target & ~is_cancel).then(pl.lit("ESTIMATED")).otherwise("result_status"),
        # The laboratory's threshold says nothing of a value that a physician estimates.
        recording_threshold_msv=pl.when(is_target).then(None).otherwise("recording_threshold_msv"),
        period_start=pl.coalesce("new_start", "period_start"),
        period_end=end,
        year=end.dt.year(),
        sent_on="decided_on",
        received_at=pl.lit(question.received_at),
    ).select(DOSES.column_names)
