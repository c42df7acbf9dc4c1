"""What the sender gets back: an acknowledgement at once, an execution report once the rows are judged.

Each stands as JSON and as a file, `ACK_…csv` and `RPT_…csv` (project format v1, not the SISERI format). Rows are named
by line and record identifier only; no NIR, no name and no dose is ever echoed. Neither ever changes: what became later
of the rows that waited is read from the lake (`ingestion.since`).
Source: arrêté du 23 juin 2023 art. 11 (execution report).
"""

import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from ingestion.fields import FIELDS, Distinct
from ingestion.read import Checked
from ingestion.rules import RULES
from lake.errors import UsageError
from lake.settings import Settings
from registry.numbering import Numbered

COUNTS = ("rows_total", "rows_loaded", "rows_refused", "rows_waiting", "rows_duplicate", "rows_warned")
ACK_COLUMNS = (
    "file_id", "file_name", "sender", "type", "received_at", "sha256", "byte_size", "line_count", "accepted",
    "refusal_code",
)  # fmt: skip
RPT_COLUMNS = (
    "file_id", "file_name", "sender", "type", "received_at", "ended_at", "accepted", "refusal_code", *COUNTS,
)  # fmt: skip
LINE_COLUMNS = ("row_no", "record_id", "severity", "code", "field", "message_fr", "message_en")
# Lines of problems that the JSON repeats; the RPT file holds all.
LINES_SHOWN = 1000
# Lines of problems that a person reads at the terminal.
LINES_SAID = 20


def folder(settings: Settings, delivery_no: int) -> Path:
    return settings.landing / f"{delivery_no:08d}"


def acknowledge(settings: Settings, numbered: Numbered, checked: Checked) -> None:
    """Keep the receipt: that these bytes arrived, when, and under which number.

    A file that no file rule refuses as a whole is accepted, and its rows will be judged.
    """
    said = {
        "delivery_no": numbered.delivery_no,
        "file_name": numbered.file_name,
        "sender_code": numbered.sender_code,
        "layout": numbered.layout,
        "received_at": _iso(numbered.received_at),
        "sha256": numbered.sha256,
        "byte_size": numbered.byte_size,
        "line_count": checked.lines,
        "accepted": checked.refusal is None,
        "refusal_code": checked.refusal.code if checked.refusal else None,
    }
    place = folder(settings, numbered.delivery_no)
    with _drafted(place / file_name("ACK", said)) as draft:
        draft.write_text(_csv([said], ACK_COLUMNS), encoding="utf-8")
    _save(place / "acknowledgement.json", said)


def is_acknowledged(settings: Settings, delivery_no: int) -> bool:
    return (folder(settings, delivery_no) / "acknowledgement.json").exists()


def file_name(kind: str, said: dict) -> str:
    """`ACK_<sender>_<time of reception, UTC>_<delivery number>.csv`; UNKNOWN when the name told no sender."""
    received = datetime.fromisoformat(said["received_at"])
    return f"{kind}_{said['sender_code'] or 'UNKNOWN'}_{received:%Y%m%dT%H%M%S}_{said['delivery_no']:08d}.csv"


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


def lines_of(findings: pl.DataFrame, record_ids: pl.DataFrame) -> pl.DataFrame:
    """One line per finding: row_no, record_id, severity, code, field and what the code means in both languages.

    `record_ids` has row_no and record_id of the rows that carry one that may be repeated. Both in the order of row_no.
    """
    return _with_messages(_with_record_id(findings, record_ids)).select(LINE_COLUMNS)


def draft_report(settings: Settings, report: dict, findings: pl.DataFrame, record_ids: pl.DataFrame) -> None:
    """Write the RPT file where nobody reads it yet; a draft that a crash left is written over.

    Both frames are in the order of row_no. The RPT file: a header and one line of counts, an empty line, then a header
    and one line per finding.
    """
    kinds, which = _kinds(findings)
    with _draft_of(_rpt_path(settings, report)).open("wb") as file:
        file.write(f"{_csv([report], RPT_COLUMNS)}\n{';'.join(LINE_COLUMNS)}\n".encode())
        lines = _with_record_id(findings, record_ids).select("row_no", "record_id", said=_endings(kinds)[which])
        # What a line ends in is quoted where it must be, and no record identifier that may be repeated need be.
        lines.write_csv(file, separator=";", include_header=False, quote_style="never")


def save_report(settings: Settings, report: dict) -> None:
    """Show the RPT file that was drafted, then write `report.json`, each whole or not at all."""
    path = _rpt_path(settings, report)
    os.replace(_draft_of(path), path)
    _save(path.with_name("report.json"), report)


def _rpt_path(settings: Settings, report: dict) -> Path:
    return folder(settings, report["delivery_no"]) / file_name("RPT", report)


def _with_record_id(findings: pl.DataFrame, record_ids: pl.DataFrame) -> pl.DataFrame:
    # Two sorted frames meet at once: a join costs ten times as much.
    return findings.join_asof(record_ids, on="row_no", tolerance=0)


def _with_messages(findings: pl.DataFrame) -> pl.DataFrame:
    return findings.with_columns(
        message_fr=pl.col("code").replace_strict({rule.code: rule.meaning_fr for rule in RULES.values()}),
        message_en=pl.col("code").replace_strict({rule.code: rule.meaning_en for rule in RULES.values()}),
    )


def _kinds(findings: pl.DataFrame) -> tuple[pl.DataFrame, np.ndarray]:
    """A finding of each kind, and for each finding the number of its kind."""
    number = pl.col("code").to_physical().cast(pl.Int64) * len(FIELDS.categories) + pl.col("field").to_physical()
    kinds = Distinct.of(findings.select(number).to_series().to_numpy())
    return findings[kinds.row], kinds.which


def _endings(kinds: pl.DataFrame) -> pl.Series:
    """What the line of each kind of finding ends in, after row_no and record_id."""
    told = _with_messages(kinds).select(LINE_COLUMNS[2:])
    return pl.Series(told.write_csv(separator=";", include_header=False).splitlines(), dtype=pl.String)


def load(settings: Settings, delivery_no: int) -> dict:
    """The execution report of a delivery; raises UsageError when there is none."""
    return json.loads(_existing(settings, delivery_no, "report.json").read_text(encoding="utf-8"))


def load_acknowledgement(settings: Settings, delivery_no: int) -> dict:
    """The acknowledgement of a delivery; raises UsageError when there is none."""
    return json.loads(_existing(settings, delivery_no, "acknowledgement.json").read_text(encoding="utf-8"))


def load_file(settings: Settings, delivery_no: int, kind: str) -> Path:
    """The ACK or RPT file of a delivery; raises UsageError when there is none."""
    said = load(settings, delivery_no) if kind == "RPT" else load_acknowledgement(settings, delivery_no)
    return _existing(settings, delivery_no, file_name(kind, said))


def load_findings(settings: Settings, delivery_no: int) -> pl.DataFrame:
    """The report's lines, columns LINE_COLUMNS; raises UsageError when there is none."""
    _, lines = load_file(settings, delivery_no, "RPT").read_text(encoding="utf-8").split("\n\n", 1)
    kinds = dict.fromkeys(LINE_COLUMNS, pl.String) | {"row_no": pl.Int32}
    # An empty field is the row as a whole, not something unknown.
    found = pl.read_csv(io.StringIO(lines), separator=";", schema_overrides=kinds)
    return found.with_columns(pl.col("field").fill_null(""))


def _existing(settings: Settings, delivery_no: int, name: str) -> Path:
    path = folder(settings, delivery_no) / name
    if not path.exists():
        raise UsageError(
            f"There is no execution report for delivery {delivery_no}.",
            next_step="See `dosilake ingest` for the numbers it gives.",
        )
    return path


def _save(path: Path, content: dict) -> None:
    with _drafted(path) as draft:
        draft.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


_SAID_AS = {"file_id": "delivery_no", "sender": "sender_code", "type": "layout"}


def _csv(rows: list[dict], columns: tuple[str, ...]) -> str:
    """The rows as text; a name that a spreadsheet would take for a formula is left out."""
    told = [{column: row[_SAID_AS.get(column, column)] for column in columns} for row in rows]
    for row in told:
        row["file_name"] = None if row["file_name"][:1] in "=+-@\t\r" else row["file_name"].replace("\n", " ")
    return pl.DataFrame(told).write_csv(separator=";")


@contextmanager
def _drafted(path: Path) -> Iterator[Path]:
    """A file to write to that becomes `path` whole; the door's locks see to it that nobody else writes the same."""
    draft = _draft_of(path)
    yield draft
    os.replace(draft, path)


def _draft_of(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(f".{path.name}")


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


def line_sentences(report: dict) -> list[str]:
    """The report's `findings`, a line each, in French; the last says how many are left out."""
    told = [
        f"  ligne {line['row_no']}{', ' + line['field'] if line['field'] else ''} : {line['code']}"
        for line in report["findings"][:LINES_SAID]
    ]
    left = report["findings_total"] - len(told)
    return [*told, f"  … et {left} autres constats (--json)"] if left else told


def _said(rule, language: str) -> str:
    return f"{rule.meaning_fr} {rule.next_fr}" if language == "fr" else f"{rule.meaning_en} {rule.next_en}"


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
