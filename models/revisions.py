"""What became known between two releases, and by what: results that came late, corrections, restated jobs, identities.

Counted by year of the figures that it bears on and by cause; whether it changed a figure is not told, since that a late
result was zero would be. Nothing here is a dose.
"""

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from lake import reference
from lake.settings import Settings
from lake.store import Lake
from lake.views import IN_MEMORY, open_over_lake
from lake.vocabulary import Word
from models.build import in_order, make, with_ancestors
from models.catalog import models


class Cause(Word):
    """Why a figure may have changed."""

    RESULT = "RESULT", "Résultats de ports achevés depuis", "Results of wear that ended since"
    LATE_RESULT = "LATE_RESULT", "Résultats tardifs", "Late results"
    RELEASED = "RELEASED", "Lignes en attente levées", "Waiting rows released"
    REPLACED = "REPLACED", "Résultats remplacés par l'organisme", "Results replaced by their sender"
    CANCELLED = "CANCELLED", "Résultats annulés", "Results cancelled"
    CORRECTED = "CORRECTED", "Doses corrigées ou ajoutées par un médecin", "Doses corrected or added by a physician"
    IDENTITY = "IDENTITY", "Identités rapprochées ou séparées", "Identities merged or parted"
    JOB = "JOB", "Emplois rectifiés (secteur, métier, catégorie)", "Jobs restated (sector, occupation, category)"
    ESTABLISHMENT = (
        "ESTABLISHMENT", "Établissements rectifiés (secteur, région)", "Establishments restated (sector, region)",
    )  # fmt: skip
    CODE = "CODE", "Calcul ou nomenclature modifiés", "Computation or nomenclature changed"


@dataclass(frozen=True)
class Window:
    """Between two releases: what was known before `since` is in the first, before `until` in the second.

    `first_on` is the first one's reference date, `as_of` the second's where its snapshot was built as of a date.
    """

    since: datetime
    until: datetime
    first_on: date
    as_of: date | None
    is_other_code: bool


# What readers are told, with its types.
REVISIONS = {"year": pl.Int64, "cause": pl.String, "persons": pl.Int64, "establishments": pl.Int64,
             "statements": pl.Int64, "deliveries": pl.Int64}  # fmt: skip

# Each select is one cause; year is NULL where a statement bears on every year of a person or an establishment.
_EVENTS = """
    with people as (
        select doses.*, coalesce(person_keys.person_key, doses.worker_key) as person
        from lake.doses
        left join person_keys using (worker_key)
        where received_at >= $since and received_at < $until
    )
    select
        cast(year(period_end) as bigint) as year,
        case
            when author_role = 'PHYSICIAN' then 'CORRECTED'
            when record_action = 'CANCEL' then 'CANCELLED'
            when record_action = 'REPLACE' then 'REPLACED'
            when judged_by <> delivery_no then 'RELEASED'
            when period_end <= $first_on then 'LATE_RESULT'
            else 'RESULT'
        end as cause,
        person, establishment_key, delivery_no, 1 as statements
    from people
    union all
    select null, 'IDENTITY', person_key, null, delivery_no, 1
    from lake.identity_links
    where known_at >= $since and known_at < $until
    union all
    select null, 'JOB', coalesce(person_keys.person_key, now.worker_key), now.establishment_key, now.delivery_no, 1
    from lake.employments as now
    left join person_keys using (worker_key)
    where now.known_at >= $since and now.known_at < $until and exists (
        select 1 from lake.employments as earlier
        where earlier.worker_key = now.worker_key and earlier.establishment_key = now.establishment_key
            and earlier.category_start = now.category_start and earlier.known_at < $since
            and (earlier.sector_code is distinct from now.sector_code
                or earlier.occupation_code is distinct from now.occupation_code
                or earlier.category is distinct from now.category
                or earlier.contract_type is distinct from now.contract_type)
    )
    union all
    select null, 'ESTABLISHMENT', null, now.establishment_key, now.delivery_no, 1
    from lake.establishments as now
    where now.known_at >= $since and now.known_at < $until and exists (
        select 1 from lake.establishments as earlier
        where earlier.establishment_key = now.establishment_key and earlier.known_at < $since
            and (earlier.sector_code is distinct from now.sector_code
                or earlier.region_code is distinct from now.region_code
                or earlier.headcount_band is distinct from now.headcount_band)
    )
"""


def revisions(settings: Settings, window: Window) -> pl.DataFrame:
    """One row per year (NULL: every year) and cause: persons, establishments, statements and deliveries."""
    connection = open_over_lake(settings, Lake(settings.lake_root), IN_MEMORY, window.as_of)
    try:
        for model in in_order([models()[name] for name in with_ancestors({"person_keys"})]):
            make(connection, model)
        found = connection.sql(
            f"""
            select year, cause, count(distinct person) as persons, count(distinct establishment_key) as establishments,
                cast(sum(statements) as bigint) as statements, count(distinct delivery_no) as deliveries
            from ({_EVENTS}) group by year, cause order by year nulls last, cause
            """,
            params={"since": window.since, "until": window.until, "first_on": window.first_on},
        ).pl()
    finally:
        connection.close()
    if window.is_other_code:
        code = {"year": None, "cause": Cause.CODE.value, **dict.fromkeys(found.columns[2:])}
        found = pl.concat([found, pl.DataFrame([code], schema=found.schema)])
    return found


def for_readers(found: pl.DataFrame) -> pl.DataFrame:
    """Without the rows of 1 to 10 persons or of one or two establishments: what happened to few is not told to have.

    A figure that few would move looks as if nothing had happened too (`models.withheld`).
    """
    persons = int(reference.threshold("person_count"))
    establishments = int(reference.threshold("establishment_count"))
    few = pl.col("persons").is_between(1, persons - 1) | pl.col("establishments").is_between(1, establishments - 1)
    return found.filter(~few.fill_null(False))
