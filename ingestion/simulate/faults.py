"""What real senders get wrong: some results arrive late, refused, waiting, twice, absent first or corrected later.

Each result meets at most one mishap. Every refused or corrected dose is right in the end, so the annual sums are too.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ingestion.simulate import calendar, calibration
from ingestion.simulate.calibration import CATEGORIES
from ingestion.simulate.decimals import NO_VALUE
from ingestion.simulate.employments import LAST_UNCLASSIFIED_MONTH, Year
from ingestion.simulate.establishments import Establishments
from ingestion.simulate.identities import Persons
from ingestion.simulate.passive import ABSENT, BELOW_THRESHOLD, EYE, MAIN, MEASURED, NEUTRON, OTHER_PERIOD, QUARTER
from ingestion.simulate.planted import ABSURD_USV, Planted
from ingestion.simulate.population import Seats
from ingestion.simulate.streams import stream
from ingestion.simulate.worker_lists import first_result_month

NEW, REPLACE, CANCEL = range(3)
MOTIVES = ["TYPING", "LAB_RECALCULATION", "NOT_WORN", "NOT_A_PERSON_DOSE", "OTHER"]
NO_MOTIVE, TYPING, LAB_RECALCULATION, NOT_WORN, NOT_A_PERSON_DOSE, OTHER_MOTIVE = range(-1, 5)

# A record's number says which result it is about; its ending, which message about that result it is.
ENDINGS = ["", "-R", "-C", "-X", "-D"]
FIRST, RESENT, CORRECTED, CANCELLED, DOUBLED = range(5)
UNKNOWN_TARGET, NO_TARGET = -2, -1

REFUSALS = {
    "I01": 0.003, "I02": 0.007, "I03": 0.004, "I06": 0.005, "D01": 0.004,
    "N01": 0.003, "P01": 0.002, "D02": 0.0015, "D05": 0.0005,
}  # fmt: skip
_OTHER_MISHAPS = {
    "absent": 0.013, "recalculated": 0.001, "mistyped": 0.001, "mistaken": 0.0005,
    "twice": 0.0005, "overlap": 0.001, "off_step": 0.0005,
}  # fmt: skip
_NEVER_RESENT_SHARE = 0.01
_AFTER_THE_END_SHARE = 0.003

REJECTED = [*REFUSALS, "P03"]
WAITING = ["I04", "I05", "I07"]
DUPLICATE = "R02"
# What a message meets on arrival; a message that meets nothing is loaded.
MEETS = pl.Enum(["", *REJECTED, *WAITING, DUPLICATE])
MISHAPS = pl.Enum(["", *REFUSALS, *_OTHER_MISHAPS, "december", "absurd"])


@dataclass
class Schedule:
    """When each body's file of a month is sent, in seconds since 1970; some whole files are three weeks late."""

    first_month: int
    sent_at: np.ndarray
    is_resent: np.ndarray

    def of(self, month: int, body: int) -> int:
        return int(self.sent_at[month - self.first_month, body])

    def is_sent_twice(self, month: int, body: int) -> bool:
        return bool(self.is_resent[month - self.first_month, body])

    def day(self, month: pl.Series, body: pl.Series) -> np.ndarray:
        return self.sent_at[month.to_numpy() - self.first_month, body.to_numpy()] // calendar.SECONDS_A_DAY

    @property
    def last_month(self) -> int:
        return self.first_month + len(self.sent_at) - 1


def draw_schedule(seed: int, first_month: int, last_month: int) -> Schedule:
    """Bodies send between the 14th and the 19th of the month after; a late file comes early in the month after that."""
    dice = stream(seed, "schedule")
    shape = (last_month - first_month + 8, len(calibration.table("bodies")))
    months = np.arange(first_month, first_month + shape[0])[:, None]
    is_late = dice.random(shape) < 0.03
    day = np.where(is_late, calendar.first_day(months + 1), calendar.first_day(months))
    day = day + np.where(is_late, dice.integers(6, 10, shape), dice.integers(13, 19, shape))
    second = dice.integers(6 * 3600, 17 * 3600, shape)
    return Schedule(first_month, day * calendar.SECONDS_A_DAY + second, dice.random(shape) < 0.02)


def prepare(
    seed: int,
    rows: pl.DataFrame,
    sites: Establishments,
    persons: Persons,
    year: Year,
    planted: Planted,
    schedule: Schedule,
) -> pl.DataFrame:
    """Number the results of a year and say what will happen to each."""
    dice = stream(seed, "faults", year.year)
    body = pl.Series("body", sites.body).gather(rows["site"])
    rows = rows.with_columns(
        number=pl.int_range(pl.len()).cast(pl.Int64) + year.year % 100 * 100_000_000,
        body=body,
        threshold=_thresholds(rows["kind"], body),
        deliver=pl.col("month") + 1,
    )
    rows = rows.with_columns(meets=_waits(rows, year, schedule))
    rows = rows.with_columns(mishap=_mishaps(dice, rows, persons, planted))
    return _off_step(_plant(rows, year, planted))


def _thresholds(kind: pl.Series, body: pl.Series) -> pl.Series:
    """The body's own for Hp(10), the usual ones for skin, rings and lens."""
    own = calibration.table("bodies")["threshold_usv"].cast(pl.Int32).gather(body)
    other = pl.Series([0, 0, 500, 500, 500, 100, 0, 0], dtype=pl.Int32).gather(kind)
    return pl.select(pl.when(other > 0).then(other).otherwise(own).alias("threshold")).to_series()


def _waits(rows: pl.DataFrame, year: Year, schedule: Schedule) -> pl.Series:
    """Results sent before the employer declared the person (I04) or the new establishment (I05)."""
    january = year.year * 12
    seats = np.flatnonzero(year.is_declared_late)
    month = january + np.where(year.is_new, year.start, year.move_month).astype(np.int64)[seats] - 1
    declared = np.zeros(len(year.person), dtype=np.int64)
    declared[seats] = first_result_month(year, seats, month) + 1
    from_month = np.zeros(len(year.person), dtype=np.int64)
    from_month[seats] = month
    seat = rows["seat"].to_numpy()
    file_month = calendar.month_of(schedule.day(rows["deliver"], rows["body"]))
    waits = pl.Series((file_month < declared[seat]) & (rows["month"].to_numpy() >= from_month[seat]))
    is_new = pl.Series(year.is_new[seat])
    return pl.select(
        pl.when(waits & is_new).then(pl.lit("I04")).when(waits).then(pl.lit("I05")).otherwise(pl.lit("")).cast(MEETS)
    ).to_series()


def _mishaps(dice: np.random.Generator, rows: pl.DataFrame, persons: Persons, planted: Planted) -> pl.Series:
    names = [*REFUSALS, *_OTHER_MISHAPS]
    bounds = np.cumsum([*REFUSALS.values(), *_OTHER_MISHAPS.values()])
    drawn = np.searchsorted(bounds, dice.random(len(rows)), side="right")
    mishap = pl.Series(np.array([*range(1, len(names) + 1), 0])[drawn]).cast(pl.UInt8).cast(pl.Int64)
    mishap = pl.Series(["", *names], dtype=MISHAPS).gather(mishap)
    spared = [planted.rolling.seat] if planted.rolling else []
    spared += [planted.absurd[1]] if planted.absurd else []
    spared += [int(seat) for seats in planted.december_gaps.values() for seat in seats]
    # A waiting number that is replaced between two messages would change a message that must stay the same.
    eligible = pl.Series(persons.number_known_from[rows["person"].to_numpy()] == 0)
    return rows.select(
        pl.when(
            eligible
            & (pl.col("value") != NO_VALUE)
            & (pl.col("period") != OTHER_PERIOD)
            & (pl.col("meets") == "")
            & ~pl.col("seat").is_in(spared)
            & ~((mishap == "absent") & (pl.col("kind") != MAIN))
            & ~(mishap.is_in(["recalculated", "mistyped"]) & (pl.col("value") == 0))
            & ~((mishap == "mistaken") & ((pl.col("value") > 0) | pl.col("is_anchor")))
            & ~((mishap == "off_step") & (pl.col("kind") != MAIN))
            & ~((mishap == "D02") & ~pl.col("kind").is_in([MAIN, NEUTRON, EYE]))
        )
        .then(mishap)
        .otherwise(pl.lit("", MISHAPS))
        .alias("mishap")
    ).to_series()


def _plant(rows: pl.DataFrame, year: Year, planted: Planted) -> pl.DataFrame:
    """Mark the absurd dose, and the January doses first sent under December of the year before."""
    mishap = pl.col("mishap")
    if planted.absurd and planted.absurd[0] == year.year:
        own = rows.filter(
            (pl.col("seat") == planted.absurd[1])
            & (pl.col("kind") == MAIN)
            & (pl.col("value") == 0)
            & ~pl.col("is_anchor")
            & (pl.col("meets") == "")
        )
        if len(own):
            number = own["number"][len(own) // 2]
            mishap = pl.when(pl.col("number") == number).then(pl.lit("absurd", MISHAPS)).otherwise(mishap)
            planted.records["absurd_dose"] = [record_text(number, FIRST), record_text(number, CANCELLED)]
    gaps = planted.december_gaps.get(year.year - 1, np.empty(0, dtype=np.int64))
    moved = pl.col("seat").is_in(gaps.tolist()) & (pl.col("kind") == MAIN) & (pl.col("month") == year.year * 12)
    mishap = pl.when(moved & (pl.col("value") > 0)).then(pl.lit("december", MISHAPS)).otherwise(mishap)
    rows = rows.with_columns(mishap=mishap)
    december = rows.filter(pl.col("mishap") == "december")["number"]
    planted.records.setdefault("moved_to_another_year", []).extend(
        record_text(n, ending) for n in december for ending in (FIRST, CORRECTED)
    )
    if planted.rolling:
        own = (pl.col("seat") == planted.rolling.seat) & (pl.col("kind") == MAIN)
        span = pl.col("month").is_between(planted.rolling.first_month, planted.rolling.last_month)
        numbers = rows.filter(own & span & (pl.col("value") > 0))["number"]
        planted.records.setdefault("rolling_only", []).extend(record_text(n, FIRST) for n in numbers)
    return rows


def record_text(number: int, ending: int) -> str:
    return f"P{number:010d}{ENDINGS[ending]}"


def _off_step(rows: pl.DataFrame) -> pl.DataFrame:
    """Values off the step or below the threshold, kept as sent: the annual class does not change."""
    value, threshold = pl.col("value"), pl.col("threshold")
    off = pl.col("mishap") == "off_step"
    annual = value.filter(value > 0).sum().over("seat")
    shown = pl.when(value > 0).then(value + 20).otherwise(threshold - 20)
    candidates = rows.filter(off)["seat"].unique()
    at_bound = (
        rows.filter(pl.col("seat").is_in(candidates.implode()) & pl.col("kind").is_in([MAIN, NEUTRON]))
        .select("seat", annual.alias("annual"))
        .filter(pl.col("annual") % 1000 == 0)
    )
    off &= (value == 0) | ~pl.col("seat").is_in(at_bound["seat"].unique().implode())
    return rows.with_columns(
        is_off_step=off,
        value=pl.when(off).then(shown).otherwise(value).cast(pl.Int32),
        status=pl.when(off).then(pl.lit(MEASURED, pl.Int8)).otherwise(pl.col("status")),
    )


def settled(dice_seed: int, rows: pl.DataFrame, year: Year) -> pl.DataFrame:
    """The results the register should count once every message has arrived."""
    lost = never_resent(dice_seed, rows, year)
    return rows.filter(
        ~pl.col("mishap").is_in(["mistaken", "absurd"]) & (pl.col("value") != NO_VALUE) & ~pl.Series(lost)
    )


def never_resent(seed: int, rows: pl.DataFrame, year: Year) -> np.ndarray:
    """A few refused zeros are never sent again; a person's last chest badge of the year always is."""
    dice = stream(seed, "never resent", year.year)
    draw = pl.Series(dice.random(len(rows)) < _NEVER_RESENT_SHARE)
    refused = pl.col("mishap").is_in(list(REFUSALS))
    return rows.select(draw & refused & (pl.col("value") == 0) & ~pl.col("is_anchor")).to_series().to_numpy()


def messages(seed: int, rows: pl.DataFrame, year: Year, seats: Seats, sites: Establishments, schedule: Schedule):
    """Every message about a year's results, each with the month of its file (`deliver`) and what it `meets`."""
    first = _first_messages(rows, schedule)
    again = _as_messages(
        rows.filter(pl.Series(~never_resent(seed, rows, year)) & pl.col("mishap").is_in(list(REFUSALS)))
    )
    parts = [first, again.with_columns(ending=pl.lit(RESENT, pl.Int8), deliver=pl.col("deliver") + 1)]
    for mishap, motive, months in [
        ("absent", OTHER_MOTIVE, 1 + pl.col("number") % 2),
        ("recalculated", LAB_RECALCULATION, 2),
        ("mistyped", TYPING, 1),
        ("december", TYPING, 2),
    ]:
        parts.append(_follow_up(rows, mishap, REPLACE, CORRECTED, motive, months))
    for mishap, motive, months in [("mistaken", NOT_WORN, 1), ("absurd", NOT_A_PERSON_DOSE, 2)]:
        cancelled = _follow_up(rows, mishap, CANCEL, CANCELLED, motive, months)
        parts.append(cancelled.with_columns(value=pl.lit(NO_VALUE, pl.Int32), status=pl.lit(MEASURED, pl.Int8)))
    twice = first.filter(pl.col("mishap") == "twice")
    parts.append(twice.with_columns(deliver=pl.col("deliver") + 1, meets=pl.lit(DUPLICATE, MEETS)))
    overlaps = _as_messages(rows.filter(pl.col("mishap") == "overlap"))
    parts.append(
        overlaps.with_columns(
            ending=pl.lit(DOUBLED, pl.Int8),
            deliver=pl.col("deliver") + 1,
            meets=pl.lit("P03", MEETS),
            value=pl.col("value") + 500,
            status=pl.lit(MEASURED, pl.Int8),
        )
    )
    if year.year * 12 == LAST_UNCLASSIFIED_MONTH:
        parts.append(_after_the_end(seed, seats, sites, year))
    return pl.concat([part.select(first.columns) for part in parts])


def _as_messages(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        ending=pl.lit(FIRST, pl.Int8),
        action=pl.lit(NEW, pl.Int8),
        target=pl.lit(NO_TARGET, pl.Int8),
        motive=pl.lit(NO_MOTIVE, pl.Int8),
        sent=pl.lit(None, pl.Int64),
    ).drop("is_anchor", "category", "month")


def _first_messages(rows: pl.DataFrame, schedule: Schedule) -> pl.DataFrame:
    """Each result as it is first sent, mishap included (what is wrong in the text is written later)."""
    mishap = pl.col("mishap")
    value = (
        pl.when(mishap == "absent").then(pl.lit(NO_VALUE))
        .when(mishap == "recalculated").then(pl.col("value") + 100)
        .when(mishap == "mistyped").then(pl.col("value") * 10)
        .when(mishap == "mistaken").then(pl.lit(500))
        .when(mishap == "absurd").then(pl.lit(ABSURD_USV))
        .otherwise(pl.col("value"))
    )  # fmt: skip
    status = (
        pl.when(mishap == "absent").then(pl.lit(ABSENT))
        .when(mishap.is_in(["mistaken", "absurd"])).then(pl.lit(MEASURED))
        .otherwise(pl.col("status"))
    )  # fmt: skip
    is_december, is_d05 = mishap == "december", mishap == "D05"
    first = _as_messages(rows)
    return first.with_columns(
        value=value.cast(pl.Int32),
        status=status.cast(pl.Int8),
        end=pl.when(is_december).then(pl.col("start") - 1).otherwise(pl.col("end")),
        start=pl.when(is_december).then(pl.col("start") - 31).otherwise(pl.col("start")),
        action=pl.when(is_d05).then(pl.lit(REPLACE)).otherwise(pl.col("action")).cast(pl.Int8),
        target=pl.when(is_d05).then(pl.lit(UNKNOWN_TARGET)).otherwise(pl.col("target")).cast(pl.Int8),
        motive=pl.when(is_d05).then(pl.lit(TYPING)).otherwise(pl.col("motive")).cast(pl.Int8),
        meets=pl.when(mishap.is_in(list(REFUSALS)))
        .then(mishap.cast(pl.String).cast(MEETS, strict=False))
        .otherwise(pl.col("meets")),
        # A repeated row must repeat its sending date too.
        sent=pl.when(mishap == "twice").then(pl.Series(schedule.day(rows["deliver"], rows["body"]))),
    )


def _follow_up(rows: pl.DataFrame, mishap: str, action: int, ending: int, motive: int, months) -> pl.DataFrame:
    """The message that corrects or cancels the first one, some months later."""
    return _as_messages(rows.filter(pl.col("mishap") == mishap)).with_columns(
        ending=pl.lit(ending, pl.Int8),
        action=pl.lit(action, pl.Int8),
        target=pl.lit(FIRST, pl.Int8),
        motive=pl.lit(motive, pl.Int8),
        deliver=(pl.col("deliver") + months).cast(pl.Int32),
    )


def _after_the_end(seed: int, seats: Seats, sites: Establishments, year: Year) -> pl.DataFrame:
    """A few badges still worn by persons whose monitoring status ended on 2024-01-31."""
    dice = stream(seed, "after the end")
    ended = np.flatnonzero(~year.is_monitored()[: seats.ground] & ~year.is_new[: seats.ground])
    chosen = ended[dice.random(len(ended)) < _AFTER_THE_END_SHARE].astype(np.int32)
    january, count = year.year * 12, len(chosen)
    value = np.where(dice.random(count) < 0.1, 100, 0).astype(np.int32)
    body = pl.Series(sites.body[year.site[chosen]])
    rows = pl.DataFrame(
        {
            "seat": chosen,
            "site": year.site[chosen],
            "kind": np.full(count, MAIN, dtype=np.int8),
            "period": np.full(count, QUARTER, dtype=np.int8),
            "status": np.where(value > 0, MEASURED, BELOW_THRESHOLD).astype(np.int8),
            "value": value,
            "person": year.person[chosen],
            "start": np.full(count, calendar.first_day(january), dtype=np.int32),
            "end": np.full(count, calendar.last_day(january + 2), dtype=np.int32),
            "number": year.year % 100 * 100_000_000 + 90_000_000 + np.arange(count),
            "body": body,
            "deliver": np.full(count, january + 3, dtype=np.int32),
            "is_off_step": np.zeros(count, dtype=bool),
            "is_anchor": np.zeros(count, dtype=bool),
            "category": np.full(count, CATEGORIES.index("NR"), dtype=np.int8),
            "month": np.full(count, january + 2, dtype=np.int32),
        }
    )
    return _as_messages(
        rows.with_columns(
            threshold=_thresholds(rows["kind"], body), mishap=pl.lit("", MISHAPS), meets=pl.lit("I07", MEETS)
        )
    )
