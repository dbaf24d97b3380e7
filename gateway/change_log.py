"""The log of changes: every row of the audit log is one event of the log, told once it is committed and sealed.

The node that leads tells of what all nodes, workers and commands did, so that no line waits for a log, nothing is told
that was rolled back, and an event of a delivery has the transmission's id like any other. A node that begins to lead
tells of what is sealed from then on; the audit log is what forgets nothing.
"""

from __future__ import annotations

import logging

import structlog

from gateway.store import changes
from gateway.store.engine import Store

AT_ONCE = 1000

log = structlog.get_logger(__name__)


class ChangeLog:
    """Tells of changes from look to look. For one thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._told: int | None = None

    def tell(self) -> int:
        """Log what was sealed since the last time, in the order of the chain; how many events.

        Raises:
            StoreUnavailable: the database is gone.
        """
        if not log.is_enabled_for(logging.INFO):
            return 0
        count = 0
        while True:
            with self._store.begin() as conn:
                if self._told is None:
                    self._told = changes.head(conn)
                found = changes.sealed_after(conn, self._told, most=AT_ONCE)
            for one in found:
                _tell(one)
                self._told = one.position
            count += len(found)
            if len(found) < AT_ONCE:
                return count


def _tell(change: changes.Change) -> None:
    about = {change.subject: change.subject_id}
    if change.transmission is not None:
        about["transmission"] = change.transmission
    log.info(
        change.action,
        at=change.at.isoformat(),
        actor=change.actor,
        detail=change.detail,
        sealed_as=change.position,
        **about,
    )
