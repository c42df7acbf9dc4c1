"""Who looked at what: the access log, for the auditor."""

from dashboards import blocks
from dashboards.ask import Ask
from dashboards.blocks import Column
from dashboards.pages.log import log_frame

SHOWN = 1000


def render(ask: Ask):
    frame = log_frame(ask, ask.ground.audit.events(limit=SHOWN))
    columns = [
        Column("at", ask.t("audit.at"), "moment"),
        Column("account", ask.t("audit.account")),
        Column("role", ask.t("audit.role")),
        Column("action", ask.t("audit.action")),
        Column("worker_key", ask.t("audit.worker_key"), "text", 110),
        Column("detail", ask.t("audit.detail")),
        Column("purpose", ask.t("audit.purpose")),
        Column("article", ask.t("audit.article")),
        Column("verdict", ask.t("audit.allowed"), "text", 100),
    ]
    note = ask.t("audit.note", count=SHOWN)
    return blocks.page(
        ask.t("audit.title"),
        ask.t("audit.question"),
        blocks.table_card(ask, "access-log", ask.t("audit.table"), frame, columns, note=note, height=680),
    )
