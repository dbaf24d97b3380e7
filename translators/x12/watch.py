"""Rules that look at many segments of a set at once: what a watch is told, and what it says when the set is over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from translators.errors import Severity

Note = Callable[[list[str], int, int, int], None]
"""(elements, ordinal, byte offset, number of its place in the compiled set or 0 where it has none) -> nothing."""


@dataclass(frozen=True, slots=True)
class RuleFault:
    """A fault found by a watch, at an element of a segment; `severity` is None for that of the fault's row."""

    code: str
    message: str
    segment_id: str
    ordinal: int
    offset: int
    element: int
    value: str | None = None
    severity: Severity | None = None


class Watch(Protocol):
    """What looks at some segments of one set. It keeps only what its rule needs: a set may have a million segments."""

    @property
    def notes(self) -> dict[str, Note]:
        """Segment id -> what is told of each such segment, good or not."""

    def faults(self) -> Iterable[RuleFault]:
        """What is wrong, now that the set is over."""


class Watches:
    """The watches of one set. `notes` is what the reader asks of each segment; it is empty where there is no rule."""

    def __init__(self, watches: Iterable[Watch] = ()) -> None:
        self._watches = list(watches)
        self.notes: dict[str, Note] = {}
        for watch in self._watches:
            for name, note in watch.notes.items():
                other = self.notes.get(name)
                self.notes[name] = note if other is None else _both(other, note)

    def faults(self) -> Iterator[RuleFault]:
        """What all of them found."""
        for watch in self._watches:
            yield from watch.faults()

    def stop(self) -> None:
        """Part of the set is not seen: say nothing of it."""
        self._watches.clear()
        self.notes.clear()


def element_offset(elements: list[str], offset: int, number: int) -> int:
    """The byte offset of element `number` of a segment, or of the segment's end where it was not sent."""
    upto = elements[:number]
    return offset + sum(map(len, upto)) + len(upto) - (number >= len(elements))


def _both(first: Note, second: Note) -> Note:
    def note(elements: list[str], ordinal: int, offset: int, place: int) -> None:
        first(elements, ordinal, offset, place)
        second(elements, ordinal, offset, place)

    return note
