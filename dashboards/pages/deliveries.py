"""Was my file accepted, and which rows were refused or wait, and why?"""

from datetime import datetime

import dash_mantine_components as dmc
import polars as pl
from dash import dcc, html

from dashboards import blocks, queries
from dashboards.ask import Ask
from dashboards.blocks import Column
from ingestion.rules import RULES
from lake.vocabulary import Layout
from models.catalog import served
from registry_api import reporting
from registry_api.gate import LARGEST_PAGE_UPLOAD, MIB

SHOWN = 500
_COUNTS = ("rows_total", "rows_loaded", "rows_refused", "rows_waiting", "rows_duplicate", "rows_warned")
_LARGEST_FILE = LARGEST_PAGE_UPLOAD * 3 // 4 - MIB


def render(ask: Ask):
    found = reporting.list_deliveries(ask.ground, ask.viewer, limit=SHOWN)
    return blocks.page(
        ask.t("deliveries.title"), ask.t("deliveries.question"), _upload(ask), _waiting(ask), _list(ask, found),
        _transmission(ask),
    )  # fmt: skip


def render_one(ask: Ask, delivery_no: int):
    report = reporting.report_of(ask.ground, ask.viewer, delivery_no)
    crumbs = [dmc.Anchor(ask.t("deliveries.title"), href="/app/deliveries"), dmc.Text(f"n° {delivery_no}")]
    counts = [
        blocks.headline(ask.t(f"deliveries.{name}"), ask.number(report[name]), ask.t("unit.rows"), None, "")
        for name in ("rows_total", "rows_loaded", "rows_refused", "rows_waiting")
    ]
    facts = [
        (ask.t("deliveries.sender"), ask.reference_label("senders", report["sender_code"])),
        (ask.t("deliveries.layout"), _layout(ask, report["layout"])),
        (ask.t("deliveries.received_at"), ask.moment(datetime.fromisoformat(report["received_at"]))),
        (ask.t("deliveries.rows_duplicate"), ask.number(report["rows_duplicate"])),
        (ask.t("deliveries.rows_warned"), ask.number(report["rows_warned"])),
        (ask.t("deliveries.digest"), report["sha256"]),
        (ask.t("deliveries.files"), _files(ask, delivery_no)),
    ]
    refusal = []
    if not report["accepted"]:
        rule = RULES[report["refusal_code"]]
        said = f"{rule.meaning_fr} {rule.next_fr}" if ask.language == "fr" else f"{rule.meaning_en} {rule.next_en}"
        refusal = [blocks.notice(said, "red", ask.t("deliveries.refused_as_whole", code=rule.code))]
    return blocks.page(
        report["file_name"],
        ask.t("deliveries.one_question"),
        *refusal,
        blocks.headlines(*counts),
        blocks.card(ask.t("deliveries.about"), blocks.facts(facts)),
        _causes(ask, delivery_no, report),
        _since(ask, delivery_no, report),
        _findings(ask, delivery_no, report),
        crumbs=crumbs,
    )


def _upload(ask: Ask):
    return blocks.card(
        ask.t("deliveries.send"),
        html.Div(
            dcc.Upload(
                dmc.Stack(
                    [
                        dmc.Text(ask.t("deliveries.drop"), fw=600),
                        dmc.Text(ask.t("deliveries.name_hint"), size="sm", c="dimmed"),
                    ],
                    gap=2,
                    align="center",
                    className="drop",
                ),
                id="delivery-file",
                max_size=_LARGEST_FILE,
                accept=".csv",
                multiple=False,
            ),
            **{"data-upload-label": ask.t("deliveries.drop")},
        ),
        html.Div(id="delivery-answer", role="status", **{"aria-live": "polite"}),
        note=ask.t("deliveries.api_hint", mib=_LARGEST_FILE // MIB),
    )  # fmt: skip


def _waiting(ask: Ask):
    found = reporting.waiting_files(ask.ground, ask.viewer)
    if not found:
        return None
    names = ", ".join(item["file_name"] for item in found[:5])
    return blocks.notice(ask.t("deliveries.waiting", count=len(found), names=names), "blue")


def _list(ask: Ask, found: list[dict]):
    schema = {
        "delivery_no": pl.Int64, "file_name": pl.String, "href": pl.String, "sender": pl.String,
        "received_at": pl.Datetime("us", "UTC"), "state": pl.String, **dict.fromkeys(_COUNTS, pl.Int64),
    }  # fmt: skip
    rows = [
        {
            "delivery_no": item["delivery_no"],
            "file_name": item["file_name"],
            "href": f"/app/deliveries/{item['delivery_no']}",
            "sender": item["sender_code"],
            "received_at": item["received_at"],
            "state": ask.t(f"deliveries.state.{item['state']}"),
            **{name: item[name] for name in _COUNTS},
        }
        for item in found
    ]
    frame = pl.DataFrame(rows, schema=schema)
    columns = [
        Column("file_name", ask.t("deliveries.file"), "text", 290, href=True),
        *_of_several(frame["sender"], Column("sender", ask.t("deliveries.sender"), "text", 115)),
        Column("received_at", ask.t("deliveries.received_at"), "moment"),
        Column("state", ask.t("label.state"), "text", 88),
        *(
            Column(name, ask.t(f"deliveries.{name}"), "count", width)
            for name, width in zip(_COUNTS[:5], (84, 104, 104, 92, 92), strict=True)
        ),
    ]
    return blocks.table_card(
        ask, "deliveries", ask.t("deliveries.list"), frame, columns,
        empty=ask.t("deliveries.none"), note=ask.t("deliveries.note"),
    )  # fmt: skip


def _of_several(values: pl.Series, column: Column) -> list[Column]:
    """The column where there is more than one value: a sender sees their own files, and its figures need the room."""
    return [column] if values.n_unique() > 1 else []


def _causes(ask: Ask, delivery_no: int, report: dict):
    schema = {name: pl.String for name in ("code", "severity", "meaning", "next")} | {"rows": pl.Int64}
    rows = [
        {
            "code": cause["code"],
            "severity": ask.t(f"deliveries.severity.{cause['severity']}"),
            "meaning": cause[f"meaning_{ask.language}"],
            "next": cause[f"next_{ask.language}"],
            "rows": cause["rows"],
        }
        for cause in report.get("causes", [])
    ]
    columns = [
        Column("code", "Code", "text", 80),
        Column("severity", ask.t("deliveries.severity"), "text", 120),
        Column("rows", ask.t("unit.rows"), "count"),
        Column("meaning", ask.t("deliveries.meaning")),
        Column("next", ask.t("deliveries.next")),
    ]
    return blocks.table_card(
        ask, f"causes-{delivery_no}", ask.t("deliveries.causes"), pl.DataFrame(rows, schema=schema), columns,
        empty=ask.t("deliveries.no_cause"),
    )  # fmt: skip


def _findings(ask: Ask, delivery_no: int, report: dict):
    schema = {"row_no": pl.Int64} | {name: pl.String for name in ("record_id", "severity", "code", "field")}
    rows = [{name: finding[name] for name in schema} for finding in report.get("findings", [])]
    frame = pl.DataFrame(rows, schema=schema)
    said = {letter: ask.t(f"deliveries.severity.{letter}") for letter in frame["severity"].unique()}
    frame = frame.with_columns(pl.col("severity").replace(said))
    columns = [
        Column("row_no", ask.t("deliveries.row"), "count"),
        Column("record_id", ask.t("deliveries.record")),
        Column("severity", ask.t("deliveries.severity")),
        Column("code", "Code", "text", 90),
        Column("field", ask.t("deliveries.field")),
    ]
    return blocks.table_card(
        ask, f"findings-{delivery_no}", ask.t("deliveries.findings"), frame, columns,
        empty=ask.t("deliveries.no_finding"), note=ask.t("deliveries.findings_note"),
    )  # fmt: skip


def _files(ask: Ask, delivery_no: int):
    address = f"/api/v1/deliveries/{delivery_no}/file?kind="
    links = [
        html.A(ask.t(f"deliveries.file.{kind}"), href=address + kind, download=True, className="grid-link")
        for kind in ("ACK", "RPT")
    ]
    return dmc.Group(links, gap="md")


def _since(ask: Ask, delivery_no: int, report: dict):
    if not report["since"]:
        return None
    rows = [
        {
            "row_no": row["row_no"],
            "record_id": row["record_id"],
            "state": ask.t(f"deliveries.since.{row['state']}", number=row["by_delivery_no"]),
            "code": row["code"],
            "at": datetime.fromisoformat(row["at"]),
        }
        for row in report["since"]
    ]
    schema = {"row_no": pl.Int64} | dict.fromkeys(("record_id", "state", "code"), pl.String)
    columns = [
        Column("row_no", ask.t("deliveries.row"), "count"),
        Column("record_id", ask.t("deliveries.record")),
        Column("state", ask.t("label.state"), "text", 320),
        Column("code", "Code", "text", 90, missing=""),
        Column("at", ask.t("deliveries.since_at"), "moment"),
    ]
    return blocks.table_card(
        ask, f"since-{delivery_no}", ask.t("deliveries.since"),
        pl.DataFrame(rows, schema=schema | {"at": pl.Datetime("us", "UTC")}), columns,
        note=ask.t("deliveries.since_note"),
    )  # fmt: skip


# Wide enough for the longest word of each heading, and no wider: all stand side by side.
_TRANSMITTED = {
    "month": ("date", 116), "deliveries": ("count", 96), "rows_total": ("count", 84), "rows_refused": ("count", 104),
    "rows_still_waiting": ("count", 94), "on_time_share": ("percent", 86), "absences_to_30_days": ("count", 110),
    "absences_31_to_90_days": ("count", 110), "absences_91_to_180_days": ("count", 110),
    "absences_above_180_days": ("count", 110),
}  # fmt: skip


def _transmission(ask: Ask):
    frame = queries.transmission(ask)
    described = served("transmission_quality").columns

    def column(name: str, kind: str, width: int) -> Column:
        told = described[name]
        return Column(name, told.label_en if ask.language == "en" else told.label_fr, kind, width)

    columns = [
        *_of_several(frame["sender_code"], column("sender_code", "text", 115)),
        *(column(name, kind, width) for name, (kind, width) in _TRANSMITTED.items()),
    ]
    return blocks.table_card(
        ask, "transmission", ask.t("deliveries.transmission"), frame, columns,
        empty=ask.t("deliveries.no_transmission"), note=ask.t("deliveries.transmission_note"),
    )  # fmt: skip


def _layout(ask: Ask, code: str | None) -> str:
    return ask.label(Layout(code)) if code in Layout.codes() else (code or "–")
