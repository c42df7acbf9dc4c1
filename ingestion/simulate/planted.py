"""Cases that every register must be able to find, put on purpose on persons chosen here."""

from dataclasses import dataclass, field

import numpy as np

from ingestion.simulate.calibration import CATEGORIES
from ingestion.simulate.employments import Year
from ingestion.simulate.population import Seats
from ingestion.simulate.streams import stream

# 21.1 mSv over twelve months, of which 11 in the first calendar year: the case published for June 2019 to May 2020.
ROLLING_STEPS = (220, 202)
ROLLING_MONTHS = 12
ABSURD_USV = 503_000
_DECEMBER_GAP_PER_WORKER = 1 / 20_000


@dataclass
class Rolling:
    """A seat whose holder passes 20 mSv over twelve months and in no calendar year."""

    seat: int
    first_month: int
    last_month: int


@dataclass
class Planted:
    """The chosen seats, and the records they ended up with."""

    rolling: Rolling | None = None
    absurd: tuple[int, int] | None = None
    december_gaps: dict[int, np.ndarray] = field(default_factory=dict)
    records: dict[str, list[str]] = field(default_factory=dict)


def choose(seed: int, seats: Seats, timeline: list[Year], months: tuple[int, int]) -> Planted:
    dice = stream(seed, "planted")
    first, last = months
    whole = [year for year in timeline if first <= year.year * 12 and year.year * 12 + 11 <= last]
    planted = Planted(rolling=_choose_rolling(dice, seats, timeline, first, last))
    taken = {planted.rolling.seat} if planted.rolling else set()
    host = whole[0] if whole else timeline[0]
    fit = _steady(seats, host) & (host.category == CATEGORIES.index("A"))
    options = np.setdiff1d(np.flatnonzero(fit), list(taken))
    if len(options):
        planted.absurd = (host.year, int(dice.choice(options)))
        taken.add(planted.absurd[1])
    for before, after in zip(timeline, timeline[1:], strict=False):
        fit = _steady(seats, before) & _steady(seats, after)
        fit &= (before.category == CATEGORIES.index("A")) & (after.category == CATEGORIES.index("A"))
        options = np.setdiff1d(np.flatnonzero(fit), list(taken))
        count = min(len(options), max(1, round(seats.ground * _DECEMBER_GAP_PER_WORKER)))
        if first <= before.year * 12 + 11 and after.year * 12 <= last:
            planted.december_gaps[before.year] = np.sort(dice.choice(options, count, replace=False))
    return planted


def _choose_rolling(dice, seats: Seats, timeline: list[Year], first: int, last: int) -> Rolling | None:
    """Around a change of year inside the span, June to May where the span allows it."""
    if last - first + 1 <= ROLLING_MONTHS:
        return None
    for before, after in zip(timeline, timeline[1:], strict=False):
        start = min(max(before.year * 12 + 5, first), last - ROLLING_MONTHS + 1, before.year * 12 + 11)
        end = start + ROLLING_MONTHS - 1
        if start < max(first, before.year * 12 + 1) or end < after.year * 12:
            continue
        fit = _steady(seats, before) & _steady(seats, after) & ~seats.has_neutron
        fit &= (before.category == CATEGORIES.index("A")) & (after.category == CATEGORIES.index("A"))
        medical = fit & (seats.group == "MED_MEDICINE")
        options = np.flatnonzero(medical if medical.any() else fit)
        if len(options):
            return Rolling(int(dice.choice(options)), start, end)
    return None


def _steady(seats: Seats, year: Year) -> np.ndarray:
    """Ground seats held all year by one person at one establishment, in one occupation."""
    held = (year.start == 1) & (year.end == 12) & ~year.is_leaving & (year.move_month == 0) & (seats.second_site < 0)
    return held & ~year.changes_occupation & (np.arange(len(seats)) < seats.ground) & (seats.contract != "APPR")
