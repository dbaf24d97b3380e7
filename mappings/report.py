"""Report: the Issues of one run of a map, each with its place in the map and in the document, and each cause once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mappings.codes import FAULTS
from mappings.compiled import RulePlace
from mappings.kinds import BAD, Unreadable
from translators.errors import Issue, Position, Severity, shown
from translators.tree import Loop, Segment
from translators.x12.model import TransactionSet

_NO_RESULT = frozenset({"map.number.division", "map.number.inexact"})
"""Faults of a result, not of one value of the document."""


@dataclass(frozen=True, slots=True)
class MapIssue(Issue):
    """An Issue a map made: `rule` says which rule, in which file and line."""

    rule: RulePlace | None = None

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form, with the place in the map."""
        found = Issue.as_json(self)
        if self.rule is not None:
            found["map"] = {"file": self.rule.file, "line": self.rule.line, "field": self.rule.field}
        return found


class Report:
    """Collects the issues of one document; a map's program calls it where something is wrong, and goes on with BAD."""

    def __init__(self, rules: Sequence[RulePlace], source: TransactionSet) -> None:
        self._rules = rules
        self._source = source
        self._issues: list[MapIssue] = []
        self._causes: set[tuple[object, ...]] = set()
        self._loops: dict[int, str] | None = None

    @property
    def issues(self) -> tuple[MapIssue, ...]:
        """The issues in the order of the document."""
        return tuple(sorted(self._issues, key=lambda issue: (issue.position.segment or 0, issue.position.element or 0)))

    def __bool__(self) -> bool:
        """Something is wrong."""
        return bool(self._issues)

    def unreadable(self, rule: int, fault: Unreadable, found: str, sources: Sequence[Any]) -> Any:
        """A value a function could not read, or a sum that has no result. Gives BAD."""
        segment, element = _first(sources)
        outside = sources[0] if segment is None and sources else None
        if fault.code in _NO_RESULT:
            told = f"{shown(self._rules[rule].text)} has no result"
            return self.add(fault.code, rule, f"{told}; want {fault.wanted}", segment, element or None, cause=rule)
        where = str(outside or "the value") if segment is None else f"{segment.id}{element:02d}"
        message = f"{where} is {shown(found)}; want {fault.wanted}"
        return self.add(fault.code, rule, message, segment, element or None, cause=outside, value=found)

    def several(self, rule: int, segment: Segment, reference: str, match: int) -> Any:
        """A reference that several segments match; references to the same segments are one cause. Gives BAD."""
        message = (
            f"several {segment.id} match {reference}; send one, or say first(), last(), join() or [#1] in the rule"
        )
        return self.add("map.reference.several", rule, message, segment, None, cause=match)

    def several_pairs(self, rule: int, segment: Segment, position: int) -> Any:
        """A qualifier that stands twice in a segment. Gives BAD."""
        qualifier = segment.element(position)
        message = f"{segment.id} has the qualifier {shown(qualifier)} twice; want it once"
        return self.add("map.pair.several", rule, message, segment, position, value=qualifier)

    def missing(self, rule: int, segment: Segment | None, trigger: Segment, element: int) -> Any:
        """A required value that is not there. Gives BAD."""
        place = self._rules[rule]
        message = f"{place.field} is required, and {shown(place.text)} gives nothing; send it, or change the rule"
        if segment is None:
            return self.add("map.required.missing", rule, message, trigger, None, cause=rule)
        return self.add("map.required.missing", rule, message, segment, element or None, cause=rule)

    def failed(self, rule: int, sources: Sequence[Any]) -> None:
        """An assert that does not hold."""
        segment, element = _first(sources)
        place = self._rules[rule]
        value = None if segment is None else segment.element(element) or None
        message = f'"{place.field}" does not hold: {shown(place.text)}'
        self.add("map.assert.failed", rule, message, segment, element or None, cause=rule, value=value)

    def add(
        self,
        code: str,
        rule: int | None,
        message: str,
        segment: Segment | None,
        element: int | None,
        *,
        cause: object = None,
        value: str | None = None,
    ) -> Any:
        """Add an issue, unless its cause (code, segment, element) was told before. Gives BAD."""
        key = (code, None if segment is None else segment.ordinal, element, cause)
        if key not in self._causes:
            self._causes.add(key)
            place = None if rule is None else self._rules[rule]
            if place is not None:
                message = f"{message} ({place.field}, {place.file} line {place.line})"
            position = self._position(segment, element)
            self._issues.append(MapIssue(code, message, position, Severity.ERROR, FAULTS[code].level, value, place))
        return BAD

    def _position(self, segment: Segment | None, element: int | None) -> Position:
        source = self._source
        if segment is None:
            return Position(source.interchange.ordinal, source.group.ordinal, source.ordinal, offset=source.offset)
        return Position(
            interchange=source.interchange.ordinal,
            group=source.group.ordinal,
            set=source.ordinal,
            loop=self._loop_of(segment),
            segment_id=segment.id,
            segment=segment.ordinal,
            element=element,
            offset=segment.offset if element is None else segment.element_range(element)[0],
        )

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


def _first(sources: Sequence[Any]) -> tuple[Segment | None, int]:
    """The first place of a value that is in the document."""
    for position in range(0, len(sources), 2):
        if isinstance(sources[position], Segment):
            return sources[position], sources[position + 1]
    return None, 0
