"""A research extract: pseudonymised person-years that are safe to hold, with a codebook and what they were made from.

Persons carry a pseudonym of their project alone (keyed digest of 128 bits): those of two projects do not meet.
A row whose description fits fewer persons of the year than the threshold is described less finely, step by step.
Source: arrêté du 23 juin 2023 art. 7; RGPD art. 4 (5), 89; WP29 opinion 05/2014.
"""

import hashlib
import json
import os
from datetime import date
from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from lake import reference
from lake.errors import AccessDenied
from lake.settings import Settings
from models.snapshot import Snapshots
from registry.accounts import project_codes_of, viewer_of
from registry.extracts import Extract, folder_of
from registry.keys import Keys
from registry.policy import Data, decide

MERGED = "MERGED"
DESCRIPTION = ("sex", "birth_years", "category", "sector_code", "occupation_code")

# Each step blurs one more column; the last leaves the year alone.
_STEPS = (
    (),
    ("occupation_code",),
    ("occupation_code", "birth_years"),
    ("occupation_code", "birth_years", "sector_code"),
    ("occupation_code", "birth_years", "sector_code", "category"),
    DESCRIPTION,
)

_PERSON_YEARS = """
select
    doses.worker_key,
    doses.year,
    doses.limit_quantity,
    persons.sex,
    cast(floor(persons.birth_year / 5) * 5 as integer) as born_from,
    doses.category,
    doses.sector_code,
    coalesce(doses.occupation_code, 'M00') as occupation_code,
    totals.dose_msv,
    totals.is_monitored
from annual_worker_doses as doses
join (
    select worker_key, year, limit_quantity, sum(dose_msv) as dose_msv, bool_or(is_monitored) as is_monitored
    from annual_worker_doses
    where year between ? and ?
    group by worker_key, year, limit_quantity
) as totals using (worker_key, year, limit_quantity)
join persons using (worker_key)
where doses.is_main and doses.year between ? and ?
"""

CODEBOOK = (
    ("person_id", "", "Pseudonyme propre au projet", "Pseudonym, of this project alone"),
    ("year", "année", "Année civile de fin de période", "Calendar year of the period's end"),
    ("limit_quantity", "", "Grandeur limitée par la loi", "Quantity that the law limits"),
    ("sex", "", "Sexe (M, F)", "Sex (M, F)"),
    ("birth_years", "années", "Années de naissance, par cinq", "Years of birth, by five"),
    ("category", "", "Catégorie (A, B, …)", "Category (A, B, …)"),
    ("sector_code", "", "Secteur d'activité, deux niveaux au plus", "Sector, two levels at most"),
    ("occupation_code", "", "Métier", "Occupation"),
    ("is_monitored", "", "Au moins un résultat dans l'année", "At least one result in the year"),
    ("dose_msv", "mSv", "Dose annuelle ; 0 : sous le seuil", "Annual dose; 0: below the threshold"),
)


def make_extract(settings: Settings, engine: Engine, keys: Keys, extract: Extract) -> tuple[str, int, str]:
    """Write the files of a requested extract; returns (snapshot version, rows, SHA-256 of data.csv).

    The right is asked again: a designation may have ended since the request. Raises AccessDenied then.
    """
    viewer = viewer_of(engine, extract.account_id, date.today())
    opened = decide(viewer, Data.EXTRACT).or_raise().cell
    if extract.project_code not in project_codes_of(engine, extract.account_id, date.today()):
        raise AccessDenied(
            "La désignation pour ce projet a pris fin.", next_step="Demandez-la de nouveau à l'équipe du registre."
        )
    snapshots = Snapshots(settings)
    version = snapshots.version()
    years = [extract.first_year, extract.last_year] * 2
    rows = snapshots.query(_PERSON_YEARS, years).filter(pl.col("limit_quantity").is_in(sorted(opened.quantities)))
    rows = blurred(_described(rows))
    rows = _pseudonymised(rows, keys.derive(f"research project {extract.project_code}"))
    snapshots.close()
    return version, rows.height, _write(folder_of(settings, extract.extract_id), rows, extract, version)


def blurred(rows: pl.DataFrame) -> pl.DataFrame:
    """Every row described so that at least `person_count` persons of its year fit the description."""
    threshold = int(reference.threshold("person_count"))
    done, left = [], rows
    for hidden in _STEPS:
        left = left.with_columns(pl.lit(MERGED).alias(column) for column in hidden)
        fitting = pl.col("worker_key").n_unique().over("year", "limit_quantity", *DESCRIPTION) >= threshold
        left = left.with_columns(fits=fitting)
        done.append(left.filter("fits").drop("fits"))
        left = left.filter(~pl.col("fits")).drop("fits")
    # What does not fit even the year alone is too few persons to leave at all.
    return pl.concat(done)


def _described(rows: pl.DataFrame) -> pl.DataFrame:
    two_levels = pl.col("sector_code").str.split(".").list.head(2).list.join(".")
    # Of birth, not of age: the year in which an age band changes would give the year of birth away.
    cohort = pl.concat_str(pl.col("born_from"), pl.lit("-"), pl.col("born_from") + 4)
    return rows.with_columns(sector_code=two_levels, birth_years=cohort).drop("born_from")


def _pseudonymised(rows: pl.DataFrame, key: bytes) -> pl.DataFrame:
    people = rows.select("worker_key").unique()
    names = [hashlib.blake2b(str(k).encode(), key=key, digest_size=16).hexdigest() for k in people["worker_key"]]
    named = rows.join(people.with_columns(person_id=pl.Series(names, dtype=pl.String)), on="worker_key")
    # The order must not tell the order of the keys.
    return named.select([name for name, *_ in CODEBOOK]).sort("person_id", "year", "limit_quantity")


def _write(folder: Path, rows: pl.DataFrame, extract: Extract, version: str) -> str:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    rows.write_csv(folder / ".data.csv", separator=";")
    os.replace(folder / ".data.csv", folder / "data.csv")
    sha256 = hashlib.sha256((folder / "data.csv").read_bytes()).hexdigest()
    codebook = pl.DataFrame(CODEBOOK, schema=["column", "unit", "meaning_fr", "meaning_en"], orient="row")
    codebook.write_csv(folder / "codebook.csv", separator=";")
    manifest = {
        "project_code": extract.project_code,
        "purpose": extract.purpose,
        "years": [extract.first_year, extract.last_year],
        "snapshot_version": version,
        "rows": rows.height,
        "sha256_of_data": sha256,
        "merged_below_persons": int(reference.threshold("person_count")),
        "merged_code": MERGED,
        "notice": "Données pseudonymisées : elles restent personnelles (RGPD, art. 4 (5)). "
        "Toute tentative de réidentification est interdite par la convention.",
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
    return sha256
