"""The API: `/api/v1`, deny by default, one error shape, one policy with the pages."""

from collections.abc import Callable

from fastapi import FastAPI, Request
from starlette.middleware.gzip import GZipMiddleware

from lake.settings import Settings
from registry_api import problems
from registry_api.gate import Gate
from registry_api.ground import Ground
from registry_api.routes import (
    deliveries,
    establishments,
    exceedances,
    extracts,
    health,
    statistics,
    tokens,
    workers,
)

PREFIX = "/api/v1"
_EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
_ROUTES = (tokens, health, deliveries, workers, exceedances, establishments, statistics, extracts)

DESCRIPTION = """
Occupational radiation doses as the law lets each reader see them. Open a token with `POST /api/v1/tokens`, send it as
`Authorization: Bearer …`. Magnitudes in mSv are decimal strings with three decimals. Lists are paged by cursor. Every
error is a problem document (RFC 9457). Every read of an individual is written to the access log first.
"""


def create_app(settings: Settings, add_pages: Callable[[FastAPI, Ground], None] | None = None) -> FastAPI:
    """The API over one home, with the gate in front of everything, `add_pages`'s routes included."""
    app = FastAPI(
        title="Dosilake",
        version="1",
        description=DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        # Their pages load scripts from other hosts.
        docs_url=None,
        redoc_url=None,
    )
    ground = Ground.open(settings)
    app.state.ground = ground
    for routes in _ROUTES:
        app.include_router(routes.router, prefix=PREFIX)
    problems.install(app)
    # Before the pages: Dash would answer these with its index.
    app.add_api_route("/api/{rest:path}", _unknown, methods=_EVERY_METHOD, include_in_schema=False)
    if add_pages is not None:
        add_pages(app, ground)
    # The last one added is the outermost.
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    app.add_middleware(Gate, ground=ground)
    return app


async def _unknown(_request: Request, rest: str):
    return problems.problem(404, "Cette adresse de l'API n'existe pas.", next_step=f"Voyez {PREFIX}/openapi.json.")
