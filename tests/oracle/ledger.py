"""What becomes of every row."""

from decimal import Decimal

from tests.oracle.doses import counted, limited
from tests.oracle.exact import ZERO
from tests.oracle.people import person_of


def dispositions(doses: list[dict], links: list[dict]) -> dict[int, str]:
    """dose_id → what became of the row."""
    removed: dict[int, set[str]] = {}
    for row in doses:
        if row["replaces_dose_id"] is not None:
            removed.setdefault(row["replaces_dose_id"] >> 3, set()).add(row["record_action"])
    found = {row["dose_id"]: _disposition(row, removed.get(row["dose_id"] >> 3, set())) for row in doses}
    worn: dict[tuple, list[dict]] = {}
    for row in doses:
        if found[row["dose_id"]] == "considered":
            person = person_of(links, row["worker_key"])
            wear = person, row["establishment_key"], *limited(row), row["period_start"], row["period_end"]
            worn.setdefault(wear, []).append(row)
    for (*_, component, _, _), together in worn.items():
        kept = _kept(component, together)
        found |= {row["dose_id"]: "counted" if row["dose_id"] in kept else "not_the_highest" for row in together}
    return found


def _disposition(row: dict, removed_by: set[str]) -> str:
    """The first of these that is so."""
    is_below = row["result_status"] == "BELOW_THRESHOLD" or bool(row["dose_msv"])
    said = [
        ("cancellation", row["record_action"] == "CANCEL"),
        ("cancelled", "CANCEL" in removed_by),
        ("replaced", "REPLACE" in removed_by),
        ("no_result", counted(row) is None),
        ("emergency", row["situation"] == "SUR"),
        ("over_apron", row["badge_position"] == "OVER_APRON"),
        ("abdomen", row["body_location"] == "ABDOMEN"),
        ("not_limited", limited(row) is None),
        ("below_threshold", not counted(row) and is_below),
        ("zero", not counted(row)),
        ("operational", row["dosimetry"] == "OPERATIONAL"),
        ("considered", True),
    ]
    return next(name for name, is_so in said if is_so)


def _kept(component: str, rows: list[dict]) -> set[int]:
    """dose_id of those that the dose of one component in one period is made of; of alike ones, as many as can be."""
    if component not in ("neutron", "non_neutron"):
        return {row["dose_id"] for row in rows}
    readings = [[row] for row in rows]
    if component == "non_neutron":
        readings += [
            [photon, beta] for photon in rows for beta in rows
            if (photon["radiation"], beta["radiation"]) == ("PHOTON", "BETA")
            and photon["body_location"] == beta["body_location"]
        ]  # fmt: skip
    best = max(readings, key=lambda reading: (sum(counted(row) for row in reading), len(reading)))
    return {row["dose_id"] for row in best}


def ledger(doses: list[dict], links: list[dict]) -> dict[tuple, tuple[int, Decimal]]:
    """(dosimetry, what became of it) → rows, mSv as sent."""
    ends = dispositions(doses, links)
    found: dict[tuple, tuple[int, Decimal]] = {}
    for row in doses:
        key = row["dosimetry"], ends[row["dose_id"]]
        rows, dose = found.get(key, (0, ZERO))
        found[key] = rows + 1, dose + (row["dose_msv"] or ZERO)
    return found
