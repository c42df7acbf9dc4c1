"""Sessions: an opaque secret stands for a signed-in account until it idles, ages or signs out.

Only the secret's keyed digest is stored, so the database opens no session.
"""

import secrets
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Engine, insert, select, update

from lake.errors import NotSignedIn
from lake.settings import Settings
from registry.keys import Keys
from registry.tables import sessions

# A web session ends after a working day, however busy.
LONGEST_WEB_HOURS = 10
# `last_seen_at` is written at most this often: a read must not cost a write.
SEEN_EVERY_SECONDS = 60


class Kind(StrEnum):
    """What carries the secret: the pages' cookie or the API's bearer token."""

    WEB = "web"
    TOKEN = "token"


class Sessions:
    """Opens, checks and ends sessions."""

    def __init__(self, engine: Engine, keys: Keys, settings: Settings):
        self._engine = engine
        self._keys = keys
        self._idle = timedelta(minutes=settings.session_idle_minutes)
        self._longest = {
            Kind.WEB: timedelta(hours=LONGEST_WEB_HOURS),
            Kind.TOKEN: timedelta(minutes=settings.token_minutes),
        }

    def open(self, account_id: int, kind: Kind, now: datetime | None = None) -> tuple[str, datetime]:
        """(secret, when it expires at the latest); the secret is not kept and cannot be had again."""
        now = now or datetime.now(UTC)
        secret = secrets.token_urlsafe(32)
        expires_at = now + self._longest[kind]
        values = {
            "session_mac": self._mac(secret),
            "account_id": account_id,
            "kind": kind.value,
            "created_at": now,
            "last_seen_at": now,
            "expires_at": expires_at,
        }
        with self._engine.begin() as connection:
            connection.execute(insert(sessions).values(**values))
        return secret, expires_at

    def account_id(self, secret: str, kind: Kind, now: datetime | None = None) -> int:
        """The account behind a secret; raises NotSignedIn when it is unknown, ended, idle or too old."""
        now = now or datetime.now(UTC)
        mac = self._mac(secret)
        query = select(sessions).where(sessions.c.session_mac == mac, sessions.c.kind == kind.value)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        if row is None or row["ended_at"] is not None or now >= row["expires_at"]:
            raise _expired()
        if kind == Kind.WEB and now - row["last_seen_at"] >= self._idle:
            raise _expired()
        if now - row["last_seen_at"] >= timedelta(seconds=SEEN_EVERY_SECONDS):
            with self._engine.begin() as connection:
                connection.execute(update(sessions).where(sessions.c.session_mac == mac).values(last_seen_at=now))
        return row["account_id"]

    def end(self, secret: str, now: datetime | None = None) -> None:
        """Sign out; ending an unknown or ended session does nothing."""
        self._end(sessions.c.session_mac == self._mac(secret), now)

    def end_all(self, account_id: int, now: datetime | None = None) -> None:
        """End every session of an account, as when its password changes."""
        self._end(sessions.c.account_id == account_id, now)

    def _end(self, which, now: datetime | None) -> None:
        ended = update(sessions).where(which, sessions.c.ended_at.is_(None))
        with self._engine.begin() as connection:
            connection.execute(ended.values(ended_at=now or datetime.now(UTC)))

    def _mac(self, secret: str) -> bytes:
        return self._keys.mac("session", secret)


def _expired() -> NotSignedIn:
    return NotSignedIn("Votre session est terminée.", next_step="Connectez-vous de nouveau.", code="session_ended")
