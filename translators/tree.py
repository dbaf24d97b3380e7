"""The tree a document becomes: loops of segments for X12; nodes for XML, JSON and delimited text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import accumulate
from types import MappingProxyType

from translators.errors import Position

NOTHING: Mapping[str, str] = MappingProxyType({})


class Segment:
    """One segment (X12) or record, its elements still the text of the wire.

    `elements[0]` is the segment id, `elements[3]` element 03; elements past the last one sent are absent, empty ones
    are "". A composite or repeated element is the undivided text. `ordinal` counts from 1 within the transaction set
    (ST = 1); `offset` is the byte offset of the segment's first byte in the file.
    """

    __slots__ = ("elements", "offset", "ordinal")

    # Not keyword-only: a reader makes millions of these, and a call with keywords takes half as long again.
    def __init__(self, elements: list[str], ordinal: int, offset: int) -> None:
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

    def element_starts(self) -> list[int]:
        """The byte offset of each element's first byte, the id's first; last, the one after the segment's terminator.

        Source: as `element_range`, for all elements at once.
        """
        return list(accumulate((len(element) + 1 for element in self.elements), initial=self.offset))

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


class NodeKind(StrEnum):
    """What a node is on the wire; all but JSON has texts only."""

    TEXT = "text"
    OBJECT = "object"
    NUMBER = "number"
    BOOLEAN = "boolean"
    NULL = "null"
    LIST = "list"
    """An array that is empty, or stands in an array or alone; its items are children named `item`."""


class Node:
    """One element of XML, value of JSON, or record of delimited text; values are still the text of the wire.

    Args:
        name: `{namespace}local` or `local` (XML), the member's name (JSON), the record type (delimited text). The items
            of a JSON array are as many children of the array's name.
        line: where it begins, from 1; 0 for a node that was not read from a file.
        column: the character it begins at, from 1.
        offset: the byte it begins at, from the start of the file.
        ordinal: its number within the document, from 1, in the order of the wire.
        kind: what the wire says it is.
        listed: it is an item of an array.

    `attributes` holds the attributes of XML by name, and the values of a record by column. `text` is the node's own
    text, without that of its children; `children` its nodes in order; `end` the byte after its content.
    """

    __slots__ = (
        "attributes",
        "children",
        "column",
        "end",
        "kind",
        "line",
        "listed",
        "name",
        "offset",
        "ordinal",
        "text",
    )

    def __init__(
        self,
        name: str,
        *,
        text: str = "",
        attributes: Mapping[str, str] = NOTHING,
        children: list[Node] | None = None,
        line: int = 0,
        column: int = 0,
        offset: int = 0,
        ordinal: int = 0,
        kind: NodeKind = NodeKind.TEXT,
        listed: bool = False,
    ) -> None:
        self.name = name
        self.text = text
        self.attributes = attributes
        self.children: list[Node] = [] if children is None else children
        self.line = line
        self.column = column
        self.offset = offset
        self.end = offset
        self.ordinal = ordinal
        self.kind = kind
        self.listed = listed

    @property
    def local_name(self) -> str:
        """The name without its namespace."""
        return self.name.rpartition("}")[2]

    @property
    def namespace(self) -> str:
        """The namespace of the name, or ""."""
        return self.name[1:].partition("}")[0] if self.name.startswith("{") else ""

    def find(self, *names: str) -> Node | None:
        """The first node below at that path of names, or None."""
        node = self
        for name in names:
            found = next((child for child in node.children if child.name == name), None)
            if found is None:
                return None
            node = found
        return node

    def place(self, attribute: str | None = None) -> Position:
        """Where the node, or one of its attributes, stands."""
        path = self.local_name if attribute is None else f"{self.local_name}/@{attribute.rpartition('}')[2]}"
        return Position(line=self.line, column=self.column, offset=self.offset, path=path)

    def span(self, attribute: str | None = None) -> tuple[int, int]:
        """The bytes the node, or one of its attributes, stands in; of XML the node's own where it is an attribute."""
        del attribute  # the reader does not say where in its tag an attribute is
        return (self.offset, self.end)

    def walk(self) -> Iterator[Node]:
        """This node and all below it, in order."""
        pending = [self]
        while pending:
            node = pending.pop()
            yield node
            pending.extend(reversed(node.children))

    def __repr__(self) -> str:
        return f"Node({self.name!r}, {self.text!r}, {len(self.children)} children)"
