"""A set a map made: its lineage, and the check of it by its guide before it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mappings.lineage import LineageView
from mappings.report import Report
from mappings.x12_segments import MadeSegment
from translators.errors import Position, Severity
from translators.errors import shown as cut
from translators.tree import Segment
from translators.x12.characters import Charset
from translators.x12.guide import SetGuide
from translators.x12.model import Delimiters
from translators.x12.set_check import checked_set
from translators.x12.writer import Element, OutboundSet, Repeats


@dataclass(frozen=True, slots=True)
class SetTrail:
    """The lineage of a set that was made: paths as `7:PO103`, segment 7 of the set with ST = 1."""

    def walk(self, content: Sequence[MadeSegment], trace: object) -> Iterator[tuple[str, tuple[int, Sequence[Any]]]]:
        """Every element a rule filled: path, rule, sources."""
        del trace  # every segment has its own
        for ordinal, segment in enumerate(content, 2):
            for (element, component, rule), sources in zip(segment.site.rules, segment.sources, strict=True):
                held = segment.elements[element] if element < len(segment.elements) else ""
                if component and isinstance(held, tuple):
                    held = held[component - 1] if component <= len(held) else ""
                if held:
                    part = f".{component:02d}" if component else ""
                    yield f"{ordinal}:{segment.site.id}{element:02d}{part}", (rule, sources)


def finished(
    guide: SetGuide, content: list[MadeSegment], report: Report, lineage: LineageView, terms: Mapping[str, Any]
) -> OutboundSet | None:
    """The set to write; None, and issues with their rules, where its guide (or a delimiter) refuses something.

    Args:
        guide: of the set, where the terms name no other.
        content: what the map made.
        report: where issues go.
        lineage: not needed, every segment knows its own.
        terms: `delimiters`, `charset`, and a partner's `guide` with his overlay.
    """
    del lineage
    marks: Delimiters = terms.get("delimiters") or Delimiters(repetition="^" if guide.version >= "00402" else None)
    charset: Charset = terms.get("charset") or Charset.EXTENDED
    guide = terms.get("guide") or guide
    before = bool(report)
    for ordinal, segment in enumerate(content, 2):
        _delimiters(segment, ordinal, marks, report, charset)
    if bool(report) != before:
        return None
    segments = [
        Segment([_text(element, marks) for element in segment.elements], ordinal=0, offset=0) for segment in content
    ]
    for issue in checked_set(guide, segments, delimiters=marks, charset=charset):
        if issue.severity is Severity.ERROR:
            at = issue.position.segment or 0
            site = content[at - 2].site if 2 <= at < len(content) + 2 else None
            report.refused(issue, None if site is None else site.rule_of(issue.position.element))
    return None if report else OutboundSet(guide.code, [segment.elements for segment in content])


def shown(made: OutboundSet) -> str:
    """The segments between ST and SE, a line each."""
    marks = Delimiters(repetition="^")
    return "".join("*".join(_text(element, marks) for element in segment) + "~\n" for segment in made.segments)


def _delimiters(segment: MadeSegment, ordinal: int, marks: Delimiters, report: Report, charset: Charset) -> None:
    """An issue for every value that holds a delimiter, or a character that is no byte."""
    signs = [sign for sign in (marks.element, marks.component, marks.segment, marks.repetition) if sign]
    for number, element in enumerate(segment.elements[1:], 1):
        for text in _texts(element):
            sign = next((sign for sign in signs if sign in text), None)
            name = f"{segment.site.id}{number:02d}"
            if charset is not Charset.UTF_8 and not text.isascii() and max(text) > "\xff":
                message = f"{name} is {cut(text)}; want characters of latin-1 alone"
                place = Position(segment_id=segment.site.id, segment=ordinal, element=number)
                rule = segment.site.rule_of(number)
                report.add("map.value.unfit", rule, message, None, None, value=text, position=place)
            if sign is not None:
                message = f"{name} is {cut(text)}; it holds the delimiter {cut(sign)}; choose others, or change it"
                place = Position(segment_id=segment.site.id, segment=ordinal, element=number)
                rule = segment.site.rule_of(number)
                report.add("map.value.delimiter", rule, message, None, None, value=text, position=place)


def _texts(element: Element) -> Iterator[str]:
    if isinstance(element, str):
        yield element
        return
    for part in element:
        yield from _texts(part)


def _text(element: Element, marks: Delimiters) -> str:
    if isinstance(element, str):
        return element
    if isinstance(element, Repeats):
        return (marks.repetition or "").join(_text(part, marks) for part in element)
    return marks.component.join(element)
