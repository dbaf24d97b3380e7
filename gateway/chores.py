"""What has to be done every so often: by every node, or by the one that leads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from threading import Event
from time import monotonic

import structlog

from gateway.errors import GatewayError, StoreUnavailable
from gateway.lanes import Lanes
from gateway.ports import Clock
from gateway.store import nodes, work
from gateway.store.engine import Store
from gateway.store.locks import SessionLock

LEADER = "schedules"
LANES_LEADER = "sweep"
"""Led apart, in a thread of its own: whatever another chore waits for, due lanes are woken."""
SWEEP_EVERY = timedelta(milliseconds=250)
BURY_EVERY = timedelta(seconds=5)
FORGET_EVERY = timedelta(hours=1)
LEAD_EVERY = timedelta(seconds=1)
"""How often a node looks whether it leads: so long may two do the same chore after a broken connection."""
LEADER_SILENT_SECONDS = 15
"""Of chores that are short; see `Chores`."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to be done again and again; safe when two do it at once, and short.

    Attributes:
        every: from the end of one time to the beginning of the next.
        call: does it once; a fault is logged, and it is tried again at its next time.
        everywhere: on every node, not only on the one that leads.
    """

    name: str
    every: timedelta
    call: Callable[[], object]
    everywhere: bool = False


def sweep(store: Store, lanes: Lanes, clock: Clock) -> list[str]:
    """Wake every lane that has due rows and no job waiting; returns them. What a lost wake-up costs is one sweep.

    Raises:
        StoreUnavailable: the database is gone.
    """
    lanes.free_dead()
    with store.begin() as conn:
        due = work.due_lanes(conn, clock.now())
    if not due:
        return []
    asleep = lanes.asleep(due)
    lanes.wake(asleep)
    return asleep


def bury_dead_nodes(store: Store, lanes: Lanes, clock: Clock) -> list[str]:
    """Give back what silent nodes hold, end the jobs of silent workers, and wake the lanes; returns the nodes.

    Raises:
        StoreUnavailable: the database is gone.
    """
    with store.begin() as conn:
        buried = nodes.bury_dead(conn, now=clock.now())
    for name, given in buried.items():
        log.error("node.dead", node=name, lanes=list(given.lanes), crashes=len(given.crashes))
    lanes.forget_silent()
    for given in buried.values():
        lanes.wake(given.lanes)
    return sorted(buried)


def forget_nodes(store: Store) -> int:
    """Forget nodes that ended long ago; how many.

    Raises:
        StoreUnavailable: the database is gone.
    """
    with store.begin() as conn:
        return nodes.forget_ended(conn)


def lane_chores(store: Store, lanes: Lanes, clock: Clock) -> list[Chore]:
    """The chores that lanes need."""
    return [
        Chore("sweep", SWEEP_EVERY, lambda: sweep(store, lanes, clock)),
        Chore("bury dead nodes", BURY_EVERY, lambda: bury_dead_nodes(store, lanes, clock)),
        Chore("forget nodes", FORGET_EVERY, lambda: forget_nodes(store)),
    ]


class Chores:
    """Does chores in the thread that calls `run`.

    Args:
        store: whose advisory lock says which node leads.
        chores: what is to be done.
        leader: the name of that lock; the same chores have the same on every node.
        silent_after: seconds after which a leader that was stopped, or hangs in a chore, leads no more.
    """

    def __init__(
        self,
        store: Store,
        chores: Sequence[Chore],
        *,
        leader: str = LEADER,
        silent_after: int = LEADER_SILENT_SECONDS,
    ) -> None:
        self.leader = leader
        self.leads = False
        """Whether this node leads, as it knew at its last look."""
        self._chores = chores
        self._lock = SessionLock(store, leader, silent_after=silent_after)

    def run(self, stop: Event) -> None:
        """Do what is due until `stop` is set."""
        due = dict.fromkeys(self._chores, 0.0)
        look_again = 0.0
        try:
            while not stop.is_set():
                if monotonic() >= look_again:
                    self.leads, look_again = self._lock.held(), monotonic() + LEAD_EVERY.total_seconds()
                for chore, at in due.items():
                    if monotonic() >= at and (self.leads or chore.everywhere) and not stop.is_set():
                        _do(chore)
                        due[chore] = monotonic() + chore.every.total_seconds()
                wanted = [at for chore, at in due.items() if self.leads or chore.everywhere]
                stop.wait(max(0.0, min([look_again, *wanted]) - monotonic()))
        finally:
            self.leads = False
            self._lock.release()


def _do(chore: Chore) -> None:
    try:
        chore.call()
    except StoreUnavailable as error:
        log.warning("chore.waits_for_the_store", chore=chore.name, reason=str(error)[:200])
    except (GatewayError, OSError):
        log.exception("chore.failed", chore=chore.name)
