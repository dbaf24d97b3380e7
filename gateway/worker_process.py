"""One worker process as its parent sees it, and what the two say to each other."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from importlib import import_module
from time import monotonic
from typing import Any, Protocol, Self, runtime_checkable
from uuid import uuid4

import orjson

from gateway.errors import WorkersFault
from gateway.lanes import Lanes
from gateway.ports import Clock
from gateway.store.engine import Store
from gateway.store.work import Claim

GO = b"go\n"
BEAT_SECONDS = 0.5
_LARGEST_READ = 65536


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What a worker process hands to the factory of its work.

    Attributes:
        store: the worker's own.
        lanes: to wake those that the work makes due, after its commits.
        clock: the machine's.
        worker: its name, as in `claimed_by`.
        options: as they were given to `Workers`.
    """

    store: Store
    lanes: Lanes
    clock: Clock
    worker: str
    options: Mapping[str, Any]


Work = Callable[[Claim], bool | None]
"""Works one claimed row. One that also works several at once has a method `together`: see `WorksTogether`."""


@runtime_checkable
class WorksTogether(Protocol):
    """A Work that is offered each batch first, of no more rows than a destination's rate allows."""

    @property
    def rates(self) -> Mapping[str, tuple[int, timedelta]]:
        """destination -> requests it may be given, and in how long."""
        ...

    def together(self, claims: Sequence[Claim]) -> Sequence[Claim]:
        """Work those that can be worked at once; returns the others, in their order. Raises nothing."""
        ...

    def batch_ended(self) -> None:
        """The last row of the batch was worked. Raises nothing."""
        ...


WorkerFactory = Callable[[WorkerContext], Work]
"""Builds, once in each worker process, what works a claimed row; `LaneWork` says what that may raise."""


def load_factory(path: str) -> WorkerFactory:
    """The factory at `module:function`.

    Raises:
        WorkersFault: there is none.
    """
    module, _, name = path.partition(":")
    try:
        factory: WorkerFactory = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise WorkersFault(f"worker factory {path!r}: {error}; want module:function") from error
    return factory


@dataclass(frozen=True, slots=True)
class WorkerOrders:
    """What the parent tells a worker; on its standard input, since others can read a command line."""

    worker: str
    url: str
    factory: str
    options: Mapping[str, Any]
    parent: int

    def line(self) -> bytes:
        """As it is sent."""
        return orjson.dumps(asdict(self)) + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Self:
        """As it was sent."""
        return cls(**orjson.loads(line))


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the parent waits, in seconds.

    Attributes:
        start: for a worker to be ready; the database being away does not count.
        silence: without a sign of life, or with a loop that does not turn: then a worker is killed.
        row: so long may one row take.
        drain: so long may a worker take to end its row when all shall stop.
        restart: before another start when a worker did not come up; doubled each time, up to half a minute.
    """

    start: float = 60.0
    silence: float = 30.0
    row: float = 900.0
    drain: float = 30.0
    restart: float = 1.0


class WorkerProcess:
    """A child, from its start to its end.

    Args:
        node: whose worker it is.
        url: the store's.
        factory: as in `load_factory`.
        options: handed to the factory.
        counted: told what it adds to its metrics.
    """

    def __init__(
        self,
        *,
        node: str,
        url: str,
        factory: str,
        options: Mapping[str, Any],
        counted: Callable[[list[Sequence[object]]], None] = lambda _samples: None,
    ) -> None:
        self._counted = counted
        self.name = f"{node}/{uuid4().hex[:12]}"
        self.ready = False
        self.working = False
        self._row = 0.0
        self._turn = 0.0
        self._heard_at = monotonic()
        self._unread = b""
        self.channel, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "gateway.worker_main"]
            self.process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 our own interpreter and module
                command, stdin=theirs.fileno()
            )
        self._send(WorkerOrders(self.name, url, factory, options, os.getpid()).line())
        self.channel.setblocking(False)

    def go(self) -> None:
        """Let it work as soon as it is ready."""
        self.working = True
        self._send(GO)

    def heard(self) -> bool:
        """Read what it says; False when its end of the channel is closed."""
        try:
            read = self.channel.recv(_LARGEST_READ)
        except BlockingIOError:
            return True
        except OSError:
            read = b""
        *lines, self._unread = (self._unread + read).split(b"\n")
        for line in lines:
            said = orjson.loads(line)
            self.ready, self._row, self._turn = said["ready"], said["row"], said["turn"]
            self._counted(said["added"])
            self._heard_at = monotonic()
        return bool(read)

    def hangs(self, patience: Patience) -> str | None:
        """Why it should be killed, or None."""
        silence = monotonic() - self._heard_at
        if silence > (patience.silence if self.ready else patience.start):
            return f"no sign of life for {silence:.0f} s"
        if self._turn > patience.silence:
            return f"its loop has not turned for {self._turn:.0f} s"
        if self._row > patience.row:
            return f"it has had one row in hand for {self._row:.0f} s"
        return None

    def end(self) -> int:
        """Make sure that it is dead, and wait for it; its exit code, negative for a signal."""
        if self.process.poll() is None and not self._ends_by_itself():
            self.process.kill()
        code = self.process.wait()
        self.channel.close()
        return code

    def _ends_by_itself(self) -> bool:
        """A channel is closed by the kernel in the last moments of a process, before it can be waited for."""
        try:
            self.process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _send(self, line: bytes) -> None:
        with suppress(OSError):  # it is dead: its closed channel is what tells
            self.channel.sendall(line)
