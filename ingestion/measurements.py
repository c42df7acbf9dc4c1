"""What each measurement layout says, in the lake's words: one standard row per line, and its doses as parts."""

from dataclasses import dataclass

import polars as pl

from ingestion.fields import DOSE_FIELDS
from lake.schema import DOSES
from lake.store import word_types
from lake.vocabulary import AuthorRole, Dosimetry, Layout, ResultStatus, Situation

WORDS = word_types(DOSES)
NONE = pl.lit(None, dtype=pl.String)


def word(column: str, code: str) -> pl.Expr:
    """A word for every row."""
    return pl.lit(code, WORDS[column])


@dataclass(frozen=True)
class Part:
    """One dose a row can carry; present when its field holds a value, part 0 always.

    `dosimetry` is the layout's unless the part has its own.
    """

    number: int
    dose_field: str
    quantity: pl.Expr
    radiation: pl.Expr
    body_location: pl.Expr = NONE
    badge_position: pl.Expr = NONE
    organ: pl.Expr = NONE
    dosimetry: pl.Expr | None = None


@dataclass(frozen=True)
class Measurement:
    """How a layout is read: the sender's field, the period, the status and the parts."""

    dosimetry: Dosimetry
    author_role: AuthorRole
    period_start: pl.Expr
    period_end: pl.Expr
    parts: tuple[Part, ...]
    sender_field: str | None = None
    workplace_field: str | None = None
    result_status: pl.Expr = word("result_status", ResultStatus.MEASURED)
    situation: pl.Expr = word("situation", Situation.PLANNED)
    recording_threshold: pl.Expr = pl.lit(None, dtype=pl.Decimal(9, 3))
    sent_on: str = "sent_on"
    emergency_id: pl.Expr = NONE
    sur_group: pl.Expr = NONE


def _local_date(field: str) -> pl.Expr:
    # The date as written: an operational dose belongs to the exit's local date.
    return pl.col(field).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)


MEASUREMENTS: dict[Layout, Measurement] = {
    Layout.PASS: Measurement(
        Dosimetry.PASSIVE,
        AuthorRole.BODY,
        pl.col("period_start"),
        pl.col("period_end"),
        (
            Part(
                0,
                "value_msv",
                pl.col("quantity"),
                pl.col("radiation"),
                pl.col("body_location"),
                pl.col("badge_position").fill_null("NONE"),
            ),
        ),
        sender_field="oa_code",
        workplace_field="workplace_siret",
        result_status=pl.col("result_status"),
        situation=pl.col("situation"),
        recording_threshold=pl.col("recording_threshold_msv"),
    ),
    Layout.OPER: Measurement(
        Dosimetry.OPERATIONAL,
        AuthorRole.OPERATOR,
        _local_date("entry_ts"),
        _local_date("exit_ts"),
        (
            Part(0, "hp10_photon_msv", pl.lit("HP10"), pl.lit("PHOTON"), pl.lit("TRUNK")),
            Part(1, "hp10_neutron_msv", pl.lit("HP10"), pl.lit("NEUTRON"), pl.lit("TRUNK")),
            Part(2, "hp007_msv", pl.lit("HP007"), pl.lit("MIXED"), pl.lit("TRUNK")),
            Part(3, "hp3_msv", pl.lit("HP3"), pl.lit("MIXED"), pl.lit("TRUNK")),
        ),
        sender_field="operator_code",
        workplace_field="inb_siret",
    ),
    Layout.INTE: Measurement(
        Dosimetry.INTERNAL,
        AuthorRole.PHYSICIAN,
        pl.col("intake_date"),
        pl.col("intake_date"),
        (
            Part(0, "e50_msv", pl.lit("E50"), pl.lit("ALPHA_INT")),
            Part(1, "ht50_msv", pl.lit("HT50"), pl.lit("ALPHA_INT"), organ=pl.col("organ")),
        ),
        result_status=word("result_status", ResultStatus.ESTIMATED),
        situation=pl.col("situation"),
        sent_on="decision_date",
    ),
    Layout.RADN: Measurement(
        Dosimetry.RADON,
        AuthorRole.BODY,
        pl.col("period_start"),
        pl.col("period_end"),
        (Part(0, "e_msv", pl.lit("E"), pl.lit("RADON")),),
        sender_field="oa_code",
        result_status=pl.col("result_status"),
        situation=pl.col("situation"),
        recording_threshold=pl.col("recording_threshold_msv"),
    ),
    Layout.COSM: Measurement(
        Dosimetry.COSMIC,
        AuthorRole.BODY,
        pl.col("month"),
        pl.col("month").dt.month_end(),
        (Part(0, "e_msv", pl.lit("E"), pl.lit("COSMIC")),),
        sender_field="oa_code",
        result_status=pl.col("result_status"),
        recording_threshold=pl.col("recording_threshold_msv"),
    ),
    Layout.URGE: Measurement(
        Dosimetry.EMERGENCY,
        AuthorRole.BODY,
        pl.col("period_start"),
        pl.col("period_end"),
        (
            Part(
                0,
                "value_msv",
                pl.col("quantity"),
                pl.when(pl.col("quantity") == "E50").then(pl.lit("ALPHA_INT")).otherwise(pl.lit("NOT_STATED")),
                pl.col("body_location"),
                dosimetry=pl.when(pl.col("quantity").is_in(["E", "E50"]))
                .then(pl.lit(Dosimetry.EMERGENCY_INTERNAL.value))
                .otherwise(pl.lit(Dosimetry.EMERGENCY.value)),
            ),
        ),
        sender_field="sender_code",
        result_status=pl.when(pl.col("method") == "RECONSTRUCTED")
        .then(word("result_status", ResultStatus.ESTIMATED))
        .otherwise(word("result_status", ResultStatus.MEASURED)),
        situation=word("situation", Situation.SUR),
        emergency_id=pl.col("emergency_id"),
        sur_group=pl.col("sur_group"),
    ),
}


def standard_rows(typed_rows: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """One row per line in the lake's words, the dose fields kept as columns.

    A cancellation carries no dose whatever its dose fields hold.
    """
    measurement = MEASUREMENTS[layout]
    is_cancel = pl.col("record_action") == "CANCEL"
    workplace = pl.col(measurement.workplace_field) if measurement.workplace_field else NONE
    return typed_rows.with_columns(
        *[pl.when(~is_cancel).then(pl.col(field)).alias(field) for field in DOSE_FIELDS[layout]],
        period_start=measurement.period_start,
        period_end=measurement.period_end,
        result_status=measurement.result_status,
        situation=measurement.situation,
        recording_threshold_msv=measurement.recording_threshold,
        sent_on=pl.col(measurement.sent_on),
        workplace=workplace,
        emergency_id=measurement.emergency_id,
        sur_group=measurement.sur_group,
    )


def parts_of(rows: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """The doses of standard rows, long: the row's columns with part, dosimetry, quantity, radiation and so on."""
    frames = []
    measurement = MEASUREMENTS[layout]
    for part in measurement.parts:
        present = rows if part.number == 0 else rows.filter(pl.col(part.dose_field).is_not_null())
        said = {
            "quantity": part.quantity,
            "radiation": part.radiation,
            "body_location": part.body_location,
            "badge_position": part.badge_position,
            "organ": part.organ,
            "dosimetry": pl.lit(measurement.dosimetry.value) if part.dosimetry is None else part.dosimetry,
        }
        frames.append(
            present.with_columns(
                part=pl.lit(part.number, pl.Int16),
                dose_msv=pl.col(part.dose_field).cast(pl.Decimal(9, 3)),
                **{name: column.cast(WORDS[name]) for name, column in said.items()},
            ).drop(DOSE_FIELDS[layout])
        )
    return pl.concat(frames)
