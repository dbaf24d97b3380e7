"""Polling: a business system is asked what is new; each event is taken once, then the cursor moves past the page.

An event and its document commit together, the cursor after all of a page. Killed in between, the same page is told
again, and what was taken of it is known by its id. Of two that poll at once only one moves the cursor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from threading import Event

import structlog

from gateway.adapters.events import Pollable, TellsAgain
from gateway.errors import GatewayError, NoTelling
from gateway.pipeline.told_events import ToldEvents
from gateway.ports import Clock, new_id
from gateway.store import Connection, exceptions, told, unread
from gateway.store.engine import Store

EVENTS_AT_ONCE = 20
PAGES_AT_ONCE = 50
"""After so many pages the others have their turn; the rest comes the next time."""
FAILING_FOR = timedelta(minutes=15)
"""After so long a person is told."""
FAILING = "poll.failing"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Polling:
    """Polls one destination.

    Args:
        destination: its name.
        system: its adapter.
        events: where what it tells of goes.
    """

    store: Store
    clock: Clock
    destination: str
    system: Pollable
    events: ToldEvents

    def run(self, stop: Event | None = None) -> int:
        """Take everything there is; how many events were new.

        Args:
            stop: when it is set, what is left is for another time.

        Raises:
            StoreUnavailable: the database is gone; what was not committed is told again.
        """
        taken = 0
        for _ in range(PAGES_AT_ONCE):
            if stop is not None and stop.is_set():
                break
            with self.store.begin() as conn:
                state = told.poll_state_of(conn, self.destination)
                wanted = self._wanted_again(conn)
            try:
                again = self.system.tell_again(wanted) if wanted and isinstance(self.system, TellsAgain) else ()
                page = self.system.poll(state.cursor, EVENTS_AT_ONCE)
            except GatewayError:
                raise
            except Exception as error:  # noqa: BLE001 an adapter may fail in any way: it is asked again later
                self._failed(error)
                return taken
            taken += sum(self.events.take(item) for item in (*again, *page.items))
            for record in set(wanted) - {item.record for item in again}:
                self.events.gone(record)
            if not self._moved(state, page.cursor) or not page.more:
                break
        return taken

    def _wanted_again(self, conn: Connection) -> Sequence[str]:
        """Records that could not be read and that somebody wants asked for once more."""
        able = isinstance(self.system, TellsAgain)
        return unread.wanted_again(conn, self.destination, most=EVENTS_AT_ONCE) if able else ()

    def _moved(self, state: told.PollState, cursor: str) -> bool:
        at = self.clock.now()
        with self.store.begin() as conn:
            if not told.polled(conn, self.destination, before=state.cursor, cursor=cursor, at=at):
                return False
            if state.exception_id is not None:
                exceptions.resolve(conn, state.exception_id, by="gateway", at=at)
        return True

    def _failed(self, error: Exception) -> None:
        """Tell the log each time, and a person once it has lasted."""
        at = self.clock.now()
        reason = str(error)[:500] if isinstance(error, NoTelling) else type(error).__name__
        log.warning("poll.failed", destination=self.destination, reason=reason)
        with self.store.begin() as conn:
            state = told.failing(conn, self.destination, at=at)
            if (
                state.exception_id is None
                and state.failing_since is not None
                and at - state.failing_since >= FAILING_FOR
            ):
                id = new_id()
                exceptions.open_exception(
                    conn,
                    id=id,
                    at=at,
                    code=FAILING,
                    reason=f"{self.destination} cannot be polled since {state.failing_since.isoformat()}: {reason}",
                    group=exceptions.fingerprint(self.destination, FAILING),
                )
                told.told_of_failing(conn, self.destination, exception_id=id)
