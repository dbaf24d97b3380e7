"""A worker process: `python -m gateway.worker_main`, started by `gateway.workers` and by nobody else.

Its standard input is a socket to the parent. The parent sends one line that says what to be, and later `go`; the worker
says twice a second how it is. The socket's end means that the parent is dead: then the worker ends too.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
from collections.abc import Callable
from threading import Event, Thread
from time import monotonic
from typing import Any, BinaryIO

import orjson
import structlog

from gateway.errors import StoreUnavailable
from gateway.garbage import rare_collection
from gateway.lane_work import LaneWork
from gateway.lanes import Lanes
from gateway.metrics import Added
from gateway.pipeline.backoff import Backoff
from gateway.ports import SystemClock
from gateway.signals import stop_on_signals
from gateway.store.engine import Store, open_store
from gateway.store.work import Claim
from gateway.worker_process import BEAT_SECONDS, GO, Work, WorkerContext, WorkerOrders, WorksTogether, load_factory

CONNECTIONS = 4
STORE_PAUSE_SECONDS = 0.5
_PR_SET_PDEATHSIG = 1

log = structlog.get_logger(__name__)


class Worker:
    """One life of a worker process, from its orders to its end."""

    def __init__(self, channel: socket.socket, orders: WorkerOrders) -> None:
        self._channel = channel
        self._orders = orders
        self._stop = Event()
        self._go = Event()
        self._ready = False
        self._news = Event()
        self._row_since: float | None = None
        self._turned_at: float | None = None

    def run(self, lines: BinaryIO) -> None:
        """Build the work, say so, wait for `go`, and run lanes until asked to stop."""
        stop_on_signals(self._stop, [signal.SIGTERM])
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to us as well; the parent decides
        Thread(target=self._listen, args=(lines,), name="parent", daemon=True).start()
        Thread(target=self._beat, name="beat", daemon=True).start()
        store = self._open_store()
        if store is None:
            return
        lanes = Lanes(store)
        try:
            context = WorkerContext(store, lanes, SystemClock(), self._orders.worker, self._orders.options)
            work = load_factory(self._orders.factory)(context)
            runner = LaneWork(
                store,
                work,
                worker=context.worker,
                clock=context.clock,
                backoff=Backoff(),
                stop=self._stop,
                begun=self._began,
                **_of_batches(work),
            )
            self._ready = True
            self._news.set()
            _either(self._go, self._stop)
            with rare_collection():
                lanes.run_worker(runner, stop=self._stop, idle=self._turned)
        finally:
            lanes.close()
            store.close()

    def _open_store(self) -> Store | None:
        """The store, as soon as it answers; None when we are to stop before."""
        while not self._stop.is_set():
            try:
                return open_store(self._orders.url, connections=CONNECTIONS)
            except StoreUnavailable as error:
                log.warning("worker.waits_for_the_store", reason=str(error)[:200])
                self._stop.wait(STORE_PAUSE_SECONDS)
        return None

    def _began(self, claim: Claim | None) -> None:
        self._row_since = None if claim is None else monotonic()

    def _turned(self) -> None:
        self._turned_at = monotonic()

    def _listen(self, lines: BinaryIO) -> None:
        for line in lines:
            if line == GO:
                self._go.set()
        os._exit(1)  # the parent is dead: what we have in hand is given back by whoever finds that out

    def _beat(self) -> None:
        """Seconds the row in hand has taken, and seconds since the loop that fetches jobs last turned."""
        added = Added()
        while True:
            self._news.clear()
            now = monotonic()
            row = 0.0 if self._row_since is None else now - self._row_since
            turn = 0.0 if self._turned_at is None else now - self._turned_at
            said = {"ready": self._ready, "row": row, "turn": turn, "added": added.take()}
            try:
                self._channel.sendall(orjson.dumps(said) + b"\n")
            except OSError:
                return
            self._news.wait(BEAT_SECONDS)


def main() -> None:
    """Take the orders from standard input and follow them."""
    channel = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    lines = channel.makefile("rb")
    orders = WorkerOrders.from_line(lines.readline())
    _die_with(orders.parent)
    Worker(channel, orders).run(lines)


def _of_batches(work: Work) -> dict[str, Any]:
    return (
        {"together": work.together, "ended": work.batch_ended, "rates": work.rates}
        if isinstance(work, WorksTogether)
        else {}
    )


def _either(first: Event, second: Event) -> None:
    while not (first.wait(BEAT_SECONDS / 10) or second.is_set()):
        pass


def _die_with(parent: int) -> None:
    """Ask Linux to kill us with the parent, even while we cannot run a line of Python."""
    if sys.platform == "linux":
        prctl: Callable[..., int] = ctypes.CDLL(None, use_errno=True).prctl
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    main()
