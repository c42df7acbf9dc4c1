"""What lies ahead of a person."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from scipy import stats

from tests.oracle.doses import counted, current, limited, period_doses
from tests.oracle.exact import ZERO, days_between, months_before, rounded
from tests.oracle.statistics import main_employments


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
            for day in days_between(on + timedelta(days=1), on + timedelta(days=366))
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
