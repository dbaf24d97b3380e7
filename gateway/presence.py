"""A node's presence in the store: its name is its own, it says that it is alive, and that it leaves."""

from __future__ import annotations

from collections.abc import Callable, Collection
from threading import Event
from time import monotonic

import structlog

from gateway.errors import StoreRefused, StoreUnavailable
from gateway.ports import Clock
from gateway.store import Connection, nodes, schema
from gateway.store.crashes import GivenBack
from gateway.store.engine import Store
from gateway.store.locks import SessionLock
from gateway.store.nodes import NodeFacts

BEAT_SECONDS = 5.0
LOOK_SECONDS = 0.5

log = structlog.get_logger(__name__)


class Presence:
    """Tells the store of one node. While another of its name lives, it waits. For one thread.

    Args:
        store: where it is told.
        facts: what is told.
        clock: for what is written when rows go back to their lanes.
        leads: what this node leads at the moment; told at once when it changes.
        refused: told why this node must work on this database no more; once.
    """

    def __init__(
        self,
        store: Store,
        facts: NodeFacts,
        clock: Clock,
        *,
        leads: Callable[[], Collection[str]] = tuple,
        refused: Callable[[StoreRefused], None] = lambda _error: None,
    ) -> None:
        self.facts = facts
        self.arrived = False
        self._store = store
        self._clock = clock
        self._leads = leads
        self._refused = refused
        self._may_stay = True
        self._told: Collection[str] = ()
        self._name = SessionLock(store, nodes.lock_name(facts.name))
        self._again = 0.0

    def arrive(self) -> GivenBack | None:
        """Take back what an earlier life of this node left in hand; None while that life has not ended.

        Raises:
            StoreUnavailable: the database is gone; to be tried again. So with every method.
        """
        if not self._name.held():
            if monotonic() >= self._again:
                reason = "another of this name is alive, or the store is gone"
                log.warning("node.waits", node=self.facts.name, reason=reason)
                self._again = monotonic() + BEAT_SECONDS
            return None
        with self._store.begin() as conn:
            given = nodes.arrive(conn, self.facts, now=self._clock.now())
        self.arrived, self._again = True, 0.0
        return given

    def beat(self) -> None:
        """Give a sign of life, if it is time or something changed."""
        leads = sorted(self._leads())
        if monotonic() < self._again and leads == self._told:
            return
        if not self._name.held():
            log.error("node.name_lost", node=self.facts.name)
        with self._store.begin() as conn:
            nodes.beat(conn, self.facts, leads=leads)
            self._look_at_the_schema(conn)
        self._told, self._again = leads, monotonic() + BEAT_SECONDS

    def _look_at_the_schema(self, conn: Connection) -> None:
        """Others may have upgraded the database, or wait for us before they do."""
        if not self._may_stay:
            return
        try:
            schema.check(conn)
        except StoreRefused as error:
            self._may_stay = False
            log.error("node.must_end", node=self.facts.name, reason=str(error))
            self._refused(error)

    def leave(self) -> None:
        """End in order."""
        if self.arrived:
            with self._store.begin() as conn:
                nodes.leave(conn, self.facts.name, now=self._clock.now())

    def release(self) -> None:
        """Let the name go: another may come under it."""
        self._name.release()

    def run(self, stop: Event) -> None:
        """Be present until `stop` is set: for a node without workers. While the database is gone, nothing is told."""
        while not stop.is_set():
            try:
                if self.arrived:
                    self.beat()
                else:
                    self.arrive()
            except StoreUnavailable as error:
                log.warning("node.waits_for_the_store", reason=str(error)[:200])
            stop.wait(LOOK_SECONDS)
        try:
            self.leave()
        except StoreUnavailable as error:
            log.warning("node.left_without_telling", reason=str(error)[:200])
        self.release()
