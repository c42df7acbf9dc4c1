"""Of a random register, no count above a dose that two releases tell apart rests on 1 to 10 persons."""

import random
from collections import defaultdict
from decimal import Decimal

import pytest
from test_releases import Releases

BOUNDS = {"exposed": 0, "n_gt_1": 1, "n_gt_2": 2, "n_gt_5": 5, "n_gt_6": 6}
SECTORS = {"MED.01.01": (10, 11, 12), "MED.01.02": (13, 14, 15), "IND.01": (16, 17, 18)}
DOMAINS = {"MED.01.01": "MEDICAL_DENTAL_VET", "MED.01.02": "MEDICAL_DENTAL_VET", "IND.01": "NON_NUCLEAR_INDUSTRY"}


@pytest.mark.parametrize("seed", (1, 2))
def test_no_release_tells_how_few_passed_a_dose(tmp_path, seed):
    """Counted from the doses themselves, since the release in which each count last moved."""
    drawn, home = random.Random(seed), Releases(tmp_path)
    doses = defaultdict(Decimal)
    for sector, places in SECTORS.items():
        for place in places:
            home.establishment(place, sector)
            for _ in range(34):
                dose = Decimal(drawn.choice(("0.000", "0.000", "0.000", "0.900", "1.700", "5.500")))
                home.workers(1, str(dose), place, sector_code=sector)
                doses[home.worker, place, sector] += dose
    home.release()
    told, moved = shown(home), 0
    since = dict.fromkeys(told, dict(doses))
    for day in ("2023-07-31", "2023-08-31", "2023-09-30"):
        share = {place: drawn.choice((0.0, 0.05, 0.9)) for places in SECTORS.values() for place in places}
        comes_to_a_dose = {place: drawn.choice((0.05, 0.1, 0.9)) for place in share}
        for key in [key for key in doses if drawn.random() < share[key[1]]]:
            gets = doses[key] > 0 or drawn.random() < comes_to_a_dose[key[1]]
            dose = Decimal(drawn.choice(("0.100", "0.200", "0.300")) if gets else "0.000")
            home.register.dose(day, dose, worker_key=key[0], establishment_key=key[1])
            doses[key] += dose
        home.release()
        now = shown(home)
        for name in [name for name in now if now[name] != told.get(name)]:
            if None not in (now[name], told.get(name)):
                count, passed = passing(name, since[name], doses)
                assert passed not in range(1, 11), (name, told[name], now[name], passed)
                assert now[name] == count, name
                moved += 1
            since[name] = dict(doses)
        told = now
    home.access.snapshots.close()
    assert moved


def shown(home) -> dict[tuple, int | None]:
    """Every count above a dose, by where it stands and what it is called."""
    figures, found = home.figures(), {}
    for row in figures["establishment_statistics"] + figures["national_statistics"]:
        place = ("establishment", row["establishment_key"]) if "establishment_key" in row else None
        place = place or (row["dimension"], row["group_code"])
        if row["limit_quantity"] == "effective" and place[0] in ("establishment", "ALL", "domain", "sector"):
            found |= {(*place, count): row[count] for count in BOUNDS if count in row}
    return found


def passing(name: tuple, before: dict, now: dict) -> tuple[int, int]:
    """How many are above the dose of a count, and how many passed it."""
    dimension, group, count = name
    of = {"establishment": lambda key: key[1] == group, "ALL": lambda key: True,
          "domain": lambda key: DOMAINS[key[2]] == group, "sector": lambda key: key[2].startswith(group)}  # fmt: skip
    keys = [key for key in now if of[dimension](key)]
    above = [(before[key] > BOUNDS[count], now[key] > BOUNDS[count]) for key in keys]
    return sum(is_above for _, is_above in above), sum(was != is_above for was, is_above in above)
