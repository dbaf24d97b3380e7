"""An ERP that the kernel tells of every file that appears in its folder, in order, and that deletes what it reads."""

from __future__ import annotations

import ctypes
import os
import select
import struct
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic

from tests.faults.histories import Step, step_of

_MOVED_IN, _CREATED, _OVERFLOWN = 0x80, 0x100, 0x4000
_HEAD = struct.Struct("iIII")
_LOOK_MILLISECONDS = 50


class WatchedERP:
    """Notes each publishing as its own effect, whatever its name and however short it lay there (inotify(7)).

    Attributes:
        seen: the steps in the order they were published.
        names: how often each name was published.
        taken_at: when the last one was read, of the monotonic clock.
        overwritten: names published again before they were read.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._stop = Event()
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        watch = libc.inotify_add_watch(self._descriptor, os.fsencode(folder), _MOVED_IN | _CREATED)
        assert min(self._descriptor, watch) >= 0, os.strerror(ctypes.get_errno())
        self.seen: list[Step] = []
        self.names: Counter[str] = Counter()
        self.overwritten: list[str] = []
        self.taken_at = monotonic()

    @contextmanager
    def at_work(self) -> Iterator[WatchedERP]:
        """Takes what comes until the block ends."""
        with ThreadPoolExecutor(1, "erp") as thread:
            running = thread.submit(self._run)
            try:
                yield self
            finally:
                self._stop.set()
        os.close(self._descriptor)
        running.result()

    def histories(self) -> dict[str, list[int]]:
        """The steps of each order as they came."""
        found: dict[str, list[int]] = defaultdict(list)
        for one in self.seen:
            found[one.number].append(one.step)
        return dict(found)

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        while True:
            ends = self._stop.is_set()
            if poll.poll(0 if ends else _LOOK_MILLISECONDS):
                self._take(os.read(self._descriptor, 1 << 20))
            elif ends:
                return

    def _take(self, told: bytes) -> None:
        place = 0
        while place < len(told):
            _, kind, _, length = _HEAD.unpack_from(told, place)
            name = told[place + _HEAD.size : place + _HEAD.size + length].rstrip(b"\0").decode()
            place += _HEAD.size + length
            assert not kind & _OVERFLOWN, "the kernel had to leave out events"
            if not name.startswith("."):
                self._note(name)

    def _note(self, name: str) -> None:
        self.names[name] += 1
        path = self._folder / name
        try:
            content = path.read_bytes()
            path.unlink()
        except FileNotFoundError:
            self.overwritten.append(name)
            return
        self.seen.append(step_of(content))
        self.taken_at = monotonic()
