"""The tree a document becomes: loops that hold segments and loops. One shape for every format."""

from __future__ import annotations

from collections.abc import Iterator


class Segment:
    """One segment (X12) or record, its elements still the text of the wire.

    `elements[0]` is the segment id, `elements[3]` element 03; elements past the last one sent are absent, empty ones
    are "". A composite or repeated element is the undivided text. `ordinal` counts from 1 within the transaction set
    (ST = 1); `offset` is the byte offset of the segment's first byte in the file.
    """

    __slots__ = ("elements", "offset", "ordinal")

    def __init__(self, elements: list[str], *, ordinal: int, offset: int) -> None:
        self.elements = elements
        self.ordinal = ordinal
        self.offset = offset

    @property
    def id(self) -> str:
        """The segment id, as `PO1`."""
        return self.elements[0]

    def element(self, number: int) -> str:
        """Element `number` (from 1), or "" where it was not sent."""
        return self.elements[number] if number < len(self.elements) else ""

    def element_range(self, number: int) -> tuple[int, int]:
        """Byte offsets (start, end) in the file of element `number`; (n, n) where it was not sent.

        Source: one byte is one code point and one separator one byte (X12.5), so lengths add up.
        """
        elements = self.elements
        if number < len(elements):
            start = self.offset + number + sum(map(len, elements[:number]))
            return (start, start + len(elements[number]))
        end = self.offset + len(elements) - 1 + sum(map(len, elements))
        return (end, end)

    def __repr__(self) -> str:
        return f"Segment({self.elements!r}, ordinal={self.ordinal}, offset={self.offset})"


class Loop:
    """A loop instance: its own segments in order, then its loops in order. The root is the transaction set itself.

    `id` is the loop's name in the guide (as `PO1`, or a number where the standard numbers it); a loop other than the
    root begins with its trigger segment, `segments[0]`.
    """

    __slots__ = ("id", "loops", "segments")

    def __init__(self, id: str, segments: list[Segment] | None = None) -> None:
        self.id = id
        self.segments: list[Segment] = [] if segments is None else segments
        self.loops: list[Loop] = []

    def walk(self) -> Iterator[Segment]:
        """Every segment of this loop and of those below it, in the order of the wire."""
        found: list[Segment] = []
        pending = [self]
        while pending:
            loop = pending.pop()
            found.extend(loop.segments)
            pending.extend(loop.loops)
        found.sort(key=lambda segment: segment.ordinal)
        return iter(found)

    def __repr__(self) -> str:
        return f"Loop({self.id!r}, {len(self.segments)} segments, {len(self.loops)} loops)"
