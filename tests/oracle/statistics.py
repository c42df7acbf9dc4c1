"""Statistics of a year and of several."""

from decimal import Decimal
from fractions import Fraction

from tests.oracle.exact import ZERO, percentile, rounded


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
