"""What a request stands on: the open registry, the way to doses, and who is asking."""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from sqlalchemy import Engine

from lake.errors import NotSignedIn
from lake.settings import Settings
from models.access import Access, AccessEvent
from registry.accounts import viewer_of
from registry.audit import Audit
from registry.database import open_registry
from registry.keys import Keys, open_keys
from registry.policy import Viewer
from registry.sessions import Kind, Sessions
from registry.vault import Vault

PARIS = ZoneInfo("Europe/Paris")
COOKIE = "dosilake_session"


@dataclass(frozen=True)
class Ground:
    """Opened once per process; every part may be used by several threads."""

    settings: Settings
    engine: Engine
    keys: Keys
    audit: Audit
    sessions: Sessions
    vault: Vault
    access: Access

    @classmethod
    def open(cls, settings: Settings) -> "Ground":
        """Raises StorageError when the home cannot be used."""
        engine = open_registry(settings)
        keys = open_keys(settings)
        audit = Audit(engine)
        return cls(
            settings,
            engine,
            keys,
            audit,
            Sessions(engine, keys, settings),
            Vault(engine, keys),
            Access(settings, lambda event: _write_down(audit, event)),
        )

    def snapshot_version(self) -> str | None:
        """Name of the published snapshot; None before the first."""
        current = self.settings.marts / "CURRENT"
        return current.read_text().strip() or None if current.exists() else None

    def data_until(self) -> date | None:
        """Last day of wear that the published snapshot knows; None before the first."""
        if self.snapshot_version() is None:
            return None
        return self.access.snapshots.query("select data_until from snapshot")["data_until"].item()

    def viewer_of_secret(self, secret: str, kind: Kind) -> Viewer:
        """Who a cookie or a token stands for today in Paris; raises NotSignedIn when nobody."""
        account_id = self.sessions.account_id(secret, kind)
        return viewer_of(self.engine, account_id, datetime.now(PARIS).date())


def _write_down(audit: Audit, event: AccessEvent) -> None:
    """One row per person read, or one when a refusal or an empty answer names nobody."""
    audit.record_each(
        event.viewer,
        "read",
        list(event.worker_keys) or [None],
        detail=event.model,
        purpose=event.purpose,
        article=event.article,
        allowed=event.allowed,
    )


# Set by the gate for the time of one request; pages and routes read the viewer from here and from nowhere else.
current_viewer: ContextVar[Viewer | None] = ContextVar("current_viewer", default=None)
# The cookies of this request, for what a page keeps in the browser: its language.
current_cookies: ContextVar[dict[str, str]] = ContextVar("current_cookies", default={})  # noqa: B039


def signed_in() -> Viewer:
    """The viewer of this request; raises NotSignedIn when there is none."""
    viewer = current_viewer.get()
    if viewer is None:
        raise NotSignedIn("Connectez-vous pour continuer.", next_step="Demandez un jeton avec POST /api/v1/tokens.")
    return viewer


# Not a thread-pool dependency: the context variable would not reach it.
async def _viewer() -> Viewer:
    return signed_in()


async def _ground(request: Request) -> Ground:
    return request.app.state.ground


Asking = Annotated[Viewer, Depends(_viewer)]
On = Annotated[Ground, Depends(_ground)]
