"""The access log: who looked at whom, what, why and when; an event is on disk before the answer leaves."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Engine, insert, select

from lake.errors import StorageError
from registry.policy import Viewer
from registry.tables import access_events


@dataclass
class _Pending:
    values: dict
    is_written: bool = field(default=False)
    error: Exception | None = field(default=None)


class Audit:
    """Appends access events and reads them back; nothing here changes or removes one.

    Concurrent events share a commit: the first to come writes for all that wait, so durability costs one
    disk flush per group and not per reader.
    """

    def __init__(self, engine: Engine):
        self._engine = engine
        self._queue: list[_Pending] = []
        self._queueing = threading.Lock()
        self._writing = threading.Lock()

    def record(
        self,
        viewer: Viewer | None,
        action: str,
        *,
        worker_key: int | None = None,
        detail: str = "",
        purpose: str = "",
        article: str = "",
        allowed: bool = True,
    ) -> None:
        """Append one event and return once it is durable; raises StorageError if it cannot be written.

        `detail` and `purpose` say which model and why; they never hold a NIR, a name or a dose.
        """
        self.record_each(viewer, action, [worker_key], detail=detail, purpose=purpose, article=article, allowed=allowed)

    def record_each(
        self,
        viewer: Viewer | None,
        action: str,
        worker_keys: list[int | None],
        *,
        detail: str = "",
        purpose: str = "",
        article: str = "",
        allowed: bool = True,
    ) -> None:
        """One event per person of a list that was read together, in one commit."""
        common = {
            "at": datetime.now(UTC),
            "account_id": viewer.account_id if viewer else None,
            "role": viewer.role.value if viewer else None,
            "action": action,
            "detail": detail,
            "purpose": purpose,
            "article": article,
            "allowed": allowed,
        }
        mine = [_Pending(common | {"worker_key": key}) for key in worker_keys]
        if not mine:
            return
        with self._queueing:
            self._queue.extend(mine)
        with self._writing:
            if not mine[-1].is_written and mine[-1].error is None:
                self._write_queue()
        if mine[-1].error is not None:
            raise StorageError(
                "The access log cannot be written, so nothing is shown.",
                next_step="Check that the registry database is writable and its disk not full.",
            ) from mine[-1].error

    def _write_queue(self) -> None:
        with self._queueing:
            group, self._queue = self._queue, []
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(access_events), [pending.values for pending in group])
        except Exception as error:  # noqa: BLE001 - each waiting reader must learn of it
            for pending in group:
                pending.error = error
        else:
            for pending in group:
                pending.is_written = True

    def events(
        self,
        *,
        worker_key: int | None = None,
        account_id: int | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[dict]:
        """The newest events first, of one person or account when given; `before` is the event_id to go on from."""
        query = select(access_events).order_by(access_events.c.event_id.desc()).limit(limit)
        if worker_key is not None:
            query = query.where(access_events.c.worker_key == worker_key)
        if account_id is not None:
            query = query.where(access_events.c.account_id == account_id)
        if before is not None:
            query = query.where(access_events.c.event_id < before)
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]
