"""Waking lanes without making anybody wait for it: who has committed is answered, and lanes are woken beside."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Condition, Thread

REST_SECONDS = 0.05
"""As long as a worker waits before it looks for jobs again: waking a lane oftener makes it run no sooner."""


class Wakes:
    """Wakes lanes in a thread of its own; what comes while it is at it is woken once, however often it was asked for.

    After each time it rests a moment, so that a partner who sends file after file has a lane woken for a batch of them
    and not for each. A wake-up that is lost with the process is made good by the sweep.

    Args:
        wake: wakes lanes.
        rest: seconds between one time and the next.
    """

    def __init__(self, wake: Callable[[list[str]], None], *, rest: float = REST_SECONDS) -> None:
        self._wake = wake
        self._rest = rest
        self._changed = Condition()
        self._lanes: dict[str, None] = {}
        self._ending = False
        self._thread = Thread(target=self._run, name="wakes", daemon=True)
        self._thread.start()

    def soon(self, lanes: Iterable[str]) -> None:
        """Have lanes woken; returns at once."""
        with self._changed:
            self._lanes.update(dict.fromkeys(lanes))
            self._changed.notify()

    def close(self) -> None:
        """Wake what was asked for, and end."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lanes or self._ending)
                lanes, self._lanes = list(self._lanes), {}
                if not lanes:
                    return
            self._wake(lanes)
            with self._changed:
                self._changed.wait_for(lambda: self._ending, timeout=self._rest)
