"""Field by field, as `lake/reference/layouts.csv` says: what is mandatory, of which type and from which code list."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import polars as pl
import polars.selectors as cs

from ingestion.identifiers import is_record_id
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
# Names that a sender gives: more is asked of their shape than of other text.
_GIVEN_IDS = ("record_id", "emergency_id", "decision_ref")

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
    """A rule on one field: the rows where `broken` is true get `code`.

    `of_few`: what it reads comes in few combinations, of which each is asked once.
    """

    code: str
    field: str
    broken: pl.Expr
    of_few: bool = False

    @cached_property
    def columns(self) -> list[str]:
        """What the rule reads."""
        return sorted(set(self.broken.meta.root_names()))


# One byte for what is said of a million rows; in the order of the alphabet, the field "" being the row as a whole.
CODES = pl.Enum(sorted(RULES))
FIELDS = pl.Enum(["", *reference.field_names()])
FINDINGS = {"row_no": pl.Int32, "code": CODES, "field": FIELDS}
_NOTHING = pl.DataFrame(schema=FINDINGS)


def findings(rows: pl.DataFrame, checks: Sequence[Check]) -> pl.DataFrame:
    """One row per broken check and row: row_no, code, field."""
    return Checks(checks).findings(rows)


@dataclass(frozen=True)
class Distinct:
    """The values that rows have, each once: its number, a row that has it, and for each row which of them it has."""

    numbers: np.ndarray
    row: np.ndarray
    which: np.ndarray

    @classmethod
    def of(cls, numbers: np.ndarray) -> "Distinct":
        """Of rows whose values are numbered, not much higher than there are rows."""
        # Of the kind that places are told in: converted once, not for each look.
        numbers = numbers.astype(np.intp, copy=False)
        row = np.full(int(numbers.max(initial=0)) + 1, -1)
        row[numbers] = np.arange(len(numbers))
        there = np.flatnonzero(row >= 0)
        place = np.empty(len(row), np.uint32)
        place[there] = np.arange(len(there))
        return cls(there, row[there], place[numbers])

    @classmethod
    def of_several(cls, each: "Sequence[Distinct]") -> "Distinct":
        """Of rows that have several values each: every combination that there is."""
        together = each[0]
        for one in each[1:]:
            together = cls.of(together.which * np.int64(len(one.row)) + one.which)
        return together

    @classmethod
    def of_coded(cls, column: pl.Series) -> "Distinct":
        """Of a coded column; no value has number 0."""
        return cls.of(column.to_frame().select(_numbered(pl.all())).to_series().to_numpy())


def coded_columns(rows: pl.DataFrame) -> dict[str, Distinct]:
    """The values of each coded column."""
    # At once: asked of each column alone, the asking takes longer than the answer.
    return {column.name: Distinct.of(column.to_numpy()) for column in rows.select(_numbered(cs.categorical()))}


def _numbered(coded: pl.Expr) -> pl.Expr:
    return (coded.to_physical().cast(pl.UInt32) + 1).fill_null(0)


class Checks:
    """Rules asked of a file slice by slice; a rule on a coded column alone is asked once of each of its values.

    A rule on several columns may compare a coded one with words, no more.
    """

    def __init__(self, checks: Sequence[Check]):
        self._checks = checks
        self._of_values: dict[tuple[str, str], OfValues] = {}
        # Of no rows: codes are forgotten with the last column that is written in them.
        self._codes: list[pl.Series] = []

    def findings(self, rows: pl.DataFrame, coded: dict[str, Distinct] | None = None) -> pl.DataFrame:
        """One row per broken check and row: row_no, code, field; `coded`: as of `coded_columns`."""
        if rows.is_empty() or not self._checks:
            return _NOTHING
        coded = coded_columns(rows) if coded is None else coded
        asked_of_rows = [check for check in self._checks if check.columns not in [[name] for name in coded]]
        found = [_findings_by_row(rows, asked_of_rows)]
        for name, distinct in coded.items():
            if checks := [check for check in self._checks if check.columns == [name]]:
                found.append(self._asked(rows[name], checks).findings(rows, distinct))
        return pl.concat(found)

    def _asked(self, column: pl.Series, checks: Sequence[Check]) -> "OfValues":
        """What remembers the values of a column, as long as they are written in the same codes."""
        key = column.name, column.dtype.categories.name()
        if key not in self._of_values:
            self._of_values[key] = OfValues(checks)
            self._codes.append(column.clear())
        return self._of_values[key]


class OfValues:
    """Rules asked of values that come again and again: each is asked once."""

    def __init__(self, checks: Sequence[Check]):
        self._checks = checks
        self._columns = sorted({column for check in checks for column in check.columns})
        # By number of value: whether it was asked, and which of the rules it breaks.
        self._is_asked = np.zeros(0, bool)
        self._broken = np.zeros((0, len(checks)), bool)

    def findings(self, rows: pl.DataFrame, distinct: Distinct) -> pl.DataFrame:
        """One row per broken check and row, `distinct` being the rows' values: row_no, code, field."""
        self._ask(rows, distinct)
        broken = self._broken[distinct.numbers]
        found = [_NOTHING]
        for number in np.flatnonzero(broken.any(axis=0)):
            is_broken = pl.Series(broken[distinct.which, number])
            found.append(_said(rows["row_no"].filter(is_broken), self._checks[number]))
        return pl.concat(found)

    def _ask(self, rows: pl.DataFrame, distinct: Distinct) -> None:
        missing = distinct.numbers.max(initial=-1) + 1 - len(self._is_asked)
        if missing > 0:
            room = max(missing, len(self._is_asked))
            self._is_asked = np.append(self._is_asked, np.zeros(room, bool))
            self._broken = np.append(self._broken, np.zeros((room, len(self._checks)), bool), axis=0)
        new = ~self._is_asked[distinct.numbers]
        if new.any():
            values = rows.select(self._columns)[distinct.row[new]].cast({pl.Categorical: pl.String})
            self._broken[distinct.numbers[new]] = values.select(_masks(self._checks)).to_numpy()
            self._is_asked[distinct.numbers[new]] = True


def _masks(checks: Sequence[Check]) -> list[pl.Expr]:
    """For each rule, under its number, whether it is broken."""
    return [check.broken.fill_null(False).alias(str(i)) for i, check in enumerate(checks)]


def _findings_by_row(rows: pl.DataFrame, checks: Sequence[Check]) -> pl.DataFrame:
    found = [_NOTHING]
    for check in checks:
        if check.of_few:
            broken = rows.select(check.columns).unique().filter(check.broken)
            if not broken.is_empty():
                found.append(_said(rows.join(broken, on=check.columns, how="semi", nulls_equal=True)["row_no"], check))
    checks = [check for check in checks if not check.of_few]
    # Eager: the optimiser costs more than it saves on a small file, and saves nothing on a large one.
    masks = rows.select("row_no", *_masks(checks))
    any_broken = masks.select(pl.exclude("row_no").any()).row(0) if checks else ()
    found += [_said(masks["row_no"].filter(masks[str(i)]), check) for i, check in enumerate(checks) if any_broken[i]]
    return pl.concat(found)


def _said(row_no: pl.Series, check: Check) -> pl.DataFrame:
    said = {"code": pl.lit(check.code, CODES), "field": pl.lit(check.field, FIELDS)}
    return row_no.cast(pl.Int32).to_frame("row_no").with_columns(**said)


def with_current_codes(text: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows with former codes replaced by the current ones, and a finding N02 for each."""
    former = reference.table("former_codes").filter(pl.col("field").is_in(text.columns))
    renamed = {
        field: dict(codes.select("code", "current_code").iter_rows())
        for (field,), codes in former.group_by("field", maintain_order=True)
    }
    checks = [Check("N02", field, pl.col(field).is_in(list(codes))) for field, codes in renamed.items()]
    found = findings(text.select("row_no", *renamed), checks)
    if found.is_empty():
        return text, found
    return text.with_columns(
        pl.col(field).cast(pl.String).replace(codes).cast(text.schema[field]) for field, codes in renamed.items()
    ), found


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
            checks.append(Check("S03", field, value.is_not_null() & ~_is_of_type(field, kind)))
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
            is_limit = pl.col("kind").is_in(["LIMIT", "EMERGENCY_LIMIT"])
            is_told = pl.col("not_computed_because").is_null() & pl.col("counted_as").is_null()
            return reference.table("dose_limits").filter(is_limit & is_told)["limit_code"].to_list()
        case "headcount_band":
            return _HEADCOUNT_BANDS
    return None


def typed(
    rows: pl.DataFrame,
    layout: Layout,
    coded: dict[str, Distinct] | None = None,
    still_coded: Collection[str] = (),
) -> pl.DataFrame:
    """The rows with their declared types; a value of another type is NULL (its finding says so).

    `coded`: as of `coded_columns`; those among `still_coded` stay as they are.
    """
    declared = _declared(layout)
    coded = coded_columns(rows) if coded is None else coded
    columns = []
    for column in rows:
        declaration = declared.get(column.name, pl.col(column.name))
        distinct = coded.get(column.name)
        if distinct and column.name in still_coded:
            columns.append(column)
            continue
        values = column[distinct.row].cast(pl.String) if distinct else column
        values = values.to_frame().select(declaration).to_series()
        columns.append(values[distinct.which] if distinct else values)
    return pl.DataFrame(columns)


def in_words(rows: pl.DataFrame, coded: dict[str, Distinct], words: Mapping[str, pl.Enum]) -> pl.DataFrame:
    """The rows with words that are still coded as in the file in the codes of `words`; what is no word is NULL."""
    said = {}
    for column in rows:
        if column.name in words and isinstance(column.dtype, pl.Categorical):
            distinct = coded[column.name]
            values = column[distinct.row].cast(pl.String).cast(words[column.name], strict=False)
            said[column.name] = values[distinct.which]
    return rows.with_columns(**said)


@cache
def _declared(layout: Layout) -> dict[str, pl.Expr]:
    """The columns of another type than text, each from its text."""
    columns = {}
    for spec in reference.table("layouts").filter(layout=layout.value).iter_rows(named=True):
        value, kind = pl.col(spec["field"]), spec["type"]
        if kind == "date":
            column = pl.when(value.str.contains(_DATE)).then(value.str.to_date("%Y-%m-%d", strict=False))
        elif kind == "bool":
            column = value == "true"
        elif kind == "int":
            column = value.cast(pl.Int64, strict=False)
        elif size := re.fullmatch(r"decimal\((\d+),(\d+)\)", kind):
            precision, scale = int(size[1]), int(size[2])
            dtype = pl.Decimal(precision, scale)
            column = pl.when(_is_decimal(value, precision, scale)).then(value).cast(dtype, strict=False)
        else:
            continue
        columns[spec["field"]] = column.alias(spec["field"])
    return columns


def _is_of_type(field: str, kind: str) -> pl.Expr:
    value = pl.col(field)
    if field in _GIVEN_IDS:
        return is_record_id(field)
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
