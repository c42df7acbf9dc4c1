"""How senders transmit."""

from datetime import date
from fractions import Fraction

from tests.oracle.doses import current
from tests.oracle.exact import rounded

BANDS = ((-(10**6), 30), (31, 90), (91, 180), (181, 10**6))


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
