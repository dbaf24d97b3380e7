"""Being told to stop by a signal, without ever standing in one's own way."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Event, Thread

STOPPING = (signal.SIGTERM, signal.SIGINT)


def stop_on_signals(stop: Event, signals: Sequence[signal.Signals] = STOPPING) -> Callable[[], None]:
    """Set `stop` when one of these signals comes; returns what puts the former handlers back.

    The handler runs in the main thread, between any two of its steps. An Event set there waits for a lock that the main
    thread itself may hold, just then, inside `stop.wait()`: the process would never end. Putting into a SimpleQueue is
    safe there; a thread of its own sets the event.
    """
    asked: SimpleQueue[bool] = SimpleQueue()

    def obey() -> None:
        while asked.get():
            stop.set()

    Thread(target=obey, name="signals", daemon=True).start()
    before = {number: signal.signal(number, lambda _number, _frame: asked.put(True)) for number in signals}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)
        asked.put(False)

    return restore
