"""A naive reading of the rules in plain Python and Decimal, to hold the SQL against: no polars, no SQL."""

from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from math import ceil, floor

from scipy import stats

ZERO = Decimal("0.000")
SITES = {"FINGER_L", "FINGER_R", "WRIST_L", "WRIST_R", "ANKLE_L", "ANKLE_R"}


def months_before(day: date, months: int) -> date:
    """The far end of a window, excluded from it: month ends go back to month ends."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = monthrange(years, month + 1)[1]
    is_month_end = day.day == monthrange(day.year, day.month)[1]
    return date(years, month + 1, last if is_month_end else min(day.day, last))


def current(doses: list[dict]) -> list[dict]:
    """Rows that stand: what a row replaces or cancels leaves, with all parts of its delivery row."""
    removed = {d["replaces_dose_id"] >> 3 for d in doses if d["replaces_dose_id"] is not None}
    return [d for d in doses if d["dose_id"] >> 3 not in removed and d["record_action"] != "CANCEL"]


def person_of(links: list[dict], key: int) -> int:
    """Follow the latest links to the end; of a circle, its smallest key."""
    latest = {}
    for link in sorted(links, key=lambda row: row["known_at"]):
        latest[link["worker_key"]] = link["person_key"]
    passed: list[int] = []
    while latest.get(key, key) != key:
        if key in passed:
            return min(passed[passed.index(key) :])
        passed.append(key)
        key = latest[key]
    return key


def persons(said: list[dict], links: list[dict]) -> dict[int, tuple[int, str]]:
    """Person → year of birth and sex: as last said of the person's own key; where nothing was, of the others."""
    found: dict[int, tuple[tuple, tuple[int, str]]] = {}
    for row in said:
        person = person_of(links, row["worker_key"])
        weight = row["worker_key"] == person, row["known_at"]
        if person not in found or weight > found[person][0]:
            found[person] = weight, (row["birth_year"], row["sex"])
    return {person: fact for person, (_, fact) in found.items()}


def adults(said: list[dict], links: list[dict]) -> dict[int, date]:
    """Person → 18th birthday, as last said of each key; of several keys the latest day: protected the longest."""
    latest = {row["worker_key"]: row["adult_on"] for row in sorted(said, key=lambda row: row["known_at"])}
    found: dict[int, date] = {}
    for key, day in latest.items():
        person = person_of(links, key)
        found[person] = max(day, found.get(person, day))
    return found


def establishments(said: list[dict], day: date) -> dict[int, tuple[dict, date | None, bool]]:
    """Establishment → the line of the day, its last day (None: open) and whether it is over by the day.

    Of alike lines (the same first day) the last that was said holds, until the next one begins; before the first line
    the first holds.
    """
    found = {}
    for key in {row["establishment_key"] for row in said}:
        own = sorted((row for row in said if row["establishment_key"] == key), key=_order)
        lines = sorted({row["valid_from"]: row for row in own}.items())
        begun = [number for number, (first, _) in enumerate(lines) if first <= day]
        number = max(begun, default=0)
        ends = [lines[number][1]["valid_to"] or date.max]
        if number + 1 < len(lines):
            ends.append(lines[number + 1][0] - timedelta(days=1))
        last = min(ends)
        found[key] = lines[number][1], None if last == date.max else last, last < day
    return found


def authorisations(said: list[dict], links: list[dict]) -> list[dict]:
    """What a labour inspector authorised, each with the worker_key of the person.

    Of a decision, person and quantity what was last said holds, unless that withdraws it.
    """
    latest = {
        (person_of(links, row["worker_key"]), row["decision_ref"], row["limit_quantity"]): row
        for row in sorted(said, key=_order)
    }
    return [row | {"worker_key": person} for (person, *_), row in latest.items() if row["action"] == "GRANT"]


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


def episodes(
    doses: list[dict], links: list[dict], limits: list[dict], minors: dict[int, date], authorised: list[dict] = ()
) -> set[tuple]:
    """(person, limit, state, first day, last day, peak day, mSv) of each run of days above a limit, day by day.

    `limits`: rows of lake/reference/dose_limits.csv with dates and Decimals; `minors`: person → day of age;
    `authorised`: a labour inspector's authorisations that hold (worker_key, limit_quantity, valid_from, valid_to).
    """
    worn: dict[tuple, list[tuple]] = {}
    for (person, _, quantity, site, start, end), dose in period_doses(doses, links).items():
        worn.setdefault((person, quantity, "ADULT"), []).append((site, start, end, dose))
        if person in minors and start < minors[person]:
            worn.setdefault((person, quantity, "MINOR"), []).append((site, start, end, dose))
    found = set()
    for (person, quantity, population), rows in worn.items():
        for limit in limits:
            if (limit["limit_quantity"], limit["population"]) == (quantity, population):
                spans = [a for a in authorised if (a["worker_key"], a["limit_quantity"]) == (person, quantity)]
                days = _above(rows, limit, _former(limit, limits))
                if population == "ADULT" and limit["window"] == "12_MONTHS":
                    days = [_excused(day, rows, limit, spans, limits) for day in days]
                found |= {(person, limit["limit_code"], *run) for run in _runs(days)}
    return found


def detected(
    doses: list[dict],
    links: list[dict],
    limits: list[dict],
    minors: dict[int, date],
    until: date,
    authorised: list[dict] = (),
) -> list[tuple]:
    """Of `episodes` those that are exceedances, and the lifetimes of emergencies above their limit until a day."""
    planned = [one for one in episodes(doses, links, limits, minors, authorised) if one[2] == "detected"]
    lives = lifetimes_above(doses, links, limits, until)
    return planned + [(person, code, "detected", *run) for person, code, *run in lives]


def with_what_waits(doses: list[dict], waiting: list[dict], enters) -> list[dict]:
    """The doses and what waits beside them: that takes away only where it puts a dose in the place that `enters`."""
    return [*doses, *(row for row in waiting if row["record_action"] != "CANCEL" and counted(row) and enters(row))]


def provisional(
    doses: list[dict],
    waiting: list[dict],
    links: list[dict],
    limits: list[dict],
    minors: dict[int, date],
    today: date,
    authorised: list[dict] = (),
) -> set[tuple]:
    """(person, limit, first day, last day, peak day, mSv, counted mSv) of what the waiting rows would make or raise."""
    planned = episodes(with_what_waits(doses, waiting, is_planned), links, limits, minors, authorised)
    lives = lifetimes_above(with_what_waits(doses, waiting, is_of_emergency), links, limits, today)
    counted_ones = detected(doses, links, limits, minors, today, authorised)
    found = set()
    for person, code, *run in [*(one[:2] + one[3:] for one in planned if one[2] == "detected"), *lives]:
        first, last, _, peak = run
        same = [one[6] for one in counted_ones if one[:2] == (person, code) and one[3] <= last and one[4] >= first]
        if peak > max(same, default=ZERO):
            found.add((person, code, *run, max(same, default=None)))
    return found


def is_planned(row: dict) -> bool:
    """Enters a sum of planned exposure that a limit bounds."""
    return limited(row) is not None and row["dosimetry"] != "OPERATIONAL"


def is_of_emergency(row: dict) -> bool:
    """Enters the effective dose of an emergency."""
    is_read = row["dosimetry"] != "OPERATIONAL" and row["quantity"] in ("HP10", "E", "E50")
    is_worn_right = row["badge_position"] != "OVER_APRON" and row["body_location"] != "ABDOMEN"
    return row["situation"] == "SUR" and is_read and is_worn_right


def inquiries(
    known: dict, limits: list[dict], minors: dict[int, date], silence: int, today: date
) -> dict[tuple, tuple]:
    """(person, limit, status, first day) → last day, peak day, mSv, state, day since which it is; detected and gone.

    `known`: by the end of `today`, the rows of doses, identity_links, decisions and inquiry_events.
    """
    doses, links = known["doses"], known["identity_links"]
    by_code = {limit["limit_code"]: limit for limit in limits}
    standing = detected(doses, links, limits, minors, today)
    removed = {row["replaces_dose_id"] >> 3: row for row in doses if row["replaces_dose_id"] is not None}
    past = {
        moment: detected(_before(doses, moment), links, limits, minors, moment.date())
        for moment in {row["received_at"] for row in removed.values()}
    }
    found: dict[tuple, tuple] = {}
    for one in standing:
        person, code, _, first, last, peak_day, peak = one
        limit = by_code[code]
        detected_at = _detected_at(doses, links, limit, one, minors)
        said = [
            row for row in known["inquiry_events"]
            if person_of(links, row["worker_key"]) == person and row["limit_code"] == code
            and first <= row["on_date"] <= last
        ]  # fmt: skip
        concluded = [
            (row, "confirmed", row["happened_on"]) for row in said
            if row["event"] == "CONFIRMED" and row["known_at"] >= detected_at
        ]  # fmt: skip
        made_of = _made_of(doses, links, limit, one, minors)
        for row in known["decisions"]:
            if row["decision"] == "MAINTAIN":
                is_told = row["dose_id"] in made_of and row["known_at"] >= detected_at
            else:
                then = _before(doses, row["known_at"])
                is_told = any(
                    row["dose_id"] in _made_of(then, links, limit, earlier, minors)
                    for earlier in past.get(row["known_at"], []) if _meet(earlier, one)
                )  # fmt: skip
            if is_told:
                concluded.append((row, "confirmed" if row["decision"] == "MAINTAIN" else "modified", row["decided_on"]))
        opened = [row for row in said if row["event"] == "OPENED"]
        told_on = {
            state: max(row["happened_on"] for row in said if row["event"] == event)
            for event, state in (("OPENED", "under_inquiry"), ("NOTIFIED", "notified"))
            if any(row["event"] == event for row in said)
        }
        last_said = max(concluded, key=lambda one: _order(one[0]), default=None)
        if last_said and all(row["known_at"] <= last_said[0]["known_at"] for row in opened):
            state, since = last_said[1:]
        elif told_on and today > max(told_on.values()) + timedelta(days=silence):
            state, since = "retained_by_default", max(told_on.values()) + timedelta(days=silence + 1)
        elif told_on:
            state, since = next(iter(told_on.items()))
        else:
            state, since = "detected", detected_at.date()
        found[person, code, "detected", first] = last, peak_day, peak, state, since
    lifted = sorted(
        (
            (moment, one)
            for moment, ones in past.items()
            for one in ones
            if not any(_meet(one, now) for now in standing)
        ),
        key=lambda gone: (gone[1][:2], gone[1][3], gone[0]),
    )
    while lifted:
        same = [lifted.pop(0)]
        while lifted and _meet(lifted[0][1], (*same[0][1][:4], max(one[4] for _, one in same))):
            same.append(lifted.pop(0))
        person, code, _, first, *_ = same[0][1]
        gone_at = max(moment for moment, _ in same)
        then = _before(doses, gone_at)
        made_of = set().union(*(
            _made_of(then, links, by_code[code], one, minors) for moment, one in same if moment == gone_at
        ))  # fmt: skip
        actions = {
            removed[dose >> 3]["record_action"] for dose in made_of
            if dose >> 3 in removed and removed[dose >> 3]["received_at"] == gone_at
        }  # fmt: skip
        _, highest = min(same, key=lambda gone: (-gone[1][6], gone[1][5], gone[0]))
        found[person, code, "gone", first] = (
            max(one[4] for _, one in same), *highest[5:], "modified" if "REPLACE" in actions else "cancelled",
            gone_at.date(),
        )  # fmt: skip
    return found


def _before(doses: list[dict], moment: datetime) -> list[dict]:
    return [row for row in doses if row["received_at"] < moment]


def _order(row: dict) -> tuple:
    return row["known_at"], row["delivery_no"], row["row_no"]


def _meet(one: tuple, other: tuple) -> bool:
    return one[:2] == other[:2] and one[3] <= other[4] and one[4] >= other[3]


def _summed(doses: list[dict], links: list[dict], limit: dict, person: int, day: date, minors: dict) -> dict:
    """Site → mSv in the limit's window on a day."""
    if limit["window"] == "CAREER":
        life = emergency_periods(doses, links).items()
        return {"WHOLE_BODY": sum((dose for (own, *_, end), (dose, _) in life if own == person and end <= day), ZERO)}
    after = limit["valid_from"] - timedelta(days=1) if limit["window"] == "BLOCK" else months_before(day, 12)
    sums: dict[str, Decimal] = {}
    for (own, _, quantity, site, start, end), dose in period_doses(doses, links).items():
        is_young = limit["population"] != "MINOR" or start < minors[person]
        if (own, quantity) == (person, limit["limit_quantity"]) and after < end <= day and is_young:
            sums[site] = sums.get(site, ZERO) + dose
    return sums


def _highest(sums: dict[str, Decimal]) -> str:
    return min(sums, key=lambda site: (-sums[site], site))


def _detected_at(doses: list[dict], links: list[dict], limit: dict, episode: tuple, minors: dict) -> datetime:
    """When what had come of the rows that stand, and was known to be of the person, first passed the limit on a day."""
    person, _, _, first, last, *_ = episode
    latest = {row["worker_key"]: row for row in sorted(links, key=lambda row: row["known_at"])}

    def known_at(row: dict) -> datetime:
        link = latest.get(row["worker_key"])
        return max(row["received_at"], link["known_at"]) if link else row["received_at"]

    stand = [row for row in current(doses) if person_of(links, row["worker_key"]) == person]
    days = {first} | {row["period_end"] for row in stand if first <= row["period_end"] <= last}
    for moment in sorted({known_at(row) for row in stand}):
        come = [row for row in stand if known_at(row) <= moment]
        sums = [dose for day in days for dose in _summed(come, links, limit, person, day, minors).values()]
        if any(dose > limit["limit_msv"] for dose in sums):
            return moment
    raise AssertionError(f"{episode} was never seen")


def _made_of(doses: list[dict], links: list[dict], limit: dict, episode: tuple, minors: dict[int, date]) -> set[int]:
    """dose_id of all that an episode is, or was, made of: from the first window to the last day, at its sites."""
    person, _, _, first, last, peak_day, _ = episode
    if limit["window"] == "CAREER":
        return {
            row["dose_id"] for row in doses
            if row["record_action"] != "CANCEL" and counted(row) and is_of_emergency(row)
            and person_of(links, row["worker_key"]) == person and row["period_end"] <= last
        }  # fmt: skip
    sites = {_highest(_summed(doses, links, limit, person, day, minors)) for day in (first, peak_day)}
    after = limit["valid_from"] - timedelta(days=1) if limit["window"] == "BLOCK" else months_before(first, 12)
    return {
        row["dose_id"] for row in doses
        if row["record_action"] != "CANCEL" and counted(row) and person_of(links, row["worker_key"]) == person
        and (limited(row) or ())[:2] in {(limit["limit_quantity"], site) for site in sites}
        and after < row["period_end"] <= last
        and (limit["population"] != "MINOR" or row["period_start"] < minors[person])
    }  # fmt: skip


def employment_of(
    doses: list[dict], links: list[dict], limit: dict, person: int, peak_day: date, minors: dict[int, date]
) -> int:
    """Establishment of the largest dose on the peak date; of the last one before, where none ended on it."""
    if limit["window"] == "CAREER":
        return min(
            (-end.toordinal(), -dose, place)
            for (one, place, _, _, end), (dose, _) in emergency_periods(doses, links).items()
            if one == person and end <= peak_day
        )[2]
    own = [
        (-end.toordinal(), -dose, place)
        for (one, place, quantity, _, start, end), dose in period_doses(doses, links).items()
        if (one, quantity) == (person, limit["limit_quantity"]) and end <= peak_day
        and (limit["population"] != "MINOR" or start < minors[person])
    ]  # fmt: skip
    return min(own)[2]


def records_of(
    doses: list[dict], links: list[dict], limit: dict, person: int, on_date: date, minors: dict[int, date]
) -> set[int]:
    """dose_id of every result behind the sum of a limit's window on a day: of the highest site, the first of alike."""
    same = current(doses)
    after = date.min
    if limit["window"] != "CAREER":
        highest = _highest(_summed(doses, links, limit, person, on_date, minors))
        same = [row for row in same if (limited(row) or ())[:2] == (limit["limit_quantity"], highest)]
        is_block = limit["window"] == "BLOCK"
        after = limit["valid_from"] - timedelta(days=1) if is_block else months_before(on_date, 12)
    else:
        same = [row for row in same if is_of_emergency(row)]
    return {
        row["dose_id"] for row in same
        if person_of(links, row["worker_key"]) == person and counted(row) and after < row["period_end"] <= on_date
        and (limit["population"] != "MINOR" or row["period_start"] < minors[person])
    }  # fmt: skip


def significant(doses: list[dict], limits: list[dict], minors: dict[int, date], share: Decimal) -> list[tuple]:
    """(person, establishment, kind, limited quantity, start, end, mSv, limit) above a share of a limit of 12 months.

    One operation has given at most what an electronic reading of one entry shows, an intake, or a whole wear: of badges
    of the whole body, the external dose; of skin and extremities, the highest site.
    """
    received: list[tuple] = []
    standing = current(doses)
    entries: dict[tuple, Decimal] = {}
    intakes: dict[tuple, Decimal] = {}
    for row in standing:
        place = limited(row)
        key = row["worker_key"], row["establishment_key"], row["period_start"], row["period_end"]
        if place and counted(row) and place[0] == "operational":
            entries[row["dose_id"] >> 3, *key] = entries.get((row["dose_id"] >> 3, *key), ZERO) + counted(row)
        elif place and counted(row) and place[2] == "internal":
            intakes[key] = intakes.get(key, ZERO) + counted(row)
    received += [(*key[1:], "ENTRY", "operational", "effective", dose) for key, dose in entries.items()]
    received += [(*key, "INTAKE", "effective", "effective", dose) for key, dose in intakes.items()]
    wears: dict[tuple, Decimal] = {}
    for (person, place, quantity, _, start, end), dose in period_doses(doses).items():
        if quantity not in ("effective", "operational"):
            key = person, place, start, end, quantity
            wears[key] = max(dose, wears.get(key, ZERO))
    received += [
        (*key, "WEAR", quantity, "effective" if quantity == "effective_external" else quantity, dose)
        for (*key, quantity), dose in wears.items()
    ]
    return sorted(
        (person, place, kind, quantity, start, end, dose, limit["limit_code"])
        for person, place, start, end, kind, quantity, of_limit, dose in received
        for limit in limits
        if limit["kind"] == "LIMIT" and limit["window"] == "12_MONTHS" and limit["limit_quantity"] == of_limit
        and _holds(limit, end) and dose > limit["limit_msv"] * share
        and (limit["population"] == "ADULT" or start < minors.get(person, date.min))
    )  # fmt: skip


def contracts(
    doses: list[dict], lines: list[dict], links: list[dict], limits: list[dict], today: date
) -> dict[tuple, tuple[date, Decimal, Decimal, bool]]:
    """(person, establishment, contract's start, limited quantity) → last day, mSv, over the limit pro rata, above it.

    `lines`: what worker lists say; of a contract what was said last holds, and short are CDD and TEMP with an end. A
    wear is of the contract that holds its last day, else of the last that it was worn in; the highest site counts. The
    limit is that of the contract's last day, or of today where it still runs, for its days out of twelve months.
    """
    said = {
        (person_of(links, line["worker_key"]), line["establishment_key"], line["contract_start"]): line
        for line in sorted(lines, key=_order)
    }
    short = [
        (*key, line["contract_end"]) for key, line in said.items()
        if line["contract_type"] in ("CDD", "TEMP") and line["contract_end"] and line["contract_end"] >= key[2]
    ]  # fmt: skip
    sites: dict[tuple, Decimal] = {}
    for (person, place, quantity, site, start, end), dose in period_doses(doses, links).items():
        own = [one for one in short if one[:2] == (person, place) and start <= one[3] and end >= one[2]]
        if quantity != "operational" and own:
            contract = max(own, key=lambda one: (end <= one[3], one[2]))
            sites[*contract, quantity, site] = sites.get((*contract, quantity, site), ZERO) + dose
    found: dict[tuple, tuple[date, Decimal, Decimal, bool]] = {}
    for (person, place, first, last, quantity, _), dose in sites.items():
        limited_by = "effective" if quantity == "effective_external" else quantity
        (limit,) = (
            row["limit_msv"] for row in limits
            if (row["limit_quantity"], row["population"], row["window"]) == (limited_by, "ADULT", "12_MONTHS")
            and row["kind"] == "LIMIT" and _holds(row, min(last, today))
        )  # fmt: skip
        share = Fraction((last - first).days + 1, (first.replace(year=first.year + 1) - first).days)
        key = person, place, first, quantity
        if key not in found or dose > found[key][1]:
            ratio = Fraction(dose) / (Fraction(limit) * share)
            found[key] = last, dose, rounded(ratio, 6), ratio > 1
    return found


def misclassified(
    doses: list[dict], category_on: dict[tuple[int, int], list[tuple[date, str]]], rules: list[dict]
) -> dict[tuple, Decimal]:
    """(person, rule, limited quantity, establishment, year) → the highest mSv of who passes a level of their category.

    `category_on`: (person, establishment) → (first day, category) in order; `rules`: rows of
    lake/reference/classification_levels.csv with dates and Decimals. Of "above", 12 months without radon of the soil,
    on days of a dose, wherever the person has the category; of "below", so many calendar years running of nothing but
    the category, each monitored and under the level, where most of the last one's dose was received.
    """

    def category(person: int, establishment: int, day: date) -> str | None:
        lines = category_on.get((person, establishment), [])
        return next((name for first, name in reversed(lines) if first <= day), None)

    found: dict[tuple, Decimal] = {}
    standing = current(doses)
    radon = [row for row in standing if row["dosimetry"] == "RADON" and row["situation"] == "EXISTING"]
    jobs = _employments(doses, category)
    for rule in rules:
        quantities = [rule["limit_quantity"]]
        if rule["limit_quantity"] == "effective":
            quantities.append("effective_external")
        for quantity in quantities:
            if rule["passes"] == "ABOVE":
                for (person, of, day), (dose, *_) in rolling(doses).items():
                    if of != quantity or not _holds(rule, day):
                        continue
                    if rule["limit_quantity"] == "effective":
                        after = months_before(day, 12)
                        own = [row for row in radon if row["worker_key"] == person]
                        dose -= sum((counted(row) or ZERO for row in own if after < row["period_end"] <= day), ZERO)
                    places = [place for one, place in category_on if one == person]
                    for place in places if dose > rule["level_msv"] else ():
                        if category(person, place, day) == rule["category"]:
                            key = person, rule["rule_code"], quantity, place, day.year
                            found[key] = max(dose, found.get(key, ZERO))
                continue
            for person, year in {(row["worker_key"], row["period_end"].year) for row in standing}:
                years = range(year - rule["years"] + 1, year + 1)
                told = [jobs.get((person, one, quantity), {}) for one in years]
                sums = [sum((dose for dose, _, _ in of_year.values()), ZERO) for of_year in told]
                if (
                    all(_holds(rule, date(one, 12, 31)) for one in years)
                    and all(dose < rule["level_msv"] for dose in sums)
                    and all(any(is_monitored for _, _, is_monitored in of_year.values()) for of_year in told)
                    and {name for of_year in told for _, name in of_year} == {rule["category"]}
                ):
                    main, _ = max(told[-1], key=lambda job: (*told[-1][job][:2], -job[0]))
                    found[person, rule["rule_code"], quantity, main, year] = max(sums)
    return found


def _employments(doses: list[dict], category) -> dict[tuple, dict[tuple, tuple]]:
    """(person, year, effective quantity) → (establishment, category) → mSv, days with a result, is monitored.

    Only those with a dose or a result that makes monitored.
    """
    days: dict[tuple, dict[date, tuple[Decimal, bool, bool]]] = {}
    rows = [(row, {(limited(row) or ("",))[0], *_external(row)}) for row in current(doses) if counted(row) is not None]
    for row, quantities in rows:
        for quantity in quantities & {"effective", "effective_external"}:
            makes = _makes_monitored(row)
            job = row["establishment_key"], category(row["worker_key"], row["establishment_key"], row["period_end"])
            own = days.setdefault((row["worker_key"], row["period_end"].year, quantity, *job), {})
            dose, has_result, is_monitored = own.get(row["period_end"], (ZERO, False, False))
            is_result = quantity == "effective" or makes
            own[row["period_end"]] = dose, has_result or is_result, is_monitored or makes
    found: dict[tuple, dict[tuple, tuple]] = {}
    periods = period_doses(doses)
    for (person, year, quantity, place, name), own in days.items():
        dose = sum(
            (msv for (one, where, of, _, _, end), msv in periods.items()
             if (one, where, of) == (person, place, quantity) and end in own), ZERO,
        )  # fmt: skip
        monitored = any(makes for _, _, makes in own.values())
        if dose or monitored:
            job = dose, sum(has_result for _, has_result, _ in own.values()), monitored
            found.setdefault((person, year, quantity), {})[place, name] = job
    return found


def watch_counts(rows: list[dict], flagged: dict[tuple, dict[str, list[str]]], rules: list[dict]) -> dict[tuple, tuple]:
    """(year, rule, dimension, group) → persons monitored in the rule's category, persons it flags.

    `rows`: employment years with their category and `groups` (dimension → codes); `flagged`: keys of `misclassified` →
    the groups of that employment.
    """
    found: dict[tuple, tuple[set, set]] = {}
    for rule in rules:
        quantity, code = rule["limit_quantity"], rule["rule_code"]
        counted_in = [
            (0, row["worker_key"], row["year"], row["groups"]) for row in rows
            if (row["limit_quantity"], row["category"]) == (quantity, rule["category"]) and row["is_monitored"]
            and _may_flag(rule, row["year"])
        ]  # fmt: skip
        counted_in += [
            (1, person, year, groups) for (person, of_rule, of, _, year), groups in flagged.items()
            if (of_rule, of) == (code, quantity)
        ]  # fmt: skip
        for place, person, year, groups in counted_in:
            for dimension in ("ALL", "domain", "sector"):
                for group in groups[dimension]:
                    found.setdefault((year, code, dimension, group), (set(), set()))[place].add(person)
    return {key: tuple(map(len, people)) for key, people in found.items()}


def _may_flag(rule: dict, year: int) -> bool:
    """Whether a year's doses can pass the level while the rule holds."""
    if rule["passes"] == "ABOVE":
        return any(_holds(rule, day) for day in _days(date(year, 1, 1), date(year, 12, 31)))
    return all(_holds(rule, date(one, 12, 31)) for one in range(year - rule["years"] + 1, year + 1))


def _external(row: dict) -> tuple[str, ...]:
    quantity, _, component = limited(row) or ("", "", "")
    return ("effective_external",) if quantity == "effective" and component != "internal" else ()


def _makes_monitored(row: dict) -> bool:
    """A result of a badge of the whole body, or of flights."""
    return row["dosimetry"] == "COSMIC" or (row["dosimetry"] == "PASSIVE" and (limited(row) or ("",))[0] == "effective")


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


def emergencies(doses: list[dict], links: list[dict], limits: list[dict]) -> dict[tuple, tuple]:
    """(person, emergency, quantity) → mSv, highest level passed, the day it was, mSv of the life until then."""
    days: dict[tuple, list[tuple]] = {}
    for (person, _, emergency, _, end), (dose, external) in emergency_periods(doses, links).items():
        days.setdefault((person, emergency, "effective"), []).append((end, dose))
        if external > 0:
            days.setdefault((person, emergency, "effective_external"), []).append((end, external))
    levels = [row for row in limits if row["kind"] == "REFERENCE_LEVEL" and row["window"] == "EMERGENCY"]
    found = {}
    for (person, emergency, quantity), own in days.items():
        read_as = [quantity] if quantity == "effective_external" else ["effective", "effective_external"]
        passed = []
        for name in read_as:
            read = days.get((person, emergency, name), [])
            for day in sorted({end for end, _ in read}):
                so_far = sum((dose for end, dose in read if end <= day), ZERO)
                for level in levels:
                    is_its = name in (level["limit_quantity"], "effective_external")
                    is_in_force = level["valid_from"] <= day <= (level["valid_to"] or date.max)
                    if is_its and is_in_force and so_far > level["limit_msv"]:
                        passed.append((-level["limit_msv"], day, level["limit_code"]))
        last = max(end for end, _ in own)
        life = [row for (p, _, q), of in days.items() if (p, q) == (person, quantity) for row in of]
        _, passed_on, code = min(passed, default=(None, None, None))
        lifetime = sum((dose for end, dose in life if end <= last), ZERO)
        found[person, emergency, quantity] = (sum((dose for _, dose in own), ZERO), code, passed_on, lifetime)
    return found


def lifetimes_above(doses: list[dict], links: list[dict], limits: list[dict], today: date) -> set[tuple]:
    """(person, limit, first day, last day, peak day, mSv) of lifetime totals of emergencies above their limit."""
    lives: dict[int, list[tuple]] = {}
    for (person, _, _, _, end), (dose, _) in emergency_periods(doses, links).items():
        lives.setdefault(person, []).append((end, dose))
    found = set()
    for person, life in lives.items():
        for limit in limits:
            if limit["kind"] != "EMERGENCY_LIMIT":
                continue
            above = []
            first = max(limit["valid_from"], min(end for end, _ in life))
            for day in _days(first, min(limit["valid_to"] or date.max, today)):
                total = sum((dose for end, dose in life if end <= day), ZERO)
                if total > limit["limit_msv"]:
                    above.append((day, total))
            if above:
                peak = max(total for _, total in above)
                peak_day = next(day for day, total in above if total == peak)
                found.add((person, limit["limit_code"], above[0][0], above[-1][0], peak_day, peak))
    return found


def prorata_peak(rows: list[tuple], first: date, last: date) -> Fraction:
    """Highest 12-month mSv on a day from `first` to `last`, each (site, start, end, dose) spread over its wear."""
    highest = Fraction(0)
    for on_date in _days(first, last):
        after = months_before(on_date, 12)
        sums: dict[str, Fraction] = {}
        for site, start, end, dose in rows:
            inside = sum(1 for day in _days(start, end) if after < day <= on_date)
            sums[site] = sums.get(site, Fraction(0)) + Fraction(dose) * Fraction(inside, (end - start).days + 1)
        highest = max(highest, *sums.values())
    return highest


def percentile(values: list, percent: int) -> Fraction:
    """Linear between order statistics (R's type 7)."""
    ordered = sorted(map(Fraction, values))
    place = Fraction((len(ordered) - 1) * percent, 100)
    lower, upper = ordered[int(place)], ordered[min(int(place) + 1, len(ordered) - 1)]
    return lower + (upper - lower) * (place - int(place))


def rounded(value: Fraction | None, places: int) -> Decimal | None:
    """Half up, away from zero."""
    if value is None:
        return None
    scaled = abs(value) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole if value >= 0 else -whole).scaleb(-places)


def yearly_statistics(people: list[tuple[Decimal, bool]]) -> dict[str, Decimal | int | None]:
    """Statistics of one group in one year: `people` is (mSv, is_monitored), one per person."""
    doses = [dose for dose, _ in people]
    monitored = [dose for dose, is_monitored in people if is_monitored]
    exposed = [dose for dose in doses if dose > 0]
    found = {"monitored": len(monitored), "exposed": len(exposed)}
    for name, population in (("exposed", exposed), ("monitored", monitored)):
        total = Fraction(sum(population, ZERO))
        found[f"mean_{name}_msv"] = rounded(total / len(population), 3) if population else None
        for percent in (25, 50, 75, 90, 95, 99):
            label = "median" if percent == 50 else f"p{percent}"
            found[f"{label}_{name}_msv"] = rounded(percentile(population, percent), 3) if population else None
    for level in (1, 2, 5, 6, 10, 15, 20, 50):
        found[f"n_gt_{level}"] = sum(1 for dose in doses if dose > level)
    total = Fraction(sum(monitored, ZERO))
    for level in (15, 10, 5, 1):
        above = [dose for dose in monitored if dose > level]
        found[f"number_ratio_{level}"] = rounded(Fraction(len(above), len(monitored)), 6) if monitored else None
        found[f"dose_ratio_{level}"] = rounded(Fraction(sum(above, ZERO)) / total, 6) if total else None
    return found


def told_by_both(now: dict[int, tuple], received: dict[int, tuple]) -> dict[str, Decimal | int | None]:
    """How few persons two views of a group tell of: each is person → (mSv, is_monitored)."""

    def fewest(*numbers: int) -> int | None:
        return min((number for number in numbers if number), default=None)

    def crossed(*counts) -> int | None:
        sides = [[{p for p, row in view.items() if count(*row)} for view in (now, received)] for count in counts]
        return fewest(*(n for one, other in sides for n in (len(one ^ other), abs(len(one) - len(other)))))

    def corrected(*counts) -> tuple:
        """The fewest persons, and the largest share of one in what changes."""
        numbers, shares = [], []
        for count in counts:
            before, after = ({p: row[0] for p, row in view.items() if count(*row)} for view in (now, received))
            other = [p for p in before | after if before.get(p) != after.get(p)]
            changes = [abs(after.get(p, ZERO) - before.get(p, ZERO)) for p in other]
            numbers.append(sum(1 for change in changes if change) or len(other))
            shares += [rounded(Fraction(max(changes)) / Fraction(sum(changes)), 6)] if any(changes) else []
        return fewest(*numbers), max(shares, default=None)

    def above(level: int, up_to=Decimal("Infinity"), *, monitored: bool = False):
        return lambda dose, is_monitored: level < dose <= up_to and (is_monitored or not monitored)

    found = {
        "crossed_monitored": crossed(lambda _, is_monitored: is_monitored),
        "crossed_exposed": crossed(above(0)),
        "corrected_apart": corrected(lambda _, is_monitored: is_monitored, lambda _, is_monitored: not is_monitored)[0],
    }
    found["corrected_persons"], found["top_corrected_share"] = corrected(lambda *_: True)
    for level in (1, 2, 5, 6, 10, 15, 20, 50):
        found[f"crossed_n_gt_{level}"] = crossed(above(level), above(level, monitored=True))
    for level in (1, 5, 10, 15):
        classes = [above(lower, level, monitored=True) for lower in (0, 1, 5, 10) if lower < level]
        told = corrected(above(level, monitored=True), *classes)
        found[f"corrected_gt_{level}"], found[f"top_corrected_share_gt_{level}"] = told
    return found


def without_top(doses: list[Decimal], rows: list[dict]) -> tuple:
    """Of one year: mSv and mean without the top person, the top establishment's share, mSv and mean without it."""
    others = sorted(doses)[:-1]
    places: dict[int, Decimal] = {}
    for row in rows:
        places[row["establishment_key"]] = places.get(row["establishment_key"], ZERO) + row["dose_msv"]
    top = min(places, key=lambda key: (-places[key], key))
    exposed = {row["worker_key"] for row in rows if row["establishment_key"] != top and row["dose_msv"] > 0}
    left, total = Fraction(sum(others, ZERO)), sum(places.values(), ZERO)
    above_zero = sum(1 for dose in others if dose > 0)
    return (
        sum(others, ZERO),
        rounded(left / above_zero, 3) if above_zero else None,
        rounded(Fraction(places[top]) / Fraction(total), 6),
        total - places[top],
        rounded(Fraction(total - places[top]) / len(exposed), 3) if exposed else None,
    )


def compared(rows: list[tuple]) -> dict[tuple, tuple]:
    """(establishment, occupation, category) → what it has and, of the same job, what all establishments have.

    `rows`: (establishment, occupation, category, mSv) of one sector and year, each of another person who is monitored.
    Monitored, exposed, mean, median, mSv, expected mSv; then of all: exposed, mean, median, P25, P75 and the percentile
    of the establishment's mean among those of establishments. The expected dose is exact, all else rounded.
    """
    cells: dict[tuple, list[Decimal]] = {}
    for place, occupation, category, dose in rows:
        cells.setdefault((place, occupation, category), []).append(dose)
    of_jobs: dict[tuple, list[Decimal]] = {}
    for (_, *job), doses in cells.items():
        of_jobs.setdefault(tuple(job), []).extend(doses)
    expected = {
        (place, *job): len(doses) * Fraction(sum(of_jobs[tuple(job)])) / len(of_jobs[tuple(job)])
        for (place, *job), doses in cells.items()
    }
    for (place, *_), value in list(expected.items()):
        whole = place, "ALL", "ALL"
        expected[whole] = expected.get(whole, Fraction(0)) + value
        cells[whole] = [row[3] for row in rows if row[0] == place]
    of_jobs["ALL", "ALL"] = [row[3] for row in rows]
    means = {key: _of_exposed(doses)[1] for key, doses in cells.items()}
    found = {}
    for (place, *job), doses in cells.items():
        own = means[place, *job]
        others = [mean for (_, *other), mean in means.items() if other == job and mean is not None]
        percentile_of_own = None if own is None else rounded(
            Fraction(100 * sum(1 for mean in others if mean <= own), len(others)), 1)  # fmt: skip
        exposed, mean, *quartiles = _of_exposed(of_jobs[tuple(job)])
        found[place, *job] = (
            len(doses), *_of_exposed(doses)[:3], Fraction(sum(doses)), expected[place, *job],
            exposed, mean, *quartiles, percentile_of_own,
        )  # fmt: skip
    return found


def _of_exposed(doses: list[Decimal]) -> tuple:
    """Number, mean, median, P25 and P75 of the doses above zero."""
    exposed = [dose for dose in doses if dose > 0]
    if not exposed:
        return 0, None, None, None, None
    mean = rounded(Fraction(sum(exposed)) / len(exposed), 3)
    return len(exposed), mean, *(rounded(percentile(exposed, percent), 3) for percent in (50, 25, 75))


def ratio_interval(doses: list[Decimal], expected: Fraction, level: float) -> tuple[float, float]:
    """Exact Poisson limits (Garwood) of the equal events that have the sum and the squares of `doses`, over mSv."""
    total, squares = float(sum(doses)), float(sum(dose * dose for dose in doses))
    weight, events = squares / total, total**2 / squares
    low = stats.chi2.ppf((1 - level) / 2, 2 * events) / 2
    high = stats.chi2.ppf((1 + level) / 2, 2 * (events + 1)) / 2
    return low * weight / float(expected), high * weight / float(expected)


def shrunk(groups: dict[int, list[Decimal]]) -> dict[int, tuple[Fraction, Fraction]] | None:
    """Establishment → weight of its own mean, shrunk mean in mSv (Bühlmann and Straub); None: nothing tells variances.

    `groups`: establishment → doses above zero, in mSv.
    """
    doses = {key: list(map(Fraction, own)) for key, own in groups.items() if own}
    number, places = sum(len(own) for own in doses.values()), len(doses)
    if number == places:
        return None
    means = {key: sum(own) / len(own) for key, own in doses.items()}
    mean = sum(sum(own) for own in doses.values()) / number
    effective = number - Fraction(sum(len(own) ** 2 for own in doses.values()), number)
    if not effective:
        return None
    within = sum((dose - means[key]) ** 2 for key, own in doses.items() for dose in own) / (number - places)
    apart = sum(len(own) * (means[key] - mean) ** 2 for key, own in doses.items())
    between = (apart - (places - 1) * within) / effective
    result = {}
    for key, own in doses.items():
        weight = Fraction(0) if between <= 0 else len(own) / (len(own) + within / between)
        result[key] = weight, weight * means[key] + (1 - weight) * mean
    return result


def funnel(doses: list[Decimal], size: int, level: float) -> tuple[float, float]:
    """Limits of the mean of `size` persons of a reference with `doses` above zero, in mSv."""
    values = list(map(Fraction, doses))
    mean = sum(values) / len(values)
    variance = float(sum((dose - mean) ** 2 for dose in values) / (len(values) - 1))
    if not variance:
        return float(mean), float(mean)
    shape = size * float(mean) ** 2 / variance
    return tuple(stats.gamma.ppf((1 + side * level) / 2, shape, scale=float(mean) / shape) for side in (-1, 1))


def change_effects(
    before: list[tuple[str, Decimal, int]],
    now: list[tuple[str, Decimal, int]],
    stands_alone: Callable[[list[tuple[Decimal, int]]], bool],
) -> tuple[Fraction, ...]:
    """mSv due to headcount, mix and rate: the mean over the six orders in which the three change one by one.

    `before`, `now`: (job, mSv, establishment) of each person. Jobs stand together of which the persons of a year in
    which anybody has them, (mSv, establishment), do not stand alone.
    """

    def is_large(job: str) -> bool:
        years = [[person for name, *person in people if name == job] for people in (before, now)]
        return all(stands_alone(own) for own in years if own)

    large = {job for job, *_ in before + now if is_large(job)}
    before, now = ([(job if job in large else "others", dose) for job, dose, _ in people] for people in (before, now))
    jobs = {job for job, _ in before + now}

    def years(people: list, others: list) -> tuple[int, dict, dict]:
        own = {job: [Fraction(dose) for name, dose in people if name == job] for job in jobs}
        other = {job: [Fraction(dose) for name, dose in others if name == job] for job in jobs}
        share = {job: Fraction(len(own[job]), len(people)) for job in jobs}
        # A job that nobody has this year is held to have the mean of the other.
        mean = {job: sum(own[job] or other[job]) / len(own[job] or other[job]) for job in jobs}
        return len(people), share, mean

    states = years(before, now), years(now, before)
    effects = [Fraction(0)] * 3
    for order in permutations(range(3)):
        at = [0, 0, 0]
        for factor in order:
            earlier = _collective(states, at)
            at[factor] = 1
            effects[factor] += (_collective(states, at) - earlier) / 6
    return tuple(effects)


def _collective(states: tuple, at: list[int]) -> Fraction:
    persons, share, mean = (states[year][factor] for factor, year in enumerate(at))
    return persons * sum(share[job] * mean[job] for job in share)


def paces(rows: list[dict]) -> dict[tuple, tuple]:
    """(limited quantity, occupation, category) → persons, exposed, with an internal dose, mean, variances, …

    Moments of Bühlmann and Straub: mSv and mSv² of a person's year, within and between persons; then establishments,
    and the highest shares of a person in the dose, of a person in the squares (root) and of an establishment. `rows`:
    as for `yearly_statistics`' groups, one per quantity, person, establishment and year.
    """
    mains = {
        (quantity, *key): row
        for quantity in {row["limit_quantity"] for row in rows} - {"effective_external"}
        for key, row in main_employments([row for row in rows if row["limit_quantity"] == quantity]).items()
    }
    intakes: dict[tuple, Decimal] = {}
    for row in rows:
        sign = {"effective": 1, "effective_external": -1}.get(row["limit_quantity"], 0)
        key = row["worker_key"], row["year"]
        intakes[key] = intakes.get(key, ZERO) + sign * row["dose_msv"]
    jobs: dict[tuple, dict[int, list[dict]]] = {}
    for (quantity, person, _), row in mains.items():
        if row["is_monitored"]:
            job = quantity, row["groups"]["occupation"][0], row["groups"]["category"][0]
            jobs.setdefault(job, {}).setdefault(person, []).append(row)
    return {job: _pace(job, people, intakes) for job, people in jobs.items()}


def _pace(job: tuple, people: dict[int, list[dict]], intakes: dict[tuple, Decimal]) -> tuple:
    doses = {person: [Fraction(row["dose_msv"]) for row in years] for person, years in people.items()}
    means = {person: sum(own) / len(own) for person, own in doses.items()}
    years, total = sum(map(len, doses.values())), sum(map(sum, doses.values()))
    mean = total / years
    within = between = None
    if years > len(people):
        within = sum((dose - means[person]) ** 2 for person, own in doses.items() for dose in own)
        within /= years - len(people)
    effective = years - Fraction(sum(len(own) ** 2 for own in doses.values()), years)
    if within is not None and effective:
        spread = sum(len(own) * (means[person] - mean) ** 2 for person, own in doses.items())
        between = max((spread - (len(people) - 1) * within) / effective, Fraction(0))
    places: dict[int, Fraction] = {}
    for person, rows in people.items():
        place = min(row["establishment_key"] for row in rows)
        places[place] = places.get(place, Fraction(0)) + sum(doses[person])
    squares = [sum(dose**2 for dose in own) for own in doses.values()]
    has_intake = [any(intakes[row["worker_key"], row["year"]] > 0 for row in rows) for rows in people.values()]
    return (
        len(people), sum(1 for own in doses.values() if sum(own)), sum(has_intake) if job[0] == "effective" else 0,
        rounded(mean, 6), rounded(within, 6), rounded(between, 6), len(places),
        rounded(max(map(sum, doses.values())) / total, 6) if total else None,
        _root(max(squares) / sum(squares)) if total else None,
        rounded(max(places.values()) / total, 6) if total else None,
    )  # fmt: skip


def _root(share: Fraction) -> Decimal:
    """To six decimals."""
    return (Decimal(share.numerator) / Decimal(share.denominator)).sqrt().quantize(Decimal("0.000001"), "ROUND_HALF_UP")


def ahead(doses: list[dict], person: int, on: date, horizons: list[date]) -> dict[tuple, tuple[Decimal, Decimal]]:
    """(limited quantity, day) → mSv of 12 months where nothing more comes, and what leaves since the row before.

    Of each quantity the person has a result in: `on`, the horizons and each day on which a dose leaves.
    """
    worn: dict[str, list[tuple]] = {}
    for dose in current(doses):
        place = limited(dose)
        if dose["worker_key"] == person and place and place[0] != "operational" and counted(dose) is not None:
            worn.setdefault(place[0], [])
            if place[0] == "effective" and place[2] != "internal":
                worn.setdefault("effective_external", [])
    for (of_person, _, quantity, site, _, end), dose in period_doses(doses).items():
        if of_person == person and quantity in worn and end <= on:
            worn[quantity].append((site, end, dose))
    found = {}
    for quantity, own in worn.items():
        leaving = {
            day
            for day in _days(on + timedelta(days=1), on + timedelta(days=366))
            if any(months_before(day - timedelta(days=1), 12) < end <= months_before(day, 12) for _, end, _ in own)
        }
        before = None
        for day in sorted({on, *horizons, *leaving}):
            sums: dict[str, Decimal] = {}
            for site, end, dose in own:
                if months_before(day, 12) < end:
                    sums[site] = sums.get(site, ZERO) + dose
            now = max(sums.values(), default=ZERO)
            found[quantity, day] = now, (now if before is None else before) - now
            before = now
    return {key: (now, max(left, ZERO)) for key, (now, left) in found.items()}


def pace_until(own: list[Decimal], job: tuple, days: int, level: float) -> tuple[float, float, float]:
    """Mean, least and most mSv of some days more, of a person with these yearly doses in a job (mean, within, between).

    Credibility of Bühlmann, gamma of the mean and the variance; of a year at most.
    """
    mean, within, between = (float(value) for value in job)
    years = min(max(days, 0) / 365.25, 1)
    weight = len(own) * between / (len(own) * between + within) if own and between else 0
    expected = years * (weight * (float(sum(own)) / len(own) if own else 0) + (1 - weight) * mean)
    variance = years * within + years**2 * between * (1 - weight)
    if not expected or not variance:
        return expected, expected, expected
    spread = stats.gamma(expected**2 / variance, scale=variance / expected)
    return expected, float(spread.ppf((1 - level) / 2)), float(spread.ppf((1 + level) / 2))


def gaps(people: list[tuple[Decimal, Decimal]], threshold: Decimal) -> dict[str, Decimal | int | None]:
    """Passive against operational: `people` is (passive mSv, operational mSv) of those with both kinds of reading."""
    compared = [(Fraction(p), Fraction(o)) for p, o in people if p >= threshold]
    # The operational part is rounded first, as a share of six decimals.
    parts = [rounded(operational / passive, 6) for passive, operational in compared]
    if not compared:
        return {"exposed": 0, "gap_of_sums": None, "p25_gap": None, "median_gap": None, "p75_gap": None}
    of_sums = sum(o for _, o in compared) / sum(p for p, _ in compared)
    quartiles = [1 - rounded(percentile(parts, percent), 6) for percent in (75, 50, 25)]
    return {
        "exposed": len(compared), "gap_of_sums": 1 - rounded(of_sums, 6),
        **dict(zip(("p25_gap", "median_gap", "p75_gap"), quartiles, strict=True)),
    }  # fmt: skip


def placed(doses: list[dict], readings: list[dict], placements: list[dict] = ()) -> dict[tuple, Decimal]:
    """(person, employer, place, basis) → mSv of one year, 0 where somebody was without a dose.

    `doses`: worker_key, establishment_key, workplace_key or None, period_start, period_end, dose_msv, one per period;
    `readings`: worker_key, establishment_key, workplace_key, period_end, dose_msv; `placements`: worker_key,
    establishment_key, workplace_key, valid_from, valid_to. The whole microsieverts of each place, taken in the order of
    keys, are what is due up to it less what went to those before.
    """
    result: dict[tuple, Decimal] = {}
    for dose in doses:
        person, employer = dose["worker_key"], dose["establishment_key"]
        during: dict[int, Decimal] = {}
        for reading in readings:
            if _is_at(reading, person, employer):
                result.setdefault((person, employer, reading["workplace_key"], "ESTIMATED"), ZERO)
                if dose["period_start"] <= reading["period_end"] <= dose["period_end"]:
                    place = reading["workplace_key"]
                    during[place] = during.get(place, ZERO) + reading["dose_msv"]
        total = sum(during.values(), ZERO)
        day = dose["period_end"]
        sent_to = [
            row["workplace_key"]
            for row in placements
            if _is_at(row, person, employer) and row["valid_from"] <= day <= row["valid_to"]
        ]
        if dose["workplace_key"] is not None:
            parts = [(dose["workplace_key"], "STATED", dose["dose_msv"])]
        elif not dose["dose_msv"]:
            parts = []
        elif total:
            parts, read, given = [], ZERO, ZERO
            for place in sorted(during):
                read += during[place]
                due = Fraction(dose["dose_msv"]) * Fraction(read) / Fraction(total) * 1000
                up_to = Decimal(int(due)) / 1000
                parts.append((place, "ESTIMATED", up_to - given))
                given = up_to
        else:
            parts = [(sent_to[0], "PLACED", dose["dose_msv"]) if sent_to else (employer, "EMPLOYER", dose["dose_msv"])]
        for place, basis, part in parts:
            key = (person, employer, place, basis)
            result[key] = result.get(key, ZERO) + part
    for person, employer in {(dose["worker_key"], dose["establishment_key"]) for dose in doses}:
        if not any(key[:2] == (person, employer) for key in result):
            of_year = [row for row in placements if _is_at(row, person, employer) and row["valid_to"].year >= day.year]
            last = max(of_year, key=lambda row: row["valid_from"], default=None)
            where = (last["workplace_key"], "PLACED") if last else (employer, "EMPLOYER")
            result[person, employer, *where] = ZERO
    return result


def _is_at(row: dict, person: int, employer: int) -> bool:
    return (row["worker_key"], row["establishment_key"]) == (person, employer)


def main_employments(rows: list[dict]) -> dict[tuple, dict]:
    """(person, year) → the employment of most dose; of alike ones, of most results, then the smallest key."""
    found: dict[tuple, dict] = {}
    for row in sorted(rows, key=lambda row: (-row["dose_msv"], -row["results"], row["establishment_key"])):
        found.setdefault((row["worker_key"], row["year"]), row)
    return found


def cumulated(rows: list[dict]) -> dict[tuple, Decimal]:
    """(person, year, span) → mSv of 5 calendar years and of the career, of those monitored in the year.

    `rows`: as for `like_for_like`. Five years only where somebody's dose or monitoring is known five years back.
    """
    result = {}
    first = min((row["year"] for row in rows), default=None)
    for person, year in {(row["worker_key"], row["year"]) for row in rows if row["is_monitored"]}:
        own = [row for row in rows if row["worker_key"] == person and row["year"] <= year]
        result[person, year, "CAREER"] = sum((row["dose_msv"] for row in own), ZERO)
        if first <= year - 4:
            result[person, year, "5_YEARS"] = sum((row["dose_msv"] for row in own if row["year"] > year - 5), ZERO)
    return result


def like_for_like(rows: list[dict]) -> dict[tuple, tuple]:
    """(year, reading) → monitored, exposed, mSv, of effective doses in A and B without natural sources.

    `rows`: one per person, year, employment: worker_key, year, category, domain, dose_msv, is_monitored.
    """
    categories = {"BLANK_OUT": ("A", "B"), "BLANK_IN": ("A", "B", "NR", "UNSPECIFIED")}
    result = {}
    for reading, inside in categories.items():
        for year in {row["year"] for row in rows}:
            people: dict[int, tuple[Decimal, bool]] = {}
            for row in rows:
                if row["year"] == year and row["category"] in inside and row["domain"] != "NATURAL":
                    dose, monitored = people.get(row["worker_key"], (ZERO, False))
                    people[row["worker_key"]] = dose + row["dose_msv"], monitored or row["is_monitored"]
            if people:
                doses = [dose for dose, _ in people.values()]
                monitored = sum(1 for _, is_monitored in people.values() if is_monitored)
                result[year, reading] = monitored, sum(1 for dose in doses if dose > 0), sum(doses, ZERO)
    return result


def _former(limit: dict, limits: list[dict]) -> Decimal | None:
    """The value of the limit that this one took over from."""
    same = ("limit_quantity", "population", "window")
    eve = limit["valid_from"] - timedelta(days=1)
    return next((o["limit_msv"] for o in limits if o["valid_to"] == eve and all(o[c] == limit[c] for c in same)), None)


def _above(rows: list[tuple], limit: dict, former: Decimal | None) -> list[tuple[date, str, Decimal]]:
    """The days above the limit: day, state, mSv of the highest site."""
    first = max(limit["valid_from"], min(end for _, _, end, _ in rows))
    # Twelve months after the last dose nothing is left of it, but of a block of years it is never taken out.
    a_year_on = max(end for _, _, end, _ in rows) + timedelta(days=400)
    last = limit["valid_to"] if limit["window"] == "BLOCK" else min(limit["valid_to"] or date.max, a_year_on)
    found = []
    for day in _days(first, last):
        after = months_before(day, 12) if limit["window"] == "12_MONTHS" else limit["valid_from"] - timedelta(days=1)
        total: dict[str, Decimal] = {}
        alone: dict[str, Decimal] = {}
        for site, start, end, dose in rows:
            if after < end <= day:
                total[site] = total.get(site, ZERO) + dose
                if start >= limit["valid_from"]:
                    alone[site] = alone.get(site, ZERO) + dose
        highest = max(total.values(), default=ZERO)
        if highest > limit["limit_msv"]:
            is_settled = max(alone.values(), default=ZERO) > limit["limit_msv"]
            is_settled = is_settled or (former is not None and highest > former)
            found.append((day, "detected" if is_settled else "transition", highest))
    return found


def _excused(day: tuple, rows: list[tuple], limit: dict, spans: list[dict], limits: list[dict]) -> tuple:
    """A day above the limit, `authorised` where R.4451-90 allows it.

    What was received outside an authorisation stays within the limit, all of the twelve months within the authorised
    one, and no mean of five years running that include this one, or the first that is authorised, is above the yearly.
    """
    on_date, _, total = day
    after = months_before(on_date, 12)
    outside = sum(
        (dose for _, _, end, dose in rows if after < end <= on_date and not any(_holds(s, end) for s in spans)), ZERO
    )
    ends = [end for _, _, end, _ in rows if after < end <= on_date]
    authorised = [end.year for end in ends if any(_holds(s, end) for s in spans)]
    allowed = {
        row["window"]: row["limit_msv"]
        for row in limits
        if row["kind"] == "AUTHORISED" and row["limit_quantity"] == limit["limit_quantity"] and _holds(row, on_date)
    }
    five_years = [
        sum((dose for _, _, end, dose in rows if last - 4 <= end.year <= last), ZERO) / 5
        for last in range(min(authorised, default=on_date.year), on_date.year + 5)
    ]
    is_allowed = (
        outside <= limit["limit_msv"]
        and "12_MONTHS" in allowed
        and total <= allowed["12_MONTHS"]
        and all(mean <= allowed.get("MEAN_OF_5_YEARS", mean) for mean in five_years)
    )
    return (on_date, "authorised", total) if is_allowed else day


def _holds(row: dict, day: date) -> bool:
    return row["valid_from"] <= day <= (row["valid_to"] or date.max)


def _runs(days: list[tuple[date, str, Decimal]]) -> set[tuple]:
    """Consecutive days in one state: state, first, last, first day of the highest value, that value."""
    runs: list[list[tuple]] = []
    for day in days:
        follows = runs and runs[-1][-1][0] + timedelta(days=1) == day[0] and runs[-1][-1][1] == day[1]
        if follows:
            runs[-1].append(day)
        else:
            runs.append([day])
    result = set()
    for run in runs:
        peak = max(value for _, _, value in run)
        peak_day = next(day for day, _, value in run if value == peak)
        result.add((run[0][1], run[0][0], run[-1][0], peak_day, peak))
    return result


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def foreseen(results: list[dict], today: date, months: int, step: int, horizon: int) -> dict[tuple, tuple]:
    """(limited quantity, first of the month of wear) → received, nowcast, least, most, share, silent bodies.

    Chain ladder of each body (Mack 1993) in fractions: what its months grew by from one age to the next, over all that
    have passed both. `results`: as first sent, sender_code, limit_quantity, period_end, received_on.
    """
    arrived: dict[tuple, dict[date, list[int]]] = {}
    for row in results:
        month_end = row["period_end"].replace(day=monthrange(row["period_end"].year, row["period_end"].month)[1])
        if _month_no(today) - _month_no(month_end) <= months and month_end < today:
            of_body = arrived.setdefault((row["sender_code"], row["limit_quantity"]), {})
            of_body.setdefault(month_end, []).append(max((row["received_on"] - month_end).days, 0))
    told: dict[tuple, list] = {}
    for (_, quantity), of_body in arrived.items():
        for month_end, foreseen_of_body in _ladder(of_body, today, step, horizon).items():
            told.setdefault((quantity, month_end), []).append((len(of_body[month_end]), foreseen_of_body))
    found = {}
    for (quantity, month_end), of_month in told.items():
        silent = sum(
            1 for (_, name), of_body in arrived.items()
            if name == quantity and month_end not in of_body
            and sum(1 for other in of_body if 0 < _month_no(month_end) - _month_no(other) <= 12) >= 6
        )  # fmt: skip
        received = sum(number for number, _ in of_month)
        values = (None, None, None, None)
        if not silent and all(of_body for _, of_body in of_month):
            values = tuple(sum(column) for column in zip(*(of_body for _, of_body in of_month), strict=True))
            values = (*values, rounded(Fraction(received, values[0]), 6))
        found[quantity, month_end.replace(day=1)] = (received, *values, silent)
    return found


def foreseen_years(foreseen: dict[tuple, tuple]) -> dict[tuple, tuple]:
    """(…, year) → first and last day, received, nowcast, least, most and share of the months that can be foreseen.

    `foreseen`: (…, first of the month) → what `foreseen` says of it.
    """
    told: dict[tuple, list[tuple]] = {}
    for (*group, month), row in foreseen.items():
        if row[1] is not None:
            told.setdefault((*group, month.year), []).append((month, row))
    found = {}
    for key, months in told.items():
        sums = [sum(row[column] for _, row in months) for column in range(4)]
        last = max(month for month, _ in months)
        found[key] = (
            min(month for month, _ in months), last.replace(day=monthrange(last.year, last.month)[1]), *sums,
            rounded(Fraction(sums[0], sums[1]), 6),
        )  # fmt: skip
    return found


def _month_no(day: date) -> int:
    return day.year * 12 + day.month


def _ladder(of_body: dict[date, list[int]], today: date, step: int, horizon: int) -> dict[date, tuple | None]:
    """Month's end → its nowcast, least and most, or None, of one body: month's end → days until each result came."""
    ages = {month_end: min((today - month_end).days, horizon) // step for month_end in of_body}

    def by(month_end: date, age: int) -> int:
        return sum(1 for delay in of_body[month_end] if delay <= age * step)

    found: dict[date, tuple | None] = {}
    for month_end, delays in of_body.items():
        if ages[month_end] == horizon // step:
            found[month_end] = (len(delays),) * 3
            continue
        growth = least = most = Fraction(by(month_end, ages[month_end]))
        for age in range(ages[month_end], horizon // step):
            passed = [other for other in of_body if ages[other] > age]
            before = sum(by(other, age) for other in passed)
            if not before:
                growth = Fraction(0)
                break
            own = [Fraction(by(other, age + 1), by(other, age)) for other in passed if by(other, age)]
            growth *= Fraction(sum(by(other, age + 1) for other in passed), before)
            least, most = least * min(own), most * max(own)
        number = len(delays)
        found[month_end] = (
            (max(int(rounded(growth, 0)), number), max(floor(least), number), max(ceil(most), number))
            if growth else None
        )  # fmt: skip
    return found


def transmissions(rows: dict[str, list[dict]], today: date, late_after: int) -> dict[tuple, tuple]:
    """(sender, month of reception) → the counts of transmission_quality, in its order, on_time_share among them.

    `rows`: of deliveries (with received_on), doses, waiting and rejections.
    """
    found = {}
    for key in {_received(one) for one in rows["deliveries"]}:
        own = {one["delivery_no"]: one for one in rows["deliveries"] if _received(one) == key}
        stated = ("rows_total", "rows_loaded", "rows_refused", "rows_waiting", "rows_duplicate")
        waits = {row["row_no"] + (row["delivery_no"] << 32) for row in still_waiting(rows) if row["delivery_no"] in own}
        due: dict[tuple, date] = {}
        for row in rows["doses"]:
            has_deadline = row["dosimetry"] in ("PASSIVE", "RADON", "COSMIC") and row["situation"] != "SUR"
            is_first = row["record_action"] == "NEW" and row["author_role"] != "PHYSICIAN"
            if row["delivery_no"] in own and has_deadline and is_first:
                place = row["delivery_no"], row["row_no"]
                due[place] = min(row["period_end"], due.get(place, date.max))
        on_time = sum(1 for (no, _), end in due.items() if (own[no]["received_on"] - end).days <= late_after)
        ages = [(today - row["period_end"]).days for row in _open_absences(rows["doses"]) if row["delivery_no"] in own]
        found[key] = (
            len(own), sum(1 for one in own.values() if not one["accepted"]),
            *(sum(one[name] for one in own.values()) for name in stated), len(waits), len(due), on_time,
            rounded(Fraction(on_time, len(due)), 4) if due else None,
            *(sum(1 for age in ages if low <= age <= high) for low, high in BANDS),
        )  # fmt: skip
    return found


BANDS = ((-(10**6), 30), (31, 90), (91, 180), (181, 10**6))


def _received(delivery: dict) -> tuple[str, date]:
    return delivery["sender_code"], delivery["received_on"].replace(day=1)


def still_waiting(rows: dict[str, list[dict]]) -> list[dict]:
    """Neither loaded since under its sender's identifier nor refused or found a duplicate when judged again."""
    loaded = {(row["sender_code"], row["record_id"]) for row in rows["doses"]}
    settled = {
        (row["delivery_no"], row["row_no"]) for row in rows["rejections"]
        if row["judged_by"] > row["delivery_no"] and row["severity"] in ("R", "D")
    }  # fmt: skip
    return [
        row for row in rows["waiting"]
        if (row["sender_code"], row["record_id"]) not in loaded and (row["delivery_no"], row["row_no"]) not in settled
    ]  # fmt: skip


def _open_absences(doses: list[dict]) -> list[dict]:
    """Declared absences that stand, and that no later record of the same measurement and days answers."""
    same = ("worker_key", "establishment_key", "dosimetry", "quantity", "radiation", "body_location", "badge_position")
    stand = [row for row in current(doses) if row["situation"] != "SUR"]
    return [
        row for row in stand
        if row["result_status"] == "ABSENT" and not any(
            other["result_status"] != "ABSENT" and all(other[name] == row[name] for name in same)
            and other["period_start"] <= row["period_end"] and other["period_end"] >= row["period_start"]
            for other in stand
        )
    ]  # fmt: skip


def timeliness(doses: list[dict], received_on: dict[int, date], late_after: int) -> dict[tuple, tuple]:
    """(sender, dosimetry, month of the end of wear) → rows that stand, on time, late, absences, median and P90 in days.

    `received_on`: dose_id → the day it came.
    """
    delays: dict[tuple, list[tuple[int, bool]]] = {}
    for row in current(doses):
        if row["dosimetry"] != "OPERATIONAL" and row["author_role"] != "PHYSICIAN" and row["situation"] != "SUR":
            key = row["sender_code"], row["dosimetry"], row["period_end"].replace(day=1)
            delay = (received_on[row["dose_id"]] - row["period_end"]).days
            delays.setdefault(key, []).append((delay, row["result_status"] == "ABSENT"))
    found = {}
    for key, own in delays.items():
        days = sorted(delay for delay, _ in own)
        on_time = sum(1 for delay in days if delay <= late_after)
        ranks = [-(-len(days) * tenths // 10) for tenths in (5, 9)]
        found[key] = (
            len(own), on_time, len(own) - on_time, sum(is_absence for _, is_absence in own),
            *(days[max(rank, 1) - 1] for rank in ranks),
        )  # fmt: skip
    return found


def refusals(deliveries: list[dict], rejections: list[dict]) -> dict[tuple, tuple[int, int, int]]:
    """(sender, month of reception, code, severity) → rows at first, rows later, files."""
    of_delivery = {one["delivery_no"]: _received(one) for one in deliveries}
    found: dict[tuple, tuple[set, set, set]] = {}
    for row in rejections:
        sets = found.setdefault((*of_delivery[row["delivery_no"]], row["code"], row["severity"]), (set(), set(), set()))
        sets[row["judged_by"] > row["delivery_no"]].add((row["delivery_no"], row["row_no"]))
        sets[2].add(row["delivery_no"])
    for one in deliveries:
        if one["refusal_code"]:
            key = (*of_delivery[one["delivery_no"]], one["refusal_code"], "F")
            found.setdefault(key, (set(), set(), set()))[2].add(one["delivery_no"])
    return {key: tuple(len(one) for one in sets) for key, sets in found.items()}


RESULTS = ("MEASURED", "BELOW_THRESHOLD", "ESTIMATED")
EXCLUSIVE = ("A", "B", "NC", "NR")


def statuses(lines: list[dict], links: list[dict], individual_only_from: date) -> list[dict]:
    """The lines of worker lists that hold, each with worker_key of the person, first and last day.

    Of alike lines (person, establishment, category, its start) the last that was said holds, and of a contract its last
    end. A, B, NC and NR end each other; of NC and NR nothing holds once individual monitoring alone is recorded.
    """
    said = sorted(lines, key=_order)
    said = [line | {"worker_key": person_of(links, line["worker_key"]), "said": no} for no, line in enumerate(said)]
    holding = {
        (line["worker_key"], line["establishment_key"], line["category"], line["category_start"]): line for line in said
    }
    contracts = {
        (line["worker_key"], line["establishment_key"], line["contract_start"]): line["contract_end"] for line in said
    }
    found = []
    for line in holding.values():
        of_contract = contracts[line["worker_key"], line["establishment_key"], line["contract_start"]]
        ends = [line["category_end"] or date.max, of_contract or date.max]
        if line["category"] in ("NC", "NR"):
            ends.append(individual_only_from - timedelta(days=1))
        if line["category"] in EXCLUSIVE:
            place = line["category_start"], line["said"]
            ends += [
                other["category_start"] - timedelta(days=1) for other in holding.values()
                if other["category"] in EXCLUSIVE and (other["category_start"], other["said"]) > place
                and all(other[name] == line[name] for name in ("worker_key", "establishment_key"))
            ]  # fmt: skip
        if min(ends) >= line["category_start"]:
            found.append(line | {"first": line["category_start"], "last": min(ends)})
    return found


def sector_on(holding: list[dict], person: int, establishment: int, day: date) -> str | None:
    """The sector of the status that describes a dose of the day: of A, B, NC or NR, then of the last."""
    own = [
        (line["category"] in EXCLUSIVE, line["first"], line["said"], line["sector_code"]) for line in holding
        if (line["worker_key"], line["establishment_key"]) == (person, establishment)
        and line["first"] <= day <= line["last"]
    ]  # fmt: skip
    return max(own)[3] if own else None


def expected_wear(
    holding: list[dict], rows: dict[str, list[dict]], links: list[dict], today: date, kept: int, late_after: int
) -> list[tuple]:
    """(person, establishment, body, dosimetry, quantity, first day, last day, planned, state, reason, who acts, since).

    `holding`: as `statuses` gives them, with is_aircrew; `rows`: of doses, waiting and rejections, each with
    received_on. What statuses that follow each other ask of one body and calendar period is one wear.
    """
    worn = [row["period_start"] for row in rows["doses"] if row["dosimetry"] in ("PASSIVE", "RADON", "COSMIC")]
    reach = max([months_before(today.replace(day=1), kept), *(day.replace(day=1) for day in worn and [min(worn)])])
    wears: dict[tuple, list[tuple]] = {}
    for line in holding:
        planned = {
            tuple(item.split(":")) for item in (line["wear_plan"] or "").upper().replace(" ", "").split(",")
            if item.split(":")[0] in ("HP10", "HP007", "HP3", "E") and item.split(":")[1:] in (["M"], ["T"])
        }  # fmt: skip
        is_of_law = line["category"] in ("A", "B", "RADON")
        by_law = {("E" if line["category"] == "RADON" or line["is_aircrew"] else "HP10", "MT"[not line["is_aircrew"]])}
        for quantity, period in planned or (by_law if is_of_law else ()):
            external = "COSMIC" if line["is_aircrew"] else "RADON"
            dosimetry = external if quantity == "E" else "PASSIVE"
            step = 1 if period == "M" else 3
            begins = reach.replace(month=reach.month - (reach.month - 1) % step)
            while begins <= today:
                ends = months_before(begins, -step) - timedelta(days=1)
                start, end = max(begins, line["first"]), min(ends, line["last"])
                if start <= end and line["last"] >= reach and line["first"] <= today:
                    key = (line["worker_key"], line["establishment_key"], line["oa_code"], dosimetry, quantity, period,
                           begins)  # fmt: skip
                    wears.setdefault(key, []).append((start, end, bool(planned)))
                begins = months_before(begins, -step)
    found = []
    for (person, place, body, dosimetry, quantity, *_), parts in wears.items():
        start, end = min(part[0] for part in parts), max(part[1] for part in parts)
        due_on = min(end, date.max - timedelta(days=late_after)) + timedelta(days=late_after)
        if due_on < today:
            wear = (person, place, dosimetry, quantity, start, end)
            state = _became_of(wear, body, rows, links, due_on)
            found.append((person, place, body, *wear[2:], any(part[2] for part in parts), *state))
    return found


def _became_of(wear: tuple, body: str | None, rows: dict[str, list[dict]], links: list[dict], due_on: date) -> tuple:
    """State, reason, who acts, since when."""
    person, place, dosimetry, quantity, start, end = wear

    def is_of(row: dict) -> bool:
        is_same = person_of(links, row["worker_key"]) == person
        is_same &= (row["dosimetry"], row["quantity"]) == (dosimetry, quantity)
        return is_same and row["period_start"] <= end and row["period_end"] >= start and row["situation"] != "SUR"

    removed = {row["replaces_dose_id"] >> 3 for row in rows["doses"] if row["replaces_dose_id"] is not None}
    loaded = {(row["sender_code"], row["record_id"]) for row in rows["doses"]}
    told = [row for row in current(rows["doses"]) if is_of(row) and row["establishment_key"] == place]
    waits = [(row["received_on"], row["code"]) for row in still_waiting(rows) if is_of(row)
             and row["dose_id"] >> 3 not in removed]  # fmt: skip
    refusals: dict[int, list[dict]] = {}
    for row in rows["waiting"]:
        if is_of(row) and (row["sender_code"], row["record_id"]) not in loaded:
            refusals[row["dose_id"]] = [
                one for one in rows["rejections"] if one["severity"] == "R" and one["judged_by"] > row["delivery_no"]
                and (one["delivery_no"], one["row_no"]) == (row["delivery_no"], row["row_no"])
            ]  # fmt: skip
    refused = [
        (min(one["received_on"] for one in own), min(one["code"] for one in own)) for own in refusals.values() if own
    ]
    if any(row["result_status"] in RESULTS for row in told):
        return "received", None, None, None
    if waits:
        since, code = min(waits)
        return "waiting", code, "EMPLOYER", since
    if refused:
        since, code = min(refused)
        return "refused", code, "BODY", since
    if told:
        _, reason = max((row["received_on"], row["result_status"]) for row in told)
        since = min(row["received_on"] for row in told)
        return "absent", reason, "BODY" if reason == "ABSENT" else "EMPLOYER", since
    return "overdue", None, "BODY" if body else "EMPLOYER", due_on
