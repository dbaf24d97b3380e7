"""MadeSegment: a segment a map made, with the rule and the sources of each of its elements; what its program calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from translators.x12.writer import Element, Repeats


@dataclass(frozen=True, slots=True)
class Site:
    """Where a map makes a segment: its id, and (element, component or 0, rule) of each rule; `rule` is the first."""

    id: str
    rules: tuple[tuple[int, int, int], ...]
    rule: int

    def rule_of(self, element: int | None) -> int:
        """The rule that filled an element, else the first of the segment."""
        return next((rule for position, _, rule in self.rules if position == element), self.rule)


@dataclass(slots=True)
class MadeSegment:
    """A segment as it will be written; `sources` has one entry for each rule of the site."""

    site: Site
    elements: list[Element]
    sources: tuple[Any, ...]


def add_segment(made: list[MadeSegment], site: Site, elements: list[Element], sources: tuple[Any, ...]) -> None:
    """Add a segment, empty elements at its end left out."""
    while elements and not elements[-1]:
        elements.pop()
    made.append(MadeSegment(site, elements, sources))


def composite(*components: str) -> Element:
    """A composite element; "" where it holds nothing."""
    last = len(components)
    while last and not components[last - 1]:
        last -= 1
    return tuple(components[:last]) if last else ""


def repeated(texts: Sequence[str]) -> Element:
    """An element that may stand several times; "" where there is none."""
    return "" if not texts else texts[0] if len(texts) == 1 else Repeats(texts)
