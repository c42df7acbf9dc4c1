"""Year by year, every seat has one holder, one category and at most one change of establishment."""

from dataclasses import dataclass

import numpy as np

from ingestion.simulate import calendar
from ingestion.simulate.calibration import CATEGORIES
from ingestion.simulate.establishments import Establishments
from ingestion.simulate.identities import Persons, draw_persons
from ingestion.simulate.population import Seats
from ingestion.simulate.streams import stream

TURNOVER = 0.08
# NC and NR ended on 2024-01-31: their holders are no longer monitored from 2024 on.
LAST_UNCLASSIFIED_MONTH = 2024 * 12
_MOVE_SHARE = 0.02
_CATEGORY_SWAP_SHARE = 0.004
_OCCUPATION_CHANGE_SHARE = 0.01


@dataclass
class Year:
    """One calendar year of every seat; months run from 1 to 12, and 0 means that nothing happens."""

    year: int
    person: np.ndarray
    is_new: np.ndarray
    start: np.ndarray
    end: np.ndarray
    is_leaving: np.ndarray
    category: np.ndarray
    site: np.ndarray
    move_month: np.ndarray
    next_site: np.ndarray
    changes_occupation: np.ndarray
    is_declared_late: np.ndarray

    @property
    def months(self) -> np.ndarray:
        return self.end - self.start + 1

    def is_monitored(self) -> np.ndarray:
        unclassified = np.isin(self.category, [CATEGORIES.index("NC"), CATEGORIES.index("NR")])
        return ~(unclassified & (self.year * 12 >= LAST_UNCLASSIFIED_MONTH))


def draw_years(seed: int, seats: Seats, sites: Establishments, years: list[int]) -> list[Year]:
    """The holders of every seat for each year: about one in twelve leaves and is replaced the year after."""
    timeline, previous, next_person = [], None, len(seats)
    for year in years:
        dice = stream(seed, "employments", year)
        count = len(seats)
        if previous is None:
            person, is_new = np.arange(count, dtype=np.int32), dice.random(count) < TURNOVER
            category, site = seats.category.copy(), seats.site.copy()
        else:
            is_new = previous.is_leaving
            person = previous.person.copy()
            person[is_new] = np.arange(next_person, next_person + is_new.sum())
            next_person += int(is_new.sum())
            site = np.where(previous.move_month > 0, previous.next_site, previous.site)
            category = _swap_categories(dice, seats, previous.category, is_new, year)
        timeline.append(_draw_year(dice, seats, sites, year, person, is_new, category, site, previous is None))
        previous = timeline[-1]
    return timeline


def _draw_year(dice, seats: Seats, sites: Establishments, year: int, person, is_new, category, site, is_first) -> Year:
    count = len(seats)
    start = np.where(is_new, dice.integers(1, 13, count), 1)
    is_leaving = dice.random(count) < TURNOVER
    end = np.where(is_leaving, dice.integers(1, 13, count), 12)
    end = np.maximum(end, start)
    stays = (start == 1) & (end == 12) & ~is_new & ~is_leaving
    draw = dice.random(count)
    movable = stays & (seats.second_site < 0) & (seats.contract != "TEMP") & (np.arange(count) < seats.ground)
    moves = movable & (draw < _MOVE_SHARE) & ~sites.is_inb[site]
    next_site = _next_sites(dice, sites, seats, site, moves, is_first)
    moves &= next_site != site
    move_month = np.where(moves, dice.choice([4, 7, 10], count), 0)
    is_ground = np.arange(count) < seats.ground
    late = is_ground & ~seats.is_operational & (seats.second_site < 0) & ~is_leaving
    # Declared before December at the latest: the lines of the turn of the year are about known employments.
    late &= ~np.isin(seats.contract, ["CDD", "TEMP"]) & (start <= 9) & (move_month <= 7)
    late &= dice.random(count) < 0.06
    return Year(
        year=year,
        person=person,
        is_new=is_new,
        start=start.astype(np.int32),
        end=end.astype(np.int32),
        is_leaving=is_leaving,
        category=category,
        site=site.astype(np.int32),
        move_month=move_month.astype(np.int32),
        next_site=next_site,
        changes_occupation=stays & ~moves & (draw > 1 - _OCCUPATION_CHANGE_SHARE) & is_ground,
        is_declared_late=late & (is_new | moves),
    )


def _next_sites(dice, sites: Establishments, seats: Seats, site, moves, is_first) -> np.ndarray:
    """Where movers go: another establishment of their group, in later years perhaps one that has just opened."""
    chosen = site.astype(np.int32).copy()
    for name in np.unique(seats.group):
        mine = np.flatnonzero(moves & (seats.group == name))
        options = np.flatnonzero(
            (sites.group == name) & ~sites.is_inb & ~sites.is_agency & ~(sites.is_reserve & is_first)
        )
        if len(mine) and len(options):
            chosen[mine] = dice.choice(options, len(mine))
    return chosen


def _swap_categories(dice, seats: Seats, category, is_new, year: int) -> np.ndarray:
    """Pairs of seats of one group exchange their categories on 1 January, so that the totals stay."""
    category = category.copy()
    unclassified_ended = year * 12 >= LAST_UNCLASSIFIED_MONTH
    for name in np.unique(seats.group[: seats.ground]):
        mine = np.flatnonzero((seats.group[: seats.ground] == name) & ~is_new[: seats.ground])
        if unclassified_ended:
            mine = mine[category[mine] <= CATEGORIES.index("B")]
        pairs = dice.permutation(mine)[: 2 * int(len(mine) * _CATEGORY_SWAP_SHARE)].reshape(-1, 2)
        category[pairs[:, 0]], category[pairs[:, 1]] = category[pairs[:, 1]], category[pairs[:, 0]]
    return category


def draw_holders(seed: int, seats: Seats, timeline: list[Year], months: tuple[int, int]) -> Persons:
    """Identity of everyone who ever holds a seat; two apprentices are minors when the register starts."""
    dice = stream(seed, "persons")
    count = int(max(year.person.max() for year in timeline)) + 1
    seat_of, hired = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    for year in reversed(timeline):
        seat_of[year.person] = np.arange(len(seats))
        hired[year.person] = year.year * 12 + year.start.astype(np.int64) - 1
    is_woman = dice.random(count) < seats.share_women[seat_of]
    age_months = (
        np.where(hired > timeline[0].year * 12, dice.integers(19, 56, count), dice.integers(22, 61, count)) * 12
    )
    birth_month = hired - age_months - dice.integers(0, 12, count)
    for person in minors(seats):
        birth_month[person] = months[0] - 17 * 12 - 1
    days = calendar.last_day(birth_month) - calendar.first_day(birth_month)
    birth_day = calendar.first_day(birth_month) + (dice.random(count) * (days + 1)).astype(np.int64)
    return draw_persons(dice, is_woman, birth_day, months)


def minors(seats: Seats) -> np.ndarray:
    """The first holders of two category B seats in a big enough register: apprentices under 18."""
    if seats.ground < 500:
        return np.empty(0, dtype=np.int64)
    fit = np.flatnonzero((seats.group[: seats.ground] == "MED_MEDICINE") & (seats.category[: seats.ground] == 1))
    fit = fit[(seats.second_site[fit] < 0) & ~seats.has_abdomen[fit]]
    return fit[:2]
