"""What the register should count in the end, computed from the results themselves."""

import numpy as np
import polars as pl

from ingestion.simulate.calibration import CATEGORIES, CLASS_CODES
from ingestion.simulate.decimals import thousandths_text
from ingestion.simulate.files import Manifest
from ingestion.simulate.passive import MAIN, NEUTRON
from ingestion.simulate.population import Seats


def add_year(manifest: Manifest, year: int, settled: pl.DataFrame, seats: Seats) -> None:
    """Category × class, collective dose and groups of one year of ground workers."""
    counted = (
        settled.filter(pl.col("kind").is_in([MAIN, NEUTRON]))
        .with_columns(pl.when(pl.col("value") >= pl.col("threshold")).then(pl.col("value")).otherwise(0).alias("value"))
        .group_by("seat", "category", maintain_order=True)
        .agg(pl.col("value").cast(pl.Int64).sum())
        .sort("seat")
    )
    dose, category = counted["value"].to_numpy(), counted["category"].to_numpy()
    classes = class_of(dose)
    manifest.class_tables[year] = {
        name: {code: int(((category == c) & (classes == k)).sum()) for k, code in enumerate(CLASS_CODES)}
        for c, name in enumerate(CATEGORIES)
    }
    manifest.collective_msv[year] = _msv(dose.sum())
    group = seats.group[counted["seat"].to_numpy()]
    manifest.groups[year] = {str(name): _summary(dose[group == name]) for name in np.unique(group)}


def class_of(dose: np.ndarray) -> np.ndarray:
    """Number of the annual class: bounds belong to the class below."""
    return np.where(dose == 0, 0, np.searchsorted([1000, 5000, 10_000], dose, side="left") + 1)


def add_natural(manifest: Manifest, year: int, aircrew: pl.DataFrame, radon: pl.DataFrame) -> None:
    manifest.natural[year] = {}
    for name, rows in (("aircrew", aircrew), ("radon", radon)):
        annual = rows.group_by("person", maintain_order=True).agg(pl.col("dose").sum())["dose"].to_numpy()
        manifest.natural[year][name] = _summary(annual)


def _summary(dose: np.ndarray) -> dict[str, str | int]:
    return {"monitored": len(dose), "exposed": int((dose > 0).sum()), "dose_msv": _msv(dose.sum())}


def _msv(total: int) -> str:
    return thousandths_text(np.array([int(total)]))[0]
