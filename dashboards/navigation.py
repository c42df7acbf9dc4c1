"""What surrounds a page: where this reader may go, who they are signed in as, language and the way out."""

import dash_mantine_components as dmc
from dash import html

from dashboards.ask import Ask
from lake.vocabulary import Role
from registry.policy import Data

# (path, text, what opens it)
_PLACES = (
    ("national", "nav.national", Data.NATIONAL),
    ("establishment", "nav.establishment", Data.ESTABLISHMENT),
    ("team", "nav.team", Data.INDIVIDUAL),
    ("exceedances", "nav.exceedances", Data.EXCEEDANCE),
    ("exceedances", "nav.exceedances", Data.EXCEEDANCE_CONTEXT),
    ("exceedances", "nav.exceedances", Data.EXCEEDANCE_NOTICE),
    ("extracts", "nav.extracts", Data.EXTRACT),
    ("deliveries", "nav.deliveries", Data.DELIVERY),
    ("audit", "nav.audit", Data.ACCESS_LOG),
)


def places(ask: Ask) -> list[tuple[str, str, str]]:
    """(address, text key, page name) of the pages the policy opens to this reader, home left out."""
    found = []
    for name, key, data in _PLACES:
        if not ask.decide(data).allowed:
            continue
        if ask.viewer.role is Role.WORKER and name == "team":
            found.append((f"/app/worker/{ask.viewer.worker_key}", "nav.my_doses", "worker"))
        elif ask.viewer.role is Role.WORKER and name == "exceedances":
            continue
        else:
            found.append((f"/app/{name}", key, name))
    return found


def links(ask: Ask, pathname: str):
    """The navigation column."""
    here = pathname.rstrip("/") or "/app"
    items = [("/app/", "nav.home"), *((address, key) for address, key, _ in places(ask))]
    return dmc.Stack(
        [
            dmc.NavLink(
                label=ask.t(key),
                href=address,
                active=_is_here(here, address),
                variant="light",
                className="nav-link",
                **({"aria-current": "page"} if _is_here(here, address) else {}),
            )
            for address, key in items
        ],
        gap=4,
    )


def header(ask: Ask):
    """Brand, demo banner, who is signed in, language, way out."""
    brand = dmc.Anchor(
        dmc.Group([html.Img(src="/app/assets/favicon.svg", alt="", width=30, height=30), dmc.Text("Dosilake", fw=700)]),
        href="/app/",
        underline="never",
        c="inherit",
    )
    demo = [dmc.Badge(ask.t("demo.banner"), color="yellow", variant="light", tt="none", className="demo-badge")]
    who = dmc.Stack(
        [
            dmc.Text(ask.account.display_name, size="sm", fw=600, lh=1.2),
            dmc.Text(ask.viewer.role.label(ask.language), size="xs", c="dimmed", lh=1.2),
        ],
        gap=0,
        className="who",
    )
    language = dmc.SegmentedControl(
        id="language",
        data=[{"value": "fr", "label": "FR"}, {"value": "en", "label": "EN"}],
        value=ask.language,
        size="xs",
        **{"aria-label": ask.t("shell.language")},
    )
    out = html.Form(
        html.Button(ask.t("shell.sign_out"), type="submit", className="plain-button"),
        action="/app/logout",
        method="post",
    )
    burger = dmc.Burger(id="burger", opened=False, hiddenFrom="md", size="sm", **{"aria-label": ask.t("shell.menu")})
    left = dmc.Group([burger, brand, *(demo if ask.ground.settings.demo else [])], gap="md", wrap="nowrap")
    return dmc.Group(
        [left, dmc.Group([who, language, out], gap="md", wrap="nowrap")],
        justify="space-between",
        wrap="nowrap",
        h="100%",
        px="md",
    )


def _is_here(here: str, address: str) -> bool:
    address = address.rstrip("/")
    return here == address or (address != "/app" and here.startswith(address + "/"))
