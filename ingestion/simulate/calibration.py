"""The published tables, scaled to the number of workers, say how many seats each group, category and class holds."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

FOLDER = Path(__file__).parent / "calibration"

STEP_USV = 50
CLASS_CODES = ["0", "]0;1]", "]1;5]", "]5;10]", ">10"]
# The lowest and highest annual dose of each class, in steps of 0.05 mSv; the few doses above 20 mSv are set apart.
CLASS_STEPS = [(0, 0), (1, 20), (21, 100), (101, 200), (201, 340)]
TOP_CLASS = 4
CATEGORIES = ["A", "B", "NC", "NR"]
CLASS_COLUMNS = ["below", "up_to_1", "up_to_5", "up_to_10", "above_10"]


@cache
def table(name: str) -> pl.DataFrame:
    return pl.read_csv(FOLDER / f"{name}.csv", infer_schema_length=None, schema_overrides=_TEXT_COLUMNS.get(name))


_TEXT_COLUMNS = {
    "departments": {"department_code": pl.String, "region_code": pl.String},
    "dose_class_category_2020": {"class_code": pl.String},
    "group_sites": {"naf": pl.String},
}


@cache
def volume(name: str) -> float:
    return table("volumes").filter(pl.col("name") == name)["value"].item()


def largest_remainder(shares: np.ndarray, total: int) -> np.ndarray:
    """Whole counts that sum to `total` and lie within one of their exact share."""
    flat = np.asarray(shares, dtype=float).ravel()
    exact = flat * (total / flat.sum())
    counts = np.floor(exact).astype(np.int64)
    short = total - counts.sum()
    order = np.argsort(-(exact - counts), kind="stable")
    counts[order[:short]] += 1
    return counts.reshape(np.shape(shares))


@dataclass(frozen=True)
class Quota:
    """How many seats; `cells[group, category, class]` sums to the published table at the size asked for."""

    groups: list[str]
    cells: np.ndarray

    @property
    def seats(self) -> np.ndarray:
        """Seats by group and category."""
        return self.cells.sum(axis=2)

    def by_category(self) -> dict[str, dict[str, int]]:
        counts = self.cells.sum(axis=0)
        return {
            category: {code: int(counts[c, k]) for k, code in enumerate(CLASS_CODES)}
            for c, category in enumerate(CATEGORIES)
        }


def quota(workers: int, *, classified_only: bool) -> Quota:
    """The 2020 table at this size; without NC and NR for a register that starts after they ended."""
    groups = table("groups")
    published = published_counts()
    joint = _joint_table(published, groups)
    if classified_only:
        published, joint = published.copy(), joint.copy()
        published[2:], joint[:, 2:] = 0, 0
    margins = largest_remainder(published, workers)
    cells = np.zeros(joint.shape, dtype=np.int64)
    for c in range(len(CATEGORIES)):
        for k in range(len(CLASS_CODES)):
            if margins[c, k]:
                cells[:, c, k] = largest_remainder(joint[:, c, k], margins[c, k])
    return Quota(groups["group"].to_list(), cells)


def published_counts() -> np.ndarray:
    """Workers by category and class, 2020."""
    rows = table("dose_class_category_2020")
    return rows["workers"].to_numpy().reshape(len(CATEGORIES), len(CLASS_CODES))


def class_means() -> np.ndarray:
    """Mean dose in mSv by category and class."""
    return table("dose_class_category_2020")["mean_msv"].to_numpy().reshape(len(CATEGORIES), len(CLASS_CODES))


def _joint_table(published: np.ndarray, groups: pl.DataFrame) -> np.ndarray:
    """Group × category × class that meets both published margins, as near as possible to the assumed category mix."""
    by_group = groups.select(CLASS_COLUMNS).to_numpy().astype(float)
    mix = groups.select("share_a", "share_b", "share_nc", "share_nr").to_numpy()
    joint = np.zeros((len(groups), len(CATEGORIES), len(CLASS_CODES)))
    for k in range(len(CLASS_CODES)):
        cell = mix * by_group[:, [k]]
        for _ in range(200):
            cell *= _ratio(published[:, k], cell.sum(axis=0))
            cell *= _ratio(by_group[:, k], cell.sum(axis=1))[:, None]
        joint[:, :, k] = cell
    return joint


def _ratio(wanted: np.ndarray, found: np.ndarray) -> np.ndarray:
    return np.divide(wanted, found, out=np.zeros_like(found), where=found > 0)


@cache
def steps_distribution(lowest: int, highest: int, mean_steps: float) -> np.ndarray:
    """Cumulative probabilities over `lowest..highest` of the least informative distribution with this mean."""
    steps = np.arange(lowest, highest + 1)
    low, high = -5.0, 5.0
    for _ in range(80):
        rate = (low + high) / 2
        weight = np.exp(-rate * (steps - lowest - (rate < 0) * (highest - lowest)))
        mean = (steps * weight).sum() / weight.sum()
        low, high = (rate, high) if mean > mean_steps else (low, rate)
    return np.cumsum(weight / weight.sum())
