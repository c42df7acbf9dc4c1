"""Numbers that name things for ever: one per delivery, one per establishment."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl
from sqlalchemy import Engine, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from registry.tables import deliveries, establishments, waiting_identifiers

_CHUNK = 10_000


@dataclass(frozen=True)
class Numbered:
    """A delivery as received: its number, and whether it is in the lake yet."""

    delivery_no: int
    sha256: str
    file_name: str
    sender_code: str
    layout: str | None
    byte_size: int
    received_at: datetime
    is_landed: bool
    account_id: int | None
    digest: str


def number_delivery(engine: Engine, **received) -> tuple[Numbered, bool]:
    """The delivery with this digest, and whether it is new; the digest decides, the first of two racers wins."""
    try:
        with engine.begin() as connection:
            connection.execute(insert(deliveries).values(is_landed=False, **received))
        is_new = True
    except IntegrityError:
        is_new = False
    with engine.connect() as connection:
        row = connection.execute(select(deliveries).where(deliveries.c.digest == received["digest"])).one()
    return Numbered(**row._mapping), is_new


def delivery_with(engine: Engine, digest: str) -> Numbered | None:
    """The delivery with this digest; None when these bytes never came."""
    with engine.connect() as connection:
        row = connection.execute(select(deliveries).where(deliveries.c.digest == digest)).first()
    return Numbered(**row._mapping) if row else None


def unlanded(engine: Engine) -> list[Numbered]:
    """Deliveries that are received and not yet in the lake, oldest first."""
    query = select(deliveries).where(~deliveries.c.is_landed).order_by(deliveries.c.delivery_no)
    with engine.connect() as connection:
        return [Numbered(**row._mapping) for row in connection.execute(query)]


def deliveries_of(engine: Engine, delivery_nos: list[int]) -> list[Numbered]:
    """The deliveries with these numbers, in order."""
    query = select(deliveries).where(deliveries.c.delivery_no.in_(delivery_nos)).order_by(deliveries.c.delivery_no)
    with engine.connect() as connection:
        return [Numbered(**row._mapping) for row in connection.execute(query)]


def mark_landed(engine: Engine, delivery_nos: list[int], settled: list[tuple[int, int]]) -> None:
    """Say that deliveries are in the lake, and in the same breath that rows wait for their identifier no more.

    `settled`: (delivery_no, row_no) of those rows; the lake tells their worker from now on.
    """
    landed = update(deliveries).where(deliveries.c.delivery_no == bindparam("number")).values(is_landed=True)
    waits = waiting_identifiers.c
    forgotten = delete(waiting_identifiers).where(
        waits.delivery_no == bindparam("delivery"), waits.row_no == bindparam("row")
    )
    with engine.begin() as connection:
        connection.execute(landed, [{"number": number} for number in delivery_nos])
        if settled:
            connection.execute(forgotten, [{"delivery": delivery_no, "row": row_no} for delivery_no, row_no in settled])


def establishment_keys(engine: Engine, sirets: pl.Series) -> pl.DataFrame:
    """Known establishments among `sirets`: columns siret, establishment_key."""
    wanted = sirets.drop_nulls().unique().to_list()
    query = select(establishments.c.siret, establishments.c.establishment_key).where(
        establishments.c.siret.in_(bindparam("sirets", expanding=True))
    )
    found = []
    with engine.connect() as connection:
        for start in range(0, len(wanted), _CHUNK):
            found += connection.execute(query, {"sirets": wanted[start : start + _CHUNK]}).all()
    return pl.DataFrame(
        [tuple(row) for row in found], schema={"siret": pl.String, "establishment_key": pl.Int64}, orient="row"
    )


def register_establishments(engine: Engine, sirets: pl.Series) -> None:
    """Give a key to each SIRET that has none yet, in the order given."""
    known = set(establishment_keys(engine, sirets)["siret"])
    rows = [{"siret": siret} for siret in sirets.drop_nulls().unique(maintain_order=True) if siret not in known]
    with engine.begin() as connection:
        for start in range(0, len(rows), _CHUNK):
            connection.execute(insert(establishments), rows[start : start + _CHUNK])
