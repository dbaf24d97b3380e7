"""The slow path of one segment: every fault of its elements, with position, value and what was wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from translators.errors import shown
from translators.x12.conditions import Condition
from translators.x12.guide import CompositeGuide, ElementGuide, ElementUse, SegmentGuide
from translators.x12.model import Delimiters
from translators.x12.periods import period_fault, period_positions
from translators.x12.values import value_fault


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of an element, by its place in the segment; `start` counts characters from the segment's first."""

    code: str
    message: str
    element: int
    start: int
    component: int | None = None
    repetition: int | None = None
    value: str | None = None


def find_faults(guide: SegmentGuide, elements: Sequence[str], delimiters: Delimiters) -> list[Finding]:
    """Check one segment against its guide.

    Args:
        guide: what the segment may hold.
        elements: its text parted at the element separator; `elements[0]` is the id.
        delimiters: of the interchange.

    Returns:
        Every fault, by element; conditions after the elements. Empty where the segment is good.
    """
    found = _faults(guide, elements, delimiters)
    if guide.standard is None or not found:
        return found
    of_standard: dict[tuple[int, int | None, int | None], list[Finding]] = {}
    for finding in _faults(guide.standard, elements, delimiters):
        of_standard.setdefault((finding.element, finding.component, finding.repetition), []).append(finding)
    findings: list[Finding] = []
    for finding in found:
        known = of_standard.get((finding.element, finding.component, finding.repetition))
        if known is None or finding.code not in _OF_PARTNER:
            findings.append(_by_partner(finding, guide))
        else:
            findings += [each for each in known if each not in findings]
    return findings


_OF_PARTNER = {
    "x12.element.missing": "x12.partner.element_missing",
    "x12.element.condition": "x12.partner.condition",
    "x12.element.exclusion": "x12.partner.condition",
    "x12.element.too_short": "x12.partner.length",
    "x12.element.too_long": "x12.partner.length",
    "x12.element.code": "x12.partner.code",
}
"""Faults that are a partner's rule where the standard does not find them too."""


def _by_partner(finding: Finding, guide: SegmentGuide) -> Finding:
    code = _OF_PARTNER.get(finding.code, finding.code)
    stated = guide.stated.get(finding.element)
    if stated is None or not code.startswith("x12.partner."):
        return finding
    return replace(finding, code=code, message=f"{finding.message} ({stated})")


def _faults(guide: SegmentGuide, elements: Sequence[str], delimiters: Delimiters) -> list[Finding]:
    findings: list[Finding] = []
    starts = _starts(elements)
    for use in guide.elements:
        value = elements[use.position] if use.position < len(elements) else ""
        start = starts[min(use.position, len(starts) - 1)]
        if not value:
            if use.required:
                findings.append(_missing(use, element=use.position, start=start))
            continue
        if not use.used:
            message = f"{use.ref} ({use.element.name}) is {shown(value)}; the partner's guide does not use it"
            code = "x12.partner.element_not_used"
            findings.append(Finding(code, message, use.position, start, value=value))
            continue
        findings += _repeated(use, value, start=start, delimiters=delimiters)
    findings += _periods(guide, elements, starts, known={finding.element for finding in findings})
    for position in range(len(guide.elements) + 1, len(elements)):
        if elements[position]:
            message = f"{guide.id} has {len(guide.elements)} elements; {shown(elements[position])} stands after them"
            at = starts[position]
            findings.append(Finding("x12.element.too_many", message, position, at, value=elements[position]))
    if len(elements) > 1 and not elements[-1]:
        last = len(elements) - 1
        message = f"{guide.id} ends in an empty element; leave out separators after the last value"
        findings.append(Finding("x12.element.trailing_separators", message, last, starts[last]))
    present = [bool(value) for value in elements]
    for condition in guide.conditions:
        for position, code, message in _unmet(condition, present, owner=guide.id):
            at = starts[min(position, len(starts) - 1)]
            bad = elements[position] if position < len(elements) else ""
            findings.append(Finding(code, message, position, at, value=bad or None))
    if not any(elements[1:]) and all(finding.code == "x12.element.trailing_separators" for finding in findings):
        message = f"{guide.id} holds no value; a segment has one at least, so leave it out"
        findings.insert(0, Finding("x12.segment.no_value", message, 1, starts[1]))
    return findings


def _periods(guide: SegmentGuide, elements: Sequence[str], starts: Sequence[int], *, known: set[int]) -> list[Finding]:
    """Periods that are not written as the qualifier before them says; `known` are elements with faults already."""
    findings = []
    for position in period_positions(guide):
        value = elements[position] if position < len(elements) else ""
        if not value or position in known:
            continue
        fault = period_fault(elements[position - 1], value)
        if fault is not None:
            use = guide.elements[position - 1]
            message = f"{use.ref} ({use.element.name}) is {shown(value)}; {fault[1]}"
            findings.append(Finding(fault[0], message, position, starts[position], value=value))
    return findings


def _starts(elements: Sequence[str]) -> list[int]:
    """Where each element begins; one more entry for those not sent: the end of the segment."""
    starts, at = [], 0
    for value in elements:
        starts.append(at)
        at += len(value) + 1
    starts.append(at - 1)
    return starts


def _missing(
    use: ElementUse, *, element: int, start: int, component: int | None = None, repetition: int | None = None
) -> Finding:
    message = f"{use.ref} ({use.element.name}) is missing; it is mandatory"
    return Finding("x12.element.missing", message, element, start, component, repetition)


def _repeated(use: ElementUse, value: str, *, start: int, delimiters: Delimiters) -> list[Finding]:
    separator = delimiters.repetition
    if separator is None or separator not in value:
        return _occurrence(use, value, start=start, repetition=None, delimiters=delimiters)
    findings: list[Finding] = []
    for repetition, occurrence in enumerate(value.split(separator), 1):
        if repetition > use.repeat:
            times = "once" if use.repeat == 1 else f"{use.repeat} times"
            message = f"{use.ref} ({use.element.name}) is repeated with {shown(occurrence)}; it may stand {times}"
            code = "x12.element.too_many_repetitions"
            findings.append(Finding(code, message, use.position, start, None, repetition, occurrence))
            break
        if occurrence:
            findings += _occurrence(use, occurrence, start=start, repetition=repetition, delimiters=delimiters)
        start += len(occurrence) + 1
    return findings


def _occurrence(
    use: ElementUse, value: str, *, start: int, repetition: int | None, delimiters: Delimiters
) -> list[Finding]:
    guide = use.element
    if isinstance(guide, ElementGuide):
        if delimiters.component in value:
            message = f"{use.ref} ({guide.name}) is {shown(value)}; the component separator may not stand in it"
            return [Finding("x12.element.character", message, use.position, start, None, repetition, value)]
        found = _value(use, guide, value)
        return [] if found is None else [Finding(*found, use.position, start, None, repetition, value)]
    return _composite(use, guide, value, start=start, repetition=repetition, delimiters=delimiters)


def _value(use: ElementUse, guide: ElementGuide, value: str) -> tuple[str, str] | None:
    fault = value_fault(value, guide)
    return None if fault is None else (fault[0], f"{use.ref} ({guide.name}) is {shown(value)}; {fault[1]}")


def _composite(
    use: ElementUse,
    guide: CompositeGuide,
    value: str,
    *,
    start: int,
    repetition: int | None,
    delimiters: Delimiters,
) -> list[Finding]:
    findings: list[Finding] = []
    position = use.position
    components = value.split(delimiters.component)
    starts = [start + at for at in _starts(components)]
    for part in guide.components:
        number = part.position
        at = starts[min(number, len(components) + 1) - 1]
        text = components[number - 1] if number <= len(components) else ""
        assert isinstance(part.element, ElementGuide)
        if text:
            found = _value(part, part.element, text)
            if found is not None:
                findings.append(Finding(*found, position, at, number, repetition, text))
        elif part.required:
            findings.append(_missing(part, element=position, start=at, component=number, repetition=repetition))
    for number in range(len(guide.components) + 1, len(components) + 1):
        message = f"{use.ref} has {len(guide.components)} components; {shown(components[number - 1])} stands after them"
        code, text = "x12.element.too_many_components", components[number - 1]
        findings.append(Finding(code, message, position, starts[number - 1], number, repetition, text))
    if len(components) > 1 and not components[-1]:
        message = f"{use.ref} ends in an empty component; leave out separators after the last value"
        code = "x12.element.trailing_separators"
        findings.append(Finding(code, message, position, starts[len(components) - 1], len(components), repetition))
    present = [False, *(bool(text) for text in components)]
    for condition in guide.conditions:
        for number, code, message in _unmet(condition, present, owner=guide.id):
            at = starts[min(number, len(components) + 1) - 1]
            text = components[number - 1] if number <= len(components) else ""
            findings.append(Finding(code, message, position, at, number, repetition, text or None))
    return findings


def _unmet(condition: Condition, present: Sequence[bool], *, owner: str) -> list[tuple[int, str, str]]:
    missing = [
        (position, "x12.element.condition", f"{owner}{position:02d} is missing; condition {condition} asks for it")
        for position in condition.missing(present)
    ]
    excluded = [
        (position, "x12.element.exclusion", f"{owner}{position:02d} stands beside another; {condition} allows one")
        for position in condition.excluded(present)
    ]
    return missing + excluded
