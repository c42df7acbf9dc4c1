"""Field by field, as `lake/reference/layouts.csv` says: what is mandatory, of which type and from which code list."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import polars as pl

from ingestion.rules import RULES
from lake import reference, vocabulary
from lake.vocabulary import Layout

DOSE_FIELDS = {
    Layout.PASS: ("value_msv",),
    Layout.OPER: ("hp10_photon_msv", "hp10_neutron_msv", "hp007_msv", "hp3_msv"),
    Layout.INTE: ("e50_msv", "ht50_msv"),
    Layout.CORR: ("value_msv",),
    Layout.RADN: ("e_msv",),
    Layout.COSM: ("e_msv",),
    Layout.URGE: ("value_msv",),
}

# Results that carry a value; the others are known only by their status.
WITH_VALUE = ("MEASURED", "ESTIMATED", "BELOW_THRESHOLD")

# Fields whose shape has codes of its own (I01 to I03): judged by ingestion.identity.
IDENTIFIER_FIELDS = ("nir", "nir_key", "siret", "replaces_nir")

_WORDS = {
    "action": vocabulary.ListAction,
    "nomenclature_version": vocabulary.Nomenclature,
    "domain": vocabulary.EstablishmentDomain,
    "id_kind": vocabulary.IdentifierKind,
    "sex": vocabulary.Sex,
    "category": vocabulary.Category,
    "contract_type": vocabulary.Contract,
    "record_action": vocabulary.RecordAction,
    "motive_code": vocabulary.Motive,
    "period_code": vocabulary.PeriodCode,
    "dosimeter_type": vocabulary.DosimeterType,
    "body_location": vocabulary.BodyLocation,
    "badge_position": vocabulary.BadgePosition,
    "result_status": vocabulary.ResultStatus,
    "situation": vocabulary.Situation,
    "zone_code": vocabulary.Zone,
    "intake_date_kind": vocabulary.IntakeDateKind,
    "route": vocabulary.IntakeRoute,
    "organ": vocabulary.Organ,
    "sur_group": vocabulary.EmergencyGroup,
}
_BY_LAYOUT = {
    (Layout.PASS, "quantity"): ["HP10", "HP007", "HP3"],
    (Layout.PASS, "radiation"): ["PHOTON", "BETA", "NEUTRON", "MIXED"],
    (Layout.CORR, "action"): vocabulary.Decision.codes(),
    (Layout.EXAU, "action"): vocabulary.AuthorisationAction.codes(),
    (Layout.INQU, "action"): vocabulary.InquiryEvent.codes(),
    (Layout.LINK, "action"): vocabulary.LinkAction.codes(),
    (Layout.LINK, "motive_code"): vocabulary.LinkMotive.codes(),
    (Layout.RADN, "situation"): ["PLANNED", "EXISTING"],
    (Layout.RADN, "method"): vocabulary.RadonMethod.codes(),
    (Layout.COSM, "method"): vocabulary.CosmicMethod.codes(),
    (Layout.URGE, "method"): vocabulary.EmergencyMethod.codes(),
    (Layout.URGE, "quantity"): ["E", "HP10", "HP007", "HP3", "E50"],
}
_HEADCOUNT_BANDS = ["00", "01", "02", "03", "11", "12", "21", "22", "31", "32", "41", "42", "51", "52", "53"]

# From 1900 to 2199: no wear, contract or birth lies outside, and every part of the house can hold such a date.
# Digits are written out: \d would take every script's.
_DAY = "(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}"
_DATE = f"^{_DAY}$"
_TIMESTAMP = f"^{_DAY}T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$"
# What a screen or a spreadsheet obeys instead of showing: control characters, line ends, changes of direction.
_OBEYED = r"[\p{Cc}\x{2028}\x{2029}\x{202A}-\x{202E}\x{2066}-\x{2069}]"


@dataclass(frozen=True)
class Check:
    """A rule on one field: the rows where `broken` is true get `code`."""

    code: str
    field: str
    broken: pl.Expr

    @cached_property
    def columns(self) -> list[str]:
        """What the rule reads."""
        return sorted(set(self.broken.meta.root_names()))


# One byte for what is said of a million rows; in the order of the alphabet, the field "" being the row as a whole.
CODES = pl.Enum(sorted(RULES))
FIELDS = pl.Enum(["", *reference.field_names()])
FINDINGS = {"row_no": pl.Int32, "code": CODES, "field": FIELDS}
_NOTHING = pl.DataFrame(schema=FINDINGS)

# Below this many rows, looking for the distinct values first costs more than it saves.
_MANY = 4096


def findings(rows: pl.DataFrame, checks: Sequence[Check]) -> pl.DataFrame:
    """One row per broken check and row: row_no, code, field."""
    return Checks(checks).findings(rows)


class Checks:
    """Rules asked of a file slice by slice; a value that passed all that is asked of it alone is not asked again."""

    def __init__(self, checks: Sequence[Check]):
        self._checks = checks
        self._passed: dict[str, pl.Series] = {}

    def findings(self, rows: pl.DataFrame) -> pl.DataFrame:
        """One row per broken check and row: row_no, code, field."""
        if rows.is_empty() or not self._checks:
            return _NOTHING
        by_column = {name: [c for c in self._checks if c.columns == [name]] for name in rows.columns}
        by_column = {name: asked for name, asked in by_column.items() if asked and _repeats_itself(rows[name])}
        asked_of_rows = [check for check in self._checks if check.columns not in [[name] for name in by_column]]
        found = [_findings_by_row(rows, asked_of_rows)]
        found += [self._findings_by_value(rows, column, asked) for column, asked in by_column.items()]
        return pl.concat(found)

    def _findings_by_value(self, rows: pl.DataFrame, column: str, checks: Sequence[Check]) -> pl.DataFrame:
        """As by row, for rules that read one column, which holds the same values again and again."""
        values = rows[column].unique()
        if column in self._passed:
            values = values.filter(~values.is_in(self._passed[column].implode(), nulls_equal=True))
        masks = values.to_frame().select(column, *_masks(checks))
        found = [_NOTHING]
        for i, check in enumerate(checks):
            broken = masks.filter(str(i))[column]
            if not broken.is_empty():
                found.append(_found(rows, pl.col(column).is_in(broken.implode(), nulls_equal=True), check))
        passed = masks.filter(~pl.any_horizontal(pl.exclude(column)))[column]
        self._passed[column] = pl.concat([self._passed.get(column, passed.clear()), passed])
        return pl.concat(found)


def _masks(checks: Sequence[Check]) -> list[pl.Expr]:
    """For each rule, under its number, whether it is broken."""
    return [check.broken.fill_null(False).alias(str(i)) for i, check in enumerate(checks)]


def _findings_by_row(rows: pl.DataFrame, checks: Sequence[Check]) -> pl.DataFrame:
    # Eager: the optimiser costs more than it saves on a small file, and saves nothing on a large one.
    masks = rows.select("row_no", *_masks(checks))
    any_broken = masks.select(pl.exclude("row_no").any()).row(0) if checks else ()
    found = [_found(masks, pl.col(str(i)), check) for i, check in enumerate(checks) if any_broken[i]]
    return pl.concat([_NOTHING, *found])


def _found(rows: pl.DataFrame, is_broken: pl.Expr, check: Check) -> pl.DataFrame:
    said = {"code": pl.lit(check.code, CODES), "field": pl.lit(check.field, FIELDS)}
    return rows.lazy().filter(is_broken).select(pl.col("row_no").cast(pl.Int32), **said).collect()


def _repeats_itself(values: pl.Series) -> bool:
    return values.len() >= _MANY and values.head(_MANY).n_unique() <= _MANY // 2


def with_current_codes(text: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows with former codes replaced by the current ones, and a finding N02 for each."""
    former = reference.table("former_codes").filter(pl.col("field").is_in(text.columns))
    renamed = {
        field: dict(codes.select("code", "current_code").iter_rows())
        for (field,), codes in former.group_by("field", maintain_order=True)
    }
    found = findings(text, [Check("N02", field, pl.col(field).is_in(list(codes))) for field, codes in renamed.items()])
    if found.is_empty():
        return text, found
    return text.with_columns(pl.col(field).replace(codes) for field, codes in renamed.items()), found


@cache
def field_checks(layout: Layout) -> tuple[Check, ...]:
    """The checks of every field of a layout: S02 mandatory, S03 type, N01 code, D01 dose."""
    checks = []
    for spec in reference.table("layouts").filter(layout=layout.value).sort("position").iter_rows(named=True):
        field, kind = spec["field"], spec["type"]
        value = pl.col(field)
        is_dose = field in DOSE_FIELDS.get(layout, ())
        if spec["presence"] == "M":
            missing = value.is_null()
            if is_dose:
                missing &= pl.col("record_action") != "CANCEL"
                if layout in (Layout.RADN, Layout.COSM):
                    missing &= pl.col("result_status").is_in(WITH_VALUE)
            checks.append(Check("S02", field, missing))
        if field in IDENTIFIER_FIELDS:
            continue
        if is_dose:
            bound = reference.threshold("plausibility_bound_msv")
            # The lake's own precision: what passes here is what is stored, to the digit.
            number = value.cast(pl.Decimal(18, 3), strict=False)
            checks.append(Check("D01", field, value.is_not_null() & ~_is_decimal(value, 9, 3)))
            checks.append(Check("D01", field, _is_decimal(value, 9, 3) & (number > bound)))
        elif kind == "code":
            allowed = code_list(layout, field)
            if allowed is not None:
                checks.append(Check("N01", field, value.is_not_null() & ~value.is_in(allowed)))
        else:
            checks.append(Check("S03", field, value.is_not_null() & ~_is_of_type(value, kind)))
    return tuple(checks)


def code_list(layout: Layout, field: str) -> list[str] | None:
    """The codes a field may hold; NULL where it is free."""
    if (layout, field) in _BY_LAYOUT:
        return _BY_LAYOUT[layout, field]
    if field in _WORDS:
        return _WORDS[field].codes()
    senders = reference.table("senders")
    match field:
        case "sector_code":
            return reference.table("sectors")["code"].to_list()
        case "occupation_code":
            return reference.table("occupations")["code"].to_list()
        case "oa_code":
            return senders.filter(kind="OA")["sender_code"].to_list()
        case "operator_code":
            return senders.filter(kind="OPERATOR")["sender_code"].to_list()
        case "sender_code":
            may_send = pl.col("layouts").str.split(";").list.contains(layout.value)
            return senders.filter(may_send, pl.col("kind") != "REGISTER")["sender_code"].to_list()
        case "limit_quantity":
            return reference.table("dose_limits").filter(kind="AUTHORISED")["limit_quantity"].unique().to_list()
        case "limit_code":
            is_limit = pl.col("kind").is_in(["LIMIT", "EMERGENCY_LIMIT"]) & pl.col("not_computed_because").is_null()
            return reference.table("dose_limits").filter(is_limit)["limit_code"].to_list()
        case "headcount_band":
            return _HEADCOUNT_BANDS
    return None


def typed(rows: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """The rows with their declared types; a value of another type is NULL (its finding says so)."""
    return rows.with_columns(_typed_columns(layout))


@cache
def _typed_columns(layout: Layout) -> tuple[pl.Expr, ...]:
    columns = []
    for spec in reference.table("layouts").filter(layout=layout.value).iter_rows(named=True):
        value, kind = pl.col(spec["field"]), spec["type"]
        if kind == "date":
            columns.append(pl.when(value.str.contains(_DATE)).then(value.str.to_date("%Y-%m-%d", strict=False)))
        elif kind == "bool":
            columns.append(value == "true")
        elif kind == "int":
            columns.append(value.cast(pl.Int64, strict=False))
        elif size := re.fullmatch(r"decimal\((\d+),(\d+)\)", kind):
            precision, scale = int(size[1]), int(size[2])
            dtype = pl.Decimal(precision, scale)
            columns.append(pl.when(_is_decimal(value, precision, scale)).then(value).cast(dtype, strict=False))
        else:
            continue
        columns[-1] = columns[-1].alias(spec["field"])
    return tuple(columns)


def _is_of_type(value: pl.Expr, kind: str) -> pl.Expr:
    if kind == "date":
        return value.str.contains(_DATE) & value.str.to_date("%Y-%m-%d", strict=False).is_not_null()
    if kind == "timestamp":
        return (
            value.str.contains(_TIMESTAMP) & value.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False).is_not_null()
        )
    if kind == "bool":
        return value.is_in(["true", "false"])
    if kind == "int":
        return value.str.contains(r"^[0-9]{1,18}$")
    if size := re.fullmatch(r"decimal\((\d+),(\d+)\)", kind):
        return _is_decimal(value, int(size[1]), int(size[2]))
    if size := re.fullmatch(r"char(\d+)", kind):
        return value.str.contains(rf"^[0-9A-Z]{{{size[1]}}}$")
    if size := re.fullmatch(r"string\((\d+)\)", kind):
        return (value.str.len_chars() <= int(size[1])) & ~value.str.contains(_OBEYED)
    return pl.lit(True)


def _is_decimal(value: pl.Expr, precision: int, scale: int) -> pl.Expr:
    return value.str.contains(rf"^[0-9]{{1,{precision - scale}}}(\.[0-9]{{1,{scale}}})?$")
