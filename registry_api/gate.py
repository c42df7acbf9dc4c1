"""The gate in front of everything: nothing answers a stranger but a short list of paths.

It finds the viewer from the bearer token or the cookie, refuses foreign origins, bounds bodies and sets the
security headers. Dash answers any path it does not know with its index page, so what is unknown stops here.
"""

from urllib.parse import quote, urlsplit

from anyio.to_thread import run_sync
from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from lake.errors import AccessDenied, DosilakeError, NotSignedIn
from registry.policy import Viewer
from registry.sessions import Kind
from registry_api import problems
from registry_api.ground import COOKIE, Ground, current_cookies, current_viewer

PUBLIC_PATHS = frozenset(
    {"/", "/app/login", "/api/v1/health", "/api/v1/openapi.json", "/api/v1/tokens", "/favicon.ico"}
)
# The login page's style and the favicon; nothing else lives there.
PUBLIC_PREFIXES = ("/app/assets/",)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MIB = 1024 * 1024
LARGEST_BODY = 2 * MIB
# A page's upload travels as base64 inside JSON.
LARGEST_PAGE_UPLOAD = 32 * MIB

# Dash needs inline scripts, AG Grid compiles its expressions.
_PAGE_CSP = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'"
)
_STRICT_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


class Gate:
    """ASGI middleware; the outermost one."""

    def __init__(self, app, ground: Ground):
        self._app = app
        self._ground = ground

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            # Nothing here speaks WebSocket.
            await send({"type": "websocket.close", "code": 4403})

    async def _http(self, scope, receive, send):
        request = Request(scope)
        send = _with_headers(send, scope["path"])
        if not _may_exist(scope["path"]):
            await problems.problem(404, "Cette adresse n'existe pas.")(scope, receive, send)
            return
        try:
            _check_origin(request)
            viewer = await self._viewer(request)
        except DosilakeError as error:
            await _refuse(request, error)(scope, receive, send)
            return
        except ValueError:
            await problems.problem(400, "Demande mal formée.")(scope, receive, send)
            return
        token, cookies = current_viewer.set(viewer), current_cookies.set(request.cookies)
        try:
            await self._app(scope, _bounded(receive, self._largest_body(scope)), send)
        finally:
            current_viewer.reset(token)
            current_cookies.reset(cookies)

    async def _viewer(self, request: Request) -> Viewer | None:
        """Who is asking; None on a public path without a valid session."""
        path = request.url.path
        is_public = path in PUBLIC_PATHS or path.startswith(PUBLIC_PREFIXES)
        if path.startswith(PUBLIC_PREFIXES):
            return None
        try:
            return await run_sync(self._viewer_of_request, request)
        except NotSignedIn:
            if is_public:
                return None
            raise

    def _viewer_of_request(self, request: Request) -> Viewer:
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and credentials:
            return self._ground.viewer_of_secret(credentials.strip(), Kind.TOKEN)
        secret = request.cookies.get(COOKIE)
        if secret:
            return self._ground.viewer_of_secret(secret, Kind.WEB)
        raise NotSignedIn("Cette adresse demande une connexion.", next_step="Connectez-vous, ou envoyez un jeton.")

    def _largest_body(self, scope) -> int:
        if scope["path"] == "/api/v1/deliveries":
            return self._ground.settings.largest_file_mib * MIB + MIB
        if scope["path"] == "/app/_dash-update-component":
            return LARGEST_PAGE_UPLOAD
        return LARGEST_BODY


def _may_exist(path: str) -> bool:
    return path in PUBLIC_PATHS or path in ("/app", "/api") or path.startswith(("/app/", "/api/"))


def _check_origin(request: Request) -> None:
    """Refuse a change that a page of another site asks for in the reader's name.

    A request with the cookie must show where it comes from; a sign-in must not come from elsewhere either.
    """
    if request.method in SAFE_METHODS:
        return
    origin, fetch_site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if origin is not None:
        is_ours = urlsplit(origin).netloc == request.headers.get("host")
    elif fetch_site is not None:
        is_ours = fetch_site in ("same-origin", "none")
    else:
        is_ours = COOKIE not in request.cookies
    if not is_ours:
        raise AccessDenied(
            "La demande ne vient pas de ce site.", next_step="Reprenez depuis une page de Dosilake.", code="origin"
        )


def _refuse(request: Request, error: DosilakeError) -> Response:
    path = request.url.path
    wants_page = request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")
    if isinstance(error, NotSignedIn) and path.startswith("/app") and wants_page:
        here = path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/app/login?next={quote(here, safe='')}", status_code=303)
    return problems.of_error(error)


def _with_headers(send, path: str):
    is_page = path.startswith("/app/") and path != "/app/login"
    # Dash's scripts and our assets carry no data of anyone.
    is_static = path.startswith(("/app/assets/", "/app/_dash-component-suites/"))

    async def with_headers(message):
        if message["type"] == "http.response.start":
            names = {name.lower() for name, _ in message["headers"]}
            added = [
                (b"content-security-policy", (_PAGE_CSP if is_page else _STRICT_CSP).encode()),
                (b"x-content-type-options", b"nosniff"),
                (b"x-frame-options", b"DENY"),
                (b"referrer-policy", b"same-origin"),
                (b"cross-origin-opener-policy", b"same-origin"),
                (b"cross-origin-resource-policy", b"same-origin"),
                (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
            ]
            if not is_static:
                added.append((b"cache-control", b"no-store"))
            elif b"cache-control" not in names:
                added.append((b"cache-control", b"public, max-age=3600"))
            kept = [pair for pair in message["headers"] if is_static or pair[0].lower() != b"cache-control"]
            message = message | {"headers": kept + added}
        await send(message)

    return with_headers


def _bounded(receive, largest: int):
    read = 0

    async def bounded():
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > largest:
            raise HTTPException(413, "La demande dépasse la taille permise.")
        return message

    return bounded
