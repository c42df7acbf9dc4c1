"""From a number and a SIRET to the keys the lake knows; what cannot be settled gets its code."""

import numpy as np
import polars as pl

from ingestion.fields import Check, Distinct
from ingestion.identifiers import is_nir_shaped, is_siret, nir_key
from ingestion.names import with_name_check
from ingestion.population import UNKNOWN_SECTOR, ByPerson, Population
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
# All that a row says of its person.
AS_SENT = ("nir", "nir_key", "birth_name", "first_names")


def people_of(rows: pl.DataFrame, vault: Vault) -> pl.DataFrame:
    """Each person named in the rows once: PERSON, with their digests.

    One person has many rows: what is asked of the vault is asked once.
    """
    return with_digests(rows.select(PERSON).unique(maintain_order=True), vault)


def with_digests(people: pl.DataFrame, vault: Vault) -> pl.DataFrame:
    """The people (PERSON) with `mac` and `sent_name_mac`, the identifier's and the name's digests."""
    people = with_name_check(people)
    return people.with_columns(
        mac=vault.identifier_macs(people["nir"]), sent_name_mac=vault.name_macs(people["name"])
    ).drop("name")


def with_people(rows: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """The rows with what is known of the person each names."""
    return rows.join(people, on=PERSON, how="left", nulls_equal=True, maintain_order="left")


class People:
    """The persons that a file names, each way one is written apart, numbered from 0 on as they come."""

    def __init__(self):
        # Of no rows: codes are forgotten with the last column that is written in them.
        self._written = pl.Series(dtype=pl.Categorical(pl.Categories.random("person")))
        self._known = 0

    def numbered(self, rows: pl.DataFrame) -> tuple[Distinct, pl.DataFrame]:
        """The rows' persons; and AS_SENT of those that no earlier rows name, in the order of their numbers."""
        # No field holds what separates fields, and none is empty without being NULL.
        written = rows.select(pl.concat_str(pl.col(AS_SENT).fill_null(""), separator=";")).to_series()
        persons = Distinct.of(written.cast(self._written.dtype).to_physical().cast(pl.Int64).to_numpy())
        newcomers = rows.select(AS_SENT)[persons.row[persons.numbers >= self._known]]
        self._known += newcomers.height
        return persons, newcomers


class Register:
    """What the vault and the registry say of the persons and places that a file names; each is asked for once."""

    def __init__(self, vault: Vault, population: Population):
        self.population = population
        self._vault = vault
        self._people: pl.DataFrame | None = None
        self._places = self._located(pl.Series(dtype=pl.String))

    def with_keys(self, rows: pl.DataFrame, newcomers: pl.DataFrame) -> pl.DataFrame:
        """The rows with worker_key, person_key, the places' keys, sector_code and what the codes ask.

        `rows` have person_no; `newcomers` (PERSON) are the persons whose number is new, in its order.
        """
        rows = rows.hstack(self._people_with(newcomers).drop("mac")[rows["person_no"]])
        rows = self._with_place(rows, "siret", establishment_key="establishment_key", place_sector="sector_code")
        rows = self._with_place(rows, "workplace", workplace_key="establishment_key")
        return _with_employment(rows, self.population)

    def macs(self, person_nos: pl.Series) -> pl.Series:
        """The digests of the identifiers of persons whose numbers `with_keys` was given."""
        return self._people["mac"][person_nos]

    def _people_with(self, newcomers: pl.DataFrame) -> pl.DataFrame:
        """What is known of each person, those that are new included, in the order of their numbers."""
        new = self._identified(newcomers)
        self._people = new if self._people is None else pl.concat([self._people, new], rechunk=True)
        return self._people

    def _identified(self, named: pl.DataFrame) -> pl.DataFrame:
        people = with_digests(named, self._vault)
        people = people.hstack(self._vault.known(people["mac"]))
        people = people.with_columns(
            name_differs=pl.col("worker_key").is_not_null() & (pl.col("name_mac") != pl.col("sent_name_mac"))
        )
        return self.population.person_of(people).select("mac", "worker_key", "person_key", "name_differs")

    def _with_place(self, rows: pl.DataFrame, field: str, **told: str) -> pl.DataFrame:
        """The rows with what is known of the establishment whose SIRET, as text or coded, is in the field."""
        coded = rows[field]
        distinct = Distinct.of_coded(coded.cast(pl.Categorical) if coded.dtype == pl.String else coded)
        sirets = coded[distinct.row].cast(pl.String).alias("siret")
        new = sirets.filter(~sirets.is_in(self._places["siret"].implode())).drop_nulls()
        if not new.is_empty():
            self._places = pl.concat([self._places, self._located(new)])
        places = sirets.to_frame().join(self._places, on="siret", how="left", maintain_order="left")
        return rows.with_columns(places[known][distinct.which].alias(name) for name, known in told.items())

    def _located(self, sirets: pl.Series) -> pl.DataFrame:
        """The known ones among the SIRETs: siret, establishment_key, sector_code."""
        keys = establishment_keys(self._vault.engine, sirets)
        # The few that are asked for, not a table made of all establishments for each slice.
        sectors = self.population.sectors.filter(pl.col("establishment_key").is_in(keys["establishment_key"].implode()))
        return keys.join(sectors, on="establishment_key", how="left")


def _with_employment(rows: pl.DataFrame, population: Population) -> pl.DataFrame:
    """Adds is_employed, is_monitored, is_past_series_break and sector_code, of the latest employment that overlaps."""
    contracts, statuses = population.contracts, population.statuses
    row, line, is_here = _overlapping(rows, contracts)
    is_employed = _is_among(row[is_here], rows.height)
    row, line, is_here = _overlapping(rows, statuses)
    is_monitored = _is_among(row[statuses.numbers("monitors")[line]], rows.height)
    is_job = is_here & statuses.numbers("has_sector")[line]
    job = np.full(rows.height, statuses.height)
    # Of a row's lines the last stays.
    job[row[is_job]] = line[is_job]
    sectors = statuses.column("sector_code")
    return rows.with_columns(
        is_employed=is_employed,
        is_monitored=is_monitored,
        is_past_series_break=pl.col("period_end") >= reference.threshold("individual_monitoring_only_from"),
        sector_code=pl.coalesce(
            sectors.extend_constant(None, 1)[job], "place_sector", pl.lit(UNKNOWN_SECTOR, sectors.dtype)
        ),
    ).drop("place_sector")


# A day that no period reaches.
_NEVER = 2**31 - 1


def _overlapping(rows: pl.DataFrame, lines: ByPerson) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows and the lines of their persons that overlap their periods; whether they are of the same establishment."""
    start, end, place = (
        rows[column].to_physical().fill_null(unknown).to_numpy()
        for column, unknown in (("period_start", _NEVER), ("period_end", -_NEVER), ("establishment_key", -1))
    )
    row, line = lines.met(rows["person_key"])
    overlaps = (lines.numbers("starts")[line] <= end[row]) & (lines.numbers("ends")[line] >= start[row])
    row, line = row[overlaps], line[overlaps]
    return row, line, lines.numbers("establishment_key")[line] == place[row]


def _is_among(places: np.ndarray, rows: int) -> pl.Series:
    """For each place from 0 on whether it is among these."""
    found = np.zeros(rows, bool)
    found[places] = True
    return pl.Series(found)
