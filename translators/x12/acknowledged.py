"""What a partner says of our files: a TA1, 997 or 999 that was read, as typed statuses and issues.

Positions are those in our own document, as the partner counts them; which file that was is for the caller to find, by
the control numbers. Source: X12 004010 set 997, segment TA1; X12 005010 set 999.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from translators.errors import Issue, Position, Severity, shown
from translators.tree import Segment
from translators.x12.codes import FAULTS, Fault
from translators.x12.model import Delimiters, InterchangeNote, TransactionSet

FUNCTIONAL_SETS = ("997", "999")


class Outcome(StrEnum):
    """What became of a set, group or interchange of ours, as far as an acknowledgment says."""

    ACCEPTED = "accepted"
    WITH_ERRORS = "accepted_with_errors"
    PARTIAL = "partial"
    """Of a group: some of its sets were rejected."""
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    """The acknowledgment does not say."""


_OUTCOMES = {
    "A": Outcome.ACCEPTED,
    "E": Outcome.WITH_ERRORS,
    "P": Outcome.PARTIAL,
    **dict.fromkeys("RMWX", Outcome.REJECTED),  # M, W and X are rejections for reasons of security
}
"""By AK501, AK901 (elements 717, 715) and TA104."""

_NOTES = {"023": "x12.iea.missing", "024": "x12.acknowledged.other"}
"""TA105 that several rows of the table have, the first of which says more than the partner does."""

_ACCEPTED = (Outcome.ACCEPTED, Outcome.WITH_ERRORS)


@dataclass(frozen=True, slots=True)
class AcknowledgedInterchange:
    """A TA1: the interchange of ours by ISA13, ISA09 and ISA10; its outcome, TA105, and that note as an issue."""

    control_number: str
    date: str
    time: str
    outcome: Outcome
    note: str
    issues: list[Issue]


@dataclass(slots=True)
class AcknowledgedSet:
    """AK2 to AK5: a set of ours by ST01 and ST02, its outcome, the codes of AK502 onwards, and what was found in it."""

    code: str
    control_number: str
    convention: str = ""
    outcome: Outcome = Outcome.UNKNOWN
    codes: tuple[str, ...] = ()
    issues: list[Issue] = field(default_factory=list)


@dataclass(slots=True)
class AcknowledgedGroup:
    """A 997 or 999: a group of ours by GS01 and GS06 (and GS08, where AK103 says it).

    `included`, `received` and `accepted` are AK902 to AK904, None where they do not read; `codes` are AK905 onwards.
    `issues` holds those codes, and where the acknowledgment contradicts itself.
    """

    kind: str
    functional_id: str
    control_number: str
    version: str
    outcome: Outcome = Outcome.UNKNOWN
    included: int | None = None
    received: int | None = None
    accepted: int | None = None
    codes: tuple[str, ...] = ()
    sets: list[AcknowledgedSet] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    def outcome_of(self, code: str, control_number: str) -> Outcome:
        """What became of one set of the group.

        A group that is rejected takes all its sets along. A set that is named is what its AK5 says, of several the
        worst. One that is not named is accepted where the group is; in a partly accepted group only if every set that
        was rejected is named.

        Args:
            code: ST01.
            control_number: ST02, as sent.
        """
        if self.outcome is Outcome.REJECTED:
            return Outcome.REJECTED
        wanted = (code, control_number)
        named = [each.outcome for each in self.sets if (each.code, each.control_number) == wanted]
        if named:
            return max(named, key=_SEVERITY.index)
        if self.outcome in _ACCEPTED:
            return Outcome.ACCEPTED
        if self.outcome is Outcome.PARTIAL and self.received is not None and self.accepted is not None:
            rejected = sum(each.outcome is Outcome.REJECTED for each in self.sets)
            if rejected and rejected == self.received - self.accepted:
                return Outcome.ACCEPTED
        return Outcome.UNKNOWN


_SEVERITY = (Outcome.ACCEPTED, Outcome.WITH_ERRORS, Outcome.UNKNOWN, Outcome.PARTIAL, Outcome.REJECTED)


def read_note(note: InterchangeNote) -> AcknowledgedInterchange:
    """A TA1."""
    elements = [note.ta1.element(number) for number in range(1, 6)]
    outcome = _OUTCOMES.get(elements[3], Outcome.UNKNOWN) if elements[3] in ("A", "E", "R") else Outcome.UNKNOWN
    code = elements[4]
    issues = []
    if code.strip("0"):
        severity = Severity.ERROR if outcome is Outcome.REJECTED else Severity.WARNING
        row = FAULTS[_NOTES[code]] if code in _NOTES else _row(lambda fault: fault.ta1, code)
        issues.append(_said(f"TA105 {code}", row, Position(), severity))
    return AcknowledgedInterchange(elements[0], elements[1], elements[2], outcome, code, issues)


def read_acknowledgment(found: TransactionSet) -> AcknowledgedGroup | None:
    """A 997 or 999 that the reader kept the tree of.

    Args:
        found: as read; faults of its own are in its `issues`, and what can be read of it is read all the same.

    Returns:
        What it says; None if it is another set, or has no tree, or does not name a group (AK1).
    """
    if found.code not in FUNCTIONAL_SETS or found.root is None:
        return None
    reading: _Reading | None = None
    for segment in found.root.walk():
        if reading is not None:
            reading.take(segment)
        elif segment.id == "AK1":
            group = AcknowledgedGroup(found.code, segment.element(1), segment.element(2), segment.element(3))
            reading = _Reading(group, found.interchange.delimiters)
    if reading is None:
        return None
    return reading.done()


class _Reading:
    """A 997 or 999 as far as it was read."""

    def __init__(self, group: AcknowledgedGroup, delimiters: Delimiters) -> None:
        self._group = group
        self._component = delimiters.component
        self._set: AcknowledgedSet | None = None
        self._segment: Segment | None = None
        self._notes: list[tuple[str, Fault | None, Position, str | None]] = []

    def take(self, segment: Segment) -> None:
        match segment.id:
            case "AK2":
                self._close()
                self._set = AcknowledgedSet(segment.element(1), segment.element(2), segment.element(3))
                self._group.sets.append(self._set)
            case "AK3" | "IK3":
                self._close_segment()
                self._segment = segment
            case "AK4" | "IK4":
                self._element(segment)
            case "AK5" | "IK5":
                self._close_segment()
                self._end_set(segment)
            case "AK9":
                self._close()
                self._end_group(segment)

    def done(self) -> AcknowledgedGroup:
        self._close()
        return self._group

    def _element(self, segment: Segment) -> None:
        if self._segment is None:
            return
        parts = [*map(_number, segment.element(1).split(self._component)), None, None]
        place = self._place(*parts[:3])
        code, name = segment.element(3), f"{segment.id}03"
        row = _row(lambda fault: fault.ak4, code) or _row(lambda fault: fault.ik4, code)
        self._notes.append((f"{name} {code}", row, place, segment.element(4) or None))
        if self._segment.element(4) in ("8", ""):
            self._segment = Segment([*self._segment.elements[:4], ""], ordinal=segment.ordinal, offset=segment.offset)

    def _place(
        self, element: int | None = None, component: int | None = None, repetition: int | None = None
    ) -> Position:
        assert self._segment is not None
        name, ordinal, loop = (self._segment.element(number) for number in (1, 2, 3))
        return Position(
            loop=loop or None,
            segment_id=name or None,
            segment=_number(ordinal),
            element=element,
            component=component,
            repetition=repetition,
        )

    def _close_segment(self) -> None:
        """The segment note before: `8` says no more than the notes on its elements, where it has any."""
        if self._segment is not None and (code := self._segment.element(4)):
            row = FAULTS["x12.acknowledged.segment"] if code == "8" else _row(lambda fault: fault.ak3, code)
            row = row or _row(lambda fault: fault.ik3, code)
            self._notes.append((f"{self._segment.id}04 {code}", row, self._place(), None))
        self._segment = None

    def _end_set(self, segment: Segment) -> None:
        if self._set is None:
            return
        self._set.outcome = _OUTCOMES.get(segment.element(1), Outcome.UNKNOWN)
        if self._set.outcome is Outcome.PARTIAL:
            self._set.outcome = Outcome.UNKNOWN  # no set is accepted in part
        self._set.codes = tuple(code for code in segment.elements[2:7] if code)
        for code in self._set.codes:
            if code not in ("5", "I5"):  # some segment is in error: the notes say which
                self._notes.append((f"{segment.id}02 {code}", _row(lambda fault: fault.ak5, code), Position(), None))
        self._close()

    def _close(self) -> None:
        """The set before, with or without its AK5."""
        self._close_segment()
        notes, self._notes = self._notes, []
        if self._set is not None:
            severity = Severity.ERROR if self._set.outcome is Outcome.REJECTED else Severity.WARNING
            self._set.issues += [_said(what, row, place, severity, value) for what, row, place, value in notes]
        self._set = None

    def _end_group(self, segment: Segment) -> None:
        group = self._group
        group.outcome = _OUTCOMES.get(segment.element(1), Outcome.UNKNOWN)
        group.included, group.received, group.accepted = (_number(segment.element(at)) for at in (2, 3, 4))
        group.codes = tuple(code for code in segment.elements[5:10] if code)
        severity = Severity.ERROR if group.outcome is Outcome.REJECTED else Severity.WARNING
        for code in group.codes:
            group.issues.append(_said(f"AK905 {code}", _row(lambda fault: fault.ak9, code), Position(), severity))
        group.issues += [
            Issue("x12.acknowledged.contradiction", message, Position(), Severity.WARNING, 6)
            for message in _contradictions(group)
        ]


def _contradictions(group: AcknowledgedGroup) -> list[str]:
    """Where AK9 does not fit itself or the AK5 before it."""
    if group.received is None or group.accepted is None:
        return []
    received, accepted, found = group.received, group.accepted, []
    rejected = sum(each.outcome is Outcome.REJECTED for each in group.sets)
    taken = sum(each.outcome in _ACCEPTED for each in group.sets)
    if accepted > received:
        found.append(f"AK904 is {accepted}, more than the {received} sets of AK903")
    if len(group.sets) > received:
        found.append(f"{len(group.sets)} sets are named, more than the {received} of AK903")
    if taken > accepted and group.outcome is not Outcome.REJECTED:
        found.append(f"{taken} sets are named as accepted, AK904 is {accepted}")
    if rejected > received - accepted >= 0:
        found.append(f"{rejected} sets are named as rejected; by AK903 and AK904 there are {received - accepted}")
    if group.outcome in _ACCEPTED and accepted < received:
        found.append(f"the group is accepted, but only {accepted} of its {received} sets")
    if group.outcome is Outcome.PARTIAL and accepted in (0, received):
        found.append(f"the group is accepted in part, and {accepted} of its {received} sets")
    if group.outcome is Outcome.REJECTED and (accepted or taken):
        found.append(f"the group is rejected, and {max(accepted, taken)} of its sets accepted")
    return found


def _row(of: Callable[[Fault], str | None], code: str) -> Fault | None:
    """The fault that an acknowledgment's code stands for: the first in the table that has it."""
    return next((fault for fault in FAULTS.values() if code and of(fault) == code), None)


def _said(what: str, row: Fault | None, place: Position, severity: Severity, value: str | None = None) -> Issue:
    row = row or FAULTS["x12.acknowledged.other"]
    message = f"the partner says {shown(what)}: {row.meaning}"
    return Issue(row.code, message, place, severity, row.level, value)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None
