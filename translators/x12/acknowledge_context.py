"""CTX of a 999: which document of the set holds a fault, and which element made another one necessary.

Both are known only where the reader kept the tree. Source: X12 005010 segment CTX, composites C998, C030 and C999; the
names are those of 005010X231A1.
"""

from __future__ import annotations

from bisect import bisect_right

from translators.errors import Issue
from translators.tree import Segment
from translators.x12.acknowledge_copies import fit
from translators.x12.acknowledge_form import AnswerForm, is_hipaa
from translators.x12.conditions import Condition, ConditionKind
from translators.x12.guide import CompositeGuide, ElementGuide, ElementUse
from translators.x12.model import TransactionSet
from translators.x12.writer import Element

SITUATIONAL_TRIGGER = "SITUATIONAL TRIGGER"
"""C99801 of a CTX that names what made an element necessary, or forbade it."""

MAX_CONTEXTS = 10
"""CTX after one IK4."""

MAX_REFERENCE = 35
"""Length of C99802."""

_DOCUMENT_NUMBERS: dict[str, tuple[str, int]] = {
    **dict.fromkeys(("753", "754", "824"), ("BGN", 2)),
    **dict.fromkeys(("943", "945"), ("W06", 2)),
    "204": ("B2", 4),
    "210": ("B3", 2),
    "211": ("BOL", 3),
    "214": ("B10", 2),
    "810": ("BIG", 2),
    "812": ("BCD", 2),
    "816": ("BHT", 3),
    "820": ("TRN", 2),
    "830": ("BFR", 2),
    "832": ("BCT", 2),
    "846": ("BIA", 3),
    "850": ("BEG", 3),
    "852": ("XQ", 4),
    "855": ("BAK", 3),
    "856": ("BSN", 2),
    "860": ("BCH", 3),
    "861": ("BRA", 1),
    "862": ("BSS", 2),
    "865": ("BCA", 3),
    "867": ("BPT", 2),
    "869": ("BSI", 1),
    "870": ("BSR", 3),
    "940": ("W05", 2),
    "944": ("W17", 3),
    "947": ("W15", 2),
    "990": ("B1", 2),
}
"""Where each set carries the number that its parties call the document by."""

_HIPAA_UNITS: dict[str, tuple[str, int]] = {"270": ("TRN", 2), "820": ("ENT", 1), "837": ("CLM", 1)}
"""The same in the HIPAA guides, whose sets hold many documents: the last one begun is meant."""


class Contexts:
    """The CTX of one transaction set's faults."""

    def __init__(self, found: TransactionSet, form: AnswerForm) -> None:
        self._form = form
        self._wire = found.interchange.delimiters
        self._segments = {} if found.root is None else {segment.ordinal: segment for segment in found.root.walk()}
        units = _HIPAA_UNITS if is_hipaa(found.group.version) else _DOCUMENT_NUMBERS
        self._unit = units.get(found.code)
        self._faulty = {(issue.position.segment, issue.position.element) for issue in found.issues}
        opening = "" if self._unit is None else self._unit[0]
        self._opened = [ordinal for ordinal, segment in self._segments.items() if segment.id == opening]

    def of_segment(self, ordinal: int) -> list[list[Element]]:
        """The business unit a segment stands in, unless its number is faulty itself or may not be copied."""
        if self._unit is None:
            return []
        name, element = self._unit
        before = bisect_right(self._opened, ordinal)
        if not before or (self._opened[before - 1], element) in self._faulty:
            return []
        segment = self._segments[self._opened[before - 1]]
        number = fit(segment.element(element), most=MAX_REFERENCE, delimiters=self._form.delimiters)
        return [["CTX", (f"{name}{element:02d}", number)]] if number else []

    def of_element(self, issue: Issue, loop: str) -> list[list[Element]]:
        """The elements for whose sake this one is missing, or stands where it may not.

        Args:
            issue: a condition that does not hold, or any other; only the former have a context.
            loop: CTX04, the loop of LS and LE around the segment.
        """
        place = issue.position
        segment = self._segments.get(place.segment or 0)
        guide = self._form.directory.get("" if segment is None else segment.id)
        if segment is None or guide is None or place.element is None:
            return []
        uses, conditions, present = guide.elements, guide.conditions, [bool(text) for text in segment.elements]
        wanted = place.element
        if place.component is not None:
            composite = uses[place.element - 1].element if place.element <= len(uses) else None
            if not isinstance(composite, CompositeGuide):
                return []
            uses, conditions, wanted = composite.components, composite.conditions, place.component
            present = [False, *map(bool, self._components(segment, place.element, place.repetition))]
        found: list[list[Element]] = []
        for position in _triggers(issue.code, wanted, conditions, present):
            at: tuple[str, ...] = (str(position),)
            if place.component is not None:
                at = (str(place.element), str(position))
            context = (SITUATIONAL_TRIGGER,)
            found.append(["CTX", context, segment.id, str(segment.ordinal), loop, at, (_number(uses, position),)])
        return found[:MAX_CONTEXTS]

    def _components(self, segment: Segment, element: int, repetition: int | None) -> list[str]:
        text = segment.element(element)
        if self._wire.repetition is not None:
            text = text.split(self._wire.repetition)[(repetition or 1) - 1]
        return text.split(self._wire.component)


def _triggers(code: str, wanted: int, conditions: tuple[Condition, ...], present: list[bool]) -> list[int]:
    """Positions whose presence makes `wanted` necessary (or forbids it), by the conditions that do not hold."""
    found: list[int] = []
    for condition in conditions:
        here = [at for at in condition.positions if at != wanted and at < len(present) and present[at]]
        if code == "x12.element.condition" and wanted in condition.missing(present):
            found += here if condition.kind is ConditionKind.PAIRED else here[:1]
        elif code == "x12.element.exclusion" and wanted in condition.excluded(present):
            found += here[:1]
    return list(dict.fromkeys(found))


def _number(uses: tuple[ElementUse, ...], position: int) -> str:
    element = uses[position - 1].element
    return element.number if isinstance(element, ElementGuide) and element.number.isdigit() else ""
