"""Each monitored person's year of badges, whose counted values sum to a dose in the class that the quota gave."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ingestion.simulate import calendar, calibration
from ingestion.simulate.calibration import CATEGORIES, CLASS_STEPS, STEP_USV, TOP_CLASS, Quota
from ingestion.simulate.decimals import NO_VALUE
from ingestion.simulate.employments import Year
from ingestion.simulate.establishments import Establishments
from ingestion.simulate.identities import Persons
from ingestion.simulate.planted import ROLLING_STEPS, Planted
from ingestion.simulate.population import Seats
from ingestion.simulate.streams import stream

MAIN, NEUTRON, SKIN, RING_LEFT, RING_RIGHT, EYE, APRON, ABDOMEN = range(8)
STATUSES = ["MEASURED", "BELOW_THRESHOLD", "ABSENT", "LOST", "DAMAGED", "NOT_RETURNED", "ESTIMATED"]
MEASURED, BELOW_THRESHOLD, ABSENT, LOST, DAMAGED, NOT_RETURNED, ESTIMATED = range(7)
MONTH, QUARTER, OTHER_PERIOD = range(3)

# Two thirds of the variance stay with the person from year to year.
PERSISTENCE = 0.7
_MISSING_SHARES = {ABSENT: 0.0015, LOST: 0.003, DAMAGED: 0.001, NOT_RETURNED: 0.006}
_ESTIMATED_SHARE = 0.002
_HALF_YEAR_SHARE = 0.001
_RING_THRESHOLD, _RING_STEP, _OTHER_THRESHOLD, _OTHER_STEP = 500, 100, 100, 50
# Median, spread of the logarithm and unexposed share of annual doses in mSv.
_RING_DOSES, _EYE_DOSES, _APRON_DOSES = (3.0, 1.4, 0.5), (0.7, 1.0, 0.5), (1.5, 1.0, 0.3)


@dataclass
class Wear:
    """Wear periods, sorted by seat: one entry per badge and period, months counted within the year."""

    seat: np.ndarray
    site: np.ndarray
    kind: np.ndarray
    first: np.ndarray
    last: np.ndarray
    period: np.ndarray
    is_last_main: np.ndarray
    status: np.ndarray

    def only(self, which: np.ndarray) -> "Wear":
        return Wear(*(getattr(self, name)[which] for name in self.__dataclass_fields__))


def draw_year(
    seed: int, seats: Seats, sites: Establishments, persons: Persons, quota: Quota, year: Year, planted: Planted
) -> pl.DataFrame:
    """One row per badge result of the year, its value in thousandths of mSv; the truth before anything goes wrong."""
    dice = stream(seed, "passive", year.year)
    latent = _latent(seed, persons, year, dice)
    steps = annual_steps(dice, seats, quota, year, latent, planted)
    wear = _wear_periods(dice, seats, year, planted)
    least = _least_value(seats, sites, year)
    weight = _weights(dice, wear, year, planted)
    raised = np.where((steps == 1) & (least == 2 * STEP_USV), 2, steps)
    values = share_out(dice, raised * STEP_USV, STEP_USV, least, wear.seat, weight)
    frames = [_frame(wear, values)]
    frames += _other_badges(dice, seats, persons, year, latent, wear, values)
    rows = pl.concat(frames)
    estimated = pl.Series(dice.random(len(rows)) < _ESTIMATED_SHARE) & (rows["value"] > 0)
    first_month = year.year * 12 - 1
    return rows.with_columns(
        status=pl.when(estimated).then(pl.lit(ESTIMATED, pl.Int8)).otherwise(pl.col("status")),
        person=pl.Series(year.person).gather(rows["seat"]),
        category=pl.Series(year.category).gather(rows["seat"]),
        month=pl.col("last").cast(pl.Int32) + first_month,
        start=pl.Series(calendar.first_day(rows["first"].to_numpy().astype(np.int64) + first_month)).cast(pl.Int32),
        end=pl.Series(calendar.last_day(rows["last"].to_numpy().astype(np.int64) + first_month)).cast(pl.Int32),
    ).drop("first", "last")


def _latent(seed: int, persons: Persons, year: Year, dice: np.random.Generator) -> np.ndarray:
    """How exposed each holder is, relative to others in the same work; correlated from year to year."""
    own = stream(seed, "latent").normal(size=len(persons))[year.person]
    return np.sqrt(PERSISTENCE) * own + np.sqrt(1 - PERSISTENCE) * dice.normal(size=len(own))


def annual_steps(dice, seats: Seats, quota: Quota, year: Year, latent: np.ndarray, planted: Planted) -> np.ndarray:
    """Annual dose of every ground seat in steps of 0.05 mSv; class counts equal the quota."""
    score = latent + seats.offset - 1.5 * (12 - year.months) / 12
    rolling = planted.rolling if planted.rolling and _rolling_turn(planted, year) is not None else None
    if rolling:
        score[rolling.seat] = np.inf
    if planted.absurd and planted.absurd[0] == year.year:
        # Nobody looks twice at a high badge of someone already high: keep the absurd dose on an unexposed worker.
        score[planted.absurd[1]] = -np.inf
    # Whoever's January dose first came under the year before must have one.
    score[planted.december_gaps.get(year.year - 1, [])] += 3
    classes, place = _classes(seats, quota, year, score)
    if rolling:
        _force_top(classes, year.category, rolling.seat, score)
    steps = _steps_in_class(classes, year.category[: seats.ground], place)
    _raise_above_20(dice, seats, quota, year, classes, steps, rolling)
    if rolling:
        steps[rolling.seat] = ROLLING_STEPS[_rolling_turn(planted, year)]
    return np.where(year.is_monitored()[: seats.ground], steps, 0)


def _rolling_turn(planted: Planted, year: Year) -> int | None:
    turn = year.year - planted.rolling.first_month // 12
    return turn if turn in (0, 1) else None


def _classes(seats: Seats, quota: Quota, year: Year, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rank within group and category, then cut the ranking where the quota says.

    Also returns each seat's place inside its class, shifted by the group's calibrated offset: groups with the same
    class counts differ in their collective dose.
    """
    classes, place = np.zeros(seats.ground, dtype=np.int8), np.zeros(seats.ground)
    offsets = dict(calibration.table("groups").select("group", "dose_offset").iter_rows())
    for g, name in enumerate(quota.groups):
        in_group = seats.group[: seats.ground] == name
        for c in range(len(CATEGORIES)):
            mine = np.flatnonzero(in_group & (year.category[: seats.ground] == c))
            ranked = mine[np.argsort(score[mine], kind="stable")]
            sizes = quota.cells[g, c]
            classes[ranked] = np.repeat(np.arange(len(CLASS_STEPS)), sizes)
            for start, size in zip(np.cumsum(sizes) - sizes, sizes, strict=True):
                share = (np.arange(size) + 0.5) / max(size, 1)
                place[ranked[start : start + size]] = np.log(share / (1 - share)) + offsets[name]
    return classes, place


def _force_top(classes: np.ndarray, category: np.ndarray, seat: int, score: np.ndarray) -> None:
    """Give the seat a place in the top class, and its own class to the lowest there in its category."""
    if classes[seat] == TOP_CLASS:
        return
    top = np.flatnonzero((classes == TOP_CLASS) & (category[: len(classes)] == category[seat]))
    if len(top):
        classes[top[np.argmin(score[top])]] = classes[seat]
    classes[seat] = TOP_CLASS


def _steps_in_class(classes: np.ndarray, category: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Inside a class the dose follows the place, so that the class mean comes out and the order persists."""
    steps = np.zeros(len(classes), dtype=np.int64)
    means = calibration.class_means()
    for c in range(len(CATEGORIES)):
        for k in range(1, len(CLASS_STEPS)):
            mine = np.flatnonzero((classes == k) & (category == c))
            if len(mine) == 0:
                continue
            lowest, highest = CLASS_STEPS[k]
            cumulative = calibration.steps_distribution(lowest, highest, means[c, k] * 1000 / STEP_USV)
            rank = np.argsort(np.argsort(place[mine], kind="stable"), kind="stable")
            steps[mine] = lowest + np.searchsorted(cumulative, (rank + 0.5) / len(mine))
    return steps


def _raise_above_20(dice, seats: Seats, quota: Quota, year: Year, classes, steps, rolling) -> None:
    """The few doses above 20 mSv: mostly medical, veterinary and industrial, as published; one at least in year one."""
    rate = calibration.volume("above_20_msv") / calibration.volume("table_workers_2020") * quota.cells.sum()
    wanted = int(np.floor(rate * (year.year % 1000 + 1)) - np.floor(rate * (year.year % 1000)))
    top = np.flatnonzero(classes == TOP_CLASS)
    if rolling:
        top = top[top != rolling.seat]
    usual = np.isin(seats.group[top], ["MED_MEDICINE", "MED_DENTAL", "MED_VET", "INDUSTRY"])
    order = top[np.argsort(dice.random(len(top)) - usual, kind="stable")]
    chosen = order[: max(wanted, 1 if rolling else 0)]
    steps[chosen] = dice.integers(410, 880, len(chosen))


def _wear_periods(dice, seats: Seats, year: Year, planted: Planted) -> Wear:
    """Badges of every monitored ground seat: monthly in A, quarterly otherwise; cut at hiring and leaving."""
    monitored = np.flatnonzero(year.is_monitored()[: seats.ground])
    main = _periods(year, monitored)
    main.site = np.where(
        (year.move_month[main.seat] > 0) & (main.first >= year.move_month[main.seat]),
        year.next_site[main.seat],
        year.site[main.seat],
    )
    second = main.only(seats.second_site[main.seat] >= 0)
    second.site = seats.second_site[second.seat]
    neutron = main.only(seats.has_neutron[main.seat])
    neutron.kind = np.full(len(neutron.seat), NEUTRON, dtype=np.int8)
    for extra in (second, neutron):
        extra.is_last_main = np.zeros(len(extra.seat), dtype=bool)
    parts = [main, second, neutron]
    wear = Wear(*(np.concatenate([getattr(p, n) for p in parts]) for n in Wear.__dataclass_fields__))
    wear = wear.only(np.argsort(wear.seat, kind="stable"))
    wear = _half_years(dice, seats, year, wear)
    gap = np.zeros(len(seats), dtype=bool)
    gap[planted.december_gaps.get(year.year, [])] = True
    wear.is_last_main |= gap[wear.seat] & (wear.kind == MAIN) & (wear.first == 11)
    wear = wear.only(~(gap[wear.seat] & (wear.first == 12)))
    return _missing(dice, wear, planted, year)


def _periods(year: Year, monitored: np.ndarray) -> Wear:
    start, end = year.start[monitored].astype(np.int64), year.end[monitored].astype(np.int64)
    monthly = year.category[monitored] == CATEGORIES.index("A")
    first_quarter, last_quarter = (start - 1) // 3, (end - 1) // 3
    count = np.where(monthly, end - start + 1, last_quarter - first_quarter + 1)
    owner = np.repeat(np.arange(len(monitored)), count)
    turn = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    by_month, quarter = monthly[owner], first_quarter[owner] + turn
    return Wear(
        seat=monitored[owner].astype(np.int32),
        site=np.zeros(len(owner), dtype=np.int32),
        kind=np.full(len(owner), MAIN, dtype=np.int8),
        first=np.where(by_month, start[owner] + turn, np.maximum(quarter * 3 + 1, start[owner])).astype(np.int8),
        last=np.where(by_month, start[owner] + turn, np.minimum(quarter * 3 + 3, end[owner])).astype(np.int8),
        period=np.where(by_month, MONTH, QUARTER).astype(np.int8),
        is_last_main=turn == count[owner] - 1,
        status=np.full(len(owner), MEASURED, dtype=np.int8),
    )


def _half_years(dice, seats: Seats, year: Year, wear: Wear) -> Wear:
    """A few quarterly badges are worn for half a year: the first quarter's result is part of the second's."""
    steady = (year.months == 12) & (year.move_month == 0) & (seats.second_site < 0) & ~seats.has_neutron
    chosen = steady & (year.category != CATEGORIES.index("A")) & (dice.random(len(seats)) < _HALF_YEAR_SHARE)
    long = chosen[wear.seat] & (wear.last == 6)
    wear.first = np.where(long, 1, wear.first).astype(np.int8)
    wear.period = np.where(long, OTHER_PERIOD, wear.period).astype(np.int8)
    return wear.only(~(chosen[wear.seat] & (wear.last == 3)))


def _missing(dice, wear: Wear, planted: Planted, year: Year) -> Wear:
    """Some badges give no result; the last chest badge of the year always does, so that everyone is monitored."""
    draw = dice.random(len(wear.seat))
    may_lack = ~wear.is_last_main & (wear.period != OTHER_PERIOD)
    if planted.rolling and _rolling_turn(planted, year) is not None:
        may_lack &= wear.seat != planted.rolling.seat
    bound = 0.0
    for status, share in _MISSING_SHARES.items():
        wear.status[may_lack & (draw >= bound) & (draw < bound + share)] = status
        bound += share
    return wear


def _least_value(seats: Seats, sites: Establishments, year: Year) -> np.ndarray:
    """Highest recording threshold among the bodies that measure a seat."""
    thresholds = np.append(calibration.table("bodies")["threshold_usv"].to_numpy(), 0)
    body = sites.body[: len(sites)]
    least = np.maximum(thresholds[body[year.site]], thresholds[body[year.next_site]])
    return np.maximum(least, np.where(seats.second_site >= 0, thresholds[body[seats.second_site]], 0))[: seats.ground]


def _weights(dice, wear: Wear, year: Year, planted: Planted) -> np.ndarray:
    weight = dice.gamma(1.2, size=len(wear.seat)) * (wear.last - wear.first + 1) + 1e-6
    weight *= np.where(wear.kind == NEUTRON, 0.25, 1.0)
    moved = np.isin(wear.seat, planted.december_gaps.get(year.year - 1, []))
    weight[moved & (wear.kind == MAIN) & (wear.last == 1)] *= 50
    weight[np.isin(wear.status, [ABSENT, LOST, DAMAGED, NOT_RETURNED])] = 0
    if planted.rolling and _rolling_turn(planted, year) is not None:
        month = year.year * 12 + wear.last.astype(np.int32) - 1
        outside = (month < planted.rolling.first_month) | (month > planted.rolling.last_month)
        weight[(wear.seat == planted.rolling.seat) & outside] = 0
    return weight


def share_out(dice, totals: np.ndarray, step: int, least: np.ndarray, owner: np.ndarray, weight) -> np.ndarray:
    """Split each owner's total over its entries in proportion to weight, each part zero or at least `least`.

    `owner` is sorted. What is left over from whole parts of `least` goes to the owner's largest part, in steps.
    """
    least = np.broadcast_to(least, totals.shape)
    parts = totals // least
    starts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    length = np.diff(np.r_[starts, len(owner)])
    running = np.cumsum(weight)
    before = np.repeat(running[starts] - weight[starts], length)
    whole = np.repeat(np.add.reduceat(weight, starts), length)
    shift = np.repeat(dice.uniform(1e-6, 1 - 1e-6, len(starts)), length)
    reached = np.floor((running - before) / whole * parts[owner] + shift).astype(np.int64)
    ends = starts + length - 1
    reached[ends] = parts[owner[ends]]
    given = np.diff(reached, prepend=0)
    given[starts] = reached[starts]
    values = given * least[owner]
    rest = totals - parts * least
    largest = _largest(values, starts, length)
    holds_rest = values[largest] > 0
    values[largest[holds_rest]] += rest[owner[largest[holds_rest]]] // step * step
    return values


def _largest(values: np.ndarray, starts: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Position of each owner's first largest value."""
    highest = np.repeat(np.maximum.reduceat(values, starts), length)
    positions = np.where(values == highest, np.arange(len(values)), len(values))
    return np.minimum.reduceat(positions, starts)


def _frame(wear: Wear, values: np.ndarray) -> pl.DataFrame:
    lacks = np.isin(wear.status, [ABSENT, LOST, DAMAGED, NOT_RETURNED])
    status = np.where(lacks, wear.status, np.where(values > 0, MEASURED, BELOW_THRESHOLD)).astype(np.int8)
    return pl.DataFrame(
        {
            "seat": wear.seat,
            "site": wear.site.astype(np.int32),
            "kind": wear.kind,
            "first": wear.first,
            "last": wear.last,
            "period": wear.period,
            "is_anchor": wear.is_last_main,
            "status": status,
            "value": np.where(lacks, NO_VALUE, values).astype(np.int32),
        }
    )


def _other_badges(dice, seats: Seats, persons: Persons, year: Year, latent, wear: Wear, values) -> list[pl.DataFrame]:
    """Rings, lens, skin, over-apron and abdomen badges, worn for the same periods as the chest badge."""
    chest = (wear.kind == MAIN) & (wear.site != seats.second_site[wear.seat])
    is_left = seats.site[wear.seat] % 4 != 0
    ring = chest & seats.has_ring[wear.seat]
    is_woman = (persons.sex == "F")[year.person[wear.seat]]
    worn = [
        (RING_LEFT, ring & is_left, _RING_DOSES, _RING_THRESHOLD, _RING_STEP),
        (RING_RIGHT, ring & ~is_left, _RING_DOSES, _RING_THRESHOLD, _RING_STEP),
        (EYE, chest & seats.has_eye[wear.seat], _EYE_DOSES, _OTHER_THRESHOLD, _OTHER_STEP),
        (APRON, chest & seats.has_apron[wear.seat], _APRON_DOSES, _OTHER_THRESHOLD, _OTHER_STEP),
    ]
    frames = [
        _accumulated(dice, wear.only(which), kind, latent, doses, least, step)
        for kind, which, doses, least, step in worn
    ]
    skin = chest & seats.has_skin[wear.seat]
    frames.append(_of_kind(wear.only(skin), SKIN, np.where(values[skin] >= 500, values[skin] // 100 * 100, 0)))
    abdomen = chest & seats.has_abdomen[wear.seat] & is_woman & (wear.first > 3) & (wear.last < 10)
    frames.append(_of_kind(wear.only(abdomen), ABDOMEN, np.zeros(int(abdomen.sum()), dtype=np.int64)))
    return frames


def _accumulated(dice, wear: Wear, kind: int, latent, doses, least: int, step: int) -> pl.DataFrame:
    """Badges whose annual total is lognormal among the exposed and zero for the others."""
    if len(wear.seat) == 0:
        return _of_kind(wear, kind, np.zeros(0, dtype=np.int64))
    median, spread, unexposed = doses
    score = 0.6 * latent + 0.8 * dice.normal(size=len(latent))
    annual = median * np.exp(spread * score) * (dice.random(len(latent)) >= unexposed)
    totals = np.round(annual * 1000 / step).astype(np.int64) * step
    lacks = np.isin(wear.status, [ABSENT, LOST, DAMAGED, NOT_RETURNED])
    weight = dice.gamma(1.5, size=len(wear.seat)) * ~lacks + 1e-9
    return _of_kind(wear, kind, share_out(dice, totals, step, np.array(least), wear.seat, weight) * ~lacks)


def _of_kind(wear: Wear, kind: int, values: np.ndarray) -> pl.DataFrame:
    no_anchor = np.zeros(len(wear.seat), dtype=bool)
    # A badge without result is declared absent on the chest only; the others simply are not returned.
    status = np.where(wear.status == ABSENT, NOT_RETURNED, wear.status)
    kinds = np.full(len(wear.seat), kind, dtype=np.int8)
    return _frame(Wear(wear.seat, wear.site, kinds, wear.first, wear.last, wear.period, no_anchor, status), values)
