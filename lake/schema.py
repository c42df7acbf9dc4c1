"""What each lake table holds: its grain, key, columns, units and the constraints that the quality gate checks."""

from dataclasses import dataclass

import pyarrow as pa

from lake.vocabulary import (
    AuthorisationAction,
    AuthorRole,
    BadgePosition,
    BodyLocation,
    Category,
    Contract,
    Decision,
    Dosimetry,
    EmergencyGroup,
    EstablishmentDomain,
    InquiryEvent,
    Layout,
    LinkMotive,
    ListAction,
    Motive,
    Nomenclature,
    Organ,
    Quantity,
    Radiation,
    RecordAction,
    ResultStatus,
    Sex,
    Situation,
    Word,
)

DOSE = pa.decimal128(9, 3)
TIMESTAMP = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Column:
    """One column; `unit` is also the suffix of its name where it is a magnitude."""

    name: str
    dtype: pa.DataType
    meaning: str
    nullable: bool = False
    words: type[Word] | None = None
    at_least: int | None = None


@dataclass(frozen=True)
class Table:
    """One Delta table; every table is append-only."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    partitions: tuple[str, ...] = ()
    sorted_by: tuple[str, ...] = ()

    @property
    def arrow_schema(self) -> pa.Schema:
        return pa.schema([pa.field(c.name, c.dtype, nullable=c.nullable) for c in self.columns])

    @property
    def column_names(self) -> list[str]:
        return [c.name for c in self.columns]


_DELIVERY_NO = Column("delivery_no", pa.int32(), "number the registry gave the delivery", at_least=1)
_ROW_NO = Column("row_no", pa.int32(), "line of the file, the header being line 1", at_least=1)
_JUDGED_BY = Column(
    "judged_by",
    pa.int32(),
    "delivery that settled the row: its own, or the one that let it be judged again",
    at_least=1,
)
_KNOWN_AT = Column("known_at", TIMESTAMP, "when the register learned this (second clock)")

_MEASUREMENT = (
    Column("sender_code", pa.string(), "who sent it (lake/reference/senders.csv)"),
    Column("record_id", pa.string(), "the sender's own identifier of the record"),
    Column("worker_key", pa.int64(), "key of the identifier as sent; identity_links maps it to the person"),
    Column("establishment_key", pa.int64(), "establishment of attachment"),
    Column("workplace_key", pa.int64(), "where the dose was received, if elsewhere", nullable=True),
    Column("sector_code", pa.string(), "sector at landing; physical only, statistics use the employment"),
    Column("dosimetry", pa.string(), "family of the measurement", words=Dosimetry),
    Column("quantity", pa.string(), "what is measured", words=Quantity),
    Column("radiation", pa.string(), "radiation measured", words=Radiation),
    Column("body_location", pa.string(), "where it was worn; NULL where it has no meaning", True, BodyLocation),
    Column("badge_position", pa.string(), "relative to a protective apron; NULL: not stated", True, BadgePosition),
    Column("period_start", pa.date32(), "first day of wear"),
    Column("period_end", pa.date32(), "last day of wear: the day the dose belongs to"),
    Column("dose_msv", DOSE, "mSv as sent; NULL when there is no result, 0 below the threshold", True, at_least=0),
    Column("result_status", pa.string(), "what kind of result", words=ResultStatus),
    Column("recording_threshold_msv", DOSE, "mSv; below it a value counts as 0; NULL: none", True, at_least=0),
    Column("situation", pa.string(), "exposure situation", words=Situation),
    Column("organ", pa.string(), "organ of an HT50, medical secrecy: in no mart; NULL: no HT50", True, Organ),
    Column(
        "emergency_id", pa.string(), "emergency the dose was received in; NULL: not from a URGE file", nullable=True
    ),
    Column("sur_group", pa.string(), "group of emergency workers; NULL: not from a URGE file", True, EmergencyGroup),
    Column("record_action", pa.string(), "new, replacing or cancelling", words=RecordAction),
    Column("replaces_dose_id", pa.int64(), "dose this row replaces or cancels", nullable=True),
    Column("author_role", pa.string(), "who stands behind the value", words=AuthorRole),
    Column("motive_code", pa.string(), "why it replaces or cancels", True, Motive),
    Column("sent_on", pa.date32(), "day the sender wrote in the row", nullable=True),
    Column("received_at", TIMESTAMP, "when the register could first count the row (second clock)"),
)

DOSES = Table(
    "doses",
    "one row per dose of an accepted delivery row; a row of OPER or INTE can carry several, `part` tells which",
    ("dose_id",),
    (
        Column("dose_id", pa.int64(), "delivery_no · 2³² + row_no · 2³ + part", at_least=1),
        _DELIVERY_NO,
        _ROW_NO,
        Column("part", pa.int16(), "which dose of the row, from 0", at_least=0),
        _JUDGED_BY,
        *_MEASUREMENT,
        Column("year", pa.int32(), "year of period_end (partition)"),
        Column("sector", pa.string(), "root of sector_code (partition)"),
    ),
    partitions=("year", "sector"),
    sorted_by=("worker_key", "period_end", "dose_id"),
)

WAITING = Table(
    "waiting",
    "one row per judgement that a dose of a delivery row waits; the latest says why, unless the dose was settled since",
    ("dose_id", "judged_by"),
    (
        Column("dose_id", pa.int64(), "the dose_id it takes when released", at_least=1),
        _DELIVERY_NO,
        _ROW_NO,
        Column("part", pa.int16(), "which dose of the row, from 0", at_least=0),
        _JUDGED_BY,
        Column("code", pa.string(), "why it waits: I04, I05 or I07"),
        *(
            Column(c.name, c.dtype, c.meaning, True, c.words, c.at_least)
            if c.name in ("worker_key", "establishment_key", "sector_code")
            else c
            for c in _MEASUREMENT
        ),
    ),
    sorted_by=("worker_key", "period_end", "dose_id"),
)

REJECTIONS = Table(
    "rejections",
    "one row per finding (refusal, wait or warning) on a delivery row; never a raw value",
    ("delivery_no", "row_no", "judged_by", "code", "field"),
    (
        _DELIVERY_NO,
        _ROW_NO,
        _JUDGED_BY,
        Column("severity", pa.string(), "R refused, A waiting, W warning, D duplicate"),
        Column("code", pa.string(), "rule (ingestion/rules.py)"),
        Column("field", pa.string(), "field of the layout; empty when the row as a whole"),
    ),
)

DELIVERIES = Table(
    "deliveries",
    "one row per delivery that is in the lake; committed last, so that readers count only what stands here",
    ("delivery_no",),
    (
        _DELIVERY_NO,
        Column("sender_code", pa.string(), "who sent it; empty when the file name could not be read"),
        Column("layout", pa.string(), "kind of file; NULL when unknown", True, Layout),
        Column("file_name", pa.string(), "name as received"),
        Column("sha256", pa.string(), "digest of the bytes"),
        Column("byte_size", pa.int64(), "bytes", at_least=0),
        Column("received_at", TIMESTAMP, "second clock"),
        Column("ended_at", TIMESTAMP, "when the rows were judged"),
        Column("accepted", pa.bool_(), "false: refused as a whole"),
        Column("refusal_code", pa.string(), "file rule that refused it", nullable=True),
        Column("rows_total", pa.int64(), "data rows", at_least=0),
        Column("rows_loaded", pa.int64(), "rows in the lake", at_least=0),
        Column("rows_refused", pa.int64(), "rows refused", at_least=0),
        Column("rows_waiting", pa.int64(), "rows that wait", at_least=0),
        Column("rows_duplicate", pa.int64(), "rows already held", at_least=0),
        Column("rows_warned", pa.int64(), "loaded rows with a warning", at_least=0),
    ),
)

DECISIONS = Table(
    "decisions",
    "one row per physician's decision on a dose; a modified or cancelled one also stands in `doses`",
    ("delivery_no", "row_no"),
    (
        _DELIVERY_NO,
        _ROW_NO,
        Column("sender_code", pa.string(), "who sent it (lake/reference/senders.csv)"),
        Column("record_id", pa.string(), "the sender's own identifier of the decision"),
        Column("dose_id", pa.int64(), "the dose decided on", at_least=1),
        Column("decision", pa.string(), "what was decided", words=Decision),
        Column("value_msv", DOSE, "mSv that stands instead; NULL unless modified", True, at_least=0),
        Column("period_start", pa.date32(), "first day of wear instead; NULL: as it was", True),
        Column("period_end", pa.date32(), "last day of wear instead; NULL: as it was", True),
        Column("motive_code", pa.string(), "why", words=Motive),
        Column("decided_on", pa.date32(), "day of the decision"),
        _KNOWN_AT,
    ),
)

INQUIRY_EVENTS = Table(
    "inquiry_events",
    "one row per statement of the register team on an exceedance; what a physician decides on a dose is in `decisions`",
    ("delivery_no", "row_no"),
    (
        _DELIVERY_NO,
        _ROW_NO,
        Column("worker_key", pa.int64(), "any key of the person", at_least=1),
        Column("limit_code", pa.string(), "limit that was exceeded (lake/reference/dose_limits.csv)"),
        Column("on_date", pa.date32(), "a day on which it was: names the episode"),
        Column("event", pa.string(), "what happened", words=InquiryEvent),
        Column("happened_on", pa.date32(), "day it did"),
        _KNOWN_AT,
    ),
)

AUTHORISATIONS = Table(
    "authorisations",
    "one row per statement on an individual authorisation of exceptional exposure; the latest known_at holds",
    ("delivery_no", "row_no"),
    (
        _DELIVERY_NO,
        _ROW_NO,
        Column("decision_ref", pa.string(), "reference of the labour inspector's decision"),
        Column("action", pa.string(), "what the line says", words=AuthorisationAction),
        Column("worker_key", pa.int64(), "any key of the person", at_least=1),
        Column("limit_quantity", pa.string(), "effective or lens"),
        Column("valid_from", pa.date32(), "first day authorised; NULL: withdrawn", True),
        Column("valid_to", pa.date32(), "last day authorised; NULL: withdrawn", True),
        Column("decided_on", pa.date32(), "day of the decision"),
        _KNOWN_AT,
    ),
)

PERSONS = Table(
    "persons",
    "one row per person and fact known; the latest known_at holds",
    ("worker_key", "known_at"),
    (
        Column("worker_key", pa.int64(), "key of the identifier", at_least=1),
        Column("birth_year", pa.int32(), "year of birth", at_least=1900),
        Column("sex", pa.string(), "sex", words=Sex),
        _DELIVERY_NO,
        _KNOWN_AT,
    ),
)

IDENTITY_LINKS = Table(
    "identity_links",
    "one row per statement that an identifier's key belongs to a person's key; the latest known_at holds",
    ("worker_key", "known_at"),
    (
        Column("worker_key", pa.int64(), "key of the identifier", at_least=1),
        Column("person_key", pa.int64(), "key of the person", at_least=1),
        Column("reason", pa.string(), "NIA_REPLACED, MERGED or UNMERGED"),
        Column(
            "motive_code",
            pa.string(),
            "why the register team did; NULL when an employer's list says it",
            True,
            LinkMotive,
        ),
        _DELIVERY_NO,
        _KNOWN_AT,
    ),
)

MINORS = Table(
    "minors",
    "one row per person employed before 18 and birth date stated; the latest known_at holds; in no snapshot or extract",
    ("worker_key", "delivery_no"),
    (
        Column("worker_key", pa.int64(), "key of the identifier", at_least=1),
        Column("adult_on", pa.date32(), "18th birthday"),
        _DELIVERY_NO,
        _KNOWN_AT,
    ),
)

ESTABLISHMENTS = Table(
    "establishments",
    "one row per accepted line of an establishment list",
    ("establishment_key", "delivery_no", "row_no"),
    (
        Column("establishment_key", pa.int64(), "key of the SIRET", at_least=1),
        _DELIVERY_NO,
        _ROW_NO,
        Column("action", pa.string(), "what the line does", words=ListAction),
        Column("siret", pa.string(), "SIREN and NIC"),
        Column("company_name", pa.string(), "name"),
        Column("postcode", pa.string(), "postcode"),
        Column("town", pa.string(), "town"),
        Column("region_code", pa.string(), "INSEE region, 2016"),
        Column("department_code", pa.string(), "INSEE department"),
        Column("naf", pa.string(), "NAF rev. 2, without dot"),
        Column("sector_code", pa.string(), "main activity"),
        Column("nomenclature_version", pa.string(), "nomenclature of sector_code", words=Nomenclature),
        Column("domain", pa.string(), "civil or defence", words=EstablishmentDomain),
        Column("is_inb", pa.bool_(), "basic nuclear installation"),
        Column("headcount_band", pa.string(), "INSEE band", nullable=True),
        Column("valid_from", pa.date32(), "day from which the line holds"),
        Column("valid_to", pa.date32(), "last day, for a closure", nullable=True),
        _KNOWN_AT,
    ),
)

EMPLOYMENTS = Table(
    "employments",
    "one row per accepted line of a worker list; the latest per worker, establishment, category and start holds",
    ("worker_key", "establishment_key", "delivery_no", "row_no"),
    (
        Column("worker_key", pa.int64(), "key of the identifier", at_least=1),
        Column("establishment_key", pa.int64(), "employer's establishment", at_least=1),
        Column("user_establishment_key", pa.int64(), "where a temporary worker is placed", nullable=True),
        _DELIVERY_NO,
        _ROW_NO,
        Column("action", pa.string(), "what the line does", words=ListAction),
        Column("category", pa.string(), "status of individual monitoring", words=Category),
        Column("category_start", pa.date32(), "first day of the status"),
        Column("category_end", pa.date32(), "last day of the status; NULL: open", nullable=True),
        Column("sector_code", pa.string(), "sector of the job; NULL: not stated", nullable=True),
        Column("occupation_code", pa.string(), "occupation; NULL: not stated", nullable=True),
        Column("nomenclature_version", pa.string(), "nomenclature of both codes", words=Nomenclature),
        Column("contract_type", pa.string(), "contract", words=Contract),
        Column("work_quota", pa.decimal128(3, 2), "share of full time; NULL: not stated", nullable=True),
        Column("contract_start", pa.date32(), "first day of the contract"),
        Column("contract_end", pa.date32(), "last day; NULL: open", nullable=True),
        Column("wear_plan", pa.string(), "expected results, quantity:frequency", nullable=True),
        Column("group_label", pa.string(), "local work unit", nullable=True),
        Column("oa_code", pa.string(), "dosimetry body; NULL: record incomplete", nullable=True),
        Column("operator_code", pa.string(), "operator that sends operational doses", nullable=True),
        Column("mdt_rpps", pa.string(), "RPPS of the occupational physician", nullable=True),
        Column("crp_id", pa.string(), "radiation protection adviser", nullable=True),
        _KNOWN_AT,
    ),
    sorted_by=("worker_key", "category_start"),
)

TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        DOSES,
        WAITING,
        REJECTIONS,
        DELIVERIES,
        DECISIONS,
        INQUIRY_EVENTS,
        AUTHORISATIONS,
        PERSONS,
        IDENTITY_LINKS,
        MINORS,
        ESTABLISHMENTS,
        EMPLOYMENTS,
    )
}


def dose_id(delivery_no: int, row_no: int, part: int) -> int:
    """The identifier that names a dose's file and line."""
    return (delivery_no << 32) + (row_no << 3) + part


def place_of(dose_id: int) -> tuple[int, int, int]:
    """(delivery_no, row_no, part) that a dose_id names."""
    return dose_id >> 32, (dose_id & 0xFFFFFFFF) >> 3, dose_id & 0b111
