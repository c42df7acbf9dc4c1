"""Access events made readable; the same rows for the auditor and for the person they are about."""

import polars as pl

from dashboards.ask import Ask
from lake.vocabulary import Role
from registry.accounts import list_accounts

ACTIONS = ("read", "identity", "sign_in", "page", "extract_request", "extract_download")
_SCHEMA = {
    "at": pl.Datetime("us", "UTC"),
    "account": pl.String,
    "role": pl.String,
    "action": pl.String,
    "worker_key": pl.String,
    "detail": pl.String,
    "purpose": pl.String,
    "article": pl.String,
    "verdict": pl.String,
}


def log_frame(ask: Ask, events: list[dict]) -> pl.DataFrame:
    """One row per event, newest first."""
    names = {account.account_id: account.display_name for account in list_accounts(ask.ground.engine)}
    said = {action: ask.t(f"audit.action.{action}") for action in ACTIONS}
    rows = [
        {
            "at": event["at"],
            "account": names.get(event["account_id"], ask.t("audit.nobody")),
            "role": ask.label(Role(event["role"])) if event["role"] else "",
            "action": said.get(event["action"], event["action"]),
            "worker_key": "" if event["worker_key"] is None else str(event["worker_key"]),
            "detail": event["detail"],
            "purpose": event["purpose"],
            "article": event["article"],
            "verdict": ask.t("audit.yes") if event["allowed"] else ask.t("audit.no"),
        }
        for event in events
    ]
    return pl.DataFrame(rows, schema=_SCHEMA)
