"""Report: the Issues of one run of a map, each with its place in the map and in the document, and each cause once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mappings.codes import FAULTS
from mappings.compiled import RulePlace
from mappings.kinds import BAD, Unreadable
from mappings.source import Places, first_place
from translators.errors import Issue, Position, Severity, shown

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

    def __init__(self, rules: Sequence[RulePlace], places: Places) -> None:
        self._rules = rules
        self._places = places
        self._issues: list[MapIssue] = []
        self._causes: set[tuple[object, ...]] = set()

    @property
    def issues(self) -> tuple[MapIssue, ...]:
        """The issues in the order of the document."""
        return tuple(sorted(self._issues, key=_order))

    def __bool__(self) -> bool:
        """Something is wrong."""
        return bool(self._issues)

    def unreadable(self, rule: int, fault: Unreadable, found: str, sources: Sequence[Any]) -> Any:
        """A value a function could not read, or a sum that has no result. Gives BAD."""
        holder, part = first_place(sources)
        outside = sources[0] if holder is None and sources else None
        if fault.code in _NO_RESULT:
            told = f"{shown(self._rules[rule].text)} has no result"
            return self.add(fault.code, rule, f"{told}; want {fault.wanted}", holder, part or None, cause=rule)
        where = str(outside or "the value") if holder is None else self._places.told(holder, part)
        message = f"{where} is {shown(found)}; want {fault.wanted}"
        return self.add(fault.code, rule, message, holder, part or None, cause=outside, value=found)

    def several(self, rule: int, holder: Any, reference: str, match: int) -> Any:
        """A reference that several things match; references to the same things are one cause. Gives BAD."""
        told = "parts" if isinstance(holder, str) else self._places.told(holder, None)
        message = f"several {told} match {reference}; send one, or say first(), last(), join() or [#1] in the rule"
        return self.add("map.reference.several", rule, message, holder, None, cause=match)

    def several_pairs(self, rule: int, holder: Any, part: Any) -> Any:
        """A qualifier that stands twice in a segment. Gives BAD."""
        qualifier = self._places.value(holder, part) or ""
        message = f"{self._places.told(holder, None)} has the qualifier {shown(qualifier)} twice; want it once"
        return self.add("map.pair.several", rule, message, holder, part, value=qualifier)

    def missing(self, rule: int, holder: Any, part: Any, own: Any = None) -> Any:
        """A required value that is not there; `own` is what the block is made from. Gives BAD."""
        place = self._rules[rule]
        message = f"{place.field} is required, and {shown(place.text)} gives nothing; send it, or change the rule"
        if holder is None:
            return self.add("map.required.missing", rule, message, own, None, cause=rule)
        return self.add("map.required.missing", rule, message, holder, part or None, cause=rule)

    def no_origin(self, found: object, wanted: str) -> None:
        """The document that is answered is not there, or another kind than the map reads."""
        told = "there is none" if found is None else f"it is {getattr(type(found), 'schema_name', 'something else')}"
        message = f"the map reads the document this one answers, {wanted}; {told}"
        self.add("map.origin.missing", None, message, None, None)

    def failed(self, rule: int, sources: Sequence[Any]) -> None:
        """An assert that does not hold."""
        holder, part = first_place(sources)
        place = self._rules[rule]
        value = None if holder is None else self._places.value(holder, part)
        message = f'"{place.field}" does not hold: {shown(place.text)}'
        self.add("map.assert.failed", rule, message, holder, part or None, cause=rule, value=value)

    def refused(self, issue: Issue, rule: int | None) -> None:
        """An issue of what was made, with the rule that made it."""
        place = None if rule is None else self._rules[rule]
        message = issue.message if place is None else f"{issue.message} ({place.field}, {place.file} line {place.line})"
        self._issues.append(
            MapIssue(issue.code, message, issue.position, issue.severity, issue.level, issue.value, place)
        )

    def add(
        self,
        code: str,
        rule: int | None,
        message: str,
        holder: Any,
        part: Any,
        *,
        cause: object = None,
        value: str | None = None,
        position: Position | None = None,
    ) -> Any:
        """Add an issue, unless its cause (code, position, part) was told before. Gives BAD.

        Args:
            code: of FAULTS.
            rule: its number.
            message: what was found, and what was wanted.
            holder, part: what it is about; a holder that is a text is a path or a name.
            cause: tells it from others of the same place.
            value: the bad value.
            position: where, if the holder's own place is not it.
        """
        inside = None if isinstance(holder, str) else holder
        if position is None:
            position = self._places.position(inside, part)
        key = (code, position, holder if isinstance(holder, str) else None, cause)
        if key not in self._causes:
            self._causes.add(key)
            place = None if rule is None else self._rules[rule]
            if place is not None:
                message = f"{message} ({place.field}, {place.file} line {place.line})"
            self._issues.append(MapIssue(code, message, position, Severity.ERROR, FAULTS[code].level, value, place))
        return BAD


def _order(issue: Issue) -> tuple[int, ...]:
    place = issue.position
    return (place.segment or 0, place.element or 0, place.line or 0, place.column or 0)
