"""How far inquiries are."""

from datetime import date, datetime, timedelta

from tests.oracle.doses import counted, current, is_of_emergency, limited
from tests.oracle.exact import months_before
from tests.oracle.limits import detected, highest_site, sums_in_window
from tests.oracle.people import order_said, person_of


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
        last_said = max(concluded, key=lambda one: order_said(one[0]), default=None)
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


def _meet(one: tuple, other: tuple) -> bool:
    return one[:2] == other[:2] and one[3] <= other[4] and one[4] >= other[3]


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
        sums = [dose for day in days for dose in sums_in_window(come, links, limit, person, day, minors).values()]
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
    sites = {highest_site(sums_in_window(doses, links, limit, person, day, minors)) for day in (first, peak_day)}
    after = limit["valid_from"] - timedelta(days=1) if limit["window"] == "BLOCK" else months_before(first, 12)
    return {
        row["dose_id"] for row in doses
        if row["record_action"] != "CANCEL" and counted(row) and person_of(links, row["worker_key"]) == person
        and (limited(row) or ())[:2] in {(limit["limit_quantity"], site) for site in sites}
        and after < row["period_end"] <= last
        and (limit["population"] != "MINOR" or row["period_start"] < minors[person])
    }  # fmt: skip
