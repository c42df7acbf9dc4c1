"""From a number and a SIRET to the keys the lake knows; what cannot be settled gets its code."""

import polars as pl

from ingestion.fields import Check
from ingestion.identifiers import is_nir_shaped, is_siret, nir_key
from ingestion.names import with_name_check
from ingestion.population import Population
from lake import reference
from registry.numbering import establishment_keys
from registry.vault import Vault

SHAPE_CHECKS = [
    Check("I01", "nir", pl.col("nir").is_not_null() & ~is_nir_shaped("nir")),
    Check("I02", "nir_key", is_nir_shaped("nir") & (pl.col("nir_key") != nir_key("nir"))),
    Check("I03", "siret", pl.col("siret").is_not_null() & ~is_siret("siret")),
]

PAIR_CHECKS = [
    Check("I04", "nir", pl.col("worker_key").is_null()),
    Check("I06", "birth_name", pl.col("name_differs")),
    Check("I05", "siret", pl.col("worker_key").is_not_null() & ~pl.col("is_employed")),
    Check("I07", "nir", pl.col("is_employed") & pl.col("is_past_series_break") & ~pl.col("is_monitored")),
]


def own_checks(own: frozenset[int] | None) -> list[Check]:
    """An account sends lines of its own establishments (`own`) and of no other; None: whoever may send for all."""
    if own is None:
        return []
    return [Check("I10", "siret", ~pl.col("establishment_key").is_in(sorted(own)).fill_null(False))]


PERSON = ("nir", "birth_name", "first_names")


def people_of(rows: pl.DataFrame, vault: Vault) -> pl.DataFrame:
    """Each person named in the rows once: PERSON, with `mac` and `sent_name_mac`, the identifier's and name's digests.

    One person has many rows: what is asked of the vault is asked once.
    """
    people = with_name_check(rows.select(PERSON).unique(maintain_order=True))
    return people.with_columns(
        mac=vault.identifier_macs(people["nir"]), sent_name_mac=vault.name_macs(people["name"])
    ).drop("name")


def with_people(rows: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """The rows with what is known of the person each names."""
    return rows.join(people, on=PERSON, how="left", nulls_equal=True, maintain_order="left")


class Register:
    """What the vault and the registry say of the persons and places that a file names; each is asked for once."""

    def __init__(self, vault: Vault, population: Population):
        self.population = population
        self._vault = vault
        self._people: pl.DataFrame | None = None
        self._places = pl.DataFrame(schema={"siret": pl.String, "establishment_key": pl.Int64})

    def with_keys(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with mac, worker_key, person_key, the places' keys, sector_code and what the codes ask."""
        rows = with_people(rows, self._people_in(rows))
        places = self._places_in(rows)
        rows = rows.join(places, on="siret", how="left", maintain_order="left")
        workplaces = places.rename({"siret": "workplace", "establishment_key": "workplace_key"})
        rows = rows.join(workplaces, on="workplace", how="left", maintain_order="left")
        return _with_employment(rows, self.population)

    def _people_in(self, rows: pl.DataFrame) -> pl.DataFrame:
        named = rows.select(PERSON).unique()
        if self._people is None:
            self._people = self._identified(named)
        else:
            new = named.join(self._people, on=PERSON, how="anti", nulls_equal=True)
            self._people = pl.concat([self._people, self._identified(new)])
        return self._people

    def _identified(self, named: pl.DataFrame) -> pl.DataFrame:
        people = people_of(named, self._vault)
        people = people.join(self._vault.find(people["mac"]), on="mac", how="left", maintain_order="left")
        people = people.with_columns(
            name_differs=pl.col("worker_key").is_not_null() & (pl.col("name_mac") != pl.col("sent_name_mac"))
        )
        return self.population.person_of(people).drop("sent_name_mac", "name_mac")

    def _places_in(self, rows: pl.DataFrame) -> pl.DataFrame:
        sirets = pl.concat([rows["siret"], rows["workplace"].rename("siret")]).unique()
        new = sirets.filter(~sirets.is_in(self._places["siret"].implode()))
        self._places = pl.concat([self._places, establishment_keys(self._vault.engine, new)])
        return self._places


def _with_employment(rows: pl.DataFrame, population: Population) -> pl.DataFrame:
    """Adds is_employed, is_monitored, is_past_series_break and sector_code."""
    asked = rows.select("row_no", "person_key", "establishment_key", "period_start", "period_end").drop_nulls()
    overlaps = (pl.col("starts_of_line") <= pl.col("period_end")) & (pl.col("ends_of_line") >= pl.col("period_start"))
    is_here = pl.col("establishment_key_of_line") == pl.col("establishment_key")
    employed = population.contracts.joined(asked).filter(is_here, overlaps)
    holding = population.statuses.joined(asked).filter(overlaps)
    monitored = holding.filter(~pl.col("category_of_line").is_in(["NC", "NR"]))
    jobs = holding.filter(is_here).select("row_no", starts="starts_of_line", job_sector="sector_code_of_line")
    jobs = jobs.drop_nulls("job_sector").sort("starts", "job_sector").unique("row_no", keep="last").drop("starts")
    rows = rows.join(jobs, on="row_no", how="left", maintain_order="left")
    rows = rows.join(
        population.sectors.rename({"sector_code": "place_sector"}),
        on="establishment_key",
        how="left",
        maintain_order="left",
    )
    return rows.with_columns(
        is_employed=pl.col("row_no").is_in(employed["row_no"].unique().implode()),
        is_monitored=pl.col("row_no").is_in(monitored["row_no"].unique().implode()),
        is_past_series_break=pl.col("period_end") >= reference.threshold("individual_monitoring_only_from"),
        sector_code=pl.coalesce("job_sector", "place_sector", pl.lit("UNK")),
    ).drop("job_sector", "place_sector")
