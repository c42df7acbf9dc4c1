"""Accounts and designations: who may sign in, as which reader, over which establishments, senders or projects.

Sources: arrêté du 23 juin 2023 art. 6 III (an account unused for 24 months is closed), art. 8, 19-27 (designations).
"""

import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Engine, case, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from lake.errors import NotSignedIn, UsageError
from lake.vocabulary import Role
from registry.policy import Viewer
from registry.tables import accounts, designations

FAILURES_BEFORE_LOCK = 5
LOCK_MINUTES = 15
IDLE_DAYS_BEFORE_CLOSING = 730
SHORTEST_PASSWORD = 12

# OWASP's smallest recommended argon2id: 19 MiB, two passes.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# A burst of sign-ins must not take the server's memory.
_hashing = threading.BoundedSemaphore(4)
# What an unknown address is checked against, so that it takes as long as a known one.
_nobody = _hasher.hash("nobody has this password")


@dataclass(frozen=True)
class Account:
    """One account as screens show it; never its password."""

    account_id: int
    email: str
    display_name: str
    role: Role
    worker_key: int | None
    is_active: bool
    is_demo: bool
    last_sign_in_at: datetime | None


def create_account(
    engine: Engine,
    *,
    email: str,
    password: str,
    role: Role,
    display_name: str,
    worker_key: int | None = None,
    is_demo: bool = False,
) -> int:
    """A new account's id; raises UsageError for an address in use, a short password, or a worker without a key."""
    if len(password) < SHORTEST_PASSWORD:
        raise UsageError(f"A password has at least {SHORTEST_PASSWORD} characters.", next_step="Choose a longer one.")
    if (role == Role.WORKER) != (worker_key is not None):
        raise UsageError("A worker's account, and only that one, carries a worker_key.", next_step="Correct it.")
    values = {
        "email": _folded(email),
        "display_name": display_name,
        "role": role.value,
        "password_hash": _hash(password),
        "worker_key": worker_key,
        "is_active": True,
        "is_demo": is_demo,
        "failed_attempts": 0,
        "created_at": datetime.now(UTC),
    }
    try:
        with engine.begin() as connection:
            return connection.execute(insert(accounts).values(**values)).inserted_primary_key[0]
    except IntegrityError:
        raise UsageError("An account with this address exists.", next_step="Use another address.") from None


def set_password(engine: Engine, account_id: int, password: str) -> None:
    """Replace the password and lift a lock."""
    if len(password) < SHORTEST_PASSWORD:
        raise UsageError(f"A password has at least {SHORTEST_PASSWORD} characters.", next_step="Choose a longer one.")
    _set(engine, account_id, password_hash=_hash(password), failed_attempts=0, locked_until=None)


def set_active(engine: Engine, account_id: int, is_active: bool) -> None:
    _set(engine, account_id, is_active=is_active)


def check_password(engine: Engine, email: str, password: str, *, allow_demo: bool, now: datetime | None = None) -> int:
    """The account_id of a right address and password.

    Raises NotSignedIn, with one sentence for every cause: unknown, wrong, locked, closed, or idle for 24 months.
    The password is hashed in each case, so that the time says nothing either.
    """
    now = now or datetime.now(UTC)
    with engine.connect() as connection:
        row = connection.execute(select(accounts).where(accounts.c.email == _folded(email))).mappings().first()
    is_right = _verify(row["password_hash"] if row else _nobody, password)
    if row is None or not _may_sign_in(row, allow_demo, now):
        raise _refused()
    if not is_right:
        _count_failure(engine, row["account_id"], now)
        raise _refused()
    _set(engine, row["account_id"], failed_attempts=0, locked_until=None, last_sign_in_at=now)
    return row["account_id"]


def viewer_of(engine: Engine, account_id: int, on: date) -> Viewer:
    """The account as the policy sees it on a day: its role and what its designations open on that day.

    Raises NotSignedIn when the account is unknown or closed.
    """
    with engine.connect() as connection:
        account = connection.execute(select(accounts).where(accounts.c.account_id == account_id)).mappings().first()
        if account is None or not account["is_active"]:
            raise _refused()
        opened = connection.execute(_designations_on(account_id, on)).mappings().all()
    return Viewer(
        account_id=account_id,
        role=Role(account["role"]),
        worker_key=account["worker_key"],
        establishment_keys=frozenset(r["establishment_key"] for r in opened if r["establishment_key"] is not None),
        sender_codes=frozenset(r["sender_code"] for r in opened if r["sender_code"] is not None),
    )


def project_codes_of(engine: Engine, account_id: int, on: date) -> frozenset[str]:
    """Research projects that the account's designations open on a day."""
    with engine.connect() as connection:
        opened = connection.execute(_designations_on(account_id, on)).mappings().all()
    return frozenset(r["project_code"] for r in opened if r["project_code"] is not None)


def designate(
    engine: Engine,
    account_id: int,
    *,
    starts_on: date,
    ends_on: date | None = None,
    establishment_key: int | None = None,
    sender_code: str | None = None,
    project_code: str | None = None,
) -> int:
    """Open one establishment, sender or project to an account between two days, both included."""
    if sum(x is not None for x in (establishment_key, sender_code, project_code)) != 1:
        raise UsageError("A designation opens one establishment, one sender or one project.", next_step="Name one.")
    values = {
        "account_id": account_id,
        "establishment_key": establishment_key,
        "sender_code": sender_code,
        "project_code": project_code,
        "starts_on": starts_on,
        "ends_on": ends_on,
    }
    with engine.begin() as connection:
        return connection.execute(insert(designations).values(**values)).inserted_primary_key[0]


def end_designation(engine: Engine, designation_id: int, ends_on: date) -> None:
    """Close a designation after a day; the row stays, as proof of what was open."""
    with engine.begin() as connection:
        connection.execute(
            update(designations).where(designations.c.designation_id == designation_id).values(ends_on=ends_on)
        )


def list_accounts(engine: Engine, *, only_demo: bool = False) -> list[Account]:
    """Every account, by address."""
    query = select(accounts).order_by(accounts.c.account_id)
    if only_demo:
        query = query.where(accounts.c.is_demo)
    with engine.connect() as connection:
        return [_account(row) for row in connection.execute(query).mappings()]


def account_of(engine: Engine, account_id: int) -> Account:
    """One account; raises NotSignedIn when unknown."""
    with engine.connect() as connection:
        row = connection.execute(select(accounts).where(accounts.c.account_id == account_id)).mappings().first()
    if row is None:
        raise _refused()
    return _account(row)


def _account(row) -> Account:
    return Account(
        account_id=row["account_id"],
        email=row["email"],
        display_name=row["display_name"],
        role=Role(row["role"]),
        worker_key=row["worker_key"],
        is_active=row["is_active"],
        is_demo=row["is_demo"],
        last_sign_in_at=row["last_sign_in_at"],
    )


def _folded(email: str) -> str:
    return email.strip().casefold()


def _hash(password: str) -> str:
    with _hashing:
        return _hasher.hash(password)


def _verify(password_hash: str, password: str) -> bool:
    with _hashing:
        try:
            return _hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def _may_sign_in(row, allow_demo: bool, now: datetime) -> bool:
    last_use = row["last_sign_in_at"] or row["created_at"]
    return (
        row["is_active"]
        and (allow_demo or not row["is_demo"])
        and (row["locked_until"] is None or row["locked_until"] <= now)
        and now - last_use < timedelta(days=IDLE_DAYS_BEFORE_CLOSING)
    )


def _count_failure(engine: Engine, account_id: int, now: datetime) -> None:
    failures = accounts.c.failed_attempts + 1
    is_last = failures >= FAILURES_BEFORE_LOCK
    # Counted in one statement: attempts made at the same moment each count.
    counted = {
        "failed_attempts": case((is_last, 0), else_=failures),
        "locked_until": case((is_last, now + timedelta(minutes=LOCK_MINUTES)), else_=accounts.c.locked_until),
    }
    _set(engine, account_id, **counted)


def _set(engine: Engine, account_id: int, **values) -> None:
    with engine.begin() as connection:
        connection.execute(update(accounts).where(accounts.c.account_id == account_id).values(**values))


def _designations_on(account_id: int, on: date):
    return select(designations).where(
        designations.c.account_id == account_id,
        designations.c.starts_on <= on,
        or_(designations.c.ends_on.is_(None), designations.c.ends_on >= on),
    )


def _refused() -> NotSignedIn:
    return NotSignedIn(
        "Adresse ou mot de passe incorrect, ou compte verrouillé ou fermé.",
        next_step=f"Vérifiez la saisie ; après {FAILURES_BEFORE_LOCK} échecs, attendez {LOCK_MINUTES} minutes.",
        code="sign_in_refused",
    )
