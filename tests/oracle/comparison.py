"""An establishment against the others of its sector, and a year against the one before."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

from scipy import stats

from tests.oracle.exact import percentile, rounded


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
