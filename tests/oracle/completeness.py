"""What was expected, what has come of it, and what is still to come."""

from calendar import monthrange
from datetime import date, timedelta
from fractions import Fraction
from math import ceil, floor

from tests.oracle.doses import current
from tests.oracle.exact import months_before, rounded
from tests.oracle.people import person_of
from tests.oracle.transmission import still_waiting

RESULTS = ("MEASURED", "BELOW_THRESHOLD", "ESTIMATED")


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
