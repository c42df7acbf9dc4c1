"""A pseudonymised extract under a convention: ask for it, follow it, download it with its codebook."""

from datetime import date

import dash_mantine_components as dmc
from dash import dcc, html

from dashboards import blocks, queries
from dashboards.ask import Ask
from lake.vocabulary import LimitQuantity
from registry import extracts
from registry.accounts import project_codes_of
from registry_api.routes.extracts import files_of

_COLOURS = {"requested": "gray", "running": "blue", "done": "teal", "failed": "red"}


def render(ask: Ask):
    projects = sorted(project_codes_of(ask.ground.engine, ask.viewer.account_id, ask.today))
    found = extracts.list_extracts(ask.ground.engine, ask.viewer)
    return blocks.page(
        ask.t("extracts.title"),
        ask.t("extracts.question"),
        _form(ask, projects) if projects else blocks.empty(ask, ask.t("state.empty"), ask.t("extracts.no_project")),
        _list(ask, found),
        *([dcc.Interval(id="extracts-poll", interval=4000)] if any(_is_open(e) for e in found) else []),
    )


def _is_open(extract: extracts.Extract) -> bool:
    return extract.state in (extracts.State.REQUESTED, extracts.State.RUNNING)


def _form(ask: Ask, projects: list[str]):
    published = queries.national_years(ask, LimitQuantity.EFFECTIVE)["year"]
    this_year = date.today().year
    first, last = (published.min(), published.max()) if len(published) else (this_year, this_year)
    return blocks.card(
        ask.t("extracts.ask"),
        dmc.Group(
            [
                dmc.Select(
                    id="extract-project", label=ask.t("extracts.project"), data=projects, value=projects[0],
                    allowDeselect=False, w=220,
                ),
                dmc.NumberInput(
                    id="extract-first", label=ask.t("extracts.first_year"), value=first, w=140,
                    min=extracts.EARLIEST_YEAR, max=this_year, allowDecimal=False, thousandSeparator="",
                ),
                dmc.NumberInput(
                    id="extract-last", label=ask.t("extracts.last_year"), value=last, w=140,
                    min=extracts.EARLIEST_YEAR, max=this_year, allowDecimal=False, thousandSeparator="",
                ),
            ],
            align="end",
        ),
        dmc.Textarea(
            id="extract-purpose", label=ask.t("extracts.purpose"), description=ask.t("extracts.purpose_hint"),
            autosize=True, minRows=2,
        ),
        html.Div(id="extract-answer", role="status", **{"aria-live": "polite"}),
        dmc.Group([dmc.Button(ask.t("extracts.submit"), id="extract-submit")]),
        note=ask.t("extracts.note"),
    )  # fmt: skip


def _list(ask: Ask, found: list[extracts.Extract]):
    if not found:
        return blocks.card(ask.t("extracts.list"), dmc.Text(ask.t("extracts.none"), c="dimmed"))
    return blocks.card(ask.t("extracts.list"), dmc.Stack([_item(ask, extract) for extract in found], gap="md"))


def _item(ask: Ask, extract: extracts.Extract):
    state = extract.state.value
    address = f"/api/v1/extracts/{extract.extract_id}/file?name="
    files = files_of(ask.ground, extract)
    links = [html.A(name, href=address + name, download=name, className="grid-link") for name in files]
    facts = [
        (ask.t("extracts.project"), extract.project_code),
        (ask.t("extracts.years"), f"{extract.first_year}–{extract.last_year}"),
        (ask.t("extracts.requested_at"), ask.moment(extract.requested_at)),
        (ask.t("extracts.rows"), None if extract.row_count is None else ask.number(extract.row_count)),
        (ask.t("extracts.snapshot"), extract.snapshot_version),
        (ask.t("extracts.digest"), extract.sha256),
    ]
    return dmc.Paper(
        dmc.Stack(
            [
                dmc.Group(
                    [
                        dmc.Title(ask.t("extracts.number", number=extract.extract_id), order=3, size="h5"),
                        blocks.badge(ask.t(f"extracts.state.{state}"), _COLOURS[state]),
                    ]
                ),
                blocks.facts([pair for pair in facts if pair[1]]),
                dmc.Text(extract.purpose, size="sm"),
                *([dmc.Group([dmc.Text(ask.t("extracts.files"), size="sm", fw=600), *links])] if links else []),
                *([dmc.Text(extract.message, c="red.9", size="sm")] if extract.message else []),
            ],
            gap="xs",
        ),
        withBorder=True,
        p="md",
    )
