"""The pieces every page is made of: header, figures in cards, tables, and the states without data."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import dash_ag_grid as dag
import dash_mantine_components as dmc
import polars as pl
from dash import dcc, html

from dashboards import formats
from dashboards.ask import Ask
from dashboards.texts import grid_texts
from lake.errors import AccessDenied, DosilakeError, NoSnapshot
from models.provenance import Source
from registry.policy import Decision

GRAPH_CONFIG = {"displayModeBar": False, "responsive": True, "topojsonURL": "/app/assets/topojson/"}
_WIDTHS = {"date": 116, "moment": 165}
# Longer tables cut a long text short instead of growing their rows: each height is measured.
MOST_WRAPPED = 200
NUMERIC = frozenset({"count", "msv", "man_sv", "percent", "ratio", "days"})


@dataclass(frozen=True)
class Column:
    """One column of a shown table; `kind` says how a value is written, `missing` what stands for NULL."""

    field: str
    label: str
    kind: str = "text"
    width: int | None = None
    tooltip: str | None = None
    href: bool = False
    missing: str | None = None


def page(title: str, question: str, *children, controls=None, crumbs=None):
    """A page: what it answers, what can be chosen, then the answer."""
    heading = dmc.Stack(
        [
            dmc.Title(title, order=1, size="h2", id="page-heading", tabIndex=-1),
            dmc.Text(question, c="dimmed", size="md"),
        ],
        gap=2,
    )
    top = [dmc.Group([heading, dmc.Group(controls or [], gap="sm", align="end")], justify="space-between", align="end")]
    if crumbs:
        top.insert(0, dmc.Breadcrumbs(crumbs))
    return dmc.Stack([*top, *children], gap="lg")


def sources(ask: Ask, *told: Source):
    """The foot of a page of figures: the release or the snapshot, then what each table can be checked by."""
    lines = [
        ask.t(
            "block.source", model=one.model, snapshot=one.snapshot, code=one.code_version or "–", sum=one.checksum[:16]
        )
        for one in told
    ]
    head = [_told(label, fw=600, size="sm") for label in dict.fromkeys(one.label(ask.language) for one in told)]
    notes = [dmc.Text(ask.t("block.release_note"), size="xs", c="dimmed")] if any(one.release for one in told) else []
    return html.Footer(
        dmc.Stack([*head, *notes, *(_told(line, size="xs", c="dimmed") for line in lines)], gap=2), className="sources"
    )


def _told(text: str, **style):
    """A line that a download of the page's tables ends with."""
    return dmc.Text(html.Span(text, **{"data-source": ""}), **style)


def card(title: str, *children, note: str | None = None, tools=None, order: int = 2):
    """A titled section."""
    head = dmc.Group(
        [dmc.Title(title, order=order, size="h4"), dmc.Group(tools or [], gap="xs")],
        justify="space-between",
        align="center",
        wrap="wrap",
    )
    foot = [dmc.Text(note, size="sm", c="dimmed", className="note")] if note else []
    return dmc.Paper(dmc.Stack([head, *children, *foot], gap="sm"), withBorder=True, p="lg", className="card")


def headline(label: str, value: str, unit: str, change: str | None, since: str, hint: str | None = None):
    """One headline figure with its change on the year."""
    below = dmc.Text(f"{change} {since}", size="sm", c="dimmed") if change else dmc.Text(since, size="sm", c="dimmed")
    return dmc.Paper(
        dmc.Stack(
            [
                dmc.Text(label, size="sm", fw=600, c="dimmed"),
                dmc.Group(
                    [
                        dmc.Text(value, className="headline-value"),
                        dmc.Text(unit, size="sm", c="dimmed", className="headline-unit"),
                    ],
                    gap=6,
                    align="baseline",
                ),
                below,
                *([dmc.Text(hint, size="xs", c="dimmed")] if hint else []),
            ],
            gap=2,
        ),
        withBorder=True,
        p="md",
        className="card headline",
    )


def headlines(*cards):
    return dmc.SimpleGrid(list(cards), cols={"base": 1, "xs": 2, "lg": min(len(cards), 4)}, spacing="md")


def grid(ask: Ask, key: str, frame: pl.DataFrame, columns: list[Column], *, null_text: str | None = None, height=None):
    """A sortable table of a frame with its CSV button's target; nulls read `null_text` where given."""
    rows = [
        {column.field: _cell(row.get(column.field), column, ask) for column in columns}
        | ({"href": row["href"]} if any(column.href for column in columns) else {})
        for row in frame.iter_rows(named=True)
    ]
    is_long = len(rows) > 12
    options = {
        "theme": {"function": "dosilakeTheme(themeQuartz)"},
        "localeText": grid_texts(ask.language),
        "domLayout": "normal" if is_long else "autoHeight",
        "ensureDomOrder": True,
        "suppressCellFocus": False,
        "enableCellTextSelection": True,
        "pagination": len(rows) > 100,
        "paginationPageSize": 100,
        "paginationPageSizeSelector": False,
        "animateRows": False,
        "rowHeight": 38,
        "headerHeight": 42,
        "suppressMovableColumns": True,
    }
    return dag.AgGrid(
        id={"type": "grid", "key": key},
        rowData=rows,
        columnDefs=[_column_def(column, ask, null_text, wraps=len(rows) <= MOST_WRAPPED) for column in columns],
        defaultColDef={"sortable": True, "resizable": True, "wrapHeaderText": True, "autoHeaderHeight": True},
        dashGridOptions=options,
        csvExportParams={"fileName": f"dosilake-{key}.csv", "columnSeparator": ";" if ask.language == "fr" else ","},
        dangerously_allow_code=False,
        style={"height": f"{height or 520}px", "width": "100%"} if is_long else {"height": None, "width": "100%"},
    )


def csv_button(ask: Ask, key: str):
    return dmc.Button(
        ask.t("block.csv"), id={"type": "csv", "key": key}, variant="subtle", size="compact-sm", className="csv"
    )


def table_card(ask: Ask, key: str, title: str, frame: pl.DataFrame, columns: list[Column], **options):
    """A table with its download; says so when there is no row."""
    note, null_text = options.pop("note", None), options.pop("null_text", None)
    empty = options.pop("empty", None)
    if frame.is_empty():
        return card(title, dmc.Text(empty or ask.t("state.no_rows"), c="dimmed"), note=note)
    return card(
        title,
        grid(ask, key, frame, columns, null_text=null_text, **options),
        note=note,
        tools=[csv_button(ask, key)],
    )


def chart_card(
    ask: Ask,
    key: str,
    title: str,
    figure,
    frame: pl.DataFrame,
    columns: list[Column],
    *,
    summary: str,
    note: str | None = None,
    null_text: str | None = None,
    tools: list | None = None,
):
    """A chart that can also be read as a table and downloaded; `summary` says in words what it shows."""
    if frame.is_empty():
        return card(title, dmc.Text(ask.t("state.no_rows"), c="dimmed"), note=note)
    chart = html.Div(
        dcc.Graph(figure=figure, config=GRAPH_CONFIG, responsive=True, style={"height": f"{figure.layout.height}px"}),
        role="img",
        **{"aria-label": f"{title}. {summary}"},
    )
    tabs = dmc.Tabs(
        [
            dmc.TabsList(
                [
                    dmc.TabsTab(ask.t("block.chart"), value="chart"),
                    dmc.TabsTab(ask.t("block.table"), value="table"),
                ],
                **{"aria-label": title},
            ),
            dmc.TabsPanel(chart, value="chart", pt="xs"),
            dmc.TabsPanel(grid(ask, key, frame, columns, null_text=null_text), value="table", pt="sm"),
        ],
        value="chart",
        variant="pills",
        className="chart-tabs",
        keepMounted=True,
    )
    return card(title, tabs, note=note, tools=[*(tools or []), csv_button(ask, key)])


def select(
    name: str,
    label: str,
    data: list[dict],
    value: str | None,
    width: int = 200,
    searchable: bool = False,
    hide_label: bool = False,
):
    """A choice that lives in the address."""
    named = {"aria-label": label} if hide_label else {"label": label}
    return dmc.Select(
        id={"type": "param", "name": name},
        data=data,
        value=value,
        allowDeselect=False,
        searchable=searchable,
        size="xs" if hide_label else "sm",
        w=width,
        **named,
        comboboxProps={"withinPortal": True},
    )


def date_input(ask: Ask, name: str, label: str, value: date | None, placeholder: str | None = None):
    """A day that lives in the address; it can be cleared when it has a placeholder."""
    return dmc.DatePickerInput(
        id={"type": "param", "name": name},
        label=label,
        value=value.isoformat() if value else None,
        valueFormat="DD/MM/YYYY" if ask.language == "fr" else "YYYY-MM-DD",
        clearable=placeholder is not None,
        placeholder=placeholder,
        w=190,
    )


def facts(pairs: list[tuple[str, object]]):
    """Label and value, as a description list."""
    return html.Dl([html.Div([html.Dt(label), html.Dd(value)]) for label, value in pairs], className="facts")


def texts(name: str, values: list) -> pl.Series:
    """A column of labels, of type text even when there is none."""
    return pl.Series(name, values, dtype=pl.String)


def badge(text: str, color: str = "gray"):
    return dmc.Badge(text, color=color, variant="light", tt="none", fw=600, radius="sm", c="dark.8")


def denied(ask: Ask, decision: Decision):
    """No access: why, by which article, and the way out."""
    reason = decision.reason_fr if ask.language == "fr" else decision.reason_en
    return _state(
        ask, ask.t("state.denied"), [reason, ask.t("state.denied_article", article=decision.article),
        ask.t("state.denied_next")], "yellow",
    )  # fmt: skip


def refused(ask: Ask, error: DosilakeError):
    """An error of the project, in words."""
    if isinstance(error, NoSnapshot):
        return _state(ask, ask.t("state.no_snapshot"), [error.what, ask.t("state.no_snapshot_next")], "blue")
    if isinstance(error, AccessDenied):
        return _state(ask, ask.t("state.denied"), [error.what, error.next_step], "yellow")
    return _state(ask, error.title, [error.what, error.next_step], "red")


def failed(ask: Ask):
    """Something unexpected; the log has its time."""
    return _state(
        ask, ask.t("state.failed"), [ask.t("state.failed_next", at=formats.moment(_now(), ask.language))], "red"
    )


def not_found(ask: Ask):
    return _state(ask, ask.t("state.not_found"), [ask.t("state.not_found_next")], "gray")


def empty(ask: Ask, title: str, sentence: str):
    return _state(ask, title, [sentence], "gray", home=False)


def notice(text: str, color: str = "yellow", title: str | None = None):
    """A remark in the flow of the page; Mantine's alert would interrupt a reader of the screen."""
    head = [dmc.Text(title, fw=650)] if title else []
    return dmc.Paper([*head, dmc.Text(text)], px="md", py="sm", className=f"notice notice-{color}")


def completeness(ask: Ask, row: dict | None):
    """What the figures of a year rest on, in a sentence for each thing that is known of it."""
    said = []
    row = row or {}
    for name in ("received_periods_share", "received_results_share", "occupation_known_share"):
        if (share := row.get(name)) is not None:
            values = {bound: ask.number(row.get(f"results_nowcast_{bound}")) for bound in ("low", "high")}
            days = {"day": ask.day(row.get("expected_from")), "until": ask.day(row.get("results_until"))}
            said.append(ask.t(f"completeness.{name}", share=ask.number(share * 100, 1), **days, **values))
    return notice(" ".join(said) or ask.t("completeness.unknown"), "blue", ask.t("completeness.title"))


def _state(ask: Ask, title: str, sentences: list[str], color: str, home: bool = True):
    lines = [dmc.Text(sentence) for sentence in sentences if sentence]
    back = [dmc.Anchor(ask.t("state.home"), href="/app/")] if home else []
    return dmc.Paper(
        dmc.Stack([dmc.Title(title, order=1, size="h3", id="page-heading", tabIndex=-1), *lines, *back], gap="xs"),
        withBorder=True,
        p="xl",
        className=f"card state state-{color}",
        maw=720,
    )


def _now():
    return datetime.now(UTC)


def _cell(value, column: Column, ask: Ask):
    if value is None:
        return None
    if column.kind in NUMERIC:
        return float(value)
    if column.kind == "date":
        return value.isoformat()
    if column.kind == "moment":
        return ask.moment(value)
    return value if isinstance(value, str | bool | int) else str(value)


def _column_def(column: Column, ask: Ask, null_text: str | None, *, wraps: bool) -> dict:
    is_number = column.kind in NUMERIC
    width = column.width or _WIDTHS.get(column.kind, 112 if is_number else 190)
    missing = (column.missing or null_text or "").replace("'", "’")
    definition = {
        "field": column.field,
        "headerName": column.label,
        "headerTooltip": column.tooltip,
        "type": "rightAligned" if is_number else None,
        "minWidth": width if column.width or column.kind in _WIDTHS else min(width, 150),
        "flex": width,
        "tooltipField": None if is_number else column.field,
        "wrapText": True if wraps and not is_number else None,
        "autoHeight": True if wraps and not is_number else None,
    }
    if is_number or column.kind == "date":
        definition["valueFormatter"] = {
            "function": f"dosilake(params.value, '{column.kind}', '{ask.language}', '{missing}')"
        }
    if column.href:
        definition["cellRenderer"] = "DosilakeLink"
    return {name: value for name, value in definition.items() if value is not None}


def percentage_bar(share: float, label: str):
    """A share of a limit; past the end it stays full and says so by colour."""
    colour = "red" if share > 1 else "orange" if share >= 0.8 else "siseri"
    return dmc.Progress(value=min(100.0, share * 100), color=colour, size="sm", **{"aria-label": label})
