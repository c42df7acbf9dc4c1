"""Persons have numbers that cannot exist (order number 000) but whose key is right, and invented names."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from ingestion.simulate import calendar, calibration

# Positions 6 to 10 of a number hold department and commune; 99 stands for a birth abroad, with a country.
_ABROAD_SHARE = 0.09
_WAITING_SHARE_ABROAD = 0.06

_STARTS = [
    "Bré",
    "Cal",
    "Dor",
    "Fla",
    "Gué",
    "Hel",
    "Jau",
    "Kér",
    "Lan",
    "Mor",
    "Nau",
    "Pel",
    "Quen",
    "Rou",
    "Sau",
    "Tré",
]
_MIDDLES = ["va", "li", "no", "ré", "mi", "da", "zé", "lo", "bi", "ra", "cé", "tho"]
_ENDS = ["chon", "lec", "nac", "rel", "vin", "dry", "gnol", "sse", "tard", "vère", "zon", "ïs", "çois"]
_PARTICLES = ["", "", "", "", "", "", "", "", "de ", "d'", "le ", "du "]
_GIVEN_STARTS = ["Al", "Bé", "Cla", "Da", "Élo", "Fé", "Gi", "Hé", "Ila", "Jo", "Ka", "Lé", "Ma", "Noé", "Ori", "Sé"]
_GIVEN_ENDS_F = ["line", "thée", "ria", "vine", "lise", "mée", "nelle", "ïa"]
_GIVEN_ENDS_M = ["bert", "mir", "don", "vian", "ric", "nël", "lan", "gor"]


@dataclass
class Persons:
    """One entry per person; `number` and `waiting_number` are texts of 13 characters, null where there is none."""

    sex: np.ndarray
    birth_day: np.ndarray
    number: pl.Series
    key: pl.Series
    waiting_number: pl.Series
    waiting_key: pl.Series
    number_known_from: np.ndarray
    birth_name: np.ndarray
    first_names: np.ndarray
    birth_place: pl.Series

    def __len__(self) -> int:
        return len(self.sex)

    def identifier(self, person: np.ndarray, month: int) -> tuple[pl.Series, pl.Series]:
        """Number and key as known in a month: the waiting number until it is replaced."""
        waiting = pl.Series(self.number_known_from[person] > month)
        number, key = self.number.gather(person), self.key.gather(person)
        if not waiting.any():
            return number, key
        waiting_number, waiting_key = self.waiting_number.gather(person), self.waiting_key.gather(person)
        frame = pl.select(
            pl.when(waiting).then(waiting_number).otherwise(number).alias("number"),
            pl.when(waiting).then(waiting_key).otherwise(key).alias("key"),
        )
        return frame["number"], frame["key"]


def draw_persons(dice: np.random.Generator, is_woman: np.ndarray, birth_day: np.ndarray, months: tuple[int, int]):
    """Numbers, names and birth places for persons whose sex and birth date are given; all numbers differ."""
    count = len(is_woman)
    place, is_abroad = _birth_places(dice, birth_day)
    place = _distinct_places(dice, is_woman, birth_day, place)
    prefix = _prefix(is_woman, birth_day, waiting=False)
    number = _join(prefix, place)
    is_waiting = is_abroad & (dice.random(count) < _WAITING_SHARE_ABROAD)
    waiting_number = _join(_prefix(is_woman, birth_day, waiting=True), place)
    never = dice.random(count) < 0.2
    known_from = dice.integers(months[0] + 1, months[1] + 3, count)
    known_from = np.where(is_waiting, np.where(never, 10**6, known_from), 0).astype(np.int32)
    return Persons(
        sex=np.where(is_woman, "F", "M"),
        birth_day=birth_day.astype(np.int32),
        number=number,
        key=number_keys(number),
        waiting_number=waiting_number,
        waiting_key=number_keys(waiting_number),
        number_known_from=known_from,
        birth_name=dice.integers(0, len(birth_name_pool()), count).astype(np.int32),
        first_names=(dice.integers(0, len(first_name_pool()) // 2, count) * 2 + is_woman).astype(np.int32),
        birth_place=place,
    )


def _birth_places(dice: np.random.Generator, birth_day: np.ndarray) -> tuple[pl.Series, np.ndarray]:
    departments = calibration.table("departments")
    weight = departments["weight"].to_numpy()
    chosen = dice.choice(len(departments), len(birth_day), p=weight / weight.sum())
    is_abroad = dice.random(len(birth_day)) < _ABROAD_SHARE
    code = departments["department_code"].gather(chosen)
    # Corsica was one department, 20, until 1976.
    born_before_split = pl.Series(birth_day < calendar.first_day(1976 * 12))
    frame = pl.DataFrame({"code": code, "abroad": is_abroad, "early": born_before_split})
    code = frame.select(
        pl.when(pl.col("abroad"))
        .then(pl.lit("99"))
        .when(pl.col("early") & pl.col("code").is_in(["2A", "2B"]))
        .then(pl.lit("20"))
        .otherwise(pl.col("code"))
    ).to_series()
    return _with_commune(dice, code), is_abroad


def _with_commune(dice: np.random.Generator, department: pl.Series) -> pl.Series:
    """Department and commune, five characters in all."""
    commune = pl.Series(dice.integers(1, 900, len(department)))
    frame = pl.DataFrame({"department": department, "commune": commune})
    return frame.select(
        pl.when(pl.col("department").str.len_chars() == 3)
        .then(pl.col("department") + (pl.col("commune") % 90 + 1).cast(pl.String).str.zfill(2))
        .otherwise(pl.col("department") + pl.col("commune").cast(pl.String).str.zfill(3))
    ).to_series()


def _distinct_places(dice, is_woman, birth_day, place: pl.Series) -> pl.Series:
    """Draw again the commune of whoever shares sex, month of birth and commune with someone before."""
    prefix = _prefix(is_woman, birth_day, waiting=False)
    for _ in range(50):
        repeated = np.flatnonzero((~(prefix + place).is_first_distinct()).to_numpy())
        if len(repeated) == 0:
            return place
        again = place.gather(repeated)
        department = pl.select(
            pl.when(again.str.starts_with("97")).then(again.str.slice(0, 3)).otherwise(again.str.slice(0, 2))
        ).to_series()
        place = place.scatter(repeated, _with_commune(dice, department))
    raise AssertionError("too few numbers for so many persons")


def _prefix(is_woman: np.ndarray, birth_day: np.ndarray, *, waiting: bool) -> pl.Series:
    """Sex digit, year and month: the first five characters."""
    months = birth_day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    digit = np.where(is_woman, 2, 1) + 6 * waiting
    value = digit * 10_000 + (months // 12 + 1970) % 100 * 100 + months % 12 + 1
    return pl.Series(value).cast(pl.String)


def _join(prefix: pl.Series, place: pl.Series) -> pl.Series:
    return prefix + place + "000"


def number_keys(number: pl.Series) -> pl.Series:
    """97 less the remainder of the number by 97, with 2A read as 19 and 2B as 18."""
    digits = number.str.replace("A", "9", literal=True).str.replace("B", "8", literal=True)
    corsica = number.str.contains("A|B")
    # `2A` becomes 19 and `2B` 18: the digit before the letter falls from 2 to 1.
    value = digits.cast(pl.Int64) - corsica.cast(pl.Int64) * 10_000_000
    return (97 - value % 97).cast(pl.String).str.zfill(2)


@cache
def birth_name_pool() -> pl.Series:
    """Invented birth names with the accents, particles and hyphens that comparisons must survive."""
    simple = [start + middle + end for start in _STARTS for middle in _MIDDLES for end in _ENDS]
    names = []
    for n, name in enumerate(simple):
        particle = _PARTICLES[(n * 7) % len(_PARTICLES)]
        double = f"-{simple[(n * 31 + 17) % len(simple)]}" if n % 19 == 0 else ""
        names.append((particle + name + double).upper())
    return pl.Series(names)


@cache
def first_name_pool() -> pl.Series:
    """Invented first names, men at even places and women at odd ones; some persons have two or three."""
    names = []
    for s, start in enumerate(_GIVEN_STARTS):
        for e in range(len(_GIVEN_ENDS_M)):
            for ends, other in ((_GIVEN_ENDS_M, "Tyl"), (_GIVEN_ENDS_F, "Ysa")):
                name = start + ends[e]
                extra = _GIVEN_STARTS[(s * 5 + e) % len(_GIVEN_STARTS)] + ends[(e * 3 + s) % len(ends)]
                names += [name.upper()]
                names[-1] += {0: f" {extra.upper()}", 3: f"-{other.upper()}"}.get((s + e) % 6, "")
    return pl.Series(names)
