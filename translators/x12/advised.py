"""What a partner's application says of our files: an 824 that was read, as typed statuses and issues.

Source: X12 004010 and 005010 set 824.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from translators.errors import Issue, Position, Severity, shown
from translators.tree import Segment
from translators.x12.acknowledged import Outcome
from translators.x12.codes import FAULTS
from translators.x12.model import Delimiters, TransactionSet


class Scope(StrEnum):
    """What an OTI speaks of: the first letter of OTI01."""

    BATCH = "B"
    GROUP = "G"
    ITEM = "I"
    SET = "T"


_OUTCOMES = {
    "A": Outcome.ACCEPTED,
    "C": Outcome.WITH_ERRORS,  # accepted, its data changed
    "E": Outcome.WITH_ERRORS,
    "P": Outcome.PARTIAL,
    "R": Outcome.REJECTED,
}
"""By the second letter of OTI01."""

_WORDS = {"NTE": 2, "RED": 1}
"""Segments after a TED that say more of it, and the element that does."""


@dataclass(slots=True)
class Advised:
    """An OTI: what it speaks of, by (OTI02, OTI03), GS06, ST02, ST01 and GS08 where they are given; and its faults."""

    scope: Scope | None
    outcome: Outcome
    reference: tuple[str, str]
    group_control_number: str
    control_number: str
    code: str
    version: str
    issues: list[Issue] = field(default_factory=list)


@dataclass(slots=True)
class Advice:
    """An 824: its number (BGN02), and what it says of each thing it speaks of."""

    number: str
    advised: list[Advised] = field(default_factory=list)


def read_advice(found: TransactionSet) -> Advice | None:
    """An 824 that the reader kept the tree of; None if it is another set or has no tree."""
    if found.code != "824" or found.root is None:
        return None
    advice = Advice("")
    for segment in found.root.walk():
        last = advice.advised[-1] if advice.advised else None
        if segment.id == "BGN":
            advice.number = segment.element(2)
        elif segment.id == "OTI":
            advice.advised.append(_advised(segment))
        elif segment.id == "TED" and last is not None:
            last.issues.append(_fault(segment, last.outcome, found.interchange.delimiters))
        elif segment.id in _WORDS and last is not None and last.issues:
            last.issues[-1] = _continued(last.issues[-1], segment.element(_WORDS[segment.id]))
    return advice


def _advised(oti: Segment) -> Advised:
    status = oti.element(1)
    scope = Scope(status[0]) if status[:1] in tuple(Scope) else None
    return Advised(
        scope,
        _OUTCOMES.get(status[1:], Outcome.UNKNOWN),
        reference=(oti.element(2), oti.element(3)),
        group_control_number=oti.element(8),
        control_number=oti.element(9),
        code=oti.element(10),
        version=oti.element(11),
    )


def _fault(ted: Segment, outcome: Outcome, delimiters: Delimiters) -> Issue:
    element, component, repetition, *_ = [*map(_number, ted.element(5).split(delimiters.component)), None, None]
    place = Position(
        segment_id=ted.element(3) or None,
        segment=_number(ted.element(4)),
        element=element,
        component=component,
        repetition=repetition,
    )
    row = FAULTS["x12.acknowledged.advice"]
    message = f"the partner's application says {shown(ted.element(1))}: {shown(ted.element(2)) or 'see its code'}"
    severity = Severity.ERROR if outcome in (Outcome.REJECTED, Outcome.PARTIAL) else Severity.WARNING
    return Issue(row.code, message, place, severity, row.level, ted.element(7) or None)


def _continued(issue: Issue, more: str) -> Issue:
    message = f"{issue.message} {shown(more)}"
    return Issue(issue.code, message, issue.position, issue.severity, issue.level, issue.value)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None
