"""The sets of health care (HIPAA), which have no guide here: validated with the maps that pyx12 ships.

The envelope, the cutting into segments, counts and offsets stay the reader's; pyx12 is asked about one segment after
the other, and what it says becomes faults of our table. docs/second-opinion.md tells what is covered and what is not.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from translators.errors import Severity, shown
from translators.tree import Segment
from translators.x12.conditions import parse_condition
from translators.x12.model import Delimiters, GroupHeader
from translators.x12.set_validator import SetAnswer, SetFault

if TYPE_CHECKING:
    from translators.x12._pyx12 import MapWalk, SecondOpinionError

MAPS: dict[tuple[str, str], tuple[str, str]] = {
    ("004010X061A1", "820"): ("RA", "820.4010.X061.A1.xml"),
    ("004010X070", "277"): ("HN", "277U.4010.X070.xml"),
    ("004010X091A1", "835"): ("HP", "835.4010.X091.A1.xml"),
    ("004010X092A1", "270"): ("HS", "270.4010.X092.A1.xml"),
    ("004010X092A1", "271"): ("HB", "271.4010.X092.A1.xml"),
    ("004010X093A1", "276"): ("HR", "276.4010.X093.A1.xml"),
    ("004010X093A1", "277"): ("HN", "277.4010.X093.A1.xml"),
    ("004010X094A1", "278"): ("HI", "278.4010.X094.A1.xml"),
    ("004010X095A1", "834"): ("BE", "834.4010.X095.A1.xml"),
    ("004010X096A1", "837"): ("HC", "837.4010.X096.A1.xml"),
    ("004010X097A1", "837"): ("HC", "837.4010.X097.A1.xml"),
    ("004010X098A1", "837"): ("HC", "837.4010.X098.A1.xml"),
    ("005010X214", "277"): ("HN", "277.5010.X214.xml"),
    ("005010X218", "820"): ("RA", "820.5010.X218.xml"),
    ("005010X220A1", "834"): ("BE", "834.5010.X220.A1.xml"),
    ("005010X221A1", "835"): ("HP", "835.5010.X221.A1.xml"),
    ("005010X222A1", "837"): ("HC", "837.5010.X222.A1.xml"),
    ("005010X223A2", "837"): ("HC", "837Q3.I.5010.X223.A1.xml"),
}
"""(GS08, ST01) -> (GS01, the map)."""

_REQUEST_MAP = ("278.4010.X094.A1.xml", "278.4010.X094.27.A1.xml")
"""The map of a 278 request (BHT02 = 13), and that of its response (11); both are the same up to BHT."""
_RESPONSE = "11"

_SEGMENT_FAULTS = {
    "2": "x12.segment.not_used",
    "3": "x12.segment.missing",
    "4": "x12.loop.too_many",
    "5": "x12.segment.too_many",
}
_ELEMENT_FAULTS = {
    "6": "x12.element.character",
    "4": "x12.element.too_short",
    "5": "x12.element.too_long",
    "8": "x12.element.date",
    "9": "x12.element.time",
    "7": "x12.element.code",
    "1": "x12.element.missing",
    "2": "x12.element.condition",
    "3": "x12.element.too_many",
    "10": "x12.element.exclusion",
    "12": "x12.element.too_many_repetitions",
    "13": "x12.element.too_many_components",
}
"""AK403 -> our fault; of several faults of one value, the one that stands first here is told."""

_RANKS = {code: rank for rank, code in enumerate(_ELEMENT_FAULTS)}
_CONDITION = re.compile(r"\(([PRECL](?:[0-9]{2})+)\)")
_TRAILING_BLANKS = "unnecessary trailing spaces"


class HealthCareValidator:
    """Validates the sets of MAPS; pyx12 is imported, and a map parsed, when the first such set comes."""

    def begin(
        self, set_code: str, group: GroupHeader, *, delimiters: Delimiters, directory: Container[str]
    ) -> HealthCareCheck | None:
        """See SetValidator."""
        row = MAPS.get((group.version, set_code))
        return None if row is None else HealthCareCheck(*row, delimiters=delimiters, directory=directory)


class HealthCareCheck:
    """One set; see SetCheck."""

    def __init__(
        self, functional_group: str, map_name: str, *, delimiters: Delimiters, directory: Container[str]
    ) -> None:
        # Imported here, because pyx12 takes longer to import than most processes need in all, and few have such sets.
        from translators.x12._pyx12 import MapWalk

        self.functional_group = functional_group
        self._walk: MapWalk = MapWalk(
            map_name, element=delimiters.element, component=delimiters.component, repetition=delimiters.repetition
        )
        self._map_name = map_name
        self._delimiters = delimiters
        self._directory = directory
        self._levels: set[str] = set()

    def take(self, segment: Segment) -> SetAnswer:
        """See SetCheck."""
        elements = list(segment.elements)
        while len(elements) > 1 and not elements[-1]:
            elements.pop()
        faults = list(self._trailing(segment, elements))
        if segment.id == "ST":
            said = [error for error in self._walk.header(elements) if error.element == 3]
            return SetAnswer(faults + self._element_faults(segment, elements, said), keeps=0)
        if segment.id == "BHT" and self._map_name == _REQUEST_MAP[0] and segment.element(2) == _RESPONSE:
            self._map_name = _REQUEST_MAP[1]
            self._walk.move_to(self._map_name)
        step = self._walk.take(elements, segment.ordinal)
        loop = step.loops[-1] if step.loops else None
        for error in step.errors:
            if error.element is None:
                faults.append(self._segment_fault(error, loop))
        if segment.id != "SE":  # whose elements the reader checks itself
            faults += self._element_faults(
                segment, elements, [each for each in step.errors if each.element is not None]
            )
        if segment.id == "HL":
            faults += self._level_faults(segment)
        return SetAnswer(faults, loop, step.keeps, step.opens)

    def _level_faults(self, segment: Segment) -> Iterator[SetFault]:
        """HL01 unique, HL02 the number of a level before it, as the guides of health care want it."""
        number, parent = segment.element(1), segment.element(2)
        if parent and parent not in self._levels:
            message = f"HL02 is {shown(parent)}; no HL before it has that number"
            start = _start(segment.elements, 2)
            yield SetFault("x12.hl.unknown_parent", message, "HL", 2, start=start, value=parent)
        if number and number in self._levels:
            message = f"HL01 is {shown(number)}, which was used before in this set"
            start = _start(segment.elements, 1)
            yield SetFault("x12.hl.duplicate_id", message, "HL", 1, start=start, value=number)
        self._levels.add(number)

    def _trailing(self, segment: Segment, elements: list[str]) -> Iterator[SetFault]:
        if len(elements) < len(segment.elements):
            message = f"{segment.id} ends in an empty element; leave out separators after the last value"
            last = len(segment.elements) - 1
            start = _start(segment.elements, last)
            yield SetFault("x12.element.trailing_separators", message, segment.id, last, start=start)

    def _segment_fault(self, error: SecondOpinionError, loop: str | None) -> SetFault:
        name = error.segment_id or ""
        inside = "" if loop is None else f" in loop {loop}"
        match error.code:
            case "1":
                return self._misplaced(name, inside)
            case "3":
                message = f"{shown(name)} is missing; the industry's guide demands it before {shown(error.place)} here"
            case "2":
                message = f"{shown(name)} stands here{inside}; the industry's guide does not use it"
            case _:
                message = f"{shown(name)} stands too often{inside}: {error.message}"
        return SetFault(_SEGMENT_FAULTS[error.code], message, name)

    def _misplaced(self, name: str, inside: str) -> SetFault:
        if name in self._walk.segment_ids:
            code, message = "x12.segment.unexpected", f"{shown(name)} cannot stand here{inside}"
        elif name in self._directory:
            code, message = "x12.segment.not_in_set", f"{shown(name)} is not part of this set"
        else:
            code, message = "x12.segment.unrecognized", f"{shown(name) or 'a segment without id'} is no segment id"
        return SetFault(code, message, name)

    def _element_faults(
        self, segment: Segment, elements: list[str], errors: list[SecondOpinionError]
    ) -> list[SetFault]:
        """One fault a place, in the order of the segment."""
        chosen: dict[tuple[int, int, int], SecondOpinionError] = {}
        for error in errors:
            place = (_number(error, elements), error.repetition or 0, error.component or 0)
            known = chosen.get(place)
            if known is None or _rank(error) < _rank(known):
                chosen[place] = error
        return [self._element_fault(segment, elements, place[0], chosen[place]) for place in sorted(chosen)]

    def _element_fault(self, segment: Segment, elements: list[str], number: int, error: SecondOpinionError) -> SetFault:
        start, value = self._place(elements, number, error)
        code = _ELEMENT_FAULTS[error.code]
        severity = None
        if error.not_used:
            code = "x12.element.not_used"
        elif _TRAILING_BLANKS in error.message:
            code = "x12.element.trailing_blanks"
        elif error.external:
            severity = Severity.WARNING
        component = f", component {error.component}" if error.component else ""
        found = f"{segment.id}{number:02d}{component} is {shown(value) or 'empty'}"
        message = f"{found}; by the industry's guide: {shown(error.message)}"
        at = (number, error.component, error.repetition)
        return SetFault(code, message, segment.id, *at, start, value or None, severity)

    def _place(self, elements: list[str], number: int, error: SecondOpinionError) -> tuple[int, str]:
        """Where the value of an error begins, and the value."""
        start = _start(elements, number)
        value = elements[number] if number < len(elements) else ""
        if self._delimiters.repetition is not None and self._delimiters.repetition in value:
            parts = value.split(self._delimiters.repetition)
            before = parts[: (error.repetition or 1) - 1]
            start += sum(map(len, before)) + len(before)
            value = parts[len(before)]
        if error.component is not None:
            parts = value.split(self._delimiters.component)
            before = parts[: error.component - 1]
            start += sum(map(len, before)) + min(len(before), len(parts) - 1)
            value = parts[error.component - 1] if error.component <= len(parts) else ""
        return start, value


def _number(error: SecondOpinionError, elements: list[str]) -> int:
    """The element an error is about: pyx12 names the first past the end, and the first that a condition speaks of."""
    number = error.element or 0
    if error.code == "3":
        return next(at for at in range(number, len(elements)) if elements[at])
    stated = _CONDITION.search(error.message) if error.note else None
    if stated is not None:
        condition, present = parse_condition(stated[1]), [bool(text) for text in elements]
        return next(iter(condition.missing(present) + condition.excluded(present)), number)
    return number


def _rank(error: SecondOpinionError) -> tuple[bool, int]:
    return (_TRAILING_BLANKS in error.message, -1 if error.not_used else _RANKS[error.code])


def _start(elements: list[str], number: int) -> int:
    """Where element `number` begins, or where the segment ends if it was not sent."""
    before = elements[:number]
    return sum(map(len, before)) + len(before) - (number >= len(elements))


HEALTH_CARE = HealthCareValidator()
"""The one validator of these sets; it keeps nothing of what it has seen."""
