"""Days above a limit, what they are made of, and what comes near one."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from tests.oracle.doses import counted, current, emergency_periods, is_of_emergency, limited, period_doses
from tests.oracle.exact import ZERO, days_between, holds_on, months_before, rounded
from tests.oracle.people import order_said, person_of


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


def sums_in_window(doses: list[dict], links: list[dict], limit: dict, person: int, day: date, minors: dict) -> dict:
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


def highest_site(sums: dict[str, Decimal]) -> str:
    return min(sums, key=lambda site: (-sums[site], site))


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
        highest = highest_site(sums_in_window(doses, links, limit, person, on_date, minors))
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
        and holds_on(limit, end) and dose > limit["limit_msv"] * share
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
        for line in sorted(lines, key=order_said)
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
            and row["kind"] == "LIMIT" and holds_on(row, min(last, today))
        )  # fmt: skip
        share = Fraction((last - first).days + 1, (first.replace(year=first.year + 1) - first).days)
        key = person, place, first, quantity
        if key not in found or dose > found[key][1]:
            ratio = Fraction(dose) / (Fraction(limit) * share)
            found[key] = last, dose, rounded(ratio, 6), ratio > 1
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
            for day in days_between(first, min(limit["valid_to"] or date.max, today)):
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
    for on_date in days_between(first, last):
        after = months_before(on_date, 12)
        sums: dict[str, Fraction] = {}
        for site, start, end, dose in rows:
            inside = sum(1 for day in days_between(start, end) if after < day <= on_date)
            sums[site] = sums.get(site, Fraction(0)) + Fraction(dose) * Fraction(inside, (end - start).days + 1)
        highest = max(highest, *sums.values())
    return highest


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
    for day in days_between(first, last):
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
        (dose for _, _, end, dose in rows if after < end <= on_date and not any(holds_on(s, end) for s in spans)), ZERO
    )
    ends = [end for _, _, end, _ in rows if after < end <= on_date]
    authorised = [end.year for end in ends if any(holds_on(s, end) for s in spans)]
    allowed = {
        row["window"]: row["limit_msv"]
        for row in limits
        if row["kind"] == "AUTHORISED" and row["limit_quantity"] == limit["limit_quantity"] and holds_on(row, on_date)
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
