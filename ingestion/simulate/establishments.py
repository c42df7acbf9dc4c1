"""Every group of seats has its establishments: valid synthetic SIRET, place, activity, size and dosimetry body."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ingestion.simulate import calibration

# No company was ever given a number in this range.
_FIRST_SIREN = 99_900_000
_TOWN_STARTS = ["Mar", "Vau", "Che", "Bel", "Fon", "Gran", "Lou", "Mon", "Pra", "Ros", "Tou", "Vil", "Sauv", "Cour"]
_TOWN_ENDS = [
    "brelle",
    "chizy",
    "dreuil",
    "gnac",
    "livert",
    "mézières-les-Ondes",
    "noncourt",
    "vriac",
    "thelles",
    "zon",
]
_BANDS = [(0, "00"), (1, "01"), (3, "02"), (6, "03"), (10, "11"), (20, "12"), (50, "21"), (100, "22"), (200, "31")]
_BANDS += [(250, "32"), (500, "41"), (1000, "42"), (2000, "51"), (5000, "52"), (10_000, "53")]
_COMPANY_WORDS = {
    "NUC": "Énergie",
    "MED": "Santé",
    "IND": "Contrôle",
    "AUT": "Institut",
    "UNK": "Société",
    "NAT": "Milieux",
}
_COMPANY_FORMS = ["Groupe", "Ateliers", "Centre", "Cabinet", "Compagnie", "Services"]
_OPERATORS = {"NUC_POWER": "EXPL_EDF", "NUC_CYCLE": "EXPL_ORANO", "NUC_WASTE": "EXPL_ORANO", "NUC_OTHER": "EXPL_CEA"}


@dataclass
class Establishments:
    """One entry per establishment; `body` numbers the rows of bodies.csv, -1 for airlines."""

    group: np.ndarray
    siret: pl.Series
    department: np.ndarray
    sector: pl.Series
    naf: pl.Series
    size: np.ndarray
    body: np.ndarray
    is_inb: np.ndarray
    is_military: np.ndarray
    operator: pl.Series
    physician: pl.Series
    is_reserve: np.ndarray

    def __len__(self) -> int:
        return len(self.group)

    @property
    def is_agency(self) -> np.ndarray:
        return (self.naf == "7820Z").to_numpy()


def group_sizes(dice: np.random.Generator, seats: int, mean_size: float) -> np.ndarray:
    """Lognormal sizes that sum to the seats, each establishment holding at least one."""
    count = max(1, round(seats / mean_size))
    weights = dice.lognormal(0, 1.0, count)
    return 1 + dice.multinomial(seats - count, weights / weights.sum())


def draw_establishments(dice: np.random.Generator, group_seats: dict[str, int]) -> tuple[Establishments, np.ndarray]:
    """The establishments, and the establishment of each seat when seats are numbered group by group.

    A few reserve establishments per hundred open later and take those who move.
    """
    means = dict(calibration.table("groups").select("group", "mean_site_size").iter_rows())
    groups, sizes, reserve = [], [], []
    for name, seats in group_seats.items():
        if seats == 0:
            continue
        sizes_here = group_sizes(dice, seats, means.get(name, 30))
        spare = max(1, len(sizes_here) // 100) if name in means else 0
        groups += [name] * (len(sizes_here) + spare)
        sizes += [sizes_here, np.zeros(spare, dtype=np.int64)]
        reserve += [False] * len(sizes_here) + [True] * spare
    group, size = np.array(groups), np.concatenate(sizes)
    return _describe(dice, group, size, np.array(reserve)), np.repeat(np.arange(len(group)), size)


def _describe(dice: np.random.Generator, group: np.ndarray, size: np.ndarray, reserve: np.ndarray) -> Establishments:
    naf, body = _activity(dice, group)
    is_inb = np.isin(group, ["NUC_POWER", "NUC_CYCLE"]) | (
        np.isin(group, ["NUC_WASTE", "NUC_OTHER"]) & (naf != "8422Z")
    )
    codes = calibration.table("bodies")["sender_code"].to_list()
    operator = pl.Series([_OPERATORS.get(name) if inb else None for name, inb in zip(group, is_inb, strict=True)])
    return Establishments(
        group=group,
        siret=sirets(np.arange(len(group))),
        department=_departments(dice, is_inb),
        sector=_sectors(dice, group),
        naf=pl.Series(naf),
        size=size,
        body=np.array([codes.index(b) if b in codes else -1 for b in body], dtype=np.int8),
        is_inb=is_inb,
        is_military=body == "SPRA",
        operator=operator.cast(pl.String),
        physician=rpps_numbers(dice.integers(0, max(2, len(group) // 40), len(group))),
        is_reserve=reserve,
    )


def _activity(dice: np.random.Generator, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    naf, body = np.empty(len(group), dtype="U5"), np.empty(len(group), dtype="U10")
    for (name,), rows in calibration.table("group_sites").group_by("group", maintain_order=True):
        mine = np.flatnonzero(group == name)
        share = rows["naf_share"].to_numpy()
        chosen = dice.choice(len(rows), len(mine), p=share / share.sum())
        naf[mine] = rows["naf"].to_numpy()[chosen]
        for n, listed in enumerate(rows["bodies"]):
            names, weights = zip(*(part.split(":") for part in listed.split(";")), strict=True)
            weights = np.array(weights, dtype=float)
            body[mine[chosen == n]] = dice.choice(names, int((chosen == n).sum()), p=weights / weights.sum())
    return naf, body


def _sectors(dice: np.random.Generator, group: np.ndarray) -> pl.Series:
    sector = np.empty(len(group), dtype="U12")
    for (name,), rows in calibration.table("group_sectors").group_by("group", maintain_order=True):
        mine = group == name
        share = rows["share"].to_numpy()
        sector[mine] = dice.choice(rows["sector_code"].to_numpy().astype("U12"), int(mine.sum()), p=share / share.sum())
    return pl.Series(sector)


def _departments(dice: np.random.Generator, is_inb: np.ndarray) -> np.ndarray:
    table = calibration.table("departments")
    everywhere, nuclear = table["weight"].to_numpy(), table["inb"].to_numpy().astype(float)
    chosen = dice.choice(len(table), len(is_inb), p=everywhere / everywhere.sum())
    return np.where(is_inb, dice.choice(len(table), len(is_inb), p=nuclear / nuclear.sum()), chosen)


def sirets(numbers: np.ndarray) -> pl.Series:
    """SIRET with right check digits; each tenth establishment is a second office of the company before it."""
    second = numbers % 10 == 9
    stem = _FIRST_SIREN + np.where(second, numbers - 1, numbers)
    siren = stem * 10 + luhn_digit(stem)
    office = siren * 10_000 + np.where(second, 2, 1)
    return pl.Series(office * 10 + luhn_digit(office)).cast(pl.String)


def rpps_numbers(numbers: np.ndarray) -> pl.Series:
    """Eleven digits with Luhn's check, in a range that no physician holds."""
    stem = 9_990_000_000 + np.asarray(numbers, dtype=np.int64)
    return pl.Series(stem * 10 + luhn_digit(stem)).cast(pl.String)


def luhn_digit(stem: np.ndarray) -> np.ndarray:
    """The digit that, written after the number, makes Luhn's sum a multiple of ten."""
    rest, total, double = np.asarray(stem, dtype=np.int64), np.zeros(np.shape(stem), dtype=np.int64), True
    while rest.any():
        digit = rest % 10
        total += np.where(double, digit * 2 - 9 * (digit > 4), digit)
        rest, double = rest // 10, not double
    return (10 - total % 10) % 10


def description(sites: Establishments, which: np.ndarray) -> pl.DataFrame:
    """The descriptive columns of the ETAB layout for some establishments."""
    which = np.asarray(which, dtype=np.int64)
    departments = calibration.table("departments")
    department = departments["department_code"].gather(sites.department[which])
    roots = dict(calibration.table("groups").select("group", "root").iter_rows()) | {"RADON": "NAT", "AIRCREW": "NAT"}
    towns = [a + b for a in _TOWN_STARTS for b in _TOWN_ENDS]
    companies = [
        f"{_COMPANY_FORMS[n % 6]} {towns[(n * 13 + 5) % len(towns)]} {_COMPANY_WORDS[roots[str(sites.group[n])]]}"
        for n in np.where(which % 10 == 9, which - 1, which)
    ]
    return pl.DataFrame(
        {
            "siret": sites.siret.gather(which),
            "company_name": companies,
            "address": [f"{n % 97 + 1} rue du {_TOWN_STARTS[n % 14]}{_TOWN_ENDS[n % 7]}" for n in which],
            "postcode": _postcodes(department, which),
            "town": [towns[n % len(towns)] for n in which],
            "country": pl.repeat("FR", len(which), eager=True),
            "region_code": departments["region_code"].gather(sites.department[which]),
            "department_code": department,
            "naf": sites.naf.gather(which),
            "sector_code": sites.sector.gather(which),
            "nomenclature_version": pl.repeat("S1_2013", len(which), eager=True),
            "domain": pl.Series(np.where(sites.is_military[which], "MILITARY", "CIVIL")),
            "is_inb": pl.Series(np.where(sites.is_inb[which], "true", "false")),
            "headcount_band": [_band(size) for size in sites.size[which]],
        }
    )


def _postcodes(department: pl.Series, which: np.ndarray) -> pl.Series:
    frame = pl.DataFrame({"department": department, "tail": which % 90 + 1})
    return (
        frame.select(
            pl.when(pl.col("department").is_in(["2A", "2B"]))
            .then(pl.lit("20"))
            .otherwise(pl.col("department"))
            .alias("head"),
            "tail",
        )
        .select(
            pl.col("head")
            + pl.when(pl.col("head").str.len_chars() == 3)
            .then(pl.col("tail").cast(pl.String).str.zfill(2))
            .otherwise((pl.col("tail") * 10).cast(pl.String).str.zfill(3))
        )
        .to_series()
    )


def _band(size: int) -> str:
    # More people work there than are monitored.
    headcount = size * 3
    return [code for least, code in _BANDS if headcount >= least][-1]
