"""Who is whom, who works where as what, and what was authorised."""

from datetime import date, timedelta

EXCLUSIVE = ("A", "B", "NC", "NR")


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
        own = sorted((row for row in said if row["establishment_key"] == key), key=order_said)
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
        for row in sorted(said, key=order_said)
    }
    return [row | {"worker_key": person} for (person, *_), row in latest.items() if row["action"] == "GRANT"]


def order_said(row: dict) -> tuple:
    return row["known_at"], row["delivery_no"], row["row_no"]


def statuses(lines: list[dict], links: list[dict], individual_only_from: date) -> list[dict]:
    """The lines of worker lists that hold, each with worker_key of the person, first and last day.

    Of alike lines (person, establishment, category, its start) the last that was said holds, and of a contract its last
    end. A, B, NC and NR end each other; of NC and NR nothing holds once individual monitoring alone is recorded.
    """
    said = sorted(lines, key=order_said)
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
