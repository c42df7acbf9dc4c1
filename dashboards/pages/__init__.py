"""The pages: each answers one question, at one path, for whom the policy opens it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from dashboards.pages import (
    audit,
    deliveries,
    establishment,
    exceedances,
    extracts,
    home,
    national,
    team,
    worker,
)
from registry.policy import Data


@dataclass(frozen=True)
class Page:
    """`data`: what opens it (any of them; none: every signed-in reader); `path` may hold one {integer}."""

    path: str
    title: str
    data: tuple[Data, ...]
    render: Callable


PAGES = (
    Page("/", "home.title", (), home.render),
    Page("/national", "national.title", (Data.NATIONAL,), national.render),
    Page("/establishment", "establishment.title", (Data.ESTABLISHMENT,), establishment.render),
    Page("/team", "team.title", (Data.INDIVIDUAL,), team.render),
    Page("/worker/{worker_key}", "worker.title", (Data.INDIVIDUAL,), worker.render),
    Page(
        "/exceedances",
        "exceedances.title",
        (Data.EXCEEDANCE, Data.EXCEEDANCE_CONTEXT, Data.EXCEEDANCE_NOTICE),
        exceedances.render,
    ),
    Page("/extracts", "extracts.title", (Data.EXTRACT,), extracts.render),
    Page("/deliveries", "deliveries.title", (Data.DELIVERY,), deliveries.render),
    Page("/deliveries/{delivery_no}", "deliveries.one_title", (Data.DELIVERY,), deliveries.render_one),
    Page("/audit", "audit.title", (Data.ACCESS_LOG,), audit.render),
)


def find(path: str) -> tuple[Page | None, dict[str, int]]:
    """The page at a path under /app and the keys in it; (None, {}) when there is none."""
    path = path.rstrip("/") or "/"
    for page in PAGES:
        match = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[0-9]{1,18})", page.path), path)
        if match:
            return page, {name: int(value) for name, value in match.groupdict().items()}
    return None, {}
