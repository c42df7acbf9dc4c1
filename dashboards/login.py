"""Signing in and out: plain HTML and forms, so that a stranger reaches no callback and no script.

GET /app/login, POST /app/login, POST /app/logout.
"""

from html import escape
from string import Template
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from dashboards.texts import language_of, text
from lake.errors import NotSignedIn
from registry.accounts import check_password, list_accounts
from registry.demo import DEMO_PASSWORD
from registry.sessions import Kind
from registry_api.ground import COOKIE, Ground, On

router = APIRouter(include_in_schema=False)

_PAGE = Template("""<!DOCTYPE html>
<html lang="$language">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title – Dosilake</title>
<link rel="icon" href="/app/assets/favicon.svg">
<link rel="stylesheet" href="/app/assets/login.css">
</head>
<body>
<main>
<header>
<img src="/app/assets/favicon.svg" alt="" width="40" height="40">
<div><h1>Dosilake</h1><p>$purpose</p></div>
</header>
$demo_banner
$message
<form method="post" action="/app/login" class="card">
<h2>$title</h2>
<input type="hidden" name="next" value="$next">
<label for="email">$email_label</label>
<input id="email" name="email" type="email" autocomplete="username" required autofocus>
<label for="password">$password_label</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button type="submit">$submit</button>
</form>
$demo_accounts
<footer><p>$footer</p></footer>
</main>
</body>
</html>
""")

_DEMO_ACCOUNT = Template("""<li><form method="post" action="/app/login">
<input type="hidden" name="next" value="$next">
<input type="hidden" name="email" value="$email"><input type="hidden" name="password" value="$password">
<button type="submit"><strong>$label</strong><span>$email</span></button></form></li>""")


@router.get("/app/login", response_class=HTMLResponse)
def show(request: Request, ground: On, next: str = "/app/"):
    """The form; in demo mode with the demo accounts."""
    return _page(request, ground, next, failed=False)


@router.post("/app/login")
def sign_in(
    request: Request,
    ground: On,
    email: Annotated[str, Form(max_length=254)],
    password: Annotated[str, Form(max_length=1024)],
    next: Annotated[str, Form(max_length=2000)] = "/app/",
):
    """Open a session and go to the page that was wanted."""
    try:
        account_id = check_password(ground.engine, email, password, allow_demo=ground.settings.demo)
    except NotSignedIn:
        ground.audit.record(None, "sign_in", detail="web", allowed=False)
        return _page(request, ground, next, failed=True)
    earlier = request.cookies.get(COOKIE)
    if earlier:
        ground.sessions.end(earlier)
    secret, _ = ground.sessions.open(account_id, Kind.WEB)
    ground.audit.record(ground.viewer_of_secret(secret, Kind.WEB), "sign_in", detail="web")
    response = RedirectResponse(_inside(next), status_code=303)
    response.set_cookie(COOKIE, secret, httponly=True, samesite="lax", secure=request.url.scheme == "https", path="/")
    return response


@router.post("/app/logout")
def sign_out(request: Request, ground: On):
    """End the session at once."""
    secret = request.cookies.get(COOKIE)
    if secret:
        ground.sessions.end(secret)
    response = RedirectResponse("/app/login", status_code=303)
    response.delete_cookie(COOKIE, path="/")
    return response


def _page(request: Request, ground: Ground, next: str, *, failed: bool) -> HTMLResponse:
    language = language_of(request.cookies)

    def t(key: str) -> str:
        return escape(text(key, language))

    is_demo = ground.settings.demo
    target = escape(_inside(next))
    values = {
        "language": language,
        "title": t("login.title"),
        "purpose": t("login.purpose"),
        "email_label": t("login.email"),
        "password_label": t("login.password"),
        "submit": t("login.submit"),
        "footer": t("login.footer"),
        "next": target,
        "message": f'<p class="failed" role="alert">{t("login.failed")}</p>' if failed else "",
        "demo_banner": f'<p class="demo">{t("demo.banner")}</p>' if is_demo else "",
        "demo_accounts": _demo_accounts(ground, target, t("login.demo_accounts")) if is_demo else "",
    }
    return HTMLResponse(_PAGE.substitute(values), status_code=401 if failed else 200)


def _demo_accounts(ground: Ground, target: str, heading: str) -> str:
    items = [
        _DEMO_ACCOUNT.substitute(
            next=target,
            email=escape(account.email),
            password=escape(DEMO_PASSWORD),
            label=escape(account.display_name),
        )
        for account in list_accounts(ground.engine, only_demo=True)
    ]
    return f'<section class="card"><h2>{heading}</h2><ul>{"".join(items)}</ul></section>' if items else ""


def _inside(target: str) -> str:
    """The target if it is one of our pages, else the home page; never another site."""
    is_ours = target.startswith("/app/") and "\\" not in target and not any(ord(c) < 32 for c in target)
    return quote(target, safe="/?&=%-._~") if is_ours and not target.startswith("/app/log") else "/app/"
