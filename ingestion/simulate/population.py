"""A seat is a monitored job that keeps its group and its kind of work while the persons who hold it come and go."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ingestion.simulate import calibration
from ingestion.simulate.calibration import CATEGORIES, Quota
from ingestion.simulate.establishments import Establishments, draw_establishments
from ingestion.simulate.streams import stream

OPERATIONAL_GROUPS = ["NUC_POWER", "NUC_CYCLE", "NUC_CONTRACTORS", "NUC_WASTE", "NUC_OTHER"]
MEDICAL_GROUPS = ["MED_MEDICINE", "MED_DENTAL", "MED_VET"]
CONTRACTS = ["CDI", "CDD", "TEMP", "NSAL", "FONCT", "APPR", "CHANTIER", "MIL"]
_SECOND_EMPLOYER_SHARE = 0.01
_OWN_SECTOR_SHARE = 0.3


@dataclass
class Seats:
    """One entry per seat; ground seats first, then aircrew, then radon workers."""

    group: np.ndarray
    site: np.ndarray
    second_site: np.ndarray
    inb_site: np.ndarray
    category: np.ndarray
    sector: pl.Series
    occupation: pl.Series
    other_occupation: pl.Series
    is_coded: np.ndarray
    contract: np.ndarray
    offset: np.ndarray
    has_ring: np.ndarray
    has_eye: np.ndarray
    has_skin: np.ndarray
    has_neutron: np.ndarray
    has_apron: np.ndarray
    has_abdomen: np.ndarray
    names_body: np.ndarray
    share_women: np.ndarray
    ground: int
    aircrew: int

    def __len__(self) -> int:
        return len(self.group)

    @property
    def is_operational(self) -> np.ndarray:
        return np.isin(self.group, OPERATIONAL_GROUPS) & (self.inb_site >= 0)


def draw_seats(seed: int, quota: Quota) -> tuple[Establishments, Seats]:
    """Seats in the numbers of the quota, with aircrew and radon workers on top in the published ratio."""
    dice = stream(seed, "seats")
    ground = int(quota.cells.sum())
    natural = round(ground * calibration.volume("natural_workers_2020") / calibration.volume("ground_workers_2020"))
    aircrew = round(natural * calibration.volume("aircrew_2020") / calibration.volume("natural_workers_2020"))
    by_group = dict(zip(quota.groups, quota.seats.sum(axis=1).tolist(), strict=True))
    by_group |= {"AIRCREW": aircrew, "RADON": natural - aircrew}
    sites, site = draw_establishments(dice, by_group)
    group = sites.group[site]
    work = _work(dice, sites, site, group)
    category = _categories(dice, quota, group, work["offset"])
    contract = _contracts(dice, sites, site, group)
    second_site = _second_sites(dice, sites, site, group, contract)
    shares = dict(calibration.table("groups").select("group", "share_women").iter_rows())
    return sites, Seats(
        group=group,
        site=site.astype(np.int32),
        second_site=second_site,
        inb_site=_inb_sites(dice, sites, site, group),
        category=category,
        is_coded=dice.random(len(group)) >= calibration.volume("activity_missing"),
        contract=contract,
        names_body=dice.random(len(group)) < 0.96,
        share_women=np.array([shares.get(name, 0.5) for name in group]),
        ground=ground,
        aircrew=aircrew,
        **work,
    )


def _work(dice: np.random.Generator, sites: Establishments, site: np.ndarray, group: np.ndarray) -> dict:
    """Sector, occupation and badges of each seat, and how far they shift the dose."""
    count = len(group)
    sector, occupation = np.empty(count, dtype="U12"), np.empty(count, dtype="U4")
    other, offset = np.empty(count, dtype="U4"), np.zeros(count)
    badges = {name: np.zeros(count, dtype=bool) for name in ["ring", "eye", "skin", "neutron", "apron"]}
    for (name,), rows in calibration.table("group_sectors").group_by("group", maintain_order=True):
        mine = np.flatnonzero(group == name)
        codes, share = rows["sector_code"].to_numpy().astype("U12"), rows["share"].to_numpy()
        drawn = dice.choice(len(codes), len(mine), p=share / share.sum())
        own = dice.random(len(mine)) < _OWN_SECTOR_SHARE * (name == "MED_MEDICINE")
        at_site = np.searchsorted(np.sort(codes), sites.sector.gather(site[mine]).to_numpy().astype("U12"))
        chosen = np.where(own, drawn, np.argsort(codes)[at_site])
        sector[mine] = codes[chosen]
        offset[mine] = rows["dose_offset"].to_numpy()[chosen]
        for badge, worn in badges.items():
            worn[mine] = dice.random(len(mine)) < rows[badge].to_numpy()[chosen]
    for (name,), rows in calibration.table("group_occupations").group_by("group", maintain_order=True):
        mine = np.flatnonzero(group == name)
        share = rows["share"].to_numpy()
        chosen = dice.choice(len(rows), len(mine), p=share / share.sum())
        occupation[mine] = rows["occupation_code"].to_numpy()[chosen]
        other[mine] = rows["occupation_code"].to_numpy()[(chosen + 1) % len(rows)]
        offset[mine] += rows["dose_offset"].to_numpy()[chosen]
    is_medical = np.isin(group, MEDICAL_GROUPS)
    return {
        "sector": pl.Series(sector),
        "occupation": pl.Series(occupation),
        "other_occupation": pl.Series(other),
        "offset": offset,
        "has_abdomen": is_medical & (dice.random(count) < 0.002),
        **{f"has_{badge}": worn for badge, worn in badges.items()},
    }


def _categories(dice: np.random.Generator, quota: Quota, group: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Category of each seat, the more exposed work more often in A; counts by group as in the quota."""
    codes = np.full(len(group), CATEGORIES.index("B"), dtype=np.int8)
    for name, counts in zip(quota.groups, quota.seats, strict=True):
        mine = np.flatnonzero(group == name)
        ranked = mine[np.argsort(-(offset[mine] + dice.normal(0, 0.8, len(mine))), kind="stable")]
        ladder = np.concatenate([[0] * counts[0], dice.permutation(np.repeat([1, 2, 3], counts[1:]))])
        codes[ranked] = ladder
    return codes


def _contracts(dice: np.random.Generator, sites: Establishments, site: np.ndarray, group: np.ndarray) -> np.ndarray:
    draw = dice.random(len(group))
    contract = np.where(draw < 0.05, "CDD", np.where(draw < 0.055, "APPR", "CDI")).astype("U8")
    contract[(group == "NUC_CONTRACTORS") & (draw > 0.98)] = "CHANTIER"
    contract[np.isin(group, ["MED_DENTAL", "MED_VET"]) & (draw > 0.6)] = "NSAL"
    contract[(group == "MED_MEDICINE") & (draw > 0.5)] = "FONCT"
    contract[np.isin(group, ["OTHER", "RESEARCH"]) & (draw > 0.4)] = "FONCT"
    contract[sites.is_military[site]] = "MIL"
    contract[sites.is_agency[site]] = "TEMP"
    return contract


def _second_sites(dice, sites: Establishments, site, group, contract) -> np.ndarray:
    """A few people work for two establishments of the same group at once; -1 for the others."""
    second = np.full(len(group), -1, dtype=np.int32)
    for name in ["MED_MEDICINE", "MED_DENTAL", "MED_VET", "RESEARCH", "INDUSTRY"]:
        open_sites = np.flatnonzero((sites.group == name) & ~sites.is_reserve)
        mine = np.flatnonzero((group == name) & (dice.random(len(group)) < _SECOND_EMPLOYER_SHARE * 1.5))
        if len(open_sites) > 1:
            chosen = dice.choice(open_sites, len(mine))
            second[mine] = np.where((chosen != site[mine]) & (contract[mine] != "TEMP"), chosen, -1)
    return second


def _inb_sites(dice, sites: Establishments, site, group) -> np.ndarray:
    """The nuclear site where a seat's work is done; contractors are mostly at power plants. -1 outside."""
    inb = np.full(len(group), -1, dtype=np.int32)
    inb[sites.is_inb[site]] = site[sites.is_inb[site]]
    plants = np.flatnonzero(sites.is_inb & ~sites.is_reserve)
    if len(plants):
        weight = np.where(sites.group[plants] == "NUC_POWER", 3.0, 1.0) * (1 + sites.size[plants])
        guests = np.flatnonzero(group == "NUC_CONTRACTORS")
        inb[guests] = dice.choice(plants, len(guests), p=weight / weight.sum())
    return inb
