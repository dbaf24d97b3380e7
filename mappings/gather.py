"""What a map's program calls by fixed names: gathering values over segments, components, sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from operator import attrgetter
from typing import Any

from mappings.arithmetic import add, largest, smallest, total
from mappings.document_parts import unmade
from mappings.field_walks import indexed, numbered, values, walked
from mappings.kinds import BAD, Unreadable
from mappings.x12_hierarchy import above, below, hl_tree
from mappings.x12_segments import add_segment, composite, repeated
from translators.tree import Segment

Sources = tuple[Any, ...]
"""Flat pairs of (segment, element), or of (name, 0) for what is not in the document."""


def all_values(segments: Sequence[Segment], number: int) -> tuple[tuple[str, ...], Sources]:
    """The values of an element that are not empty, and where they stand."""
    values: list[str] = []
    sources: list[Any] = []
    for segment in segments:
        elements = segment.elements
        if len(elements) > number and elements[number]:
            values.append(elements[number])
            sources += (segment, number)
    return tuple(values), tuple(sources)


def sum_of(
    read: Mapping[str, Decimal | Unreadable], texts: Sequence[str], sources: Sources
) -> tuple[Decimal | Unreadable, Sources]:
    """The exact sum of texts that hold numbers; the first that does not read, with its place."""
    found: Decimal | Unreadable = Decimal(0)
    for position, text in enumerate(texts):
        value = read[text]
        here = sources[2 * position : 2 * position + 2]
        if isinstance(value, Unreadable):
            return Unreadable(value.code, value.wanted, text), here
        assert isinstance(found, Decimal)
        found = add(found, value)
        if isinstance(found, Unreadable):
            return found, here
    return found, sources


def least(
    read: Mapping[str, Decimal | Unreadable], texts: Sequence[str], sources: Sources
) -> tuple[Decimal | Unreadable | None, Sources]:
    """The smallest of the numbers that texts hold; the first that does not read, with its place."""
    return _extreme(read, texts, sources, sign=1)


def greatest(
    read: Mapping[str, Decimal | Unreadable], texts: Sequence[str], sources: Sources
) -> tuple[Decimal | Unreadable | None, Sources]:
    """The largest of the numbers that texts hold; the first that does not read, with its place."""
    return _extreme(read, texts, sources, sign=-1)


def _extreme(
    read: Mapping[str, Decimal | Unreadable], texts: Sequence[str], sources: Sources, *, sign: int
) -> tuple[Decimal | Unreadable | None, Sources]:
    found: Decimal | None = None
    place: Sources = ()
    for position, text in enumerate(texts):
        value = read[text]
        here = sources[2 * position : 2 * position + 2]
        if isinstance(value, Unreadable):
            return Unreadable(value.code, value.wanted, text), here
        if found is None or value * sign < found * sign:
            found, place = value, here
    return found, place


def component(text: Any, number: int, separator: str) -> str:
    """One component (from 1) of a composite element's text; "" where it was not sent."""
    parts: list[str] = text.split(separator)
    return parts[number - 1] if number <= len(parts) else ""


PROGRAM_NAMES: dict[str, Any] = {
    "__builtins__": {"bool": bool, "len": len, "reversed": reversed},
    "ABOVE": above,
    "ADD": add_segment,
    "ALL": all_values,
    "ANY": any,
    "BAD": BAD,
    "BELOW": below,
    "COMPONENT": component,
    "COMPOSITE": composite,
    "DECIMAL": Decimal,
    "EMPTY": [""],
    "GREATEST": greatest,
    "ID": id,
    "INDEXED": indexed,
    "IS_A": isinstance,
    "LARGEST": largest,
    "LEAST": least,
    "NONE": ((), ()),
    "NUMBERED": numbered,
    "ORDINAL": attrgetter("ordinal"),
    "RANGE": range,
    "REPEATED": repeated,
    "SMALLEST": smallest,
    "SORTED": sorted,
    "SUM": sum_of,
    "TEXT": str,
    "TOTAL": total,
    "TREE": hl_tree,
    "TUPLE": tuple,
    "UNMADE": unmade,
    "UNREADABLE": Unreadable,
    "VALUES": values,
    "WALK": walked,
}
"""All a program sees beside its own constants; it has no other builtins."""
