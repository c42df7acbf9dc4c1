"""Every error as RFC 9457 problem details; none holds an identifier, a name, a dose or the value that was sent."""

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from lake.errors import DosilakeError

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)

_TITLES = {
    400: "Demande mal formée",
    401: "Connexion requise",
    403: "Accès refusé",
    404: "Introuvable",
    405: "Méthode non permise",
    409: "Conflit",
    413: "Trop volumineux",
    422: "Demande invalide",
    500: "Erreur interne",
    503: "Indisponible",
}


class Problem(BaseModel):
    """The one error shape (RFC 9457)."""

    type: str = Field("about:blank", description="Kind of problem: the error's code as a URN, or about:blank.")
    title: str = Field(description="What kind of error, in French.")
    status: int = Field(description="The HTTP status, repeated.")
    detail: str = Field(description="What happened, and by which rule.")
    next_step: str | None = Field(None, description="What to do next.")
    fields: list[str] | None = Field(None, description="Which parameters are invalid, never their values.")


RESPONSES = {
    status: {"model": Problem, "description": _TITLES[status], "content": {MEDIA_TYPE: {}}}
    for status in (400, 401, 403, 404, 422, 503)
}


def problem(
    status: int,
    detail: str,
    *,
    title: str | None = None,
    code: str = "",
    next_step: str = "",
    fields: list[str] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """One problem as a response."""
    body = Problem(
        type=f"urn:dosilake:{code}" if code else "about:blank",
        title=title or _TITLES.get(status) or HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        next_step=next_step or None,
        fields=fields,
    )
    headers = dict(headers or {})
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body.model_dump(exclude_none=True), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def of_error(error: DosilakeError) -> JSONResponse:
    """A project error as a response: its own status, title and next step."""
    return problem(error.http_status, error.what, title=error.title, code=error.code, next_step=error.next_step)


def install(app: FastAPI) -> None:
    """Make every error of the app a problem."""

    async def project_error(_request: Request, error: DosilakeError):
        return of_error(error)

    async def http_error(_request: Request, error: HTTPException):
        detail = error.detail if error.detail != HTTPStatus(error.status_code).phrase else _plain(error.status_code)
        return problem(error.status_code, detail, headers=error.headers)

    async def invalid(_request: Request, error: RequestValidationError):
        # Only where: pydantic's messages repeat the input.
        fields = sorted({".".join(str(part) for part in found["loc"]) for found in error.errors()})
        return problem(422, "Des paramètres manquent ou n'ont pas la forme attendue.", fields=fields)

    async def unexpected(request: Request, error: Exception):
        _log.error("unexpected %s at %s %s", type(error).__name__, request.method, _route_of(request))
        return problem(500, "Une erreur inattendue s'est produite.", next_step="Réessayez, puis signalez l'heure.")

    app.add_exception_handler(DosilakeError, project_error)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, unexpected)


def _plain(status: int) -> str:
    if status == 404:
        return "Cette adresse n'existe pas."
    if status == 405:
        return "Cette adresse n'accepte pas cette méthode."
    return _TITLES.get(status, HTTPStatus(status).phrase)


def _route_of(request: Request) -> str:
    # The route's pattern, not the path: a path carries keys.
    route = request.scope.get("route")
    return getattr(route, "path", "?")
