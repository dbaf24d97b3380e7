"""A signal stops what it should, whatever the main thread does at that moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from threading import Event

from gateway.signals import stop_on_signals

# The main thread holds the event's own lock when the signal comes, as inside wait(): setting it there would hang.
HOLDING = """
import os, signal
from threading import Event
from gateway.signals import stop_on_signals
stop = Event()
stop_on_signals(stop)
with stop._cond:
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(1000):
        pass
stop.wait()
print("stopped")
"""


def test_a_signal_that_comes_while_the_event_is_locked_is_obeyed() -> None:
    done = subprocess.run([sys.executable, "-c", HOLDING], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (0, "stopped\n"), done.stderr


def test_the_former_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    stop = Event()
    restore = stop_on_signals(stop, [signal.SIGTERM])
    os.kill(os.getpid(), signal.SIGTERM)
    assert stop.wait(20)
    restore()
    assert signal.getsignal(signal.SIGTERM) is before
