"""What employers declare: the lines of the worker and establishment lists, each with the month it is sent."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ingestion.simulate import calendar, calibration
from ingestion.simulate.calendar import NO_DAY
from ingestion.simulate.calibration import CATEGORIES
from ingestion.simulate.employments import LAST_UNCLASSIFIED_MONTH, Year
from ingestion.simulate.establishments import Establishments, description
from ingestion.simulate.identities import Persons, birth_name_pool, first_name_pool
from ingestion.simulate.population import Seats
from ingestion.simulate.streams import stream

BEFORE = -1
STATUSES = [*CATEGORIES, "SUR1", "SUR2"]
_EMERGENCY_GROUPS = ["OTHER", "NUC_POWER"]
_ONE_READY_IN = 150
_RENEWED = ["CDD", "TEMP"]


@dataclass
class State:
    """What the register knows of each seat's employment at one moment."""

    site: np.ndarray
    category: np.ndarray
    category_start: np.ndarray
    contract_start: np.ndarray
    has_other_occupation: np.ndarray

    def copy(self) -> "State":
        return State(*(getattr(self, name).copy() for name in self.__dataclass_fields__))


def draw_lines(seed: int, seats: Seats, persons: Persons, timeline: list[Year]) -> pl.DataFrame:
    """Every line of the worker lists over the years, before the span included; `month` is when it is sent.

    Waiting numbers whose holder leaves before the certified number comes are never replaced: `persons` is updated.
    """
    dice = stream(seed, "lines")
    state = _first_state(dice, seats, persons, timeline[0])
    lines, replaced = [], np.zeros(len(persons), dtype=bool)
    for n, year in enumerate(timeline):
        lines += _year_lines(seats, timeline[n - 1] if n else None, year, state, persons, replaced)
    persons.number_known_from[(persons.number_known_from > 0) & ~replaced] = 10**6
    frame = pl.concat(lines)
    frame = pl.concat([frame, _at_second_site(frame, seats)])
    return pl.concat([frame, _for_emergencies(frame, seats)])


def _first_state(dice, seats: Seats, persons: Persons, year: Year) -> State:
    """Those already there in the first year were hired up to fifteen years before, none before the age of 18."""
    count = len(seats)
    years_before = np.minimum(dice.exponential(6, count).astype(np.int64), 15) + 1
    month = year.year * 12 - years_before * 12 + dice.integers(0, 12, count)
    of_age = persons.birth_day[year.person].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 1970 * 12
    month = np.minimum(np.maximum(month, of_age + 18 * 12 + 1), year.year * 12)
    month = np.where(seats.contract == "APPR", year.year * 12, month)
    start = calendar.first_day(np.where(year.is_new, year.year * 12 + year.start - 1, month))
    return State(
        site=year.site.copy(),
        category=year.category.copy(),
        category_start=start.copy(),
        contract_start=start,
        has_other_occupation=np.zeros(count, dtype=bool),
    )


def _year_lines(seats: Seats, previous: Year | None, year: Year, state: State, persons: Persons, replaced) -> list:
    january = year.year * 12
    monitored = year.is_monitored()
    lines = []
    if previous is None:
        here = np.flatnonzero(monitored)
        sent = np.where(year.is_new[here], _declared_in(year, here), BEFORE)
        lines.append(_lines("ADD", sent, here, year, state, seats))
    else:
        lines += _new_year(seats, year, state, monitored)
    if january == LAST_UNCLASSIFIED_MONTH and previous is not None:
        lines.append(_end_of_unclassified(seats, year, state, monitored))
    before = state.copy()
    lines += _during_year(seats, year, state, monitored)
    lines.append(_numbers_replaced(seats, year, before, state, persons, monitored, replaced))
    gone = np.flatnonzero(year.is_leaving & monitored)
    last = calendar.last_day(january + year.end[gone].astype(np.int64) - 1)
    sent = january + year.end[gone].astype(np.int64)
    lines.append(_lines("CLOSE", sent, gone, year, state, seats, category_end=last, contract_end=last))
    stay = np.flatnonzero(np.isin(seats.contract, _RENEWED) & ~year.is_leaving & monitored)
    renewed = calendar.last_day(np.full(len(stay), january + 23))
    sent = np.full(len(stay), january + 11)
    lines.append(_lines("UPDATE", sent, stay, year, state, seats, contract_end=renewed))
    return lines


def _new_year(seats: Seats, year: Year, state: State, monitored: np.ndarray) -> list:
    """Hires of the year, and categories that change on 1 January."""
    january = year.year * 12
    eve = calendar.last_day(january - 1)
    changed = np.flatnonzero((state.category != year.category) & ~year.is_new & monitored)
    closed = _lines("UPDATE", np.full(len(changed), january), changed, year, state, seats, category_end=eve)
    hired = np.flatnonzero(year.is_new & monitored)
    month = january + year.start[hired].astype(np.int64) - 1
    state.contract_start[hired] = state.category_start[hired] = calendar.first_day(month)
    state.site[hired], state.has_other_occupation[hired] = year.site[hired], False
    state.category[:] = year.category
    state.category_start[changed] = calendar.first_day(january)
    return [
        closed,
        _lines("ADD", np.full(len(changed), january), changed, year, state, seats),
        _lines("ADD", _declared_in(year, hired), hired, year, state, seats),
    ]


def _declared_in(year: Year, hired: np.ndarray) -> np.ndarray:
    """The month of hiring; for some, only once their first result has been sent."""
    month = year.year * 12 + year.start[hired].astype(np.int64) - 1
    return np.where(year.is_declared_late[hired], first_result_month(year, hired, month) + 1, month)


def first_result_month(year: Year, seat: np.ndarray, month: np.ndarray) -> np.ndarray:
    """When the first badge worn from `month` on is sent: after the month in A, after the quarter otherwise."""
    monthly = year.category[seat] == CATEGORIES.index("A")
    last = np.minimum(
        np.where(monthly, month, month // 3 * 3 + 2), year.year * 12 + year.end[seat].astype(np.int64) - 1
    )
    return last + 1


def _end_of_unclassified(seats: Seats, year: Year, state: State, monitored: np.ndarray) -> pl.DataFrame:
    ended = np.flatnonzero(~monitored & ~year.is_new)
    last = calendar.last_day(LAST_UNCLASSIFIED_MONTH)
    sent = np.full(len(ended), LAST_UNCLASSIFIED_MONTH)
    return _lines("UPDATE", sent, ended, year, state, seats, category_end=last)


def _during_year(seats: Seats, year: Year, state: State, monitored: np.ndarray) -> list:
    """Moves to another establishment at the start of a quarter, and other occupations from 1 July."""
    january = year.year * 12
    moved = np.flatnonzero((year.move_month > 0) & monitored)
    month = january + year.move_month[moved].astype(np.int64) - 1
    sent = np.where(year.is_declared_late[moved], first_result_month(year, moved, month) + 1, month)
    left = calendar.last_day(month - 1)
    lines = [_lines("CLOSE", sent, moved, year, state, seats, category_end=left, contract_end=left)]
    state.site[moved] = year.next_site[moved]
    state.contract_start[moved] = state.category_start[moved] = calendar.first_day(month)
    lines.append(_lines("ADD", sent, moved, year, state, seats))
    july = january + 6
    changed = np.flatnonzero(year.changes_occupation & monitored)
    sent = np.full(len(changed), july)
    lines.append(_lines("UPDATE", sent, changed, year, state, seats, category_end=calendar.last_day(july - 1)))
    state.has_other_occupation[changed] ^= True
    state.category_start[changed] = calendar.first_day(july)
    lines.append(_lines("ADD", sent, changed, year, state, seats))
    return lines


def _numbers_replaced(seats, year: Year, before: State, after: State, persons: Persons, monitored, replaced):
    """The certified number of those who had a waiting number, sent while they are employed."""
    january = year.year * 12
    known = persons.number_known_from[year.person].astype(np.int64)
    here = (known >= january + year.start) & (known <= january + year.end - 1) & monitored
    # A line of a month in which the employment itself changes would be ambiguous.
    here &= ~year.is_declared_late & (year.move_month == 0)
    late = here & year.changes_occupation & (known >= january + 6)
    replaced[year.person[here]] = True
    frames = []
    for which, state in ((here & ~late, before), (late, after)):
        mine = np.flatnonzero(which)
        frames.append(_lines("UPDATE", known[mine], mine, year, state, seats).with_columns(replaces=pl.lit(True)))
    return pl.concat(frames)


def _lines(action, month, mine, year: Year, state: State, seats: Seats, category_end=NO_DAY, contract_end=None):
    if contract_end is None:
        renewed = np.isin(seats.contract[mine], _RENEWED)
        contract_end = np.where(renewed, calendar.last_day(year.year * 12 + 11), NO_DAY)
    count = len(mine)
    return pl.DataFrame(
        {
            "month": np.asarray(month, dtype=np.int32),
            "action": pl.repeat(action, count, eager=True),
            "seat": mine.astype(np.int32),
            "person": year.person[mine],
            "site": state.site[mine].astype(np.int32),
            "category": state.category[mine],
            "category_start": state.category_start[mine],
            "category_end": np.broadcast_to(np.asarray(category_end, dtype=np.int64), count),
            "contract_start": state.contract_start[mine],
            "contract_end": np.broadcast_to(np.asarray(contract_end, dtype=np.int64), count),
            "other_occupation": state.has_other_occupation[mine],
            "replaces": np.zeros(count, dtype=bool),
            "is_second": np.zeros(count, dtype=bool),
        }
    )


def _at_second_site(lines: pl.DataFrame, seats: Seats) -> pl.DataFrame:
    """Whoever has two employers is declared by both, in the same terms."""
    second = pl.Series(seats.second_site).gather(lines["seat"])
    return lines.with_columns(site=second, is_second=pl.lit(True)).filter(second >= 0)


def _for_emergencies(lines: pl.DataFrame, seats: Seats) -> pl.DataFrame:
    """A few firefighters and plant operators also stand ready for radiological emergencies, in group 1 or 2."""
    ready = np.isin(seats.group, _EMERGENCY_GROUPS) & (np.arange(len(seats)) % _ONE_READY_IN == 0)
    seat = lines["seat"].to_numpy()
    classified = lines["category"].to_numpy() <= CATEGORIES.index("B")
    mine = lines.filter(pl.Series(ready[seat] & classified) & ~pl.col("replaces"))
    group = STATUSES.index("SUR1") + (mine["seat"] // _ONE_READY_IN) % 2
    return mine.with_columns(category=group.cast(pl.Int8))


def takeover(lines: pl.DataFrame, first_month: int) -> pl.DataFrame:
    """The employments that hold on the first day, as one ADD line each."""
    key = ["person", "site", "category", "category_start"]
    known = lines.filter(pl.col("month") <= first_month).with_columns(order=pl.int_range(pl.len()))
    known = known.filter(~pl.col("replaces"))
    latest = known.sort("month", "order", maintain_order=True).unique(key, keep="last", maintain_order=True)
    holds = (pl.col("category_end") == NO_DAY) | (pl.col("category_end") >= int(calendar.first_day(first_month)))
    return latest.filter(holds).with_columns(action=pl.lit("ADD")).drop("order").sort("seat", "is_second")


def changes(lines: pl.DataFrame, first_month: int) -> pl.DataFrame:
    """The lines sent after the first day."""
    return lines.filter(pl.col("month") > first_month)


def trav_rows(lines: pl.DataFrame, month: int, seats: Seats, sites: Establishments, persons: Persons) -> pl.DataFrame:
    """The text columns of the TRAV layout; NIA or NIR as known in the month."""
    seat, person = lines["seat"].to_numpy(), lines["person"].to_numpy()
    number, key = persons.identifier(person, month)
    waits = pl.Series(persons.number_known_from[person] > month)
    names, firsts = birth_name_pool(), first_name_pool()
    birth_name = names.gather(persons.birth_name[person])
    married = (persons.sex[person] == "F") & (person % 3 == 0)
    usage = names.gather((persons.birth_name[person] * 7 + 3) % len(names))
    frame = lines.select("action", "category_start", "category_end", "contract_start", "contract_end").with_columns(
        siret=sites.siret.gather(lines["site"]),
        nir=number,
        nir_key=key,
        id_kind=pl.select(pl.when(waits).then(pl.lit("NIA")).otherwise(pl.lit("NIR"))).to_series(),
        birth_name=birth_name,
        usage_name=pl.select(pl.when(pl.Series(married)).then(usage)).to_series(),
        first_names=firsts.gather(persons.first_names[person]),
        sex=pl.Series(persons.sex[person]),
        birth_date=calendar.day_text(persons.birth_day[person]),
        birth_place_code=persons.birth_place.gather(person),
        nomenclature_version=pl.lit("S1_2013"),
        replaces_nir=pl.select(pl.when(lines["replaces"]).then(persons.waiting_number.gather(person))).to_series(),
        **_status_columns(lines, seats),
        **_work_columns(lines, seat, seats, sites),
    )
    return frame.with_columns(
        calendar.day_text(lines[name].to_numpy()).alias(name)
        for name in ["category_start", "category_end", "contract_start", "contract_end"]
    )


def _status_columns(lines: pl.DataFrame, seats: Seats) -> dict[str, pl.Series]:
    seat = lines["seat"].to_numpy()
    category = pl.Series(STATUSES).gather(lines["category"])
    under_radon = pl.Series(seats.group[seat] == "RADON") & seats.sector.gather(seat).str.starts_with("NAT.04")
    coded = pl.Series(seats.is_coded[seat])
    occupation = pl.select(
        pl.when(lines["other_occupation"])
        .then(seats.other_occupation.gather(seat))
        .otherwise(seats.occupation.gather(seat))
    ).to_series()
    return {
        "category": pl.select(pl.when(under_radon).then(pl.lit("RADON")).otherwise(category)).to_series(),
        "sector_code": pl.select(pl.when(coded).then(seats.sector.gather(seat))).to_series(),
        "occupation_code": pl.select(pl.when(coded).then(occupation)).to_series(),
    }


def _work_columns(lines: pl.DataFrame, seat: np.ndarray, seats: Seats, sites: Establishments) -> dict[str, pl.Series]:
    site, inb = lines["site"].to_numpy(), seats.inb_site[seat]
    bodies = calibration.table("bodies")["sender_code"].to_list() + ["SIEVERT"]
    body = pl.Series(bodies).gather(np.where(sites.body[site] < 0, len(bodies) - 1, sites.body[site]))
    is_temp = (seats.contract[seat] == "TEMP") & ~lines["is_second"].to_numpy()
    placed = sites.siret.gather(np.where(inb >= 0, inb, site))
    operator = sites.operator.gather(np.maximum(inb, 0))
    contract = np.where(lines["is_second"].to_numpy() & (seats.contract[seat] != "NSAL"), "CDI", seats.contract[seat])
    quota = np.select([lines["is_second"].to_numpy(), seat % 6 == 0, seat % 17 == 0], ["0.20", "0.80", "0.50"], "1.00")
    return {
        "contract_type": pl.Series(contract.astype(str)),
        "work_quota": pl.Series(quota),
        "user_siret": pl.select(pl.when(pl.Series(is_temp)).then(placed)).to_series(),
        "wear_plan": _wear_plans(lines, seat, seats),
        "group_label": pl.Series(seat % 9 + 1).cast(pl.String).str.replace("^", "Équipe "),
        "oa_code": pl.select(pl.when(pl.Series(seats.names_body[seat])).then(body)).to_series(),
        "operator_code": pl.select(pl.when(pl.Series(seats.is_operational[seat])).then(operator)).to_series(),
        "mdt_rpps": sites.physician.gather(site),
        "crp_id": pl.Series(site // 3 + 1).cast(pl.String).str.zfill(6).str.replace("^", "CRP-"),
    }


def _wear_plans(lines: pl.DataFrame, seat: np.ndarray, seats: Seats) -> pl.Series:
    monthly = np.where(lines["category"].to_numpy() == CATEGORIES.index("A"), "M", "T")
    plan = np.char.add("HP10:", monthly)
    plan = np.where(
        seats.has_ring[seat] | seats.has_skin[seat], np.char.add(np.char.add(plan, ",HP007:"), monthly), plan
    )
    plan = np.where(seats.has_eye[seat], np.char.add(np.char.add(plan, ",HP3:"), monthly), plan)
    plan = np.where(seats.group[seat] == "AIRCREW", "E:M", plan)
    return pl.Series(np.where(seats.group[seat] == "RADON", "E:T", plan).astype(str))


def etab_takeover(sites: Establishments, first_day: int) -> pl.DataFrame:
    """Every establishment that is open on the first day."""
    rows = description(sites, np.flatnonzero(~sites.is_reserve))
    return rows.with_columns(
        action=pl.lit("ADD"),
        valid_from=calendar.day_text(np.full(len(rows), first_day - 3653)),
        valid_to=pl.lit(None, pl.String),
    )


def etab_changes(seed: int, sites: Establishments, months: tuple[int, int], month: int) -> pl.DataFrame:
    """One month's changes: new addresses and sizes for a few, and the reserve establishments that open.

    All reserve establishments open in the span's first quarter at the latest, before anyone moves there.
    """
    dice = stream(seed, "etab", month)
    reserve = np.flatnonzero(sites.is_reserve)
    opening = reserve[reserve % 2 == month - months[0] - 1] if month - months[0] in (1, 2) else reserve[:0]
    changed = np.flatnonzero(~sites.is_reserve & (dice.random(len(sites)) < 0.003))
    if len(opening) + len(changed) == 0:
        return pl.DataFrame()
    rows = description(sites, np.concatenate([opening, changed]))
    is_opening = np.arange(len(rows)) < len(opening)
    band = dice.integers(0, 3, len(rows))
    return rows.with_columns(
        action=pl.Series(np.where(is_opening, "ADD", "UPDATE")),
        address=rows["address"].str.replace(r"^\d+", str(month % 60 + 1)),
        headcount_band=pl.select(
            pl.when(pl.Series(band == 0)).then(pl.lit("12")).otherwise(rows["headcount_band"])
        ).to_series(),
        valid_from=calendar.day_text(np.full(len(rows), calendar.first_day(month))),
        valid_to=pl.lit(None, pl.String),
    )
