"""What this reader can do here, and by which article."""

import dash_mantine_components as dmc
from dash import html

from dashboards import blocks, navigation
from dashboards.ask import Ask
from registry.policy import Data

_OPENED_BY = {
    "national": (Data.NATIONAL,),
    "establishment": (Data.ESTABLISHMENT,),
    "team": (Data.INDIVIDUAL,),
    "worker": (Data.INDIVIDUAL,),
    "exceedances": (Data.EXCEEDANCE, Data.EXCEEDANCE_CONTEXT, Data.EXCEEDANCE_NOTICE),
    "extracts": (Data.EXTRACT,),
    "deliveries": (Data.DELIVERY,),
    "audit": (Data.ACCESS_LOG,),
}


def render(ask: Ask):
    snapshot = ask.ground.snapshot_version()
    tiles = [_tile(ask, address, key, name) for address, key, name in navigation.places(ask)]
    return blocks.page(
        ask.t("home.hello", name=ask.account.display_name),
        ask.t(f"home.role.{ask.viewer.role.value}"),
        html.Div(tiles, className="tiles"),
        _closed(ask),
        dmc.Text(
            ask.t("home.snapshot", version=snapshot, day=ask.day(ask.ground.data_until()))
            if snapshot
            else ask.t("state.no_snapshot"),
            size="sm",
            c="dimmed",
        ),
    )


def _tile(ask: Ask, address: str, key: str, name: str):
    decision = next(d for d in map(ask.decide, _OPENED_BY[name]) if d.allowed)
    return dmc.Anchor(
        dmc.Paper(
            dmc.Stack(
                [
                    dmc.Title(ask.t(key), order=2, size="h4"),
                    dmc.Text(ask.t(f"home.tile.{name}"), size="sm"),
                    dmc.Text(decision.article, size="xs", c="dimmed"),
                ],
                gap=6,
            ),
            withBorder=True,
            p="lg",
            className="card tile",
        ),
        href=address,
        underline="never",
        c="inherit",
    )


def _closed(ask: Ask):
    """What the law does not open, said before it is asked."""
    decision = ask.decide(Data.INDIVIDUAL)
    if decision.allowed:
        return None
    reason = decision.reason_fr if ask.language == "fr" else decision.reason_en
    return blocks.notice(reason, "gray", ask.t("home.closed"))
