"""An interchange and a group while they are open: what was counted, what was seen, and their end events."""

from __future__ import annotations

import re

from translators.errors import Position, shown
from translators.tree import Segment
from translators.x12.control_numbers import SeenControlNumbers
from translators.x12.delimiters import ISAText, readable
from translators.x12.envelope import EnvelopeFault, count_of, ge_faults, gs_faults, iea_faults, isa_faults, ta1_faults
from translators.x12.guide import ReleaseGuide
from translators.x12.issues import Issues
from translators.x12.model import (
    Delimiters,
    GroupEnd,
    GroupHeader,
    GroupStart,
    InterchangeEnd,
    InterchangeHeader,
    InterchangeNote,
    InterchangeStart,
)

SERVICE_SEGMENTS = frozenset({"ISB", "ISE"})
"""Segments that may follow ISA and say how the interchange was to be carried."""


class OpenInterchange:
    """From ISA to IEA. `suspect` finds what the quick check of a segment does not look for."""

    def __init__(self, ordinal: int, isa: ISAText, *, offset: int, max_issues: int) -> None:
        segment = Segment(isa.elements, ordinal=1, offset=offset)
        self.header = InterchangeHeader(ordinal, offset, isa.delimiters, segment)
        self.position = Position(interchange=ordinal)
        self.issues = Issues(max_issues)
        self.groups = 0
        self.suspect = suspect_pattern(isa.delimiters)
        self._max_issues = max_issues
        self._notes = 0
        self._seen = SeenControlNumbers()
        self._in_stray = False
        for fault in isa_faults(isa):
            self.issues.add_fault(fault, segment, self.position)

    def start(self) -> InterchangeStart:
        """The event of the ISA."""
        return InterchangeStart(self.header, list(self.issues.found))

    def note(self, ta1: Segment) -> InterchangeNote:
        """A TA1 between the groups' places."""
        self._notes += 1
        issues = Issues(self._max_issues)
        for fault in ta1_faults(ta1):
            issues.add_fault(fault, ta1, self.position)
        if self.groups:
            place = Position(self.header.ordinal, segment_id="TA1", offset=ta1.offset)
            issues.add("x12.ta1.place", "TA1 stands after a functional group; its place is before GS", place)
        return InterchangeNote(self.header, ta1, issues.found)

    def open_group(self, gs: Segment, release: ReleaseGuide | None) -> OpenGroup:
        """A GS; `release` is the guide of its GS08."""
        self.groups += 1
        self._in_stray = False
        header = GroupHeader(self.groups, gs.offset, gs)
        group = OpenGroup(self.header, header, release, max_issues=self._max_issues)
        if self._seen.add(header.control_number):
            message = f"GS06 {shown(header.control_number)} was used before in this interchange"
            fault = EnvelopeFault("x12.gs.duplicate_control_number", message, 6, header.control_number)
            group.issues.add_fault(fault, gs, group.position)
        return group

    def stray(self, segment: Segment) -> None:
        """A segment that has no place in the interchange; of several in a row the first is reported."""
        is_empty = segment.elements == [""]
        if is_empty and self.issues.warnings_are_full:
            return
        place = Position(self.header.ordinal, segment_id=shown(segment.id) or None, offset=segment.offset)
        if is_empty:
            self.issues.add("x12.segment.empty", _EMPTY, place)
        elif segment.id in SERVICE_SEGMENTS:
            message = f"{segment.id} is not looked into; agree on security and services outside X12"
            self.issues.add("x12.interchange.service", message, place)
        elif not self._in_stray:
            self._in_stray = True
            self.issues.add("x12.interchange.structure", _outside(segment, "functional group"), place)

    def end(self, iea: Segment | None, *, end: int) -> InterchangeEnd:
        """The interchange is over, with or without its IEA, at byte `end`."""
        header = self.header
        if iea is not None:
            for fault in iea_faults(iea, control_number=header.control_number, groups=self.groups):
                self.issues.add_fault(fault, iea, self.position)
            if not self.groups and not self._notes:
                place = Position(header.ordinal, segment_id="IEA", offset=iea.offset)
                self.issues.add("x12.interchange.empty", "neither GS nor TA1 stands between ISA and IEA", place)
        elif readable(header.delimiters):
            message = f"the interchange of ISA13 {shown(header.control_number) or 'missing'} ends without IEA"
            self.issues.add("x12.iea.missing", message, Position(header.ordinal, segment_id="IEA", offset=end))
        return InterchangeEnd(header, self.groups, end, self.issues.found)


class OpenGroup:
    """From GS to GE."""

    def __init__(
        self, interchange: InterchangeHeader, header: GroupHeader, release: ReleaseGuide | None, *, max_issues: int
    ) -> None:
        self.header = header
        self.release = release
        self.position = Position(interchange.ordinal, header.ordinal)
        self.issues = Issues(max_issues)
        self.sets = 0
        self.accepted = 0
        self._interchange = interchange
        self._seen = SeenControlNumbers()
        self._in_stray = False
        for fault in gs_faults(header.gs, release):
            self.issues.add_fault(fault, header.gs, self.position)

    def start(self) -> GroupStart:
        """The event of the GS."""
        return GroupStart(self._interchange, self.header, list(self.issues.found))

    def count_set(self, control_number: str) -> bool:
        """One set more.

        Returns:
            Its ST02 was used before in this group.
        """
        self.sets += 1
        self._in_stray = False
        return self._seen.add(control_number)

    def stray(self, segment: Segment) -> None:
        """A segment between the sets; of several in a row the first is reported."""
        is_empty = segment.elements == [""]
        if is_empty and self.issues.warnings_are_full:
            return
        name = shown(segment.id) or None
        place = Position(self._interchange.ordinal, self.header.ordinal, segment_id=name, offset=segment.offset)
        if is_empty:
            self.issues.add("x12.segment.empty", _EMPTY, place)
        elif not self._in_stray:
            self._in_stray = True
            self.issues.add("x12.group.structure", _outside(segment, "transaction set"), place)

    def end(self, ge: Segment | None, *, end: int) -> GroupEnd:
        """The group is over, with or without its GE, at byte `end`."""
        header = self.header
        if ge is None:
            message = f"the group of GS06 {shown(header.control_number) or 'missing'} ends without GE"
            place = Position(self._interchange.ordinal, header.ordinal, segment_id="GE", offset=end)
            self.issues.add("x12.ge.missing", message, place)
        else:
            for fault in ge_faults(ge, control_number=header.control_number, sets=self.sets):
                self.issues.add_fault(fault, ge, self.position)
        return GroupEnd(
            self._interchange,
            header,
            sets_included=None if ge is None else count_of(ge),
            sets_received=self.sets,
            sets_accepted=self.accepted,
            issues=self.issues.found,
        )


_EMPTY = "an empty segment; leave out the second terminator"


def _outside(segment: Segment, what: str) -> str:
    return f"{shown(segment.id) or 'a segment without id'} stands outside any {what}; it is not read"


def suspect_pattern(marks: Delimiters) -> re.Pattern[str]:
    """Control characters, component and repetition separators, and values that begin with a blank."""
    controls = "".join(chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) != marks.element)
    special = re.escape(controls + marks.component + (marks.repetition or ""))
    return re.compile(f"[{special}]|{re.escape(marks.element)} ")
