"""Some persons, or some years, at a time: what is made on the way to a snapshot fits memory then.

A model by person reads of the lake what names a person; a model by year reads models by person. Within a batch it sees
no others, so that what is made batch after batch is what would be made at once.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

import duckdb

from lake.schema import TABLES

# By the first of these columns that it has, a row of a model by person or by year tells its year.
_YEARS = {"year": "year", "period_end": "year(period_end)", "month": "year(month)"}


def year_in(columns: Collection[str]) -> str | None:
    """What of these columns tells a row's year."""
    return next((sql for column, sql in _YEARS.items() if column in columns), None)


def of_persons(connection: duckdb.DuckDBPyConnection, most_doses: int) -> list[str]:
    """Conditions on `worker_key`, a key as sent or a person's, of about so many doses each.

    Together they hold everybody once; whoever has several keys is in one with all of them.
    """
    ranges = _ranges(connection, "worker_key", "lake.doses", most_doses)
    if len(ranges) == 1:
        return ["true"]
    connection.execute("""
        create temporary table linked_keys as
        select worker_key, person_key from person_keys where worker_key <> person_key
        union
        select person_key, person_key from person_keys where worker_key <> person_key
    """)
    of_linked = "from lake.doses semi join linked_keys using (worker_key)"
    linked = connection.execute(f"select count(*) {of_linked}").fetchone()[0]
    parts = -(-linked // most_doses) or 1
    keys = "(select worker_key from linked_keys{})"
    return [
        *(f"worker_key {bounds} and worker_key not in {keys.format('')}" for bounds in ranges),
        *(f"worker_key in {keys.format(f' where person_key % {parts} = {part}')}" for part in range(parts)),
    ]


def of_years(connection: duckdb.DuckDBPyConnection, most_doses: int) -> list[str]:
    """What follows a year in conditions of about a quarter as many dose records each, which stand in many groups.

    Together they hold every year once.
    """
    return _ranges(connection, "year(period_end)", "dose_records", -(-most_doses // 4))


def _ranges(connection: duckdb.DuckDBPyConnection, key: str, table: str, most: int) -> list[str]:
    """“between a and b” for keys of about `most` rows together, from the least number there is to the greatest."""
    starts = connection.execute(f"""
        select min(key)
        from (
            select key, cast((sum(rows) over (order by key) - rows) // {most} as bigint) as part
            from (select {key} as key, count(*) as rows from {table} group by key)
        )
        group by part
        order by part
    """).fetchall()
    cuts = [start for (start,) in starts[1:]]
    firsts, lasts = [-(2**31), *cuts], [*(cut - 1 for cut in cuts), 2**63 - 1]
    return [f"between {first} and {last}" for first, last in zip(firsts, lasts, strict=True)]


@contextmanager
def persons_alone(connection: duckdb.DuckDBPyConnection, condition: str) -> Iterator[None]:
    """Within, the tables of the lake that name a worker hold those of the condition alone."""
    named = [table.name for table in TABLES.values() if "worker_key" in table.column_names and condition != "true"]
    for name in named:
        connection.execute(f"alter view lake.{name} rename to all_{name}")
        connection.execute(f"create view lake.{name} as from lake.all_{name} where {condition}")
    yield
    for name in named:
        connection.execute(f"drop view lake.{name}")
        connection.execute(f"alter view lake.all_{name} rename to {name}")


@contextmanager
def years_alone(connection: duckdb.DuckDBPyConnection, condition: str, held: Mapping[str, str]) -> Iterator[None]:
    """Within, models hold the years of the condition alone; `held`: the table of each, by the model's name."""
    for name, table in held.items():
        year = year_in([row[0] for row in connection.execute(f"describe {table}").fetchall()])
        where = f" where {year} {condition}" if year else ""
        connection.execute(f"create temporary view {name} as from {table}{where}")
    yield
    for name in held:
        connection.execute(f"drop view temp.{name}")
