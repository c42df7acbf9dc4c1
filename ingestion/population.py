"""Who is employed where and since when, as the lists received so far say; read once per version of the lake."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from lake import reference
from lake.store import Lake

NO_END = pl.date(9999, 12, 31)
UNKNOWN_SECTOR = "UNK"
_KNOWN = ("known_at", "delivery_no", "row_no")


class ByPerson:
    """Lines that each belong to a person, in the order of their persons: those of many persons are found at once.

    Persons' keys are given one after the other from 1 on, so a place for every key costs little.
    """

    def __init__(self, lines: pl.DataFrame):
        lines = lines.sort(
            "person_key", *(c for c in ("establishment_key", "starts", "sector_code", "category") if c in lines.columns)
        )
        keys = lines["person_key"].to_numpy()
        # Where the lines of each key start, from key 0 to two beyond the last: whoever is looked up there has none.
        self._first = np.searchsorted(keys, np.arange((keys[-1] if len(keys) else 0) + 3))
        self._lines = lines.drop("person_key")
        self._numbers = {c.name: c.to_physical().to_numpy() for c in self._lines if not isinstance(c.dtype, pl.String)}
        self.height = lines.height

    def met(self, persons: pl.Series) -> tuple[np.ndarray, np.ndarray]:
        """Each row once per line of its person: the places of both, rows and lines in order; NULL has no line."""
        keys = np.clip(persons.fill_null(0).to_numpy(), 0, len(self._first) - 2)
        first = self._first[keys]
        lines = self._first[keys + 1] - first
        row = np.repeat(np.arange(len(keys)), lines)
        within = np.arange(len(row)) - np.repeat(np.cumsum(lines) - lines, lines)
        return row, first[row] + within

    def numbers(self, column: str) -> np.ndarray:
        """A column of the lines that is no text, in their order; days as numbers from 1970 on."""
        return self._numbers[column]

    def column(self, name: str) -> pl.Series:
        """A column of the lines, in their order: establishment_key, starts, sector_code within a person."""
        return self._lines[name]

    def joined(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Each row once per line of its person_key; columns of the lines end in `_of_line`."""
        row, line = self.met(rows["person_key"])
        met = self._lines[line].select(pl.all().name.suffix("_of_line"))
        return pl.concat([rows[row], met], how="horizontal")


@dataclass(frozen=True)
class Population:
    """What identification needs.

    contracts: one line per person, establishment and contract (person_key, establishment_key, starts, ends).
    statuses: one line per person, establishment, category and start (…, category, sector_code, starts, ends, monitors:
    whether the category calls for monitoring, has_sector).
    sectors: one row per establishment (establishment_key, sector_code), the latest line.
    Both sector_code are of one Enum.
    links: one row per identifier's key that stands for another person's key (worker_key, person_key).
    """

    contracts: ByPerson
    statuses: ByPerson
    sectors: pl.DataFrame
    links: pl.DataFrame

    def keys_of(self, persons: pl.Series) -> pl.DataFrame:
        """Every worker_key that stands for one of the persons, with person_key."""
        asked = persons.drop_nulls().unique().to_frame("person_key")
        own = asked.with_columns(worker_key="person_key")
        others = asked.join(self.links, on="person_key").select("person_key", "worker_key")
        return pl.concat([own, others])

    def person_of(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with person_key beside worker_key."""
        joined = rows.join(self.links, on="worker_key", how="left", maintain_order="left")
        return joined.with_columns(pl.coalesce("person_key", "worker_key").alias("person_key"))


class Populations:
    """The population of the lake as it stands, kept until a list changes it."""

    def __init__(self, lake: Lake):
        self._lake = lake
        self._versions: tuple[int, ...] = ()
        self._population: Population | None = None

    def current(self) -> Population:
        """The population as the lake and its open batch say."""
        names = ("employments", "establishments", "identity_links")
        versions = tuple(self._lake.version(name) for name in names)
        if self._population is None or versions != self._versions:
            seen = [self._lake.scan(name).collect() for name in names]
            self._population = _population(*seen)
            self._versions = versions
        return self._population

    def forget(self) -> None:
        """Read it again next time: the open batch holds a list."""
        self._population = None


def _population(employments: pl.DataFrame, establishments: pl.DataFrame, links: pl.DataFrame) -> Population:
    latest_links = _resolved(
        links.sort("known_at", "delivery_no").group_by("worker_key").agg(pl.col("person_key").last())
    )
    lines = (
        employments.join(latest_links, on="worker_key", how="left")
        .with_columns(person_key=pl.coalesce("person_key", "worker_key"))
        .sort(*_KNOWN)
    )
    contract = ("person_key", "establishment_key", "contract_start")
    contracts = lines.group_by(*contract).agg(ends=pl.col("contract_end").last()).rename({"contract_start": "starts"})
    contracts = contracts.with_columns(pl.col("ends").fill_null(NO_END))
    statuses = lines.group_by("person_key", "establishment_key", "category", "category_start").agg(
        pl.col("sector_code", "contract_start", "category_end").last()
    )
    statuses = statuses.join(
        contracts.rename({"starts": "contract_start", "ends": "contract_end"}), on=contract, how="left"
    ).select(
        "person_key",
        "establishment_key",
        "category",
        "sector_code",
        starts="category_start",
        ends=pl.min_horizontal("contract_end", pl.col("category_end").fill_null(NO_END)),
    )
    # A later classification of the same pair ends the earlier one, as in models/staging/employment_statuses.sql.
    is_class = pl.col("category").is_in(["A", "B", "NC", "NR"])
    following = pl.col("starts").shift(-1).over("person_key", "establishment_key", is_class, order_by="starts")
    statuses = statuses.with_columns(
        ends=pl.when(is_class & (following > pl.col("starts")))
        .then(pl.min_horizontal("ends", following - pl.duration(days=1)))
        .otherwise("ends")
    )
    last_day = reference.threshold("individual_monitoring_only_from")
    statuses = statuses.with_columns(
        ends=pl.when(pl.col("category").is_in(["NC", "NR"]))
        .then(pl.min_horizontal("ends", pl.lit(last_day) - pl.duration(days=1)))
        .otherwise("ends")
    )
    sectors = establishments.sort(*_KNOWN).group_by("establishment_key").agg(pl.col("sector_code").last())
    statuses = statuses.with_columns(
        monitors=(~pl.col("category").is_in(["NC", "NR"])).fill_null(False),
        has_sector=pl.col("sector_code").is_not_null(),
    )
    kind = _sector_kind(statuses["sector_code"], sectors["sector_code"])
    statuses, sectors = (lines.cast({"sector_code": kind}) for lines in (statuses, sectors))
    return Population(ByPerson(contracts), ByPerson(statuses), sectors, latest_links)


def _sector_kind(*held: pl.Series) -> pl.Enum:
    """The codes of sectors, a byte each, in the order of their text: those of the nomenclature, and those held."""
    codes = pl.concat([reference.table("sectors")["code"], pl.Series([UNKNOWN_SECTOR]), *held])
    return pl.Enum(codes.drop_nulls().unique().sort())


def _resolved(links: pl.DataFrame) -> pl.DataFrame:
    """Chains of links followed to their end; a circle ends at its smallest key, as in staging/person_keys.sql."""
    onward = dict(links.select("worker_key", "person_key").iter_rows())
    ends = {}
    for start in onward:
        key, seen = start, []
        while key in onward and key not in seen:
            seen.append(key)
            key = onward[key]
        ends[start] = min(seen[seen.index(key) :]) if key in seen else key
    kept = {start: end for start, end in ends.items() if start != end}
    return pl.DataFrame({"worker_key": list(kept), "person_key": list(kept.values())}, schema=links.schema)
