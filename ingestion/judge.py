"""Row by row: loaded, waiting, already held or refused, each with its code; nothing is written here."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import compress
from operator import not_
from zoneinfo import ZoneInfo

import polars as pl

from ingestion.ahead import one_ahead
from ingestion.crossing import NO_IDS, Crossing
from ingestion.fields import (
    CODES,
    DOSE_FIELDS,
    FIELDS,
    WITH_VALUE,
    Check,
    Checks,
    Distinct,
    OfValues,
    coded_columns,
    field_checks,
    in_words,
    typed,
    with_current_codes,
)
from ingestion.identifiers import is_rpps, is_siret, may_be_repeated, names_a_person
from ingestion.identity import AS_SENT, PAIR_CHECKS, SHAPE_CHECKS, People, Register, own_checks
from ingestion.measurements import MEASUREMENTS, WORDS, parts_of, standard_rows, word
from ingestion.population import Population
from ingestion.read import Rows, fields_of, joined
from ingestion.rules import RULES
from ingestion.spool import Spool
from lake import reference
from lake.schema import DOSES, WAITING, Table
from lake.store import Lake, conformed
from lake.vocabulary import AuthorRole, Layout
from registry.vault import Vault

PARIS = ZoneInfo("Europe/Paris")
# Layouts whose results may not overlap; entries and intakes may.
_WORN = (Layout.PASS, Layout.RADN, Layout.COSM, Layout.URGE)


_UNKNOWN = {"row_no": pl.Int32, "mac": pl.Binary}


@dataclass(frozen=True)
class Question:
    """One delivery as the judge sees it; `slices` are its rows in order."""

    delivery_no: int
    sender_code: str
    layout: Layout
    received_at: datetime
    slices: Iterable[Rows]
    # The establishments an employer's or physician's account answers for; None: everybody's.
    own: frozenset[int] | None = None
    # The delivery that lets waiting rows be judged again, and when it came; for a delivery's own rows, itself.
    judged_by: int | None = None
    judged_at: datetime | None = None
    # Judged to tell what would become of it: nobody and no place is registered.
    is_trial: bool = False

    @cached_property
    def rows(self) -> Rows:
        """All of its rows at once, for layouts whose lines are judged together."""
        return joined(self.slices)

    @property
    def received_on(self):
        """The day of reception in Paris: what is late or in the future is judged against it."""
        return self.received_at.astimezone(PARIS).date()


@dataclass(frozen=True)
class Judgement:
    """What becomes of a delivery's rows; total = loaded + refused + waiting + duplicate.

    findings: row_no, severity, code, field. tables: lake table name → rows to append, in pieces. unknown: row_no and
    mac (the identifier's keyed digest) of the rows that wait for their worker. record_ids: row_no and record_id of rows
    with a finding whose identifier may be repeated.
    """

    findings: pl.DataFrame
    tables: dict[str, Iterable[pl.DataFrame]]
    total: int
    refused: int
    waiting: int
    duplicate: int
    unknown: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_UNKNOWN))
    record_ids: pl.DataFrame = field(default_factory=NO_IDS.clone)
    # Too large to be held in memory: its pieces are to be written as they come.
    is_large: bool = False

    def table(self, name: str) -> pl.DataFrame:
        """All rows to append to a table."""
        return pl.concat(self.tables[name])

    @property
    def loaded(self) -> int:
        return self.total - self.refused - self.waiting - self.duplicate

    @property
    def warned(self) -> int:
        held_back = self.findings.filter(pl.col("severity") != "W")["row_no"].unique()
        warned = self.findings.filter(severity="W")["row_no"].unique()
        return warned.is_in(held_back.implode()).not_().sum()


def judge_measurements(question: Question, lake: Lake, vault: Vault, population: Population) -> Judgement:
    """Judge a file of doses (PASS, OPER, INTE, RADN, COSM, URGE).

    Slice by slice for what a row says, then all slices together for what rows say of each other: the verdict does not
    depend on where the slices are cut.
    """
    register = Register(vault, population)
    rules = _Rules(question)
    crossing = Crossing(question.sender_code, question.delivery_no, question.layout not in _WORN)
    found, unknown, record_ids = [], [], []
    total = 0
    for one in one_ahead(_by_itself(rules, rows) for rows in one_ahead(question.slices)):
        parts, of_slice = _against_register(rules, one, register)
        total += one.rows.total
        found.append(of_slice)
        record_ids.append(repeatable_ids(one.rows.good, of_slice))
        of_nobody = parts.filter(pl.col("worker_key").is_null()).select("row_no", "person_no").unique("row_no")
        unknown.append(of_nobody.select("row_no", mac=register.macs(of_nobody["person_no"])))
        is_waiting = pl.col("code").is_not_null()
        crossing.add(
            parts.with_columns(waiting=is_waiting), _kept(parts, ~is_waiting, DOSES), _kept(parts, is_waiting, WAITING)
        )
    crossed = crossing.settle(lake, population)
    found.append(crossed.found)
    record_ids = _with_more(pl.concat(record_ids), repeatable_ids(crossed.record_ids, crossed.found))
    return _judgement(crossing, crossed.targets, total, pl.concat(found), pl.concat(unknown), record_ids)


class _Rules:
    """The rules of one delivery: on a row's text, on the row, on what the register says of it, on each of its doses."""

    def __init__(self, question: Question):
        layout = question.layout
        self.question = question
        on_text = [*field_checks(layout), *SHAPE_CHECKS, *_presence_checks(layout), *_place_checks(layout)]
        is_of_person = [set(check.columns) <= set(AS_SENT) for check in on_text]
        self.people = People()
        self.on_person = OfValues([*compress(on_text, is_of_person)])
        self.on_text = Checks([*compress(on_text, map(not_, is_of_person))])
        self.on_row = Checks(_row_checks(question))
        self.still_coded = {*WORDS, "siret", MEASUREMENTS[layout].workplace_field}
        # Fields that nothing asks for once each row was judged by itself.
        self.spent = [field for field in fields_of(layout) if field not in _ASKED_LATER[layout]]
        self.on_pair = Checks([*PAIR_CHECKS, *own_checks(question.own)])
        self.on_part = Checks(_part_checks(question))


# Beside the lake's own columns, what a row's place and doses are told by, and what it replaces.
_ASKED_LATER = {
    layout: {*DOSES.column_names, *WAITING.column_names, "siret", "replaces_record_id", *DOSE_FIELDS[layout]}
    for layout in MEASUREMENTS
}


@dataclass(frozen=True)
class _Slice:
    """A slice with what its rows say by themselves: `standard` are those left, in the lake's words.

    `newcomers`: the persons that no earlier slice names (identity.AS_SENT), in the order of person_no.
    """

    rows: Rows
    standard: pl.DataFrame
    newcomers: pl.DataFrame
    found: list[pl.DataFrame]


def _by_itself(rules: _Rules, rows: Rows) -> _Slice:
    layout = rules.question.layout
    text, former = with_current_codes(rows.good)
    coded = coded_columns(text)
    persons, newcomers = rules.people.numbered(text)
    found = [
        broken_lines(rows),
        former,
        rules.on_text.findings(text, coded),
        rules.on_person.findings(text, persons),
    ]
    standard = standard_rows(typed(text, layout, coded, rules.still_coded), layout)
    # Each row is asked: what is left to ask of a coded column compares it with words.
    found.append(rules.on_row.findings(standard, {}))
    standard = in_words(standard.drop(rules.spent), coded, WORDS).with_columns(person_no=persons.numbers[persons.which])
    return _Slice(rows, without_refused(standard, found), newcomers, found)


def _against_register(rules: _Rules, one: _Slice, register: Register) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The doses of a slice that no rule on a row refuses, in the lake's words with `code` (why it waits), and findings.

    Beside the lake's columns: person_no, person_key and replaces_record_id.
    """
    standard = register.with_keys(one.standard, one.newcomers)
    found = [*one.found, rules.on_pair.findings(standard)]
    parts = _located(parts_of(standard, rules.question.layout))
    found.append(rules.on_part.findings(parts))
    parts = _as_lake_columns(without_refused(parts, found), rules.question)
    found = pl.concat(found)
    reasons = found.filter(pl.col("code").is_in(_WAITING)).group_by("row_no").agg(pl.col("code").min())
    return parts.join(reasons, on="row_no", how="left", maintain_order="left"), found


def _kept(parts: pl.DataFrame, which: pl.Expr, table: Table) -> pl.DataFrame:
    return conformed(parts.lazy().filter(which).select(table.column_names).collect(), table)


def repeatable_ids(rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """row_no and record_id of the rows with a finding whose identifier a report may repeat."""
    named = rows.select("row_no", "record_id").filter(pl.col("row_no").is_in(found["row_no"].implode()))
    return named.filter(may_be_repeated("record_id"))


def _with_more(record_ids: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    """Each row once, in order, as `record_ids` are: those of a million rows are not sorted for a few more."""
    more = more.unique("row_no").join(record_ids, on="row_no", how="anti")
    return record_ids if more.is_empty() else pl.concat([record_ids, more]).sort("row_no")


def broken_lines(rows: Rows) -> pl.DataFrame:
    return pl.DataFrame({"row_no": rows.broken}, schema={"row_no": pl.Int32}).with_columns(
        code=pl.lit("S01", CODES), field=pl.lit("", FIELDS)
    )


_SEVERITY = {code: rule.severity for code, rule in RULES.items()}
SETTLED = {"row_no": pl.Int32, "severity": pl.Enum(sorted(set(_SEVERITY.values()))), "code": CODES, "field": FIELDS}


def with_severity(found: pl.DataFrame) -> pl.DataFrame:
    """The findings, each once, with their severity, in the order of row_no, severity, code and field."""
    severity = pl.col("code").replace_strict(_SEVERITY, return_dtype=SETTLED["severity"])
    # One number for all four: a million findings are sorted by it in a third of the time.
    places = {"row_no": 32, "severity": 8, "code": 8, "field": 12}
    number, shift = pl.lit(0, pl.Int64), 0
    for column, bits in reversed(places.items()):
        number, shift = number + pl.col(column).to_physical().cast(pl.Int64) * (1 << shift), shift + bits
    numbered = found.with_columns(severity=severity).select(*SETTLED, number=number).sort("number")
    return numbered.filter(pl.col("number") != pl.col("number").shift(fill_value=-1)).select(*SETTLED)


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
        Check("S06", "record_id", names_a_person("record_id") | _holds_own_number()),
        Check("S04", "replaces_record_id", (action == "NEW") & pl.col("replaces_record_id").is_not_null()),
        Check("S02", "replaces_record_id", (action != "NEW") & pl.col("replaces_record_id").is_null()),
        Check("S02", "motive_code", (action != "NEW") & pl.col("motive_code").is_null()),
        Check("P01", "period_end", (end < start) | (end > question.received_on)),
    ]
    if layout in (Layout.PASS, Layout.RADN):
        # A period of three months ends before the day it began on: from 30 November, with the last day of February.
        span = 12 * (end.dt.year() - start.dt.year()) + end.dt.month().cast(pl.Int32) - start.dt.month().cast(pl.Int32)
        is_day_reached = end.dt.day() >= start.dt.day()
        is_longer = (span > months) | ((span == months) & is_day_reached)
        checks.append(Check("P02", "period_end", is_longer, of_few=True))
        late = int(reference.threshold("late_after_days"))
        checks.append(Check("P04", "period_end", (pl.lit(question.received_on) - end).dt.total_days() > late))
    if layout == Layout.INTE:
        checks.append(Check("S03", "mdt_rpps", ~is_rpps("mdt_rpps")))
        is_unpaired = pl.col("organ").is_null() != pl.col("ht50_msv").is_null()
        checks.append(Check("S04", "organ", (action != "CANCEL") & is_unpaired))
    if layout == Layout.COSM:
        checks.append(Check("S03", "month", pl.col("month").dt.day() != 1))
    if layout == Layout.URGE:
        checks.append(Check("S06", "emergency_id", names_a_person("emergency_id")))
    if layout == Layout.OPER:
        entry, leave = _instant("entry_ts"), _instant("exit_ts")
        checks.append(Check("P01", "exit_ts", leave < entry))
    # The register's team takes over what others measured; an employer sends what an operator's dosemeters read.
    speaks_for_others = ["REGISTER", "EMPLOYER"] if layout == Layout.OPER else ["REGISTER"]
    if measurement.sender_field and question.sender_code not in speaks_for_others:
        checks.append(Check("S05", measurement.sender_field, pl.col(measurement.sender_field) != question.sender_code))
    return checks + _value_checks(layout)


def _instant(field: str) -> pl.Expr:
    """A timestamp of the layouts, its format written out: a guessed one is that of the first row only."""
    text = pl.col(field).str.replace("Z$", "+00:00").str.replace(r"(T[0-9]{2}:[0-9]{2})([+-])", "${1}:00${2}")
    return text.str.to_datetime("%Y-%m-%dT%H:%M:%S%z", time_zone="UTC", strict=False)


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


def _place_checks(layout: Layout) -> list[Check]:
    """The establishment a dose was received in, where a layout has one, has the number of one."""
    field = MEASUREMENTS[layout].workplace_field
    return [Check("I03", field, pl.col(field).is_not_null() & ~is_siret(field))] if field else []


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
    # Doses of the same kind and day are many: each is looked up once.
    days = parts["period_end"].to_physical()
    days = Distinct.of((days - days.min() + 1).fill_null(0).to_numpy())
    kinds = Distinct.of_several([*(Distinct.of_coded(parts[column]) for column in where), days])
    few = parts.select(*where, "period_end")[kinds.row]
    places = reference.table("quantity_locations").cast({name: WORDS[name] for name in where})
    places = places.select(*where, "limit_quantity", is_possible=pl.lit(True))
    limits = reference.table("dose_limits").filter(window="12_MONTHS", population="ADULT")
    few = few.with_row_index("kind").join(places, on=where, how="left", nulls_equal=True)
    of_the_day = few.join(
        limits.select("limit_quantity", "limit_msv", "valid_from", "valid_to"), on="limit_quantity"
    ).filter(
        pl.col("valid_from") <= pl.col("period_end"),
        pl.col("valid_to").is_null() | (pl.col("valid_to") >= pl.col("period_end")),
    )
    few = few.join(of_the_day.select("kind", "limit_msv"), on="kind", how="left").sort("kind")
    return parts.hstack(few.select("is_possible", "limit_msv")[kinds.which])


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


@dataclass(frozen=True)
class _Remaining:
    """Spooled rows without those that were refused since; read again each time it is iterated."""

    spool: Spool
    out: pl.Series
    targets: pl.DataFrame

    def __iter__(self) -> Iterator[pl.DataFrame]:
        for rows in self.spool:
            yield self._with_targets(rows.filter(~pl.col("row_no").is_in(self.out.implode())))

    def _with_targets(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Few rows replace another: the others are not looked up."""
        at = rows["row_no"].is_in(self.targets["row_no"].implode()).arg_true()
        replacing = rows.select("row_no")[at].join(self.targets, on="row_no", how="left", maintain_order="left")
        return rows.with_columns(rows["replaces_dose_id"].scatter(at, replacing["replaces_dose_id"]))


def _judgement(
    crossing: Crossing,
    targets: pl.DataFrame,
    total: int,
    found: pl.DataFrame,
    unknown: pl.DataFrame,
    record_ids: pl.DataFrame,
) -> Judgement:
    settled = with_severity(found)
    refused = settled.filter(severity="R")["row_no"].unique()
    duplicate = settled.filter(severity="D")["row_no"].unique()
    duplicate = duplicate.filter(~duplicate.is_in(refused.implode()))
    out = pl.concat([refused, duplicate])
    is_left = ~pl.col("row_no").is_in(out.implode())
    return Judgement(
        findings=settled,
        tables={
            DOSES.name: _Remaining(crossing.doses, out, targets),
            WAITING.name: _Remaining(crossing.waits, out, targets),
        },
        total=total,
        refused=refused.len(),
        waiting=settled.filter(is_left, severity="A")["row_no"].n_unique(),
        duplicate=duplicate.len(),
        unknown=unknown.filter(is_left),
        record_ids=record_ids,
        is_large=not crossing.doses.is_one_piece,
    )


def _sectors_of(sector_codes: pl.Enum) -> pl.Series:
    """The sector that each of the codes is a part of, or is itself."""
    roots = {code: root or code for code, root in reference.table("sectors").select("code", "root").iter_rows()}
    return sector_codes.categories.replace(roots).cast(sector_codes)


_AUTHORS = {"REGISTER": AuthorRole.REGISTER, "EMPLOYER": AuthorRole.EMPLOYER}


def _as_lake_columns(parts: pl.DataFrame, question: Question) -> pl.DataFrame:
    measurement = MEASUREMENTS[question.layout]
    row_no = pl.col("row_no").cast(pl.Int64)
    return parts.with_columns(
        sector=pl.lit(_sectors_of(parts.schema["sector_code"])).gather(pl.col("sector_code").to_physical()),
        dose_id=pl.lit(question.delivery_no << 32, dtype=pl.Int64) + row_no * 8 + pl.col("part"),
        delivery_no=pl.lit(question.delivery_no, dtype=pl.Int32),
        sender_code=pl.lit(question.sender_code, pl.Enum([question.sender_code])),
        author_role=word("author_role", _AUTHORS.get(question.sender_code, measurement.author_role)),
        judged_by=pl.lit(question.judged_by or question.delivery_no, dtype=pl.Int32),
        received_at=pl.lit(question.judged_at or question.received_at),
        year=pl.col("period_end").dt.year(),
        replaces_dose_id=pl.lit(None, dtype=pl.Int64),
        dose_msv=pl.when(pl.col("result_status").is_in(WITH_VALUE)).then("dose_msv"),
    )
