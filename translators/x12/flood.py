"""When a file is given up: faults so dense that telling each would cost more than the file is worth.

Every faulty set, group, TA1 and interchange is told by itself, however many there are, as long as they are not crumbs:
a megabyte of `ST~` would else be 350,000 rejected sets. Rejected documents of real size never come near the limit.
"""

from __future__ import annotations

FREE = 1_000
"""Faulty parts a file may have in any case."""

BYTES_EACH = 100
"""Beyond that, one for so many bytes read."""

SET, GROUP, NOTE, INTERCHANGE = 1, 2, 1, 4
"""What a faulty part counts, by what it costs to tell it."""


class Flood:
    """Counts the faulty parts of a file."""

    def __init__(self) -> None:
        self._count = 0
        self.is_over = False
        """The limit is passed: the rest of the file is not read."""
        self.offset = 0
        """How far the file was read when that was seen."""

    def add(self, weight: int, *, offset: int) -> None:
        """A faulty part more, seen when `offset` bytes were read."""
        self._count += weight
        if self._count > FREE + offset // BYTES_EACH:
            self.is_over = True
            self.offset = offset


MESSAGE = (
    f"more than {FREE} sets, groups or interchanges are faulty, one for less than {BYTES_EACH} bytes; "
    "the rest of the file is not read"
)
