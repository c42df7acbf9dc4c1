"""Rows that wait for an identifier: remembered by its keyed digest, found again once somebody declares it."""

from sqlalchemy import Engine, select
from sqlalchemy.dialects import postgresql, sqlite

from registry.tables import identifiers, waiting_identifiers

_CHUNK = 10_000


def remember_waiting(engine: Engine, delivery_no: int, unknown: list[tuple[int, bytes]]) -> None:
    """Keep (row_no, identifier digest) of a delivery's rows that wait for their worker; known ones stay as they are."""
    dialect = {"sqlite": sqlite, "postgresql": postgresql}[engine.dialect.name]
    query = dialect.insert(waiting_identifiers).on_conflict_do_nothing()
    rows = [{"delivery_no": delivery_no, "row_no": row_no, "identifier_mac": mac} for row_no, mac in unknown]
    if not rows:
        return
    with engine.begin() as connection:
        for start in range(0, len(rows), _CHUNK):
            connection.execute(query, rows[start : start + _CHUNK])


def now_declared(engine: Engine) -> list[tuple[int, int]]:
    """(delivery_no, row_no) of the waiting rows whose identifier the register knows by now."""
    query = select(waiting_identifiers.c.delivery_no, waiting_identifiers.c.row_no).join(
        identifiers, identifiers.c.identifier_mac == waiting_identifiers.c.identifier_mac
    )
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]
