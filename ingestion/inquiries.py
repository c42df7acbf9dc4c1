"""What the register team writes down of an exceedance: the alert was sent, an inquiry was opened, it was confirmed.

Nothing is assumed to have been sent: a published exceedance is detected, and notified only once the team says so. What
a physician decides on a dose comes as a decision (layout CORR) and is no event of this kind. A statement names the
person, the limit and a day of the episode; one that meets no episode, or none any more, says nothing.
Source: Code du travail R.4451-79; arrêté du 23 juin 2023 art. 5.
"""

import polars as pl

from ingestion.fields import Check, field_checks, findings, typed
from ingestion.judge import Judgement, Question, broken_lines, without_refused
from ingestion.lists import known_by, list_judgement
from lake.schema import INQUIRY_EVENTS
from lake.vocabulary import Layout
from registry.vault import Vault


def judge_inquiry_events(question: Question, vault: Vault) -> Judgement:
    """Judge an INQU file; I15 where the key is nobody's, P01 where it happened before the day named, or will."""
    text = question.rows.good
    found = [broken_lines(question.rows), findings(text, field_checks(Layout.INQU))]
    rows = without_refused(typed(text, Layout.INQU), found)
    happened = pl.col("happened_on")
    checks = [
        Check("I15", "worker_key", ~pl.col("worker_key").is_in(vault.existing(rows["worker_key"]).implode())),
        Check("P01", "happened_on", (happened < pl.col("on_date")) | (happened > question.received_on)),
    ]
    found.append(findings(rows, checks))
    rows = known_by(without_refused(rows, found), question).rename({"action": "event"})
    return list_judgement(question, found, {INQUIRY_EVENTS.name: rows.select(INQUIRY_EVENTS.column_names)})
