"""What counts of the rows, and their sums by period, window, year and emergency."""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from tests.oracle.exact import ZERO, months_before
from tests.oracle.people import person_of

SITES = {"FINGER_L", "FINGER_R", "WRIST_L", "WRIST_R", "ANKLE_L", "ANKLE_R"}


def current(doses: list[dict]) -> list[dict]:
    """Rows that stand: what a row replaces or cancels leaves, with all parts of its delivery row."""
    removed = {d["replaces_dose_id"] >> 3 for d in doses if d["replaces_dose_id"] is not None}
    return [d for d in doses if d["dose_id"] >> 3 not in removed and d["record_action"] != "CANCEL"]


def counted(dose: dict) -> Decimal | None:
    """What counts of a row: nothing without a result, 0 below the recording threshold."""
    if dose["result_status"] == "BELOW_THRESHOLD":
        return ZERO
    if dose["result_status"] not in ("MEASURED", "ESTIMATED"):
        return None
    threshold = dose["recording_threshold_msv"]
    return ZERO if threshold is not None and dose["dose_msv"] < threshold else dose["dose_msv"]


def limited(dose: dict) -> tuple[str, str, str] | None:
    """(limited quantity, site, component) that a row enters."""
    if dose["situation"] == "SUR" or dose["badge_position"] == "OVER_APRON" or dose["body_location"] == "ABDOMEN":
        return None
    neutron = "neutron" if dose["radiation"] == "NEUTRON" else "non_neutron"
    match dose["dosimetry"], dose["quantity"], dose["body_location"]:
        case "PASSIVE", "HP10", _:
            return "effective", "WHOLE_BODY", neutron
        case "PASSIVE", "HP3", _:
            return "lens", "LENS", neutron
        case "PASSIVE", "HP007", place if place in SITES:
            return "extremities", place, neutron
        case "PASSIVE", "HP007", place:
            return "skin", place, neutron
        case "INTERNAL", "E50", _:
            return "effective", "WHOLE_BODY", "internal"
        case ("RADON" | "COSMIC") as component, "E", _:
            return "effective", "WHOLE_BODY", component.lower()
        case "OPERATIONAL", "HP10", _:
            return "operational", "WHOLE_BODY", "operational"
    return None


def period_doses(doses: list[dict], links: list[dict] = ()) -> dict[tuple, Decimal]:
    """(person, establishment, limited quantity, site, start, end) → retained mSv, where above zero."""
    rows: dict[tuple, list[dict]] = {}
    for dose in current(doses):
        place = limited(dose)
        if place and counted(dose):
            start, end = dose["period_start"], dose["period_end"]
            if place[0] == "operational":
                start, end = end.replace(day=1), end.replace(day=monthrange(end.year, end.month)[1])
            person = person_of(links, dose["worker_key"])
            rows.setdefault((person, dose["establishment_key"], *place, start, end), []).append(dose)
    totals: dict[tuple, Decimal] = {}
    for (person, establishment, quantity, site, component, start, end), of_period in rows.items():
        quantities = [quantity]
        if quantity == "effective" and component != "internal":
            quantities.append("effective_external")
        for name in quantities:
            key = (person, establishment, name, site, start, end)
            totals[key] = totals.get(key, ZERO) + retained(component, of_period)
    return totals


def retained(component: str, rows: list[dict]) -> Decimal:
    """The dose of one component in one period."""
    if component == "neutron":
        return max(counted(r) for r in rows)
    if component != "non_neutron":
        return sum(counted(r) for r in rows)
    best = ZERO
    for location in {r["body_location"] for r in rows}:
        highest = {"PHOTON": ZERO, "BETA": ZERO, "MIXED": ZERO}
        for row in rows:
            if row["body_location"] == location:
                highest[row["radiation"]] = max(highest[row["radiation"]], counted(row))
        best = max(best, highest["PHOTON"] + highest["BETA"], highest["MIXED"])
    return best


def operational_months(doses: list[dict], links: list[dict]) -> dict[tuple, tuple[int, Decimal, Decimal, int]]:
    """(person, establishment, first, last of the month) → dose_id of the first, mSv as sent, mSv counted, readings."""
    found: dict[tuple, tuple[int, Decimal, Decimal, int]] = {}
    for row in current(doses):
        if (limited(row) or ("",))[0] == "operational" and counted(row) is not None:
            end = row["period_end"]
            month = end.replace(day=1), end.replace(day=monthrange(end.year, end.month)[1])
            key = person_of(links, row["worker_key"]), row["establishment_key"], *month
            first, sent, counts, readings = found.get(key, (row["dose_id"], ZERO, ZERO, 0))
            found[key] = min(first, row["dose_id"]), sent + row["dose_msv"], counts + counted(row), readings + 1
    return found


def told_of_periods(doses: list[dict], links: list[dict]) -> dict[tuple, tuple[Decimal, bool]]:
    """Keys of `period_doses` → mSv of all badges and intakes, and whether days of it count twice.

    They do where wear of the same kind overlaps, at the same employer, without being of the same days.
    """
    wears: dict[tuple, dict[tuple, Decimal]] = {}
    for row in current(doses):
        place = limited(row)
        if place and counted(row) and place[0] != "operational":
            key = person_of(links, row["worker_key"]), row["establishment_key"], *place
            own = wears.setdefault(key, {})
            period = row["period_start"], row["period_end"]
            own[period] = own.get(period, ZERO) + counted(row)
    found: dict[tuple, tuple[Decimal, bool]] = {}
    for (person, establishment, quantity, site, component), own in wears.items():
        for start, end in own:
            overlaps = any(other != (start, end) and other[0] <= end and other[1] >= start for other in own)
            quantities = [quantity]
            if quantity == "effective" and component != "internal":
                quantities.append("effective_external")
            for name in quantities:
                key = person, establishment, name, site, start, end
                dose, is_twice = found.get(key, (ZERO, False))
                found[key] = dose + own[start, end], is_twice or overlaps
    months = operational_months(doses, links).items()
    found |= {(*key[:2], "operational", "WHOLE_BODY", *key[2:]): (of[2], False) for key, of in months if of[2]}
    return found


def rolling(doses: list[dict], links: list[dict] = ()) -> dict[tuple, tuple[Decimal, Decimal, Decimal, date]]:
    """(person, limited quantity, date) → mSv of 12 months, 60 months and career, the highest site of each; first wear.

    The earliest day of wear in the twelve months of the highest site, of alike ones the earliest.
    """
    periods = period_doses(doses, links)
    result = {}
    for person, _, quantity, _, _, on_date in periods:
        sites: dict[str, list[tuple[date, date, Decimal]]] = {}
        for (p, _, q, site, start, end), dose in periods.items():
            if (p, q) == (person, quantity):
                sites.setdefault(site, []).append((start, end, dose))
        result[person, quantity, on_date] = (
            *(
                max(sum((d for _, end, d in of_site if after < end <= on_date), ZERO) for of_site in sites.values())
                for after in (months_before(on_date, 12), months_before(on_date, 60), date.min)
            ),
            _first_wear(sites.values(), on_date),
        )
    return result


def _first_wear(sites: Iterable[list[tuple]], on_date: date) -> date:
    inside = [[row for row in of_site if months_before(on_date, 12) < row[1] <= on_date] for of_site in sites]
    sums = [(-sum(dose for *_, dose in rows), min(start for start, *_ in rows)) for rows in inside if rows]
    return min(sums)[1]


def annual(doses: list[dict], links: list[dict] = ()) -> dict[tuple, Decimal]:
    """(person, year, limited quantity) → mSv above zero; the highest site of the year."""
    sums: dict[tuple, Decimal] = {}
    for (person, _, quantity, site, _, end), dose in period_doses(doses, links).items():
        key = (person, end.year, quantity, site)
        sums[key] = sums.get(key, ZERO) + dose
    result: dict[tuple, Decimal] = {}
    for (person, year, quantity, _), dose in sums.items():
        result[person, year, quantity] = max(dose, result.get((person, year, quantity), ZERO))
    return result


def is_of_emergency(row: dict) -> bool:
    """Enters the effective dose of an emergency."""
    is_read = row["dosimetry"] != "OPERATIONAL" and row["quantity"] in ("HP10", "E", "E50")
    is_worn_right = row["badge_position"] != "OVER_APRON" and row["body_location"] != "ABDOMEN"
    return row["situation"] == "SUR" and is_read and is_worn_right


def emergency_periods(doses: list[dict], links: list[dict] = ()) -> dict[tuple, tuple[Decimal, Decimal]]:
    """(person, establishment, emergency, start, end) → mSv of the whole and of its external part (R.4451-11, -104)."""
    rows: dict[tuple, list[dict]] = {}
    for dose in current(doses):
        if is_of_emergency(dose) and counted(dose):
            person = person_of(links, dose["worker_key"])
            wear = (dose["period_start"], dose["period_end"])
            rows.setdefault((person, dose["establishment_key"], dose["emergency_id"], *wear), []).append(dose)
    found = {}
    for key, of_period in rows.items():
        badges = [row for row in of_period if row["quantity"] == "HP10"]
        neutron = max((counted(b) for b in badges if b["radiation"] == "NEUTRON"), default=ZERO)
        named = max((counted(b) for b in badges if b["radiation"] in ("PHOTON", "MIXED")), default=ZERO)
        unnamed = max((counted(b) for b in badges if b["radiation"] == "NOT_STATED"), default=ZERO)
        external = max(named + neutron, unnamed)
        intakes = sum((counted(row) for row in of_period if row["quantity"] == "E50"), ZERO)
        stated = max((counted(row) for row in of_period if row["quantity"] == "E"), default=ZERO)
        found[key] = (max(stated, external + intakes), external)
    return found
