"""Told events: what a business system tells of becomes a document of ours for the partner, once, however often told.

The event's id, the bytes, the document and its delivery are one transaction's. Whom it is for and whether it is a test
comes from what it answers: a delivery to that very system, so that no system speaks for another. What could not be read
is an exception until it can be, or is gone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from gateway.adapters.events import Event, Told, Unread
from gateway.model import Environment
from gateway.pipeline.handing_in import HandIn
from gateway.ports import Clock, new_id
from gateway.store import Connection, exceptions, told, unread
from gateway.store.engine import Store
from translators.errors import shown

CHANNEL = "destination:"
"""How the channel of a told document begins; the destination's name follows."""
UNKNOWN = "told.unknown_delivery"
UNREAD = "told.unread"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ToldEvents:
    """Takes what one business system tells of.

    Args:
        destination: its name.
        hand_in: where documents go; its channel names the destination.
        wake: told the lanes that are due, after their commit.
    """

    store: Store
    clock: Clock
    destination: str
    hand_in: HandIn
    wake: Callable[[set[str]], None]

    def take(self, item: Told) -> bool:
        """Take what was told of; False where it is known.

        Raises:
            StoreUnavailable: the database is gone; nothing was kept.
        """
        return self._unread(item) if isinstance(item, Unread) else self._event(item)

    def gone(self, record: str) -> None:
        """There is nothing to tell any more of what could not be read.

        Raises:
            StoreUnavailable: the database is gone.
        """
        with self.store.begin() as conn:
            unread.over(conn, self.destination, record, at=self.clock.now())

    def _unread(self, item: Unread) -> bool:
        """A person looks; it is told of again when it was changed there, or when somebody wants it."""
        reason = f"{shown(item.name)} of {self.destination} cannot be told of: {item.reason}"
        with self.store.begin() as conn:
            is_new = unread.note(conn, self.destination, item.record, code=UNREAD, reason=reason, at=self.clock.now())
        log.warning("event.unread", destination=self.destination, record=item.record, is_new=is_new)
        return is_new

    def _event(self, event: Event) -> bool:
        at = self.clock.now()
        with self.store.begin() as conn:
            if event.record is not None:
                unread.over(conn, self.destination, event.record, at=at)
            if not told.note(conn, self.destination, event.id, at=at):
                return False
            addressed = self._addressed(conn, event)
            if addressed is None:
                self._left(conn, event)
                return True
            partner, environment = addressed
            handed = self.hand_in.take(
                conn,
                event.document.to_json_bytes(),
                filename=f"{event.id}.json",
                partner=partner,
                environment=environment,
                at=at,
            )
            told.became(conn, self.destination, event.id, transmission_id=handed.transmission_id)
        log.info("event.taken", transmission=str(handed.transmission_id), destination=self.destination)
        if handed.lane is not None:
            self.wake({handed.lane})
        return True

    def _addressed(self, conn: Connection, event: Event) -> tuple[str, Environment] | None:
        if event.about is None:
            return None if event.partner is None else (event.partner, event.environment)
        found = told.answered(conn, self.destination, event.about)
        return None if found is None else (found.partner, found.environment)

    def _left(self, conn: Connection, event: Event) -> None:
        """It answers nothing that was delivered there: a person looks."""
        kind, number = event.document.kind, shown(event.document.identity[0])
        exceptions.open_exception(
            conn,
            id=new_id(),
            at=self.clock.now(),
            code=UNKNOWN,
            reason=f"told of {kind} {number} ({shown(event.id)}), answer to nothing delivered to {self.destination}",
            group=exceptions.fingerprint(self.destination, kind, UNKNOWN),
        )
        log.warning("event.of_unknown_delivery", destination=self.destination, event_id=event.id)
