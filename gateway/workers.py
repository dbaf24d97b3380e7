"""The parent of a node's worker processes: started, watched, replaced at once when they die, drained at the end."""

from __future__ import annotations

import selectors
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from time import monotonic
from typing import Any

import structlog

from gateway.errors import StoreUnavailable
from gateway.lanes import Lanes
from gateway.ports import Clock
from gateway.presence import Presence
from gateway.store.crashes import GivenBack, give_back
from gateway.store.engine import Store
from gateway.store.nodes import NodeFacts
from gateway.worker_process import Patience, WorkerProcess, load_factory

TICK_SECONDS = 0.1
SEARCH_SECONDS = 2.0
"""After a death: how long jobs of the dead are looked for at every tick, until the database has noticed it as well."""
LONGEST_RESTART_SECONDS = 30.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Gone:
    """A worker that has ended and whose rows are still in its name."""

    worker: str
    blame: bool


class Workers:
    """Keeps so many worker processes at work; one more stands ready and takes the place of a dead one within moments.

    Args:
        store: where the rows are; each worker opens its own.
        lanes: to wake what is given back.
        clock: for what is written.
        node: how this node tells of itself, or its name alone. While another of this name lives, we wait.
        factory: `module:function`, a `WorkerFactory`.
        count: how many work at a time.
        options: handed to the factory; plain JSON.
        patience: how long things may take.
        counted: told what the workers add to their metrics.

    Raises:
        WorkersFault: there is no such factory.
    """

    def __init__(
        self,
        store: Store,
        lanes: Lanes,
        clock: Clock,
        *,
        node: Presence | str,
        factory: str,
        count: int,
        options: Mapping[str, Any] | None = None,
        patience: Patience | None = None,
        counted: Callable[[list[Sequence[object]]], None] = lambda _samples: None,
    ) -> None:
        self._counted = counted
        load_factory(factory)
        self._store = store
        self._lanes = lanes
        self._clock = clock
        self._presence = node if isinstance(node, Presence) else Presence(store, NodeFacts(node), clock)
        self._factory = factory
        self._count = count
        self._options = options or {}
        self._patience = patience or Patience()
        self._selector = selectors.DefaultSelector()
        self._children: list[WorkerProcess] = []
        self._gone: list[_Gone] = []
        self._failed_starts = 0
        self._start_again = 0.0
        self._search_until = 0.0

    def pids(self) -> list[int]:
        """The processes that are up and working; the one that stands ready is not among them."""
        return [child.process.pid for child in list(self._children) if child.working and child.ready]

    def run(self, stop: Event) -> None:
        """Keep the workers running until `stop` is set; then let each end its row. Blocks; to be called once.

        The workers die with the thread that calls this.
        """
        try:
            while not stop.is_set():
                self._tell_the_store()
                if self._presence.arrived:
                    self._staff()
                self._listen()
                self._kill_the_hung()
        finally:
            self._drain()

    def _staff(self) -> None:
        """Enough that work, the ready ones first; and when all are up, one more that stands ready."""
        idle = sorted((child for child in self._children if not child.working), key=lambda child: not child.ready)
        vacancies = self._count - (len(self._children) - len(idle))
        for child in idle[: max(vacancies, 0)]:
            child.go()
        all_up = len(self._children) >= self._count > 0 and all(child.ready for child in self._children)
        wanted = self._count + all_up
        while len(self._children) < wanted and monotonic() >= self._start_again:
            self._start()

    def _start(self) -> None:
        child = WorkerProcess(
            node=self._presence.facts.name,
            url=self._store.url,
            factory=self._factory,
            options=self._options,
            counted=self._counted,
        )
        self._children.append(child)
        self._selector.register(child.channel, selectors.EVENT_READ, child)

    def _listen(self) -> None:
        for key, _ in self._selector.select(TICK_SECONDS):
            child: WorkerProcess = key.data
            if not child.heard():
                self._bury(child)

    def _bury(self, child: WorkerProcess, *, blame: bool = True) -> None:
        self._selector.unregister(child.channel)
        code = child.end()
        self._children.remove(child)
        self._gone.append(_Gone(child.name, blame and code != 0))
        self._search_until = monotonic() + SEARCH_SECONDS
        if child.ready:
            self._failed_starts = 0
        else:
            rest = self._patience.restart * 2**self._failed_starts
            self._start_again = monotonic() + min(rest, LONGEST_RESTART_SECONDS)
            self._failed_starts = min(self._failed_starts + 1, 16)
        tell = log.error if code else log.info
        tell("worker.ended", worker=child.name, code=code, came_up=child.ready)

    def _kill_the_hung(self) -> None:
        for child in self._children:
            reason = child.hangs(self._patience)
            if reason is not None:
                log.error("worker.killed", worker=child.name, reason=reason)
                child.process.kill()  # that its channel closed is heard in the next round

    def _tell_the_store(self) -> None:
        """What the database must know; while it is gone, again in the next round."""
        try:
            if not self._presence.arrived:
                given = self._presence.arrive()
                if given is None:
                    return
                self._wake(given)
            self._give_back()
            self._presence.beat()
            if monotonic() < self._search_until:
                self._lanes.free_dead()
        except StoreUnavailable as error:
            log.warning("workers.wait_for_the_store", reason=str(error)[:200])

    def _give_back(self) -> None:
        while self._gone:
            gone = self._gone[0]
            with self._store.begin() as conn:
                given = give_back(conn, gone.worker, now=self._clock.now(), blame=gone.blame)
            del self._gone[0]
            self._wake(given)

    def _wake(self, given: GivenBack) -> None:
        for crash in given.crashes:
            log.error("work.crashed", row=str(crash.id), crashes=crash.crashes, quarantined=crash.quarantined)
        if given.lanes:
            self._lanes.free_dead()
            self._lanes.wake(given.lanes)

    def _drain(self) -> None:
        for child in self._children:
            child.process.terminate()
        deadline = monotonic() + self._patience.drain
        while self._children and monotonic() < deadline:
            if self._presence.arrived:
                self._tell_the_store()
            self._listen()
        for child in list(self._children):
            log.error("worker.killed", worker=child.name, reason="it did not end its row in time")
            child.process.kill()
            self._bury(child, blame=False)
        self._selector.close()
        try:
            self._give_back()
            self._presence.leave()
        except StoreUnavailable as error:
            log.warning("workers.left_without_telling", reason=str(error)[:200])
        self._presence.release()
