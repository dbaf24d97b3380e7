"""X12Places and Envelope: where the values of a transaction set stand, and what is around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from mappings.source import SourceRange
from translators.errors import Position
from translators.tree import Loop, Segment
from translators.x12.model import TransactionSet

_ENVELOPE_NAME = re.compile(r"(ISA|GS|ST)([0-9]{2})")


class X12Places:
    """Places of (segment, element number) in one set; see `source.Places`."""

    def __init__(self, source: TransactionSet) -> None:
        self._source = source
        self._loops: dict[int, str] | None = None
        self._starts: dict[Segment, list[int]] = {}

    def position(self, holder: Segment | None, part: int | None) -> Position:
        """The position of an element, of a segment, or of the set."""
        source = self._source
        if holder is None:
            return Position(source.interchange.ordinal, source.group.ordinal, source.ordinal, offset=source.offset)
        return Position(
            interchange=source.interchange.ordinal,
            group=source.group.ordinal,
            set=source.ordinal,
            loop=self._loop_of(holder),
            segment_id=holder.id,
            segment=holder.ordinal,
            element=part or None,
            offset=holder.element_range(part)[0] if part else holder.offset,
        )

    def told(self, holder: Segment, part: int | None) -> str:
        """As `BEG05`."""
        return _told(holder.id, part) if part else holder.id

    def value(self, holder: Segment, part: int | None) -> str | None:
        """The element's text."""
        return (holder.element(part) if part else None) or None

    def range(self, holder: Segment, part: int) -> SourceRange:
        """Segment ordinal, element and bytes."""
        starts = self._starts.get(holder)
        if starts is None:
            starts = self._starts[holder] = holder.element_starts()
        # One separator stands before what begins next; what was not sent would begin where the segment ends.
        start, end = (starts[part], starts[part + 1] - 1) if part + 1 < len(starts) else (starts[-1] - 1,) * 2
        return SourceRange(_told(holder.id, part), holder.ordinal, part, start, end)

    def _loop_of(self, segment: Segment) -> str | None:
        if self._loops is None:
            self._loops = {}
            pending: list[tuple[Loop, str | None]] = [] if self._source.root is None else [(self._source.root, None)]
            while pending:
                loop, name = pending.pop()
                if name is not None:
                    self._loops.update((held.ordinal, name) for held in loop.segments)
                pending += ((below, below.id) for below in loop.loops)
        return self._loops.get(segment.ordinal)


class Envelope(Mapping[str, str]):
    """The elements of ISA, GS and ST around a transaction set, as `GS03`; text as sent, padding stripped."""

    def __init__(self, source: TransactionSet) -> None:
        self._source = source

    def __getitem__(self, name: str) -> str:
        found = _ENVELOPE_NAME.fullmatch(name)
        segment = None if found is None else self._segments.get(found[1])
        if found is None or segment is None:
            raise KeyError(name)
        return segment.element(int(found[2])).rstrip(" ")

    def __iter__(self) -> Iterator[str]:
        for name, segment in self._segments.items():
            yield from (f"{name}{number:02d}" for number in range(1, len(segment.elements)))

    def __len__(self) -> int:
        return sum(len(segment.elements) - 1 for segment in self._segments.values())

    @property
    def _segments(self) -> dict[str, Segment]:
        found = {"ISA": self._source.interchange.isa, "GS": self._source.group.gs}
        if self._source.root is not None and self._source.root.segments:
            found["ST"] = self._source.root.segments[0]
        return found


@cache
def _told(id: str, element: int) -> str:
    return f"{id}{element:02d}"
