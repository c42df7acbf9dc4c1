"""The same lake gives the same rows, whatever order they are read in: nothing is left to chance where values tie."""

import random
from datetime import date, timedelta

import duckdb
from register import Register

from models.catalog import models

SITES = ("FINGER_L", "FINGER_R", "WRIST_L", "WRIST_R")
MARTS = [model.name for model in models().values() if model.is_mart]


def _filled(home, order: int) -> Register:
    """A register of many equal doses; `order` is only the order in which they are landed."""
    register = Register(home)
    rows = []
    chance = random.Random(3)
    for number in range(400):
        end = date(2022, 1, 31) + timedelta(days=30 * chance.randrange(30))
        rows.append(
            {
                "row_no": number + 2,
                "worker_key": 1 + number % 25,
                "establishment_key": 10 + chance.randrange(3),
                "quantity": "HP007" if number % 2 else "HP10",
                "body_location": chance.choice(SITES) if number % 2 else chance.choice(("TRUNK", "BELT")),
                "period_end": end,
                "period_start": end - timedelta(days=chance.choice((27, 89))),
                "dose_msv": chance.choice((1, 1, 2, 25)),
            }
        )
    for establishment in (10, 11, 12):
        register.add("establishments", establishment_key=establishment, row_no=establishment)
    for worker in range(1, 26):
        register.add("persons", worker_key=worker)
        register.add("employments", worker_key=worker, establishment_key=10 + worker % 3, row_no=worker + 1)
    random.Random(order).shuffle(rows)
    for row in rows:
        register.add("doses", **row)
    return register


def test_every_mart_is_the_same_row_for_row(tmp_path):
    builds = [_filled(tmp_path / str(order), order).build() for order in (1, 2)]
    with duckdb.connect() as connection:
        for name, path in zip(("one", "other"), builds, strict=True):
            connection.execute(f"attach '{path}' as {name} (read_only)")
        for mart in MARTS:
            here, there = f"one.{mart}", f"other.{mart}"
            same = f"(from {here} except all from {there}) union all (from {there} except all from {here})"
            assert connection.execute(same).fetchall() == [], mart
        assert connection.execute("select count(*) from one.limit_exceedances").fetchone()[0] > 10
