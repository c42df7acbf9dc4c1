"""What the sender gets back: an acknowledgement at once, an execution report once the rows are judged.

Rows are named by line and record identifier only; no NIR, no name and no dose is ever echoed.
Source: arrêté du 23 juin 2023 art. 11 (execution report).
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import polars as pl

from ingestion.rules import RULES
from lake.errors import UsageError
from lake.settings import Settings
from registry.numbering import Numbered

COUNTS = ("rows_total", "rows_loaded", "rows_refused", "rows_waiting", "rows_duplicate", "rows_warned")


def folder(settings: Settings, delivery_no: int) -> Path:
    return settings.landing / f"{delivery_no:08d}"


def acknowledgement(numbered: Numbered) -> dict:
    """The receipt: that these bytes arrived, when, and under which number."""
    return {
        "delivery_no": numbered.delivery_no,
        "file_name": numbered.file_name,
        "sender_code": numbered.sender_code,
        "layout": numbered.layout,
        "received_at": _iso(numbered.received_at),
        "sha256": numbered.sha256,
        "byte_size": numbered.byte_size,
    }


def acknowledge(settings: Settings, numbered: Numbered) -> None:
    """Write the acknowledgement, unless it stands there: whoever numbered the delivery may have died before this."""
    if not (folder(settings, numbered.delivery_no) / "acknowledgement.json").exists():
        save(settings, numbered.delivery_no, "acknowledgement", acknowledgement(numbered))


def execution_report(delivery: dict, findings: pl.DataFrame) -> dict:
    """Counts and causes of a delivery, `delivery` being its row of lake.deliveries; the lines stand in `findings`."""
    causes = findings.group_by("code").agg(pl.col("row_no").n_unique().alias("rows")).sort("code")
    return {
        **{key: _iso(value) if isinstance(value, datetime) else value for key, value in delivery.items()},
        "causes": [
            {
                "code": code,
                "severity": RULES[code].severity,
                "rows": count,
                "meaning_fr": RULES[code].meaning_fr,
                "meaning_en": RULES[code].meaning_en,
                "next_fr": RULES[code].next_fr,
                "next_en": RULES[code].next_en,
            }
            for code, count in causes.iter_rows()
        ],
    }


def save(settings: Settings, delivery_no: int, name: str, content: dict) -> None:
    """Write `<name>.json` in the delivery's folder, whole or not at all."""
    with _drafted(folder(settings, delivery_no) / f"{name}.json") as draft:
        draft.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def save_findings(settings: Settings, delivery_no: int, findings: pl.DataFrame, record_ids: pl.DataFrame) -> None:
    """Write the report's lines, one per finding, in the layout RPT: row_no;record_id;severity;code;field;message.

    `record_ids` has row_no and record_id of the rows that carry one that may be repeated.
    """
    messages = pl.DataFrame({"code": list(RULES), "message": [rule.meaning_fr for rule in RULES.values()]})
    lines = findings.join(record_ids, on="row_no", how="left", maintain_order="left")
    lines = lines.join(messages, on="code", how="left", maintain_order="left")
    with _drafted(folder(settings, delivery_no) / "findings.csv") as draft:
        lines.select("row_no", "record_id", "severity", "code", "field", "message").write_csv(draft, separator=";")


def load(settings: Settings, delivery_no: int) -> dict:
    """The execution report of a delivery; raises UsageError when there is none."""
    return json.loads(_existing(settings, delivery_no, "report.json").read_text(encoding="utf-8"))


def load_findings(settings: Settings, delivery_no: int) -> pl.DataFrame:
    """The report's lines: row_no, record_id, severity, code, field, message; raises UsageError when there is none."""
    path = _existing(settings, delivery_no, "findings.csv")
    return pl.read_csv(path, separator=";", schema_overrides={"row_no": pl.Int32, "record_id": pl.String})


def _existing(settings: Settings, delivery_no: int, name: str) -> Path:
    path = folder(settings, delivery_no) / name
    if not path.exists():
        raise UsageError(
            f"There is no execution report for delivery {delivery_no}.",
            next_step="See `dosilake ingest` for the numbers it gives.",
        )
    return path


@contextmanager
def _drafted(path: Path) -> Iterator[Path]:
    """A file to write to that becomes `path` whole; the door's locks see to it that nobody else writes the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}")
    yield draft
    os.replace(draft, path)


def sentences(report: dict, language: str = "fr", is_resend: bool = False) -> list[str]:
    """The report in sentences: the counts, then each cause with its rows and the next step; F04 first for a resend."""
    if is_resend:
        return [f"{report['file_name']} : {_said(RULES['F04'], language)} (F04)", *sentences(report, language)]
    if not report["accepted"]:
        rule = RULES[report["refusal_code"]]
        return [f"{report['file_name']} : {_said(rule, language)} ({rule.code})"]
    head = (
        f"{report['file_name']} : {report['rows_total']} lignes = {report['rows_loaded']} chargées + "
        f"{report['rows_refused']} refusées + {report['rows_waiting']} en attente + "
        f"{report['rows_duplicate']} déjà tenues"
        if language == "fr"
        else f"{report['file_name']}: {report['rows_total']} rows = {report['rows_loaded']} loaded + "
        f"{report['rows_refused']} refused + {report['rows_waiting']} waiting + {report['rows_duplicate']} held already"
    )
    return [head, *[f"  {c['code']} × {c['rows']} : {_said(RULES[c['code']], language)}" for c in report["causes"]]]


def _said(rule, language: str) -> str:
    return f"{rule.meaning_fr} {rule.next_fr}" if language == "fr" else f"{rule.meaning_en} {rule.next_en}"


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
