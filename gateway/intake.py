"""Intake: whether anything more is taken in. To refuse in time is honest; to take what cannot be kept is not."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

import structlog

from gateway.errors import IntakeClosed, StoreUnavailable
from gateway.ports import Clock
from gateway.store import work
from gateway.store.engine import Store

LEAST_FREE_SHARE = 0.05
LOOK_EVERY = timedelta(seconds=1)
RETRY_SECONDS = 30

log = structlog.get_logger(__name__)


def free_share(folders: Iterable[Path]) -> float:
    """How much is free, from 0 to 1, of the fullest disk that one of these folders is on.

    A folder that is not there does not count.

    Raises:
        FileNotFoundError: none of them is there.
    """
    shares = []
    for folder in folders:
        with suppress(FileNotFoundError):
            usage = shutil.disk_usage(folder)
            shares.append(usage.free / usage.total)
    if not shares:
        raise FileNotFoundError("none of the folders whose disks are looked at is there")
    return min(shares)


class Intake:
    """Open or closed for all channels of this process; looked at again once a second. May be shared by threads.

    Args:
        store: whose waiting work is counted.
        clock: what the time between looks is told by.
        high_water: so many received transmissions may wait for their turn.
        free: the share of the disk that is free.
    """

    def __init__(self, store: Store, clock: Clock, *, high_water: int, free: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._high_water = high_water
        self._free = free
        self._looking = Lock()
        self._looked_at: datetime | None = None
        self._reason: str | None = None
        self._broken: str | None = None
        self._looks = 0

    def admit(self) -> None:
        """Let one more in.

        Raises:
            IntakeClosed: not now.
            StoreUnavailable: nobody can tell, as the database is gone.
        """
        looks, now = self._looks, self._clock.now()
        with self._looking:
            stale = self._looked_at is None or abs(now - self._looked_at) >= LOOK_EVERY
            if stale or (self._broken is not None and self._looks == looks):
                self._look_again()
            broken, reason = self._broken, self._reason
        if broken is not None:  # told to all who waited for this look: none of them waits for one of its own
            raise StoreUnavailable(broken)
        if reason is not None:
            raise IntakeClosed(reason, retry_after=RETRY_SECONDS)

    def _look_again(self) -> None:
        try:
            reason, self._broken = self._look(), None
        except StoreUnavailable as error:
            reason, self._broken = self._reason, str(error)
        if (reason is None) != (self._reason is None):
            log.warning("intake.closed" if reason else "intake.open", reason=reason)
        self._looked_at, self._reason = self._clock.now(), reason
        self._looks += 1

    def _look(self) -> str | None:
        if self._free() < LEAST_FREE_SHARE:
            return "the disk is nearly full; nothing more is taken in until there is room"
        with self._store.begin() as conn:
            waiting = work.received_waiting(conn, up_to=self._high_water)
        if waiting >= self._high_water:
            return "too many files wait for their turn; nothing more is taken in until some are done"
        return None
