"""What the register team says of identities: two keys are one person, or are not after all.

A statement is appended like any fact: no dose is rewritten, the latest statement about a key holds, and the comment
stays in the landed file.
"""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from ingestion.fields import Check, field_checks, findings, typed
from ingestion.judge import PARIS, Judgement, Question, broken_lines, without_refused
from ingestion.lists import known_by, list_judgement
from ingestion.read import fields_of
from lake.schema import IDENTITY_LINKS
from lake.vocabulary import Layout, LinkAction, LinkMotive
from registry.vault import Vault

_REASON = {"MERGE": "MERGED", "UNMERGE": "UNMERGED"}


def judge_links(question: Question, vault: Vault) -> Judgement:
    """Judge a LINK file: MERGE lays worker_key to person_key, UNMERGE lets worker_key stand alone again."""
    text = question.rows.good
    found = [broken_lines(question.rows), findings(text, field_checks(Layout.LINK))]
    rows = without_refused(typed(text, Layout.LINK), found)
    is_merge = pl.col("action") == "MERGE"
    rows = rows.with_columns(person_key=pl.when(is_merge).then("person_key").otherwise("worker_key"))
    known = vault.existing(pl.concat([rows["worker_key"], rows["person_key"].rename("worker_key")])).implode()
    stands = pl.col("worker_key").is_in(known) & pl.col("person_key").is_in(known)
    checks = [
        Check("S02", "person_key", pl.col("person_key").is_null()),
        Check("I12", "worker_key", ~stands | ~pl.col("worker_key").is_first_distinct()),
        Check("I12", "person_key", is_merge & (pl.col("worker_key") == pl.col("person_key"))),
    ]
    found.append(findings(rows, checks))
    rows = known_by(without_refused(rows, found), question)
    rows = rows.with_columns(reason=pl.col("action").replace_strict(_REASON, return_dtype=pl.String))
    return list_judgement(question, found, {IDENTITY_LINKS.name: rows.select(IDENTITY_LINKS.column_names)})


def link_file(
    folder: Path,
    action: LinkAction,
    worker_key: int,
    person_key: int | None,
    motive: LinkMotive,
    comment: str = "",
) -> Path:
    """Write a delivery of one statement, dated now, and return its path."""
    now = datetime.now(UTC)
    values = {
        "action": action.value,
        "worker_key": str(worker_key),
        "person_key": "" if person_key is None else str(person_key),
        "motive_code": motive.value,
        "comment": " ".join(comment.replace(";", ",").split()),
        "decided_on": now.astimezone(PARIS).date().isoformat(),
    }
    fields = fields_of(Layout.LINK)
    path = folder / f"LINK_REGISTER_{now:%Y%m%dT%H%M%S}_{now:%f}.csv"
    path.write_text(";".join(fields) + "\n" + ";".join(values[f] for f in fields) + "\n", encoding="utf-8")
    return path
