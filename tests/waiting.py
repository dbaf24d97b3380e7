"""Waiting for what other threads and processes do: on a condition, with a deadline, never for a span of time."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from time import monotonic
from typing import TypeVar

T = TypeVar("T")


def wait_until(condition: Callable[[], T], *, within: float, what: str = "") -> T:
    """The condition's first true value.

    Args:
        condition: asked every 20 ms.
        within: seconds until it is an AssertionError.
        what: is waited for, as the error says it.
    """
    deadline = monotonic() + within
    between = Event()
    while True:
        found = condition()
        if found:
            return found
        assert monotonic() < deadline, f"not within {within} s: {what or condition}"
        between.wait(0.02)
