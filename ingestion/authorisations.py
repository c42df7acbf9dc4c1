"""Individual authorisations of an exceptional exposure, as the labour inspector gave them.

A line grants one over a span of days, or withdraws it; the latest statement on a decision, person and quantity holds,
and what was known before stays. The inspector's letter reaches the register team, which sends it in as an EXAU file.
Source: Code du travail R.4451-89 to -94.
"""

import polars as pl

from ingestion.fields import Check, field_checks, findings, typed
from ingestion.identifiers import names_a_person
from ingestion.judge import Judgement, Question, broken_lines, without_refused
from ingestion.lists import known_by, list_judgement
from lake.schema import AUTHORISATIONS
from lake.vocabulary import Layout
from registry.vault import Vault


def judge_authorisations(question: Question, vault: Vault) -> Judgement:
    """Judge an EXAU file; I15 where the key is nobody's, P01 where days are out of order.

    An authorisation comes before the exposure: one decided after its first day is refused, not taken as of then.
    """
    text = question.rows.good
    found = [broken_lines(question.rows), findings(text, field_checks(Layout.EXAU))]
    rows = without_refused(typed(text, Layout.EXAU), found)
    is_grant = pl.col("action") == "GRANT"
    checks = [
        Check("S06", "decision_ref", names_a_person("decision_ref")),
        *(Check("S02", day, is_grant & pl.col(day).is_null()) for day in ("valid_from", "valid_to")),
        *(Check("S04", day, ~is_grant & pl.col(day).is_not_null()) for day in ("valid_from", "valid_to")),
        Check("I15", "worker_key", ~pl.col("worker_key").is_in(vault.existing(rows["worker_key"]).implode())),
        Check("P01", "valid_to", pl.col("valid_to") < pl.col("valid_from")),
        Check("P01", "decided_on", pl.col("decided_on") > question.received_on),
        Check("P01", "decided_on", pl.col("decided_on") > pl.col("valid_from")),
    ]
    found.append(findings(rows, checks))
    rows = known_by(without_refused(rows, found), question)
    return list_judgement(question, found, {AUTHORISATIONS.name: rows.select(AUTHORISATIONS.column_names)})
