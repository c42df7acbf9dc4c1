"""Establishment and worker lists: who exists, who employs whom, in which category, since when.

Lines are facts that are appended; the models take the latest. New identifiers enter the vault here and nowhere else,
and not on trial: there, whoever and whatever is new gets a passing key below zero.
Source: arrêté du 23 juin 2023 art. 8.
"""

import polars as pl

from ingestion.fields import Check, field_checks, findings, typed, with_current_codes
from ingestion.identifiers import is_nir_shaped, is_rpps, is_siret, names_a_person
from ingestion.identity import SHAPE_CHECKS, own_checks, people_of, with_people
from ingestion.judge import Judgement, Question, broken_lines, with_severity, without_refused
from ingestion.names import folded
from lake import reference
from lake.schema import EMPLOYMENTS, ESTABLISHMENTS, IDENTITY_LINKS, MINORS, PERSONS, TABLES
from lake.store import Lake, conformed
from lake.vocabulary import Layout
from registry.numbering import establishment_keys, register_establishments
from registry.vault import Identity, Vault

_OF_AGE = "18y"


def judge_establishments(question: Question, lake: Lake, vault: Vault) -> Judgement:
    """Judge an ETAB file; a new SIRET from the register team gets its key."""
    text = question.rows.good
    found = [broken_lines(question.rows), findings(text, field_checks(Layout.ETAB)), findings(text, SHAPE_CHECKS[2:])]
    rows = typed(text, Layout.ETAB)
    found.append(
        findings(
            rows,
            [
                Check("S02", "valid_to", (pl.col("action") == "CLOSE") & pl.col("valid_to").is_null()),
                Check("P01", "valid_to", pl.col("valid_to") < pl.col("valid_from")),
            ],
        )
    )
    rows = without_refused(rows, found)
    if question.own is None and not question.is_trial:
        register_establishments(vault.engine, rows["siret"])
    rows = rows.join(establishment_keys(vault.engine, rows["siret"]), on="siret", how="left", maintain_order="left")
    if question.own is None and question.is_trial:
        rows = _with_passing_keys(rows, "establishment_key", of="siret")
    found.append(findings(rows, own_checks(question.own)))
    if question.own is not None:
        found.append(findings(_with_employer(without_refused(rows, found), lake), [_SAME_EMPLOYER]))
    rows = known_by(without_refused(rows, found), question)
    rows = rows.with_columns(pl.col("nomenclature_version").fill_null("S1_2013"))
    return list_judgement(question, found, {ESTABLISHMENTS.name: rows.select(ESTABLISHMENTS.column_names)})


_SAME_EMPLOYER = Check("I13", "company_name", pl.col("company") != pl.col("known_company"))


def _with_employer(rows: pl.DataFrame, lake: Lake) -> pl.DataFrame:
    """The rows with company and known_company, the employer's name as sent and as the register has it, folded."""
    places = rows["establishment_key"].implode()
    lines = lake.scan("establishments").filter(pl.col("establishment_key").is_in(places))
    latest = (
        lines.sort("known_at", "delivery_no", "row_no")
        .group_by("establishment_key")
        .agg(known_company=folded("company_name").last())
    )
    rows = rows.with_columns(company=folded("company_name"))
    return rows.join(latest.collect(), on="establishment_key", how="left", maintain_order="left")


def judge_workers(question: Question, lake: Lake, vault: Vault) -> Judgement:
    """Judge a TRAV file; a new identifier gets its key, its identity is sealed in the vault."""
    text, former = with_current_codes(question.rows.good)
    text_checks = [*field_checks(Layout.TRAV), *SHAPE_CHECKS]
    found = [broken_lines(question.rows), former, findings(text, text_checks)]
    rows = typed(text, Layout.TRAV)
    found.append(findings(rows, _line_checks()))
    rows = _with_places(without_refused(rows, found), vault)
    found.append(findings(rows, [*_place_checks(), *own_checks(question.own)]))
    rows = without_refused(rows, found)
    rows = with_people(rows, people_of(rows, vault))

    # One name per identifier: the vault's, or for a newcomer the first line's.
    known = vault.find(rows["mac"]).select("mac", "name_mac")
    rows = rows.join(known, on="mac", how="left", maintain_order="left").with_columns(
        first_mac=pl.col("sent_name_mac").first().over("mac")
    )
    expected = pl.coalesce("name_mac", "first_mac")
    rows = _with_replaced(rows, vault)
    found.append(findings(rows, [Check("I06", "birth_name", pl.col("sent_name_mac") != expected), *_REPLACING]))
    rows = without_refused(rows, found)
    newcomers = rows.filter(pl.col("name_mac").is_null()).unique("mac", keep="first", maintain_order=True)
    if not question.is_trial:
        vault.register(_identities(newcomers))
    keys = vault.find(rows["mac"]).select("mac", "worker_key")
    rows = known_by(rows.join(keys, on="mac", how="left", maintain_order="left"), question)
    if question.is_trial:
        rows = _with_passing_keys(rows, "worker_key", of="mac")
    # Not “new to the vault”: an attempt that crashed may have left its people there and nowhere else.
    held = lake.scan("persons").select("worker_key").collect()
    newcomers = rows.join(held, on="worker_key", how="anti", maintain_order="left")
    newcomers = newcomers.unique("worker_key", keep="first", maintain_order=True)
    tables = {
        EMPLOYMENTS.name: rows.with_columns(pl.col("nomenclature_version").fill_null("S1_2013")).select(
            EMPLOYMENTS.column_names
        ),
        PERSONS.name: newcomers.with_columns(birth_year=pl.col("birth_date").dt.year()).select(PERSONS.column_names),
        MINORS.name: _minors(rows, lake),
        IDENTITY_LINKS.name: _links(rows),
    }
    return list_judgement(question, found, tables)


def _line_checks() -> list[Check]:
    category, start = pl.col("category"), pl.col("category_start")
    born = pl.col("birth_date")
    nir = pl.col("nir")
    break_day = reference.threshold("individual_monitoring_only_from")
    birth_months = nir.str.slice(3, 2).cast(pl.Int32, strict=False)
    return [
        Check("S02", "contract_end", (pl.col("action") == "CLOSE") & pl.col("contract_end").is_null()),
        Check("P01", "contract_end", pl.col("contract_end") < pl.col("contract_start")),
        Check("P01", "category_end", pl.col("category_end") < start),
        Check("S04", "category", category.is_in(["NC", "NR"]) & (start >= break_day)),
        Check("S03", "work_quota", ~pl.col("work_quota").is_between(0, 1) | (pl.col("work_quota") == 0)),
        Check("S02", "user_siret", (pl.col("contract_type") == "TEMP") & pl.col("user_siret").is_null()),
        Check("I03", "user_siret", pl.col("user_siret").is_not_null() & ~is_siret("user_siret")),
        Check("S03", "mdt_rpps", pl.col("mdt_rpps").is_not_null() & ~is_rpps("mdt_rpps")),
        Check("I01", "replaces_nir", pl.col("replaces_nir").is_not_null() & ~is_nir_shaped("replaces_nir")),
        *(Check("S06", field, names_a_person(field)) for field in ("wear_plan", "group_label", "crp_id")),
        Check("I08", "sex", nir.str.slice(0, 1).is_in(["1", "3", "7"]) != (pl.col("sex") == "M")),
        Check(
            "I08",
            "birth_date",
            (nir.str.slice(1, 2) != born.dt.strftime("%y"))
            | (birth_months.is_between(1, 12) & (birth_months != born.dt.month())),
        ),
    ]


def _place_checks() -> list[Check]:
    return [
        Check("I09", "siret", pl.col("establishment_key").is_null()),
        Check("I09", "user_siret", pl.col("user_siret").is_not_null() & pl.col("user_establishment_key").is_null()),
    ]


def _with_places(rows: pl.DataFrame, vault: Vault) -> pl.DataFrame:
    places = establishment_keys(vault.engine, pl.concat([rows["siret"], rows["user_siret"].rename("siret")]))
    users = places.rename({"siret": "user_siret", "establishment_key": "user_establishment_key"})
    return rows.join(places, on="siret", how="left", maintain_order="left").join(
        users, on="user_siret", how="left", maintain_order="left"
    )


def known_by(rows: pl.DataFrame, question: Question) -> pl.DataFrame:
    return rows.with_columns(
        delivery_no=pl.lit(question.delivery_no, dtype=pl.Int32), known_at=pl.lit(question.received_at)
    )


def _with_passing_keys(rows: pl.DataFrame, key: str, of: str) -> pl.DataFrame:
    """The rows where whatever has no key yet has one of its own, below zero."""
    return rows.with_columns(pl.coalesce(key, -pl.col(of).rank("dense").cast(pl.Int64)))


def _identities(newcomers: pl.DataFrame) -> list[tuple[bytes, bytes, Identity]]:
    return [
        (
            row["mac"],
            row["sent_name_mac"],
            Identity(
                row["nir"],
                row["nir_key"],
                row["birth_name"],
                row["usage_name"],
                row["first_names"],
                row["sex"],
                row["birth_date"],
            ),
        )
        for row in newcomers.iter_rows(named=True)
    ]


def _minors(rows: pl.DataFrame, lake: Lake) -> pl.DataFrame:
    """Who was employed before 18, once; again where a later list gives another birth date."""
    known = lake.scan("minors").sort("known_at", "delivery_no").group_by("worker_key").agg(pl.col("adult_on").last())
    stated = rows.with_columns(adult_on=pl.col("birth_date").dt.offset_by(_OF_AGE)).with_columns(
        is_minor=(pl.col("contract_start") < pl.col("adult_on")).any().over("worker_key")
    )
    stated = stated.unique("worker_key", keep="last", maintain_order=True).join(
        known.collect(), on="worker_key", how="left", suffix="_known", maintain_order="left"
    )
    is_known = pl.col("adult_on_known").is_not_null()
    is_news = (is_known & (pl.col("adult_on") != pl.col("adult_on_known"))) | (~is_known & pl.col("is_minor"))
    return stated.filter(is_news).select(MINORS.column_names)


# Whoever could name any number here would take over its record.
_REPLACING = (
    Check(
        "I11",
        "replaces_nir",
        pl.col("replaces_nir").is_not_null()
        & (
            ~pl.col("replaces_nir").str.slice(0, 1).is_in(["3", "4", "7", "8"])
            | (pl.col("old_name_mac") != pl.col("sent_name_mac")).fill_null(True)
        ),
    ),
)


def _with_replaced(rows: pl.DataFrame, vault: Vault) -> pl.DataFrame:
    """The rows with old_key and old_name_mac, of the waiting number that the line's NIR replaces."""
    rows = rows.with_columns(old_mac=vault.identifier_macs(rows["replaces_nir"]))
    old = vault.find(rows["old_mac"]).select(old_mac="mac", old_key="worker_key", old_name_mac="name_mac")
    return rows.join(old, on="old_mac", how="left", maintain_order="left")


def _links(rows: pl.DataFrame) -> pl.DataFrame:
    """A waiting number that the line's NIR replaces now stands for the NIR's person."""
    return (
        rows.filter(pl.col("old_key") != pl.col("worker_key"))
        .select(
            worker_key="old_key",
            person_key="worker_key",
            reason=pl.lit("NIA_REPLACED"),
            motive_code=pl.lit(None, dtype=pl.String),
            delivery_no="delivery_no",
            known_at="known_at",
        )
        .unique("worker_key", keep="last", maintain_order=True)
        .select(IDENTITY_LINKS.column_names)
    )


def list_judgement(question: Question, found: list[pl.DataFrame], tables: dict[str, pl.DataFrame]) -> Judgement:
    settled = with_severity(pl.concat(found))
    refused = settled.filter(severity="R")["row_no"].n_unique()
    pieces = {name: [conformed(rows, TABLES[name])] for name, rows in tables.items()}
    return Judgement(settled, pieces, question.rows.total, refused, waiting=0, duplicate=0)
