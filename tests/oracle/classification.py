"""Doses that do not fit the category."""

from datetime import date
from decimal import Decimal

from tests.oracle.doses import counted, current, limited, period_doses, rolling
from tests.oracle.exact import ZERO, days_between, holds_on, months_before


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
                    if of != quantity or not holds_on(rule, day):
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
                    all(holds_on(rule, date(one, 12, 31)) for one in years)
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
        return any(holds_on(rule, day) for day in days_between(date(year, 1, 1), date(year, 12, 31)))
    return all(holds_on(rule, date(one, 12, 31)) for one in range(year - rule["years"] + 1, year + 1))


def _external(row: dict) -> tuple[str, ...]:
    quantity, _, component = limited(row) or ("", "", "")
    return ("effective_external",) if quantity == "effective" and component != "internal" else ()


def _makes_monitored(row: dict) -> bool:
    """A result of a badge of the whole body, or of flights."""
    return row["dosimetry"] == "COSMIC" or (row["dosimetry"] == "PASSIVE" and (limited(row) or ("",))[0] == "effective")
