"""Waiting rows judged again once a list tells who their worker is or where they are employed.

A row is read again from its landed file, and by the same rules: it is loaded under the dose_id it has had all along,
goes on waiting, or is refused because something else came in its place. The list's delivery stands behind the new
judgement (`judged_by`), and the second clock of what is loaded is that list's arrival.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from ingestion import held
from ingestion.judge import Question, judge_measurements
from ingestion.population import Population
from ingestion.read import Rows, parse_name, slices
from lake.errors import StorageError
from lake.schema import DOSES, REJECTIONS, WAITING
from lake.store import Lake
from registry.numbering import Numbered, deliveries_of
from registry.vault import Vault
from registry.waiting import now_declared


@dataclass(frozen=True)
class Release:
    """What became of the rows of one earlier delivery: counts of rows, and the lake rows to append."""

    delivery_no: int
    file_name: str
    loaded: int
    refused: int
    waiting: int
    tables: dict[str, pl.DataFrame]
    # Rows the register need not remember by their identifier any more.
    places: list[tuple[int, int]]
    failure: str | None = None

    @property
    def counts(self) -> dict:
        """What the list's report says of it."""
        names = ("delivery_no", "file_name", "loaded", "refused", "waiting")
        said = {f"rows_{n}" if n in names[2:] else n: getattr(self, n) for n in names}
        return said | {"failure": self.failure} if self.failure else said


@dataclass(frozen=True)
class Cause:
    """The list that lets rows be judged again, and the keys of those it names."""

    numbered: Numbered
    worker_keys: pl.Series


def releases(
    cause: Cause,
    lake: Lake,
    vault: Vault,
    population: Population,
    pieces_of: Callable[[Numbered], Iterable[bytes]],
) -> Iterator[Release]:
    """Judge again what waits for the persons of a list, oldest delivery first.

    Each release must be appended before the next is asked for: a later row is held against the earlier ones.
    """
    waits = _waiting_for(cause, lake, vault, population)
    for source in deliveries_of(vault.engine, waits["delivery_no"].unique().sort().to_list()):
        own = waits.filter(delivery_no=source.delivery_no)
        try:
            yield _judged_again(source, own, cause, lake, vault, population, pieces_of(source))
        except (StorageError, OSError, MemoryError):
            raise
        except Exception as error:
            # What cannot be judged again goes on waiting, and must not stop the list that would have released it.
            waiting = own["row_no"].n_unique()
            yield Release(source.delivery_no, source.file_name, 0, 0, waiting, {}, [], type(error).__name__)


def _waiting_for(cause: Cause, lake: Lake, vault: Vault, population: Population) -> pl.DataFrame:
    """Waiting doses of the persons, and of identifiers that are known by now: delivery_no, row_no, worker_key, code."""
    persons = population.person_of(cause.worker_keys.unique().to_frame("worker_key"))["person_key"]
    keys = population.keys_of(persons)["worker_key"]
    declared = pl.DataFrame(
        now_declared(vault.engine), schema={"delivery_no": pl.Int32, "row_no": pl.Int32}, orient="row"
    ).with_columns(is_declared=pl.lit(True))
    waits = (
        lake.scan("waiting")
        .join(declared.lazy(), on=["delivery_no", "row_no"], how="left")
        .filter(pl.col("worker_key").is_in(keys.implode()) | (pl.col("worker_key").is_null() & pl.col("is_declared")))
        .select("dose_id", "delivery_no", "row_no", "worker_key", "code", "judged_by")
        .collect()
    )
    return held.still_waiting(waits, lake)


def _judged_again(
    source: Numbered,
    waits: pl.DataFrame,
    cause: Cause,
    lake: Lake,
    vault: Vault,
    population: Population,
    pieces: Iterable[bytes],
) -> Release:
    name = parse_name(source.file_name)
    is_asked = pl.col("row_no").is_in(waits["row_no"].implode())
    asked = pl.concat([part.good.filter(is_asked) for part in slices(name.layout, pieces)]).rechunk()
    question = Question(
        source.delivery_no,
        name.sender_code,
        name.layout,
        source.received_at,
        [Rows(asked, [], asked.height)],
        judged_by=cause.numbered.delivery_no,
        judged_at=cause.numbered.received_at,
    )
    judged = judge_measurements(question, lake, vault, population)
    known = waits.select("dose_id", was_known="worker_key", was_code="code")
    # A row that waits as before needs no second line; one whose worker is known by now enters the provisional check.
    still = judged.table(WAITING.name).join(known, on="dose_id", how="left")
    still = still.filter(
        pl.col("code").ne_missing(pl.col("was_code")) | pl.col("worker_key").ne_missing(pl.col("was_known"))
    )
    held_back = judged.findings.filter(pl.col("severity").is_in(["R", "D"])).with_columns(
        delivery_no=pl.lit(source.delivery_no, dtype=pl.Int32),
        judged_by=pl.lit(cause.numbered.delivery_no, dtype=pl.Int32),
    )
    return Release(
        source.delivery_no,
        source.file_name,
        judged.loaded,
        judged.refused + judged.duplicate,
        judged.waiting,
        {
            DOSES.name: judged.table(DOSES.name),
            WAITING.name: still.select(WAITING.column_names),
            REJECTIONS.name: held_back.select(REJECTIONS.column_names),
        },
        [(source.delivery_no, row_no) for row_no in asked["row_no"]],
    )
