"""The whole web: the API and the pages in one process, one session, one policy.

Layouts are empty shells; one callback fills them after asking the policy who may see what.
"""

import logging
from pathlib import Path
from urllib.parse import parse_qsl

import dash
import dash_mantine_components as dmc
from anyio.to_thread import run_sync
from dash import ALL, MATCH, ClientsideFunction, Input, Output, dcc, html
from dash.backends._fastapi import reset_current_request, set_current_request
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from dashboards import blocks, forms, login, navigation, theme
from dashboards.ask import Ask
from dashboards.pages import find
from dashboards.texts import language_of, text
from lake.errors import DosilakeError
from lake.settings import Settings
from registry_api.app import create_app
from registry_api.ground import Ground, current_cookies, signed_in

PREFIX = "/app/"
_log = logging.getLogger(__name__)

_INDEX = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Dosilake</title>
<link rel="icon" href="/app/assets/favicon.svg">
{css}
</head>
<body>
<a class="skip-link" href="#main">{skip}</a>
{app_entry}
<footer class="dash-scripts">{config}{scripts}{renderer}</footer>
</body>
</html>"""


class _Pages(dash.Dash):
    """Dash with our index page: its language, its skip link, nothing about versions in the head."""

    def index_in(self, language: str) -> str:
        return self.index().replace("{language}", language).replace("{skip}", text("shell.skip", language))

    def interpolate_index(self, **parts):
        return _INDEX.replace("{css}", parts["css"]).replace("{app_entry}", parts["app_entry"]).replace(
            "{config}{scripts}{renderer}", parts["config"] + parts["scripts"] + parts["renderer"]
        )  # fmt: skip


def create_web(settings: Settings) -> FastAPI:
    """API and pages over one home; `uvicorn.run(create_web(settings))` serves it."""
    return create_app(settings, add_pages)


def add_pages(api: FastAPI, ground: Ground) -> None:
    """The pages under /app/, in front of the API's own routes."""
    api.include_router(login.router)

    async def root():
        return RedirectResponse(PREFIX, status_code=303)

    async def favicon():
        return RedirectResponse("/app/assets/favicon.svg", status_code=303)

    async def index(request: Request, path: str = ""):
        is_known = find(f"/{path}")[0] is not None
        token = set_current_request(request)
        try:
            return HTMLResponse(pages.index_in(_language()), status_code=200 if is_known else 404)
        finally:
            reset_current_request(token)

    _get(api, "/", root)
    _get(api, "/app", root)
    _get(api, "/favicon.ico", favicon)
    # Before Dash, whose own index knows no language; its catch-all comes last and is never reached.
    _get(api, PREFIX, index)
    pages = _Pages(
        __name__,
        server=api,
        backend="fastapi",
        requests_pathname_prefix=PREFIX,
        routes_pathname_prefix=PREFIX,
        suppress_callback_exceptions=True,
        assets_folder=str(Path(__file__).parent / "assets"),
        assets_ignore=r"login\.css|topojson|geo",
        serve_locally=True,
        update_title=None,
        title="Dosilake",
    )
    # Else every open page keeps knocking at a WebSocket that nothing here answers.
    pages.backend.websocket_capability = False
    pages.layout = _shell
    _add_router(pages, ground)
    _add_clientside(pages)
    forms.add_callbacks(pages, ground)
    _get(api, PREFIX + "{path:path}", index)


def _get(api: FastAPI, path: str, answer) -> None:
    api.add_api_route(path, answer, methods=["GET"], include_in_schema=False)


def _language() -> str:
    return language_of(current_cookies.get())


def _shell():
    """The empty page around everything; it knows nobody."""
    language = _language()

    def t(key: str) -> str:
        return text(key, language)

    return dmc.MantineProvider(
        theme=theme.MANTINE,
        forceColorScheme="light",
        children=dmc.DatesProvider(
            settings={"locale": "fr" if language == "fr" else "en", "firstDayOfWeek": 1},
            children=[
                dcc.Location(id="url", refresh=False),
                dcc.Store(id="page-title"),
                dcc.Store(id="refresh"),
                html.Div(id="announced", style={"display": "none"}),
                dmc.AppShell(
                    [
                        dmc.AppShellHeader(html.Div(id="header", className="header")),
                        dmc.AppShellNavbar(html.Div(id="navigation"), p="md", **{"aria-label": t("shell.navigation")}),
                        dmc.AppShellMain(
                            dcc.Loading(
                                html.Div(_skeleton(t("shell.loading")), id="content"),
                                id="loading",
                                delay_show=350,
                                overlay_style={"visibility": "visible", "opacity": 0.45},
                                custom_spinner=dmc.Loader(size="md", **{"aria-label": t("shell.loading")}),
                            ),
                            id="main",
                            tabIndex=-1,
                        ),
                    ],
                    header={"height": 60},
                    navbar={"width": 250, "breakpoint": "md", "collapsed": {"mobile": True}},
                    padding={"base": "md", "md": "xl"},
                    id="shell",
                ),
            ],
        ),
    )


def _skeleton(label: str):
    bars = [dmc.Skeleton(height=height, radius="md") for height in (34, 110, 320, 320)]
    return html.Div(dmc.Stack(bars, gap="lg"), **{"aria-label": label, "aria-busy": "true", "role": "status"})


def _add_router(pages: _Pages, ground: Ground) -> None:
    @pages.callback(
        Output("content", "children"),
        Output("navigation", "children"),
        Output("header", "children"),
        Output("page-title", "data"),
        Input("url", "pathname"),
        Input("url", "search"),
        Input("refresh", "data"),
    )
    async def show(pathname: str, search: str | None, _refreshed):
        ask = Ask(ground, signed_in(), _language(), dict(parse_qsl((search or "").lstrip("?"))))
        # Dash runs a plain callback on the event loop, where one slow page would hold up all.
        content, title = await run_sync(fill, ask, pathname)
        shown = await run_sync(lambda: (navigation.links(ask, pathname), navigation.header(ask)))
        return content, *shown, f"{title} – Dosilake"


def fill(ask: Ask, pathname: str):
    """(content, title) of the page at a path for one reader; never raises."""
    page, variables = find("/" + pathname.removeprefix(PREFIX).lstrip("/"))
    if page is None:
        return blocks.not_found(ask), ask.t("state.not_found")
    title = ask.t(page.title)
    decisions = [ask.decide(data) for data in page.data]
    allowed = next((decision for decision in decisions if decision.allowed), None)
    if decisions and allowed is None:
        ask.ground.audit.record(ask.viewer, "page", detail=page.path, article=decisions[0].article, allowed=False)
        return blocks.denied(ask, decisions[0]), ask.t("state.denied")
    try:
        return page.render(ask, **variables), title
    except DosilakeError as error:
        return blocks.refused(ask, error), error.title
    except Exception as error:  # noqa: BLE001 - the reader gets a page that says so
        _log.exception("page %s failed (%s)", page.path, type(error).__name__)
        return blocks.failed(ask), ask.t("state.failed")


def _add_clientside(pages: _Pages) -> None:
    pages.clientside_callback(
        ClientsideFunction("dosilake", "params"),
        Output("url", "search"),
        Input({"type": "param", "name": ALL}, "value"),
        prevent_initial_call=True,
    )
    pages.clientside_callback(
        ClientsideFunction("dosilake", "title"), Output("announced", "children"), Input("page-title", "data")
    )
    pages.clientside_callback(
        ClientsideFunction("dosilake", "csv"),
        Output({"type": "csv", "key": MATCH}, "n_clicks"),
        Input({"type": "csv", "key": MATCH}, "n_clicks"),
        prevent_initial_call=True,
    )
    pages.clientside_callback(
        ClientsideFunction("dosilake", "language"),
        Output("language", "disabled"),
        Input("language", "value"),
        prevent_initial_call=True,
    )
    pages.clientside_callback(
        ClientsideFunction("dosilake", "burger"),
        Output("shell", "navbar"),
        Input("burger", "opened"),
        prevent_initial_call=True,
    )
