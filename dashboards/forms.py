"""What pages send: an extract asked for, a file dropped, a dose constraint set. Each asks the same doors as the API."""

import base64
import binascii
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

import dash
import dash_mantine_components as dmc
from anyio.to_thread import run_sync
from dash import Input, Output, State

from dashboards.texts import language_of, text
from lake.errors import DosilakeError, UsageError
from registry.extracts import request_extract
from registry_api import inbox
from registry_api.ground import Ground, current_cookies, signed_in
from registry_api.routes.establishments import keep_constraint


def add_callbacks(pages: dash.Dash, ground: Ground) -> None:
    """The callbacks behind the forms; each answers beside its form and has the page asked again."""
    _add_extract(pages, ground)
    _add_delivery(pages, ground)
    _add_constraint(pages, ground)


def _add_extract(pages: dash.Dash, ground: Ground) -> None:
    @pages.callback(
        Output("extract-answer", "children"),
        Output("refresh", "data", allow_duplicate=True),
        Input("extract-submit", "n_clicks"),
        State("extract-project", "value"),
        State("extract-first", "value"),
        State("extract-last", "value"),
        State("extract-purpose", "value"),
        prevent_initial_call=True,
    )
    async def ask_extract(clicks, project, first, last, purpose):
        if not clicks:
            return dash.no_update, dash.no_update
        viewer = signed_in()

        def ask():
            made = request_extract(
                ground.engine,
                viewer,
                project_code=str(project or ""),
                first_year=_year(first),
                last_year=_year(last),
                purpose=str(purpose or "")[:2000],
            )
            detail = f"extract {made.extract_id}"
            ground.audit.record(viewer, "extract_request", detail=detail, purpose=made.purpose)

        try:
            await run_sync(ask)
        except DosilakeError as error:
            return _said(error), dash.no_update
        return None, datetime.now(UTC).isoformat()

    @pages.callback(
        Output("refresh", "data", allow_duplicate=True),
        Input("extracts-poll", "n_intervals"),
        State("extract-purpose", "value"),
        prevent_initial_call=True,
    )
    async def poll(count, purpose):
        # Someone who is writing must not lose what they wrote.
        return datetime.now(UTC).isoformat() if count and not purpose else dash.no_update


def _add_delivery(pages: dash.Dash, ground: Ground) -> None:
    @pages.callback(
        Output("delivery-answer", "children"),
        Input("delivery-file", "contents"),
        State("delivery-file", "filename"),
        prevent_initial_call=True,
    )
    async def send(contents, file_name):
        if not contents:
            return dash.no_update
        try:
            data = base64.b64decode(contents.partition(",")[2], validate=True)
            receipt = await inbox.receive(ground.settings, signed_in(), str(file_name), _chunks(data))
        except DosilakeError as error:
            return _said(error)
        except binascii.Error:
            return dmc.Alert(_t("deliveries.unreadable"), color="red", variant="light")
        return dmc.Alert(
            _t("deliveries.received", name=receipt.file_name, digest=receipt.sha256), color="teal", variant="light"
        )


def _add_constraint(pages: dash.Dash, ground: Ground) -> None:
    @pages.callback(
        Output("constraint-answer", "children"),
        Output("refresh", "data", allow_duplicate=True),
        Input("constraint-submit", "n_clicks"),
        State("constraint-place", "data"),
        State("constraint-quantity", "value"),
        State("constraint-team", "value"),
        State("constraint-level", "value"),
        prevent_initial_call=True,
    )
    async def set_level(clicks, place, quantity, team, level):
        if not clicks:
            return dash.no_update, dash.no_update
        viewer = signed_in()
        try:
            level_msv = _msv(level)
            # What is no key is nobody's establishment.
            key = place if isinstance(place, int) else 0
            await run_sync(
                lambda: keep_constraint(ground, viewer, key, str(quantity), team and str(team)[:120], level_msv)
            )
        except DosilakeError as error:
            return _said(error), dash.no_update
        return None, datetime.now(UTC).isoformat()


def _msv(value) -> Decimal | None:
    """What was written, with a comma or a point; None of nothing."""
    written = "" if value is None else str(value).strip().replace(",", ".")
    try:
        return Decimal(written) if written else None
    except InvalidOperation:
        raise UsageError(_t("constraint.no_number"), next_step=_t("constraint.no_number_next")) from None


async def _chunks(data: bytes):
    yield data


def _year(value) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def _said(error: DosilakeError):
    return dmc.Alert(f"{error.what} {error.next_step}".strip(), color="red", variant="light", title=error.title)


def _t(key: str, /, **values) -> str:
    return text(key, language_of(current_cookies.get()), **values)
