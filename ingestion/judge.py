"""Row by row: loaded, waiting, already held or refused, each with its code; nothing is written here."""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl

from ingestion import held
from ingestion.fields import DOSE_FIELDS, FINDINGS, WITH_VALUE, Check, field_checks, findings, typed, with_current_codes
from ingestion.identifiers import is_record_id, is_rpps, is_siret, names_a_person
from ingestion.identity import PAIR_CHECKS, SHAPE_CHECKS, own_checks, with_keys
from ingestion.measurements import MEASUREMENTS, parts_of, standard_rows
from ingestion.population import Population
from ingestion.read import Rows
from ingestion.rules import RULES
from lake import reference
from lake.schema import DOSES, WAITING
from lake.store import Lake
from lake.vocabulary import AuthorRole, Layout
from registry.vault import Vault

PARIS = ZoneInfo("Europe/Paris")
_MAY_CHANGE_PERSON = ("IDENTITY", "BADGE_MIX_UP")
# Layouts whose results may not overlap; entries and intakes may.
_WORN = (Layout.PASS, Layout.RADN, Layout.COSM, Layout.URGE)


@dataclass(frozen=True)
class Question:
    """One delivery as the judge sees it."""

    delivery_no: int
    sender_code: str
    layout: Layout
    received_at: datetime
    rows: Rows
    # The establishments an employer's or physician's account answers for; None: everybody's.
    own: frozenset[int] | None = None
    # The delivery that lets waiting rows be judged again, and when it came; for a delivery's own rows, itself.
    judged_by: int | None = None
    judged_at: datetime | None = None
    # Judged to tell what would become of it: nobody and no place is registered.
    is_trial: bool = False

    @property
    def received_on(self):
        """The day of reception in Paris: what is late or in the future is judged against it."""
        return self.received_at.astimezone(PARIS).date()


@dataclass(frozen=True)
class Judgement:
    """What becomes of a delivery's rows; total = loaded + refused + waiting + duplicate.

    findings: row_no, severity, code, field. tables: lake table name → rows to append. unknown: row_no and mac (the
    identifier's keyed digest) of the rows that wait for their worker.
    """

    findings: pl.DataFrame
    tables: dict[str, pl.DataFrame]
    total: int
    refused: int
    waiting: int
    duplicate: int
    unknown: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={"row_no": pl.Int32, "mac": pl.Binary}))

    @property
    def loaded(self) -> int:
        return self.total - self.refused - self.waiting - self.duplicate

    @property
    def warned(self) -> int:
        held_back = self.findings.filter(pl.col("severity") != "W")["row_no"].unique()
        warned = self.findings.filter(severity="W")["row_no"].unique()
        return warned.is_in(held_back.implode()).not_().sum()


def judge_measurements(question: Question, lake: Lake, vault: Vault, population: Population) -> Judgement:
    """Judge a file of doses (PASS, OPER, INTE, RADN, COSM, URGE)."""
    layout = question.layout
    text, former = with_current_codes(question.rows.good)
    text_checks = [*field_checks(layout), *SHAPE_CHECKS, *_presence_checks(layout)]
    found = [broken_lines(question.rows), former, findings(text, text_checks)]
    rows = standard_rows(typed(text, layout), layout)
    found.append(findings(rows, _row_checks(question)))
    rows = without_refused(rows, found)

    rows = with_keys(rows, vault, population)
    found.append(findings(rows, [*PAIR_CHECKS, *own_checks(question.own)]))
    parts = _located(parts_of(rows, layout))
    found.append(findings(parts, _part_checks(question)))
    # Only rows that nothing else refuses may take an identifier, a target or a period.
    parts = without_refused(parts, found)
    waiting = pl.concat(found).filter(pl.col("code").is_in(_WAITING))["row_no"].unique()
    parts, same_record = _against_same_records(parts, question, lake, waiting)
    found.append(same_record)
    parts, targets = _against_targets(parts, question, lake, population)
    found.append(targets)
    if layout in _WORN:
        loading = without_refused(parts, found).filter(~pl.col("row_no").is_in(waiting.implode()))
        found.append(_against_results(loading, question, lake, population))
    return _judgement(question, parts, with_severity(pl.concat(found)))


def broken_lines(rows: Rows) -> pl.DataFrame:
    return pl.DataFrame({"row_no": rows.broken}, schema={"row_no": pl.Int32}).with_columns(
        code=pl.lit("S01"), field=pl.lit("")
    )


_SEVERITY = {code: rule.severity for code, rule in RULES.items()}


def with_severity(found: pl.DataFrame) -> pl.DataFrame:
    return (
        found.select("row_no", pl.col("code").replace_strict(_SEVERITY).alias("severity"), "code", "field")
        .unique(maintain_order=True)
        .sort("row_no", "severity", "code", "field")
    )


_WAITING = [code for code, rule in RULES.items() if rule.severity == "A"]
_REFUSING = [code for code, rule in RULES.items() if rule.severity in "RD"]


def refused_rows(found: list[pl.DataFrame]) -> pl.Series:
    """Rows with a finding that refuses them or names them as already held."""
    return pl.concat(found).filter(pl.col("code").is_in(_REFUSING))["row_no"].unique()


def without_refused(rows: pl.DataFrame, found: list[pl.DataFrame]) -> pl.DataFrame:
    return rows.filter(~pl.col("row_no").is_in(refused_rows(found).implode()))


def _row_checks(question: Question) -> list[Check]:
    """Rules on the row's own fields together."""
    layout = question.layout
    measurement = MEASUREMENTS[layout]
    action = pl.col("record_action")
    start, end = pl.col("period_start"), pl.col("period_end")
    months = int(reference.threshold("longest_period_months"))
    checks = [
        Check("S03", "record_id", ~is_record_id("record_id")),
        Check("S06", "record_id", names_a_person("record_id") | _holds_own_number()),
        Check("S04", "replaces_record_id", (action == "NEW") & pl.col("replaces_record_id").is_not_null()),
        Check("S02", "replaces_record_id", (action != "NEW") & pl.col("replaces_record_id").is_null()),
        Check("S02", "motive_code", (action != "NEW") & pl.col("motive_code").is_null()),
        Check("P01", "period_end", (end < start) | (end > question.received_on)),
        Check(
            "I03", measurement.workplace_field or "siret", pl.col("workplace").is_not_null() & ~is_siret("workplace")
        ),
    ]
    if layout in (Layout.PASS, Layout.RADN):
        following = start.dt.offset_by(f"{months}mo")
        # From 30 November, three months end with February: 30 February does not exist, its eve is the last day.
        is_cut = following.dt.day() < start.dt.day()
        checks.append(Check("P02", "period_end", (end > following) | ((end == following) & ~is_cut)))
        late = int(reference.threshold("late_after_days"))
        checks.append(Check("P04", "period_end", (pl.lit(question.received_on) - end).dt.total_days() > late))
    if layout == Layout.INTE:
        checks.append(Check("S03", "mdt_rpps", ~is_rpps("mdt_rpps")))
        is_unpaired = pl.col("organ").is_null() != pl.col("ht50_msv").is_null()
        checks.append(Check("S04", "organ", (action != "CANCEL") & is_unpaired))
    if layout == Layout.COSM:
        checks.append(Check("S03", "month", pl.col("month").dt.day() != 1))
    if layout == Layout.URGE:
        checks.append(Check("S03", "emergency_id", ~is_record_id("emergency_id")))
        checks.append(Check("S06", "emergency_id", names_a_person("emergency_id")))
    if layout == Layout.OPER:
        entry, leave = (
            pl.col(field).str.to_datetime(time_zone="UTC", strict=False) for field in ("entry_ts", "exit_ts")
        )
        checks.append(Check("P01", "exit_ts", leave < entry))
    # The register's team takes over what others measured; an employer sends what an operator's dosemeters read.
    speaks_for_others = ["REGISTER", "EMPLOYER"] if layout == Layout.OPER else ["REGISTER"]
    if measurement.sender_field and question.sender_code not in speaks_for_others:
        checks.append(Check("S05", measurement.sender_field, pl.col(measurement.sender_field) != question.sender_code))
    return checks + _value_checks(layout)


def _holds_own_number() -> pl.Expr:
    """The row's own number without its key, which nothing else would tell from any other number."""
    return pl.col("record_id").str.contains(pl.col("nir"), literal=True).fill_null(False)


def _presence_checks(layout: Layout) -> list[Check]:
    """A result with a value says it, and when it was read; an external one of an emergency says where."""
    if layout == Layout.URGE:
        is_external = pl.col("quantity").is_in(["HP10", "HP3", "HP007"])
        return [Check("S02", "body_location", is_external & pl.col("body_location").is_null())]
    if layout != Layout.PASS:
        return []
    is_result = (pl.col("record_action") != "CANCEL") & pl.col("result_status").is_in(WITH_VALUE)
    return [
        Check("S02", "value_msv", is_result & pl.col("value_msv").is_null()),
        Check("S02", "read_on", is_result & pl.col("read_on").is_null()),
    ]


def _value_checks(layout: Layout) -> list[Check]:
    """A value is 0 below the threshold; without result there is none, or 0 where the layout wants a number."""
    if layout not in (Layout.PASS, Layout.RADN, Layout.COSM):
        return []
    (field,) = DOSE_FIELDS[layout]
    value, status = pl.col(field), pl.col("result_status")
    is_dose = pl.col("record_action") != "CANCEL"
    is_filled = value.is_not_null() if layout == Layout.PASS else value > 0
    checks = [
        Check("S04", field, is_dose & (status == "BELOW_THRESHOLD") & (value != 0)),
        Check("S04", field, is_dose & ~status.is_in(WITH_VALUE) & is_filled),
    ]
    if layout == Layout.RADN:
        exposure = (pl.col("exposure_kbqh_m3") * 1000).cast(pl.Int64)
        coefficient = (pl.col("coefficient_msv_per_kbqh_m3") * 1_000_000).cast(pl.Int64)
        is_off = (_thousandths(value) * 1_000_000 - exposure * coefficient).abs() > 500_000
        checks.append(Check("S04", field, is_dose & (status == "MEASURED") & (value > 0) & is_off))
    return checks


def _located(parts: pl.DataFrame) -> pl.DataFrame:
    """The parts with is_possible (the quantity can be measured there) and limit_msv, the limit of the day."""
    where = ("dosimetry", "quantity", "radiation", "body_location")
    places = reference.table("quantity_locations").select(*where, "limit_quantity", is_possible=pl.lit(True))
    limits = reference.table("dose_limits").filter(window="12_MONTHS", population="ADULT")
    parts = parts.join(places, on=where, how="left", nulls_equal=True, maintain_order="left")
    of_the_day = (
        parts.select("period_end", "limit_quantity")
        .unique()
        .join(limits.select("limit_quantity", "limit_msv", "valid_from", "valid_to"), on="limit_quantity")
        .filter(
            pl.col("valid_from") <= pl.col("period_end"),
            pl.col("valid_to").is_null() | (pl.col("valid_to") >= pl.col("period_end")),
        )
        .select("period_end", "limit_quantity", "limit_msv")
    )
    return parts.join(of_the_day, on=["period_end", "limit_quantity"], how="left", maintain_order="left")


def _part_checks(question: Question) -> list[Check]:
    """Rules on each dose."""
    field = DOSE_FIELDS[question.layout][0]
    dose = pl.col("dose_msv")
    checks = [
        Check("D02", "quantity", pl.col("is_possible").is_null()),
        Check("D03", field, (dose > 0) & (dose < pl.col("recording_threshold_msv"))),
        # An emergency's dose stands apart and opens no exceedance.
        Check("D04", field, (dose > pl.col("limit_msv")) & (pl.col("situation") != "SUR")),
    ]
    for kind, is_kind in _kinds(question.layout).items():
        highest = reference.threshold(f"highest_threshold_{kind}_msv")
        is_higher = is_kind & (pl.col("recording_threshold_msv") > highest)
        checks.append(Check("S04", "recording_threshold_msv", is_higher))
        # The radon annex sets no step.
        if kind != "radon":
            checks.append(Check("D03", field, is_kind & _is_off_step(dose, f"recording_step_{kind}_msv")))
    if question.layout == Layout.OPER:
        is_neutron = pl.col("radiation") == "NEUTRON"
        is_off = _is_off_step(dose, "recording_step_operational_neutron_msv")
        checks.append(Check("D03", "hp10_neutron_msv", is_neutron & is_off))
    return checks


def _kinds(layout: Layout) -> dict[str, pl.Expr]:
    """The reference measurements that have a recording threshold of their own, and the doses that are such."""
    if layout == Layout.PASS:
        return {quantity.lower(): pl.col("quantity") == quantity for quantity in ("HP10", "HP3", "HP007")}
    return {Layout.RADN: {"radon": pl.lit(True)}, Layout.COSM: {"cosmic": pl.lit(True)}}.get(layout, {})


def _is_off_step(dose: pl.Expr, step_name: str) -> pl.Expr:
    return _thousandths(dose) % int(reference.threshold(step_name) * 1000) != 0


def _thousandths(dose: pl.Expr) -> pl.Expr:
    return (dose.cast(pl.Decimal(18, 3)) * 1000).cast(pl.Int64)


def _against_same_records(
    parts: pl.DataFrame, question: Question, lake: Lake, waiting: pl.Series
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """R02 for a record already held with the same content, R01 with other content; such rows are left out.

    A record that waits and is sent again loads once its person and employment are known; till then it is held (R02).
    """
    ids = parts.select("row_no", "record_id").unique(maintain_order=True)
    repeated = ids.filter(pl.col("record_id").is_duplicated())["record_id"]
    known = held.records(lake, question.sender_code, ids["record_id"], question.delivery_no)
    still_waiting = parts.filter(pl.col("row_no").is_in(waiting.implode()))["record_id"].unique()
    known = known.filter(~pl.col("is_waiting") | pl.col("record_id").is_in(still_waiting.implode()))
    suspicious = pl.concat([repeated, known["record_id"]]).unique().implode()
    again = _signed(parts.filter(pl.col("record_id").is_in(suspicious)), "row_no")
    if again.is_empty():
        return parts, pl.DataFrame(schema=FINDINGS)
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
    found = again.select(
        "row_no", code=pl.when(is_same).then(pl.lit("R02")).otherwise(pl.lit("R01")), field=pl.lit("record_id")
    ).cast(FINDINGS)
    return parts.filter(~pl.col("row_no").is_in(found["row_no"].implode())), found


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
    parts: pl.DataFrame, question: Question, lake: Lake, population: Population
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The parts with replaces_dose_id.

    D05 where the target is unknown, waiting, replaced already, or another person's without a motive of identity.
    """
    changes = parts.filter(pl.col("record_action") != "NEW")
    changes = changes.select("row_no", "replaces_record_id", "person_key", "motive_code").unique()
    parts = parts.with_columns(replaces_dose_id=pl.lit(None, dtype=pl.Int64))
    if changes.is_empty():
        return parts, pl.DataFrame(schema=FINDINGS)
    known = held.records(lake, question.sender_code, changes["replaces_record_id"], question.delivery_no)
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
    settled = changes.filter(~is_lost).select("row_no", "target")
    parts = parts.join(settled, on="row_no", how="left", maintain_order="left")
    return parts.with_columns(replaces_dose_id="target").drop("target"), found.cast(FINDINGS)


def _against_results(parts: pl.DataFrame, question: Question, lake: Lake, population: Population) -> pl.DataFrame:
    """P03 where a result's period overlaps another current result of the same measurement.

    Only results with a value overlap: a late result may follow the absence that was declared for its period.
    """
    # Two nuclides of one emergency are two intakes, not one measured twice.
    results = parts.filter(pl.col("dose_msv").is_not_null(), pl.col("quantity") != "E50").with_columns(held.EMERGENCY)
    if results.is_empty():
        return pl.DataFrame(schema=FINDINGS)
    same = ("person_key", *held.MEASURED_BY)
    earlier = results.sort("period_start", "row_no").with_columns(
        reached=pl.col("period_end").cum_max().shift(1).over(same)
    )
    inside = earlier.filter(pl.col("reached") >= pl.col("period_start"))["row_no"]

    workers = population.keys_of(results["person_key"])
    others = held.results(lake, question.sender_code, results, workers)
    met = results.join(others, on=same, nulls_equal=True, suffix="_held").filter(
        pl.col("period_start") <= pl.col("period_end_held"), pl.col("period_end") >= pl.col("period_start_held")
    )
    if not met.is_empty():
        gone = held.replaced_rows(lake, met["row_id"].unique())
        gone = pl.concat([gone, parts["replaces_dose_id"].drop_nulls() // 8])
        met = met.filter(~pl.col("row_id").is_in(gone.implode()))
    overlapping = pl.concat([inside, met["row_no"]]).unique()
    return overlapping.to_frame().with_columns(code=pl.lit("P03"), field=pl.lit("period_start")).cast(FINDINGS)


def _judgement(question: Question, parts: pl.DataFrame, found: pl.DataFrame) -> Judgement:
    refused = found.filter(severity="R")["row_no"].unique()
    duplicate = found.filter(severity="D")["row_no"].unique()
    duplicate = duplicate.filter(~duplicate.is_in(refused.implode()))
    out = pl.concat([refused, duplicate])
    reasons = found.filter(severity="A").group_by("row_no", maintain_order=True).agg(pl.col("code").first())
    reasons = reasons.filter(~pl.col("row_no").is_in(out.implode()))
    parts = parts.filter(~pl.col("row_no").is_in(out.implode())).join(reasons, on="row_no", how="left")
    parts = _as_lake_columns(parts, question)
    waits = parts.filter(pl.col("code").is_not_null())
    return Judgement(
        findings=found,
        tables={
            DOSES.name: parts.filter(pl.col("code").is_null()).select(DOSES.column_names),
            WAITING.name: waits.select(WAITING.column_names),
        },
        total=question.rows.total,
        refused=refused.len(),
        waiting=reasons.height,
        duplicate=duplicate.len(),
        unknown=waits.filter(pl.col("worker_key").is_null()).select("row_no", "mac").unique("row_no"),
    )


_AUTHORS = {"REGISTER": AuthorRole.REGISTER, "EMPLOYER": AuthorRole.EMPLOYER}


def _as_lake_columns(parts: pl.DataFrame, question: Question) -> pl.DataFrame:
    roots = (
        reference.table("sectors")
        .select(sector_code="code", sector="root")
        .with_columns(pl.col("sector").fill_null(pl.col("sector_code")))
    )
    measurement = MEASUREMENTS[question.layout]
    row_no = pl.col("row_no").cast(pl.Int64)
    return parts.join(roots, on="sector_code", how="left").with_columns(
        dose_id=pl.lit(question.delivery_no << 32, dtype=pl.Int64) + row_no * 8 + pl.col("part"),
        delivery_no=pl.lit(question.delivery_no, dtype=pl.Int32),
        sender_code=pl.lit(question.sender_code),
        author_role=pl.lit(_AUTHORS.get(question.sender_code, measurement.author_role).value),
        judged_by=pl.lit(question.judged_by or question.delivery_no, dtype=pl.Int32),
        received_at=pl.lit(question.judged_at or question.received_at),
        year=pl.col("period_end").dt.year(),
        dose_msv=pl.when(pl.col("result_status").is_in(WITH_VALUE)).then("dose_msv"),
    )
