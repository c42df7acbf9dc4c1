"""Dose constraints that an adviser sets for an establishment or one of its work units; nothing is changed, only added.

Sources: Code du travail R.4451-33, R.4451-69 II.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation

from sqlalchemy import Engine, insert, select

from lake import reference
from lake.errors import AccessDenied, UsageError
from lake.vocabulary import LimitQuantity
from registry.policy import Data, Viewer, decide
from registry.tables import dose_constraints

# As every dose is kept: DECIMAL(9,3). What has more digits is not rounded.
_MSV, _AS_KEPT = Decimal("0.001"), Context(prec=9, traps=[Inexact, InvalidOperation])
QUANTITIES = (LimitQuantity.EFFECTIVE, LimitQuantity.LENS, LimitQuantity.SKIN, LimitQuantity.EXTREMITIES)


@dataclass(frozen=True)
class Constraint:
    """A level of twelve months that holds; `team` is a work unit of the worker list, None: the whole establishment."""

    establishment_key: int
    team: str | None
    limit_quantity: str
    level_msv: Decimal
    set_at: datetime
    account_id: int


def set_constraint(
    engine: Engine,
    viewer: Viewer,
    *,
    establishment_key: int,
    team: str | None,
    limit_quantity: str,
    level_msv: Decimal | None,
) -> None:
    """Set a level, or withdraw the one that holds (None).

    Raises AccessDenied outside the viewer's establishments and for whoever is no adviser; UsageError for a level that
    is not above zero, above the limit or finer than a microsievert.
    """
    decide(viewer, Data.CONSTRAINT_SETTING).or_raise()
    _check_own(viewer, establishment_key)
    if limit_quantity not in QUANTITIES:
        raise UsageError("Cette grandeur n'a pas de contrainte.", next_step=f"Grandeurs : {', '.join(QUANTITIES)}.")
    limit = reference.limit_on(limit_quantity, date.today())
    level_usv = None if level_msv is None else _in_usv(level_msv)
    if level_usv is not None and not 0 < level_usv <= limit * 1000:
        raise UsageError(
            "Une contrainte de dose est positive et ne dépasse pas la limite.",
            next_step=f"Donnez un niveau jusqu'à {limit.normalize():f} mSv.",
        )
    values = {
        "establishment_key": establishment_key, "team": (team or "").strip(), "limit_quantity": limit_quantity,
        "level_usv": level_usv, "set_at": datetime.now(UTC), "account_id": viewer.account_id,
    }  # fmt: skip
    with engine.begin() as connection:
        connection.execute(insert(dose_constraints).values(**values))


def _in_usv(level_msv: Decimal) -> int:
    """Whole microsieverts; raises UsageError for more digits than a dose is kept with."""
    try:
        if level_msv.is_finite():
            return int(level_msv.quantize(_MSV, context=_AS_KEPT) * 1000)
    except (Inexact, InvalidOperation):
        pass
    raise UsageError(
        "Une contrainte est un nombre de millisieverts à trois décimales et neuf chiffres au plus.",
        next_step="Arrondissez au microsievert.",
    )


def constraints_of(engine: Engine, viewer: Viewer, establishment_key: int) -> list[Constraint]:
    """The levels that hold at one of the viewer's establishments, the whole of it first; raises AccessDenied."""
    decide(viewer, Data.CONSTRAINT).or_raise()
    _check_own(viewer, establishment_key)
    query = (
        select(dose_constraints)
        .where(dose_constraints.c.establishment_key == establishment_key)
        .order_by(dose_constraints.c.constraint_id)
    )
    with engine.connect() as connection:
        latest = {(row.team, row.limit_quantity): row for row in connection.execute(query)}
    return [
        Constraint(
            row.establishment_key, team or None, quantity, Decimal(row.level_usv) / 1000, row.set_at, row.account_id
        )
        for (team, quantity), row in sorted(latest.items())
        if row.level_usv is not None
    ]


def level_of(held: list[Constraint], limit_quantity: str, team: str | None) -> Decimal | None:
    """The lowest level that holds for somebody of a work unit; the external dose is read against the total's."""
    limited = LimitQuantity.EFFECTIVE if limit_quantity == LimitQuantity.EFFECTIVE_EXTERNAL else limit_quantity
    return min((c.level_msv for c in held if c.limit_quantity == limited and c.team in (None, team)), default=None)


def _check_own(viewer: Viewer, establishment_key: int) -> None:
    if establishment_key not in viewer.establishment_keys:
        raise AccessDenied(
            "Cet établissement n'est pas dans votre périmètre.", next_step="Vérifiez le SIRET et votre désignation."
        )
