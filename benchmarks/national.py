"""Fill a lake with sixty years of a national register, as ingestion leaves them: `python benchmarks/national.py`.

370 million doses of 1.8 million workers at 100 000 establishments, 1965 to 2024, or a share of each. Seats, places and
badges are drawn from the published tables as `dosilake simulate` draws them; a seat is held by one person after the
other. Doses go into the lake through `Lake.append_pieces`, so that they lie there as those of deliveries do; no file is
read and no rule asked. Two processes fill the years; the same seed gives the same rows.
"""

import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl
from ground import ground, parser

import flows  # noqa: F401  keeps pages for the next slice, as the worker does
from ingestion.simulate import calendar, calibration
from ingestion.simulate.calibration import CATEGORIES
from ingestion.simulate.establishments import Establishments, sirets
from ingestion.simulate.population import Seats, draw_seats
from ingestion.simulate.streams import stream
from lake import reference
from lake.schema import DELIVERIES, DOSES, EMPLOYMENTS, ESTABLISHMENTS, IDENTITY_LINKS, MINORS, PERSONS, REJECTIONS
from lake.settings import Settings
from lake.store import Lake, polars_types, word_types

SEED = 1965
FIRST, LAST = 1965, 2024
# At a share of 1.
DOSES_IN_ALL, WORKERS, SEATS = 370_000_000, 1_800_000, 390_000
# Of the seats of the last year, those that the first had; of new holders, those who held another seat before.
_FIRST_SHARE, _RETURNING = 0.15, 0.2
_SITE_YEARS = 20
# Of aircrew and of radon: everybody is exposed, to so many microsieverts.
_NATURAL = (1.0, 2000.0)
# Electronic dosimetry is told since, flights since.
_OPERATIONAL_FROM, _FLIGHTS_FROM = 1999, 2000
_ROWS_OF_A_BLOCK = 500_000
_REPLACED, _CANCELLED, _REFUSED, _MERGED, _MINORS = 0.004, 0.001, 0.005, 0.01, 0.002

# What is measured: dosimetry, quantity, radiation, location.
_KINDS = [
    ("PASSIVE", "HP10", "PHOTON", "TRUNK"), ("PASSIVE", "HP10", "NEUTRON", "TRUNK"),
    ("PASSIVE", "HP007", "PHOTON", "TRUNK"), ("PASSIVE", "HP007", "PHOTON", "FINGER_L"),
    ("PASSIVE", "HP3", "PHOTON", "EYE"), ("RADON", "E", "RADON", None), ("COSMIC", "E", "COSMIC", None),
    ("OPERATIONAL", "HP10", "PHOTON", "TRUNK"),
]  # fmt: skip
_MAIN, _NEUTRON, _SKIN, _RING, _EYE, _RADON, _FLIGHT, _ENTRY = range(len(_KINDS))
_STATUSES = ["MEASURED", "BELOW_THRESHOLD", "ABSENT", "LOST"]
_MEASURED, _BELOW, _ABSENT, _LOST = range(len(_STATUSES))
_ACTIONS = ["NEW", "REPLACE", "CANCEL"]
_NEW, _REPLACE, _CANCEL = range(len(_ACTIONS))
_NO_THRESHOLD = (_RADON, _FLIGHT, _ENTRY)
_SENDERS = [*calibration.table("bodies")["sender_code"], "SIEVERT", "EXPL_EDF", "EXPL_ORANO", "EXPL_CEA"]
_OPERATOR_OF = {"NUC_POWER": "EXPL_EDF", "NUC_CYCLE": "EXPL_ORANO", "NUC_CONTRACTORS": "EXPL_EDF"}
_GROUPS = np.array(sorted([*calibration.table("groups")["group"], "AIRCREW", "RADON"]))
# Deliveries of a year: each month's of every sender, then each sender's corrections.
_A_MONTH = 16
_CORRECTIONS = 12 * _A_MONTH
_A_YEAR = 256
_LISTS = 1000


@dataclass(eq=False)
class Nation:
    """Who held which seat when, where: one entry per spell, in the order of the persons' keys."""

    sites: Establishments
    seats: Seats
    seat: np.ndarray
    person: np.ndarray
    place: np.ndarray
    first: np.ndarray
    last: np.ndarray
    is_monthly: np.ndarray
    exposed_share: np.ndarray
    mean_usv: np.ndarray
    doses: int

    def of_year(self, year: int) -> np.ndarray:
        """The spells of a year that have a result: nobody's flights were told before `_FLIGHTS_FROM`."""
        is_flying = self.seats.group[self.seat] == "AIRCREW"
        return np.flatnonzero((self.first <= year) & (self.last >= year) & (~is_flying | (year >= _FLIGHTS_FROM)))


@cache
def nation(share: float) -> Nation:
    """The persons and their seats, the same in every process."""
    dice = stream(SEED, "nation")
    seats_in_all = round(SEATS * share)
    sites, seats = draw_seats(SEED, calibration.quota(seats_in_all, classified_only=False))
    count, years = len(seats), LAST - FIRST
    opened = FIRST + np.ceil(np.maximum(0, dice.random(count) - _FIRST_SHARE) / (1 - _FIRST_SHARE) * years)
    spells_in_all = WORKERS * share / (1 - _RETURNING)
    leaving = (spells_in_all - count) / float((LAST - opened + 1).sum())
    seat, first, last = [], [], []
    starts, at = opened.astype(np.int32), np.arange(count, dtype=np.int32)
    while len(at):
        ends = np.minimum(starts + dice.geometric(leaving, len(at)) - 1, LAST).astype(np.int32)
        seat, first, last = [*seat, at], [*first, starts], [*last, ends]
        is_open = ends < LAST
        at, starts = at[is_open], ends[is_open] + 1
    seat, first, last = (np.concatenate(parts) for parts in (seat, first, last))
    order = np.argsort(first, kind="stable")
    person = _persons(dice, len(order), round(WORKERS * share))
    order = order[np.argsort(person, kind="stable")]
    person = np.sort(person, kind="stable")
    seat, first, last = seat[order], first[order], last[order]
    exposed = pl.col("workers") - pl.col("below")
    groups = calibration.table("groups").select(
        "group", exposed / pl.col("workers"), pl.col("collective_mansv") * 1e6 / exposed
    )
    told = {name: (share, mean) for name, share, mean in groups.iter_rows()}
    exposed_share, mean_usv = np.array([told.get(name, _NATURAL) for name in seats.group[seat]]).T
    # Of a site, an establishment follows the other after twenty years.
    site = seats.site[seat]
    turn = (first - FIRST + site % _SITE_YEARS) // _SITE_YEARS
    place = np.unique(site + len(sites) * turn, return_inverse=True)[1] + 1
    return Nation(
        sites, seats, seat, person, place, first, last,
        is_monthly=(seats.category[seat] == 0) | (dice.random(len(seat)) < 0.4),
        exposed_share=exposed_share,
        mean_usv=mean_usv * np.exp(seats.offset[seat]),
        doses=round(DOSES_IN_ALL * share),
    )  # fmt: skip


def _persons(dice: np.random.Generator, spells: int, persons: int) -> np.ndarray:
    """Key of the person of each spell, in the order of their beginnings: a new one or one of before."""
    returns = np.zeros(spells, dtype=bool)
    returns[spells // 20 + dice.choice(spells - spells // 20, max(0, spells - persons), replace=False)] = True
    key = np.cumsum(~returns)
    # Who is new was nobody before: a spell of theirs is found by their number.
    key[returns] = (key[returns] * dice.uniform(0.7, 1, returns.sum())).astype(np.int64) + 1
    return key


def entries_a_year(of: Nation) -> float:
    """Entries of a seat with an electronic dosimeter in a year, so that all doses are as many as asked for."""
    others, seat_years = 0, 0
    for year in range(FIRST, LAST + 1):
        spells = of.of_year(year)
        seats = of.seat[spells]
        others += int((_periods(of, spells) * _badges(of, seats)).sum())
        seat_years += int(of.seats.is_operational[seats].sum()) * (year >= _OPERATIONAL_FROM)
    return max(0.0, (of.doses / (1 + _REPLACED + _CANCELLED) - others) / seat_years)


def _periods(of: Nation, spells: np.ndarray) -> np.ndarray:
    is_flying = of.seats.group[of.seat[spells]] == "AIRCREW"
    return np.where(of.is_monthly[spells] | is_flying, 12, 4)


def _badges(of: Nation, seats: np.ndarray) -> np.ndarray:
    """Badges beside the one that everybody has."""
    of_seats = of.seats
    return 1 + sum(worn[seats].astype(int) for worn in (of_seats.has_neutron, of_seats.has_skin, of_seats.has_ring,
                                                        of_seats.has_eye))  # fmt: skip


def fill_registers(lake: Lake, of: Nation) -> None:
    """Establishments, persons, employments and links, each known from its own time."""
    first_spell = np.unique(of.person, return_index=True)[1]
    dice = stream(SEED, "persons")
    seat = of.seat[first_spell]
    began = _first_days(of.first[first_spell])
    is_minor = dice.random(len(seat)) < _MINORS
    born = of.first[first_spell] - np.where(is_minor, 17, dice.integers(19, 46, len(seat)))
    persons = pl.DataFrame({
        "worker_key": of.person[first_spell],
        "birth_year": born,
        "sex": np.where(dice.random(len(seat)) < of.seats.share_women[seat], "F", "M"),
        "delivery_no": _list_of(of.first[first_spell]),
        "known_at": _moment(began),
    })  # fmt: skip
    lake.append(PERSONS, persons, "persons")
    young = pl.DataFrame({"worker_key": of.person[first_spell], "adult_on": _date(began + 200),
                          "delivery_no": _list_of(of.first[first_spell]), "known_at": _moment(began)})  # fmt: skip
    lake.append(MINORS, young.filter(pl.Series(is_minor)), "minors")
    merged = dice.choice(len(seat), round(len(seat) * _MERGED), replace=False)
    links = persons[merged].with_columns(
        person_key=np.maximum(1, persons["worker_key"].to_numpy()[merged] - 1),
        reason=pl.lit("NIA_REPLACED"),
        motive_code=pl.lit(None, pl.String),
    )
    lake.append(IDENTITY_LINKS, links.filter(pl.col("person_key") != pl.col("worker_key")), "links")
    lake.append(EMPLOYMENTS, _employments(of), "employments")
    lake.append(ESTABLISHMENTS, _establishments(of), "establishments")
    numbers = np.arange(FIRST, LAST + 1)
    lists = {"sender_code": "REGISTER", "layout": "TRAV", "rows_total": 0, "received_at": _moment(_first_days(numbers))}
    lake.append(DELIVERIES, _deliveries(_list_of(numbers), lists), "lists")


def _employments(of: Nation) -> pl.DataFrame:
    seats, seat = of.seats, of.seat
    began, ended = _first_days(of.first), _first_days(of.last + 1) - 1
    category = np.where(seats.group[seat] == "RADON", "RADON", np.array(CATEGORIES)[seats.category[seat]])
    body = np.array(_SENDERS)[_bodies(of)[seat]]
    untold = ("user_establishment_key", "group_label", "operator_code", "mdt_rpps", "crp_id")
    frame = pl.DataFrame({
        "worker_key": of.person, "establishment_key": of.place, "category": category,
        "delivery_no": _list_of(of.first), "row_no": np.arange(len(seat)) + 2,
        "category_start": _date(began), "contract_start": _date(began),
        "ended": _date(ended), "is_over": of.last < LAST,
        "sector_code": seats.sector.gather(seat), "occupation_code": seats.occupation.gather(seat),
        "has_code": seats.is_coded[seat],
        "contract_type": seats.contract[seat],
        "wear_plan": np.where(of.is_monthly, "HP10:M", "HP10:T"), "oa_code": body, "known_at": _moment(began),
    })  # fmt: skip
    return frame.with_columns(
        pl.when("is_over").then("ended").alias("category_end"),
        pl.when("is_over").then("ended").alias("contract_end"),
        pl.when("has_code").then("occupation_code").alias("occupation_code"),
        action=pl.lit("ADD"), nomenclature_version=pl.lit("S1_2013"), work_quota=pl.lit(1),
        **dict.fromkeys(untold, pl.lit(None)),
    )  # fmt: skip


def _establishments(of: Nation) -> pl.DataFrame:
    place, at = np.unique(of.place, return_index=True)
    site = of.seats.site[of.seat[at]]
    sites = of.sites
    departments = calibration.table("departments")[sites.department[site]]
    first = np.full(len(place), FIRST)
    began = _first_days(first)
    return pl.DataFrame({
        "establishment_key": place, "delivery_no": _list_of(first), "row_no": np.arange(len(place)) + 2,
        "siret": sirets(place - 1), "naf": sites.naf.gather(site), "sector_code": sites.sector.gather(site),
        "department_code": departments["department_code"], "region_code": departments["region_code"],
        "is_inb": sites.is_inb[site], "domain": np.where(sites.is_military[site], "MILITARY", "CIVIL"),
        "headcount_band": np.where(sites.size[site] > 50, "21", "03"),
        "valid_from": _date(began), "known_at": _moment(began),
    }).with_columns(
        action=pl.lit("ADD"), company_name=pl.format("Société {}", "establishment_key"), town=pl.lit("Vaudreuil"),
        postcode="department_code",
        nomenclature_version=pl.lit("S1_2013"), valid_to=pl.lit(None),
    )  # fmt: skip


def _bodies(of: Nation) -> np.ndarray:
    """Number of the sender of each seat's results; of flights, SIEVERT."""
    body = of.sites.body[of.seats.site].astype(np.int64)
    return np.where(body < 0, _SENDERS.index("SIEVERT"), body)


def fill_year(root: Path, share: float, entries: float, year: int) -> int:
    """Append a year's doses, deliveries and findings; returns how many doses."""
    lake, of = Lake(root), nation(share)
    delay = stream(SEED, "delays", year).integers(8, 60, _A_YEAR)
    counts = np.zeros(_A_YEAR, dtype=np.int64)
    refused = []

    def pieces():
        spells = of.of_year(year)
        sizes = _periods(of, spells) * _badges(of, of.seat[spells]) + _entries(of, spells, entries, year)
        cuts = np.flatnonzero(np.diff(np.cumsum(sizes) // _ROWS_OF_A_BLOCK)) + 1
        row_no = 2
        for turn, block in enumerate(np.split(spells, cuts)):
            dice = stream(SEED, f"doses {year}", turn)
            frame = _doses(dice, of, block, entries, year, row_no, delay)
            row_no += frame.height
            lost = frame.sample(fraction=_REFUSED, seed=turn).select("delivery_no", "row_no")
            refused.append(lost.with_columns(row_no=pl.int_range(pl.len()) + 100_000_000 + row_no))
            counts.__iadd__(np.bincount(frame["delivery_no"].to_numpy() - _first_delivery(year), minlength=_A_YEAR))
            yield frame

    lake.append_pieces(DOSES, pieces(), f"{year}")
    findings = pl.concat(refused).with_columns(
        judged_by="delivery_no", severity=pl.lit("R"), code=pl.lit("I09"), field=pl.lit("siret")
    )
    lake.append(REJECTIONS, findings, f"{year}")
    there = np.flatnonzero(counts)
    of_refused = dict(findings["delivery_no"].value_counts().iter_rows())
    numbers = there + _first_delivery(year)
    lost = np.array([of_refused.get(number, 0) for number in numbers.tolist()])
    told = {
        "sender_code": np.array(_SENDERS)[there % _A_MONTH],
        "layout": np.where(there >= _CORRECTIONS, "PASS", np.array(_LAYOUTS)[there % _A_MONTH]),
        "rows_total": counts[there] + lost, "rows_loaded": counts[there], "rows_refused": lost,
        "received_at": _moment(_received_on(year, there, delay)),
    }  # fmt: skip
    lake.append(DELIVERIES, _deliveries(numbers, told), f"{year}")
    return int(counts.sum())


_LAYOUTS = ["PASS"] * len(calibration.table("bodies")) + ["COSM"] + ["OPER"] * 3


def _entries(of: Nation, spells: np.ndarray, entries: float, year: int) -> np.ndarray:
    return np.where(of.seats.is_operational[of.seat[spells]] & (year >= _OPERATIONAL_FROM), round(entries), 0)


def _first_delivery(year: int) -> int:
    return _LISTS + 1 + (year - FIRST) * _A_YEAR


def _received_on(year: int, delivery: np.ndarray, delay: np.ndarray) -> np.ndarray:
    """Days since 1970 on which deliveries of a year came, by their number in it; corrections in the next spring."""
    month = np.where(delivery >= _CORRECTIONS, 15, delivery // _A_MONTH)
    return calendar.last_day(year * 12 + month) + delay[delivery]


def _doses(
    dice: np.random.Generator, of: Nation, spells: np.ndarray, entries: float, year: int, row_no: int, delay: np.ndarray
) -> pl.DataFrame:
    """The rows of a block of spells in one year, corrections among them."""
    seats, seat = of.seats, of.seat[spells]
    parts = []
    badges = [(_MAIN, np.ones(len(seat), dtype=bool)), (_NEUTRON, seats.has_neutron[seat]),
              (_SKIN, seats.has_skin[seat]), (_RING, seats.has_ring[seat]), (_EYE, seats.has_eye[seat])]  # fmt: skip
    periods = _periods(of, spells)
    earlier = 1 + 1.5 * (LAST - year) / (LAST - FIRST)
    is_exposed = dice.random(len(seat)) < of.exposed_share[spells]
    annual = of.mean_usv[spells] * earlier * dice.lognormal(-0.72, 1.2, len(seat)) * is_exposed
    for kind, is_worn in badges:
        mine = np.flatnonzero(is_worn)
        each = periods[mine]
        at = np.repeat(mine, each)
        months = 12 // np.repeat(each, each)
        start = (np.arange(len(at)) - np.repeat(np.cumsum(each) - each, each)) * months
        value = annual[at] / np.repeat(each, each) * dice.exponential(1, len(at)) * _RATIO[kind]
        parts.append((spells[at], np.full(len(at), kind, np.int8), start, start + months - 1, value))
    inside = np.flatnonzero(seats.is_operational[seat] & (year >= _OPERATIONAL_FROM))
    at = np.repeat(inside, round(entries))
    day = np.sort(dice.integers(0, 365, (len(inside), round(entries))), axis=1).ravel()
    value = annual[at] / max(1, round(entries)) * dice.exponential(6, len(at)) * (dice.random(len(at)) < 0.2)
    parts.append((spells[at], np.full(len(at), _ENTRY, np.int8), day, day, value))
    spell, kind, start, end, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _framed(dice, of, spell, kind, start, end, value, year, row_no, delay)


# Of the annual dose of the body, what each badge reads.
_RATIO = np.array([1.0, 0.1, 1.2, 12.0, 1.5, 1.0, 1.0, 1.0])


def _framed(dice, of, spell, kind, start, end, value, year, row_no, delay) -> pl.DataFrame:
    seats, seat = of.seats, of.seat[spell]
    group = seats.group[seat]
    natural = {"AIRCREW": _FLIGHT, "RADON": _RADON}
    for name, of_kind in natural.items():
        kind = np.where((group == name) & (kind == _MAIN), np.int8(of_kind), kind)
    is_entry = kind == _ENTRY
    january = int(calendar.first_day(year * 12))
    first = np.where(is_entry, january + start, calendar.first_day(year * 12 + start))
    last = np.where(is_entry, january + end, calendar.last_day(year * 12 + end))
    month = np.where(is_entry, np.minimum(start // 31, 11), end)
    step = np.where(is_entry, 1, 50)
    value = (np.minimum(value, 60_000) / step).astype(np.int64) * step
    die = dice.random(len(spell))
    status = np.where((value == 0) & (die < 0.8), _BELOW, _MEASURED)
    status = np.where(~is_entry & (die > 0.97), np.where(die > 0.995, _LOST, _ABSENT), status)
    body = _bodies(of)[seat]
    operator = np.array([_SENDERS.index(_OPERATOR_OF.get(name, "EXPL_CEA")) for name in _GROUPS])
    sender = np.where(is_entry, operator[_group_numbers(of)[seat]], body)
    delivery = month * _A_MONTH + sender
    frame = pl.DataFrame({
        "spell": spell.astype(np.int32), "kind": kind, "status": status.astype(np.int8),
        "sender": sender.astype(np.int8), "delivery": delivery.astype(np.int32),
        "period_start": _date(first), "period_end": _date(last), "usv": value.astype(np.int32),
    })  # fmt: skip
    return _with_words(_with_corrections(dice, frame, year, row_no), of, year, delay)


def _with_corrections(dice: np.random.Generator, frame: pl.DataFrame, year: int, row_no: int) -> pl.DataFrame:
    """The rows numbered, and after them those that replace or cancel some of the badges', sent the next spring."""
    dose_id = (pl.col("delivery").cast(pl.Int64) + _first_delivery(year)) * 2**32 + pl.col("row_no") * 8
    number = pl.int_range(pl.len(), dtype=pl.Int64)
    frame = frame.with_columns(row_no=number + row_no, action=pl.lit(_NEW, pl.Int8))
    frame = frame.with_columns(dose_id=dose_id, replaces_dose_id=pl.lit(None, pl.Int64))
    badges = np.flatnonzero(frame["kind"].to_numpy() != _ENTRY)
    corrected = dice.choice(badges, min(len(badges), round(frame.height * (_REPLACED + _CANCELLED))), replace=False)
    is_cancelled = dice.random(len(corrected)) < _CANCELLED / (_REPLACED + _CANCELLED)
    later = frame[corrected].with_columns(
        replaces_dose_id="dose_id",
        action=pl.Series(np.where(is_cancelled, _CANCEL, _REPLACE)).cast(pl.Int8),
        status=pl.Series(np.where(is_cancelled, _ABSENT, _MEASURED)).cast(pl.Int8),
        usv=pl.col("usv") + 50,
        delivery=pl.col("sender").cast(pl.Int32) + _CORRECTIONS,
        row_no=number + row_no + frame.height,
    )
    return pl.concat([frame, later.with_columns(dose_id=dose_id)])


def _with_words(frame: pl.DataFrame, of: Nation, year: int, delay: np.ndarray) -> pl.DataFrame:
    """The columns of `lake.doses`."""
    kind, status, action = (frame[name].to_numpy() for name in ("kind", "status", "action"))
    spell, delivery = frame["spell"].to_numpy(), frame["delivery"].to_numpy()
    sector, root = _sectors(of)
    dosimetry, quantity, radiation, location = zip(*_KINDS, strict=True)
    thresholds = [None if k in _NO_THRESHOLD else 50 for k in range(len(_KINDS))]
    words = {
        "dosimetry": (dosimetry, kind), "quantity": (quantity, kind), "radiation": (radiation, kind),
        "body_location": (location, kind), "badge_position": (("NONE",), 0 * kind),
        "result_status": (_STATUSES, status), "situation": (("PLANNED", "EXISTING"), (kind == _RADON).astype(int)),
        "record_action": (_ACTIONS, action),
        "author_role": (("BODY", "OPERATOR"), (kind == _ENTRY).astype(int)),
        "motive_code": ((None, "LAB_RECALCULATION"), (action > 0).astype(int)),
        "organ": ((None,), 0 * kind), "sur_group": ((None,), 0 * kind),
    }  # fmt: skip
    kinds = word_types(DOSES)
    coded = {name: pl.Series(values, dtype=kinds[name]).gather(at) for name, (values, at) in words.items()}
    received = _moment(_received_on(year, np.arange(_A_YEAR), delay))
    usv = pl.Series(np.where(status == _BELOW, 0, frame["usv"].to_numpy()))
    return (
        frame.select("dose_id", "row_no", "period_start", "period_end", "replaces_dose_id")
        .with_columns(
            **coded,
            delivery_no=pl.Series(delivery + _first_delivery(year)),
            part=pl.lit(0, pl.Int16),
            record_id=pl.col("dose_id").cast(pl.String),
            sender_code=pl.Series(_SENDERS, dtype=pl.Enum(_SENDERS)).gather(delivery % _A_MONTH),
            worker_key=pl.Series(of.person[spell]),
            establishment_key=pl.Series(of.place[spell]),
            workplace_key=pl.lit(None, pl.Int64),
            sector_code=sector.gather(of.seat[spell]),
            sector=root.gather(of.seat[spell]),
            dose_msv=pl.select(pl.when(pl.Series(status < _ABSENT)).then(_msv(usv))).to_series(),
            recording_threshold_msv=_msv(pl.Series(thresholds)).gather(kind),
            emergency_id=pl.lit(None, pl.String),
            sent_on=pl.col("period_end"),
            received_at=received.gather(delivery),
            year=pl.lit(year, pl.Int32),
        )
        .with_columns(judged_by="delivery_no")
    )


@cache
def _group_numbers(of: Nation) -> np.ndarray:
    return np.searchsorted(_GROUPS, of.seats.group)


@cache
def _sectors(of: Nation) -> tuple[pl.Series, pl.Series]:
    """Sector of each seat and its root, as codes."""
    roots = dict(reference.table("sectors").select("code", "root").iter_rows())
    sector = of.seats.sector
    root = sector.replace_strict(roots, default="UNK")
    return tuple(named.cast(pl.Enum(named.unique().sort())) for named in (sector, root))


def _msv(usv: pl.Series) -> pl.Series:
    """Whole microsieverts as mSv."""
    return usv.cast(pl.Decimal(18, 0)) * pl.Series([0.001], dtype=polars_types(DOSES)["dose_msv"])


def _deliveries(numbers: np.ndarray, told: dict) -> pl.DataFrame:
    nothing = {name: 0 for name in ("rows_loaded", "rows_refused", "rows_waiting", "rows_duplicate", "rows_warned")}
    rows = {"delivery_no": numbers, "byte_size": 0, "accepted": True, "refusal_code": None, "sha256": "0" * 64}
    frame = pl.DataFrame(rows | nothing | told)
    return frame.with_columns(file_name=pl.format("{}_{}", "sender_code", "delivery_no"), ended_at="received_at")


def _list_of(years: np.ndarray) -> np.ndarray:
    """Number of the delivery that holds the register's lists of a year."""
    return years - FIRST + 1


def _first_days(years: np.ndarray) -> np.ndarray:
    return calendar.first_day(years * 12)


def _date(days: np.ndarray) -> pl.Series:
    return pl.Series(days.astype(np.int32)).cast(pl.Date)


def _moment(days: np.ndarray) -> pl.Series:
    """Noon of days since 1970."""
    noon = days.astype(np.int64) * calendar.SECONDS_A_DAY + calendar.SECONDS_A_DAY // 2
    return pl.Series(noon * 10**6).cast(pl.Datetime("us", "UTC"))


def fill(settings: Settings, share: float, processes: int = 2) -> int:
    """A new lake in the home; returns how many doses it holds."""
    lake = Lake(settings.lake_root)
    lake.create()
    of = nation(share)
    fill_registers(lake, of)
    year = partial(fill_year, settings.lake_root, share, entries_a_year(of))
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        # The largest first: the processes end together.
        return sum(pool.map(year, range(LAST, FIRST - 1, -1)))


def main() -> None:
    options = parser(__doc__, workers=WORKERS)
    asked = options.parse_args()
    with ground(asked, SEED) as folder:
        settings = Settings(home=folder / "national")
        began = time.perf_counter()
        doses = fill(settings, asked.workers / WORKERS)
        took = time.perf_counter() - began
        peak = (
            max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) // 1024
        )
        files = list(settings.lake_root.rglob("*.parquet"))
        size = sum(file.stat().st_size for file in files) / 2**30
        print(f"{doses} doses in {took:.0f} s, {doses / took:.0f} a second; {len(files)} files, {size:.1f} GiB;"
              f" {peak} MiB at the peak of a process")  # fmt: skip


if __name__ == "__main__":
    main()
