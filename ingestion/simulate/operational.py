"""Each entry of a nuclear site's controlled area has its electronic reading; readings follow the passive dose."""

import numpy as np
import polars as pl

from ingestion.simulate import calendar, calibration
from ingestion.simulate.decimals import NO_VALUE, thousandths_text
from ingestion.simulate.employments import Year
from ingestion.simulate.establishments import Establishments
from ingestion.simulate.identities import Persons, birth_name_pool, first_name_pool
from ingestion.simulate.passive import MAIN, NEUTRON
from ingestion.simulate.population import Seats
from ingestion.simulate.streams import stream

OPERATORS = ["EXPL_EDF", "EXPL_ORANO", "EXPL_CEA"]
_NIGHT_SHARE = 0.04
_PUBLISHED_WORKERS = 390_000
_TASKS = pl.Series([f"T-{n:03d}" for n in range(397)])
_DEVICES = pl.Series([f"EPD-{n:05d}" for n in range(29_989)])
_MINUTES = pl.Series([f"T{n // 60:02d}:{n % 60:02d}" for n in range(1440)])
_SECONDS = pl.Series([f":{n:02d}" for n in range(60)])


def monthly_doses(rows: pl.DataFrame, seats: Seats, year: Year) -> np.ndarray:
    """Passive Hp(10) by seat and calendar month, in thousandths of mSv; a longer wear period is spread evenly."""
    worn = rows.filter(pl.col("kind").is_in([MAIN, NEUTRON]) & (pl.col("value") > 0))
    seat, value = worn["seat"].to_numpy().astype(np.int64), worn["value"].to_numpy()
    first = calendar.month_of(worn["start"].to_numpy().astype(np.int64)) - year.year * 12
    last = worn["month"].to_numpy() - year.year * 12
    length = last - first + 1
    doses = np.zeros(len(seats) * 12)
    for offset in range(int(length.max(initial=0))):
        within = offset < length
        place = seat[within] * 12 + first[within] + offset
        doses += np.bincount(place, value[within] / length[within], minlength=len(doses))
    return doses.reshape(len(seats), 12)


def month_entries(seed: int, seats: Seats, year: Year, doses: np.ndarray, month: int) -> pl.DataFrame:
    """One row per entry of the month: seat, times in UTC seconds, photon and neutron readings."""
    dice = stream(seed, "operational", month)
    turn = month - year.year * 12
    here = seats.is_operational & year.is_monitored() & (year.start <= turn + 1) & (year.end >= turn + 1)
    active = np.flatnonzero(here)
    habits = stream(seed, "operational habits")
    rate = habits.gamma(2.5, size=len(seats)) / 2.5
    ratio = stream(seed, "operational ratio", year.year).uniform(0.9, 1.1, len(seats))
    yearly = calibration.volume("operational_rows") / _PUBLISHED_WORKERS * len(seats)
    mean = yearly / 12 / max(1, int(seats.is_operational.sum())) * 1.04
    count = dice.poisson(rate[active] * mean)
    dose = np.round(doses[active, turn] * ratio[active]).astype(np.int64)
    count = np.where((dose > 0) & (count == 0), 1, count)
    dose += np.where(count > 0, dice.poisson(1.5, len(active)), 0)
    owner = np.repeat(np.arange(len(active)), count)
    seat = active[owner]
    entry, exit_ = _times(dice, month, count, owner)
    reading = _share(dice, dose, count, owner)
    takes_neutrons = seats.has_neutron[seat]
    neutron = np.where(takes_neutrons, reading // 20 * 5, NO_VALUE)
    return pl.DataFrame(
        {
            "seat": seat.astype(np.int32),
            "person": year.person[seat],
            "site": _sites_in_month(year, turn)[seat],
            "inb": seats.inb_site[seat],
            "entry": entry,
            "exit": exit_,
            "photon": reading - np.maximum(neutron, 0),
            "neutron": neutron,
        }
    )


def _sites_in_month(year: Year, turn: int) -> np.ndarray:
    return np.where((year.move_month > 0) & (year.move_month <= turn + 1), year.next_site, year.site)


def _times(dice: np.random.Generator, month: int, count: np.ndarray, owner: np.ndarray) -> tuple:
    """Entries spread over the month's working days, mornings and afternoons in turn, a few at night."""
    days = np.arange(calendar.first_day(month), calendar.last_day(month) + 1)
    working = days[(days + 3) % 7 < 6]
    turn = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    # Two entries a day at most share a day: the pair's day comes from its rank.
    pair = turn // 2
    place = (pair + dice.random(len(owner))) / np.maximum((count[owner] + 1) // 2, 1)
    day = working[np.minimum((place * len(working)).astype(np.int64), len(working) - 1)]
    minute = np.where(
        turn % 2 == 0, dice.integers(6 * 60, 11 * 60, len(owner)), dice.integers(15 * 60, 20 * 60, len(owner))
    )
    is_night = dice.random(len(owner)) < _NIGHT_SHARE
    minute = np.where(is_night, dice.integers(22 * 60, 23 * 60 + 40, len(owner)), minute)
    local = day * calendar.SECONDS_A_DAY + minute * 60 + dice.integers(0, 60, len(owner))
    entry = local - calendar.paris_offset_hours(local - 3600) * 3600
    return entry, entry + dice.integers(15 * 60, 235 * 60, len(owner))


def _share(dice: np.random.Generator, dose: np.ndarray, count: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Split each month's dose over its entries in whole thousandths."""
    weight = dice.exponential(size=len(owner)) + 1e-9
    running = np.cumsum(weight)
    ends = np.cumsum(count)[count > 0] - 1
    starts = ends - count[count > 0] + 1
    length = count[count > 0]
    before = np.repeat(running[starts] - weight[starts], length)
    whole = np.repeat(running[ends], length) - before
    reached = np.floor((running - before) / whole * dose[owner]).astype(np.int64)
    reached[ends] = dose[owner[ends]]
    reading = np.diff(reached, prepend=0)
    reading[starts] = reached[starts]
    return reading


def oper_rows(rows: pl.DataFrame, operator: str, month: int, sent_at: int, sites: Establishments, persons: Persons):
    """The text columns of the OPER layout for one operator's month."""
    person = rows["person"].to_numpy()
    nir, key = persons.identifier(person, month + 1)
    names, firsts = birth_name_pool(), first_name_pool()
    number = rows["number"]
    stem = f"O{month // 12 % 100:02d}{month % 12 + 1:02d}"
    photon = rows["photon"].to_numpy()
    zone = np.digitize(photon, [1, 60, 500, 2000])
    skin = np.where(operator == "EXPL_ORANO", photon + photon // 10, NO_VALUE)
    count = len(rows)
    return pl.DataFrame(
        {
            "record_id": stem + number.cast(pl.String).str.zfill(7),
            "record_action": pl.repeat("NEW", count, eager=True),
            "replaces_record_id": pl.repeat(None, count, dtype=pl.String, eager=True),
            "motive_code": pl.repeat(None, count, dtype=pl.String, eager=True),
            "operator_code": pl.repeat(operator, count, eager=True),
            "inb_siret": sites.siret.gather(rows["inb"]),
            "siret": sites.siret.gather(rows["site"]),
            "nir": nir,
            "nir_key": key,
            "birth_name": names.gather(persons.birth_name[person]),
            "first_names": firsts.gather(persons.first_names[person]),
            "entry_ts": timestamp_text(rows["entry"].to_numpy()),
            "exit_ts": timestamp_text(rows["exit"].to_numpy()),
            "zone_code": pl.Series(["SURV", "CTRL_GREEN", "CTRL_YELLOW", "CTRL_ORANGE", "CTRL_RED"]).gather(zone),
            "task_code": _TASKS.gather(number % len(_TASKS)),
            "hp10_photon_msv": thousandths_text(photon),
            "hp10_neutron_msv": thousandths_text(rows["neutron"].to_numpy()),
            "hp007_msv": thousandths_text(skin),
            "hp3_msv": pl.repeat(None, count, dtype=pl.String, eager=True),
            "device_id": _DEVICES.gather(rows["seat"] % len(_DEVICES)),
            "sent_on": calendar.day_text(np.full(count, sent_at // calendar.SECONDS_A_DAY)),
        }
    )


def timestamp_text(utc_seconds: np.ndarray) -> pl.Series:
    """ISO 8601 local time in Paris with its offset."""
    offset = calendar.paris_offset_hours(utc_seconds)
    local = utc_seconds + offset * 3600
    second = local % calendar.SECONDS_A_DAY
    return pl.select(
        pl.concat_str(
            calendar.day_text(local // calendar.SECONDS_A_DAY),
            _MINUTES.gather(second // 60),
            _SECONDS.gather(second % 60),
            pl.Series(["+01:00", "+02:00"]).gather(offset - 1),
        )
    ).to_series()
