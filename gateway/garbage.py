"""How often a process that works documents looks for garbage: the maps and guides it holds are never looked at."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

ALLOCATIONS = 50_000
"""New objects between two looks at the youngest; an interchange of a thousand orders makes ten times as many."""


@contextmanager
def rare_collection() -> Iterator[None]:
    """While it lasts, garbage is collected rarely, and what is loaded by now is left out.

    What reading and mapping make is freed by its reference counts; cycles are few, in errors and in the event loop.
    With the interpreter's own setting an order of 20,000 lines is looked through for as long as it is mapped.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
