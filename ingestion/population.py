"""Who is employed where and since when, as the lists received so far say; read once per version of the lake."""

from dataclasses import dataclass

import polars as pl

from lake import reference
from lake.store import Lake

NO_END = pl.date(9999, 12, 31)
_KNOWN = ("known_at", "delivery_no", "row_no")


@dataclass(frozen=True)
class Population:
    """What identification needs.

    contracts: one row per person, establishment and contract (person_key, establishment_key, starts, ends).
    statuses: one row per person, establishment, category and start (…, category, sector_code, starts, ends).
    sectors: one row per establishment (establishment_key, sector_code), the latest line.
    links: one row per identifier's key that stands for another person's key (worker_key, person_key).
    """

    contracts: pl.DataFrame
    statuses: pl.DataFrame
    sectors: pl.DataFrame
    links: pl.DataFrame

    def person_of(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with person_key beside worker_key."""
        joined = rows.join(self.links, on="worker_key", how="left", maintain_order="left")
        return joined.with_columns(pl.coalesce("person_key", "worker_key").alias("person_key"))


class Populations:
    """The population of the lake's current version, kept until a list changes it."""

    def __init__(self, lake: Lake):
        self._lake = lake
        self._versions: tuple[int, ...] = ()
        self._population: Population | None = None

    def current(self, without: int) -> Population:
        """The population, leaving out what a crashed attempt at delivery `without` may have left behind."""
        names = ("employments", "establishments", "identity_links")
        versions = (*[self._lake.version(name) for name in names], without)
        if self._population is None or versions[:-1] != self._versions:
            seen = [self._lake.scan(name).filter(pl.col("delivery_no") != without).collect() for name in names]
            self._population = _population(*seen)
            self._versions = versions[:-1]
        return self._population


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
    last_day = reference.threshold("individual_monitoring_only_from")
    statuses = statuses.with_columns(
        ends=pl.when(pl.col("category").is_in(["NC", "NR"]))
        .then(pl.min_horizontal("ends", pl.lit(last_day) - pl.duration(days=1)))
        .otherwise("ends")
    )
    sectors = establishments.sort(*_KNOWN).group_by("establishment_key").agg(pl.col("sector_code").last())
    return Population(contracts, statuses, sectors, latest_links)


def _resolved(links: pl.DataFrame) -> pl.DataFrame:
    """Chains of links followed to their end: a waiting number, its NIR, and the person that NIR was merged into."""
    while True:
        onward = links.rename({"worker_key": "person_key", "person_key": "onward"})
        followed = links.join(onward, on="person_key", how="left").select(
            "worker_key", person_key=pl.coalesce("onward", "person_key")
        )
        followed = followed.filter(pl.col("worker_key") != pl.col("person_key"))
        if followed.sort("worker_key").equals(links.sort("worker_key")):
            return links
        links = followed
