"""One transaction set while it is read: its place in the guide, its tree, its issues; the slow path of a segment."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from translators.errors import Position, Severity, shown
from translators.tree import Loop, Segment
from translators.x12.binary import BinarySegment
from translators.x12.characters import Charset, byte_of, character_faults
from translators.x12.compiler import CompiledSet, Row, SegmentPlace, Step, compile_set, ruling_of
from translators.x12.document_rules import watches_of
from translators.x12.envelope import EnvelopeFault, se_faults, st_faults
from translators.x12.guide import RELEASE_LENGTH, LoopUse, SegmentGuide, SetGuide
from translators.x12.issues import Issues
from translators.x12.model import Delimiters, GroupHeader
from translators.x12.options import ReadOptions
from translators.x12.quick_checks import checks_of
from translators.x12.set_validator import SetAnswer, SetCheck
from translators.x12.validate import Finding, find_faults
from translators.x12.watch import Watches

if TYPE_CHECKING:
    from translators.x12.strictness import Strictness

_ST_ELEMENTS = 3
"""Elements of an ST in the versions that have most; for versions without a guide."""


class OpenSet:
    """A set between ST and SE.

    The reader's quick loop reads and writes `place`, `row`, `counts`, `segments` and `stack` itself for segments that
    are good; `take` does everything else. `position` is the set's (interchange, group, set). `segments` counts what
    was read, ST included, which is also the ordinal of the last one. `watches` are told of the segments they name,
    good or not, and speak when the set is over.
    """

    def __init__(
        self,
        st: Segment,
        guide: SetGuide | None,
        *,
        position: Position,
        delimiters: Delimiters,
        options: ReadOptions,
        suspect: re.Pattern[str],
        strictness: Strictness | None = None,
        check: SetCheck | None = None,
    ) -> None:
        self.st = st
        self.position = position
        self.issues = Issues(options.max_issues, strictness)
        self.segments = 1
        self.root: Loop | None = None
        self.stack: list[Loop] = []
        self.row: Row = {}
        self.place = 0
        self.counts: list[int] = []
        self.watches = Watches()
        self._lost: set[str] = set()
        self._delimiters = delimiters
        self._suspect = suspect
        self._options = options
        self._compiled: CompiledSet | None = None
        self._directory = {} if guide is None else guide.directory
        if guide is not None:
            self._compiled = compile_set(guide)
            self.row = self._compiled.start.row
            self.counts = [0] * len(self._compiled.places)
            self.watches = watches_of(guide)
        self._validation = check
        if options.keep_tree and self.has_guide:
            self.root = Loop(st.element(1), [st])
            self.stack = [self.root]

    def check_header(self, group: GroupHeader, guide: SetGuide | None, *, used_before: bool) -> None:
        """ST by itself, against its group, and whether its ST02 was used before in it."""
        st, known = self.st, self._directory.get("ST")
        code, control_number = st.element(1), st.element(2)
        faults = list(st_faults(st, size=_ST_ELEMENTS if known is None else len(known.elements)))
        if not self.has_guide and not any(fault.code == "x12.st.set_code" for fault in faults):
            message = f"there is no guide for set {shown(code)} in version {shown(group.version) or 'missing'}"
            faults.append(EnvelopeFault("x12.st.unsupported", message, 1, code))
        if used_before:
            message = f"ST02 {shown(control_number)} was used before in this group"
            faults.append(EnvelopeFault("x12.st.duplicate_control_number", message, 2, control_number))
        for fault in faults:
            self.issues.add_fault(fault, st, self._header_position)
        rules = guide or self._validation
        if rules is not None and rules.functional_group != group.functional_id:
            message = f"ST01 is {code}, of group {rules.functional_group}; GS01 is {shown(group.functional_id)}"
            # A GS08 longer than its release names an industry's guide, which may put the set in a group of its own.
            may_differ = guide is not None and len(group.version) > RELEASE_LENGTH
            severity = Severity.WARNING if may_differ else Severity.ERROR
            wrong = EnvelopeFault("x12.st.wrong_group", message, 1, code)
            self.issues.add_fault(wrong, st, self._header_position, severity=severity)
        if self._validation is not None:
            self._report(self._validation.take(st), st)

    @property
    def _header_position(self) -> Position:
        return replace(self.position, segment=1)

    @property
    def has_guide(self) -> bool:
        """The set's content is validated."""
        return self._compiled is not None or self._validation is not None

    def take(self, segment: Segment) -> None:
        """The next segment, by the slow path; its ordinal is set here."""
        if segment.elements == [""]:
            if not self.issues.warnings_are_full:
                segment.ordinal = self.segments
                self._add("x12.segment.empty", "an empty segment; leave out the second terminator", segment)
            return
        self.segments += 1
        segment.ordinal = self.segments
        if self.segments > self._options.max_segments:
            if self.segments == self._options.max_segments + 1:
                message = f"the set has more than {self._options.max_segments} segments; the others are not looked into"
                self._add("x12.set.too_many_segments", message, segment)
                self.row = {}
                self.watches.stop()
            return
        if isinstance(segment, BinarySegment) and not self.issues.errors_are_full:
            self._report_length(segment)
        if self._validation is not None and not self.issues.errors_are_full:
            self._validate(segment, self._validation)
        if self._compiled is not None and not self.issues.errors_are_full:
            placed = self._place(segment, self._compiled)
            note = self.watches.notes.get(segment.id)
            if note is not None:
                note(segment.elements, segment.ordinal, segment.offset, self.place if placed else 0)

    def take_oversize(self, segment: Segment, *, length: int, limit: int) -> None:
        """A segment of which only the beginning was kept; it is counted and not looked into."""
        self.segments += 1
        segment.ordinal = self.segments
        message = f"the segment is {length} bytes long; at most {limit} are read"
        self._add("x12.segment.too_large", message, segment)
        self._lost.add(segment.id)
        if segment.id in self.watches.notes:
            self.watches.stop()

    def close(self, se: Segment | None, *, offset: int) -> None:
        """The set is over, with or without its SE; `offset` is where that was seen."""
        if se is None:
            message = f"the set of ST02 {shown(self.st.element(2)) or 'missing'} ends without SE"
            place = replace(self.position, segment_id="SE", segment=self.segments + 1, offset=offset)
            self.issues.add("x12.se.missing", message, place)
            self._report_watched()
            return
        self.segments += 1
        se.ordinal = self.segments
        if self._compiled is not None:
            step = self._compiled.step(self._compiled.places[self.place], "SE")
            if step is not None and self.segments <= self._options.max_segments:
                self._report_missing(step, se)
        if self._validation is not None and not self.issues.errors_are_full and not self._lost:
            self._report(self._validation.take(se), se)
        if self.root is not None:
            self.root.segments.append(se)
        for fault in se_faults(se, control_number=self.st.element(2), segments=self.segments):
            self.issues.add_fault(fault, se, replace(self.position, segment=self.segments))
        self._report_watched()

    def _report_length(self, segment: BinarySegment) -> None:
        """Data that is shorter or longer than the element before it says."""
        number = len(segment.elements) - 1
        found = len(segment.elements[number])
        if found != segment.declared:
            code = "x12.binary.too_short" if found < segment.declared else "x12.binary.too_long"
            message = (
                f"{segment.id}{number:02d} has {found} bytes; {segment.id}{number - 1:02d} says {segment.declared}"
            )
            at = replace(
                self.position,
                segment_id=segment.id,
                segment=segment.ordinal,
                element=number,
                offset=segment.element_range(number)[0],
            )
            self.issues.add(code, message, at)

    def _report_watched(self) -> None:
        """What the watches found, put among the other issues by segment."""
        if self.issues.errors_are_full:
            return
        before = len(self.issues.found)
        for fault in self.watches.faults():
            at = replace(
                self.position,
                segment_id=fault.segment_id,
                segment=fault.ordinal,
                element=fault.element,
                offset=fault.offset,
            )
            self.issues.add(fault.code, fault.message, at, fault.value, severity=fault.severity)
        if len(self.issues.found) > before:
            self.issues.found.sort(key=lambda issue: issue.position.segment or self.segments)

    def _validate(self, segment: Segment, check: SetCheck) -> None:
        """Ask the validator of a set without a guide."""
        if len(segment.elements) - 1 > self._options.max_elements:
            self._add("x12.segment.too_many_elements", self._too_many(segment), segment)
            return
        answer = check.take(segment)
        self._report(answer, segment)
        if self.root is None:
            return
        if answer.keeps is not None:
            del self.stack[answer.keeps + 1 :]
            for name in answer.opens:
                opened = Loop(name)
                self.stack[-1].loops.append(opened)
                self.stack.append(opened)
        self.stack[-1].segments.append(segment)

    def _report(self, answer: SetAnswer, segment: Segment) -> None:
        for fault in answer.faults:
            at = replace(
                self.position,
                loop=answer.loop,
                segment_id=fault.segment_id or None,
                segment=segment.ordinal,
                element=fault.element,
                component=fault.component,
                repetition=fault.repetition,
                offset=segment.offset + fault.start,
            )
            self.issues.add(fault.code, fault.message, at, fault.value, severity=fault.severity)

    def _too_many(self, segment: Segment) -> str:
        count, most = len(segment.elements) - 1, self._options.max_elements
        return f"{shown(segment.id)} has {count} elements; at most {most} are read"

    def _place(self, segment: Segment, compiled: CompiledSet) -> bool:
        """Whether the segment has a place here."""
        here = compiled.places[self.place]
        step = self._chosen(compiled.step(here, segment.id), segment)
        if step is None:
            self._misplaced(segment, compiled, here)
            return False
        target = step.target
        compiled.enter(target)
        self._report_missing(step, segment)
        if self._is_full(step):
            self._report_full(step, segment)
        ruling = ruling_of(target)
        if ruling is not None and ruling.not_used:
            message = f"{segment.id} stands here; the partner's guide does not use it ({ruling.stated})"
            self._add("x12.partner.segment_not_used", message, segment, loop=_loop_of(target))
        if step.family is not None and step.fresh:
            for number in step.family.counters:
                self.counts[number] = 0
        self.counts[target.number] = self.counts[target.number] + 1 if step.limit else 1
        self.place = target.number
        self.row = target.row
        if self.root is not None:
            del self.stack[step.keep :]
            if step.opens is not None:
                opened = Loop(step.opens)
                self.stack[-1].loops.append(opened)
                self.stack.append(opened)
            self.stack[-1].segments.append(segment)
        self._check(target.use.segment, segment, loop=_loop_of(target))
        return True

    def _chosen(self, step: Step | None, segment: Segment) -> Step | None:
        """The nearest step whose qualifier fits and whose limit is not reached; else the farthest that fits."""
        fitting = None
        while step is not None:
            if step.qualifier is None or step.qualifier.fits(segment.elements):
                fitting = step
                if not self._is_full(step):
                    break
            step = step.otherwise
        return fitting

    def _is_full(self, step: Step) -> bool:
        if not step.limit:
            return False
        if self.counts[step.target.number] >= step.limit:
            return True
        family = step.family
        return family is not None and sum(self.counts[number] for number in family.counters) >= family.limit

    def _report_missing(self, step: Step, segment: Segment) -> None:
        inside: str | None
        for absent in step.missing:
            use, loop = absent.use, absent.loop
            if absent.counter is not None and self.counts[absent.counter]:
                continue
            if isinstance(use, LoopUse):
                name, inside = use.trigger.id, use.id
            else:
                name, inside = use.id, loop.use.id if loop.depth else None
            if name in self._lost:  # one stood, too large to be looked into
                continue
            full_name = name + ("" if use.qualifier is None else f"[{'|'.join(sorted(use.qualifier.codes))}]")
            where = f" (loop {inside})" if inside else ""
            code, by = "x12.segment.missing", ""
            if use.ruling is not None and use.ruling.requires:
                code = f"x12.partner.{'loop' if isinstance(use, LoopUse) else 'segment'}_missing"
                by = f" ({use.ruling.stated})"
            message = f"{full_name}{where} is missing; it is mandatory before {segment.id} here{by}"
            self._add(code, message, segment, loop=inside, segment_id=name)

    def _report_full(self, step: Step, segment: Segment) -> None:
        use = step.target.loop.use if step.again else step.target.use
        limit = step.limit
        if step.family is not None and self.counts[step.target.number] < limit and use.qualifier is not None:
            use, limit = use.qualifier.whole, step.family.limit
        times = "once" if limit == 1 else f"{limit} times"
        what = f"loop {step.opens} begins again" if step.again else f"{segment.id} stands again"
        kind, by = "loop" if step.again else "segment", ""
        code = f"x12.{kind}.too_many"
        if use.ruling is not None and use.ruling.limits:
            code, by = f"x12.partner.{kind}_too_often", f" ({use.ruling.stated})"
        self._add(code, f"{what}; it may stand {times} here{by}", segment, loop=_loop_of(step.target))

    def _misplaced(self, segment: Segment, compiled: CompiledSet, here: SegmentPlace) -> None:
        name = segment.id
        loop = _loop_of(here)
        after = f"after {here.use.id}" + (f" in loop {loop}" if loop else "")
        known = self._directory.get(name)
        if known is None:
            code, message = "x12.segment.unrecognized", f"{shown(name) or 'a segment without id'} is no segment id"
        elif name not in compiled.ids:
            code, message = "x12.segment.not_in_set", f"{name} is not part of this set"
        elif compiled.stands_before(here, name):
            code, message = "x12.segment.sequence", f"{name} stands {after}; its place is before"
        else:
            code, message = "x12.segment.unexpected", f"{name} cannot stand {after}"
        self._add(code, message, segment, loop=loop)
        if self.root is not None:
            self.stack[-1].segments.append(segment)
        if known is not None and code == "x12.segment.sequence":
            self._check(known, segment, loop=loop)

    def _check(self, guide: SegmentGuide, segment: Segment, *, loop: str | None) -> None:
        elements = segment.checked if isinstance(segment, BinarySegment) else segment.elements
        if len(elements) - 1 > self._options.max_elements:
            self._add("x12.segment.too_many_elements", self._too_many(segment), segment, loop=loop)
            return
        text = self._delimiters.element.join(elements)
        is_plain = self._options.charset == Charset.EXTENDED and not self._suspect.search(text)
        if is_plain and checks_of(guide)[len(elements)](elements):
            return
        findings = find_faults(guide, elements, self._delimiters)
        if self._options.charset != Charset.EXTENDED:
            known = {found.element for found in findings if found.code == "x12.element.character"}
            others = character_faults(elements, segment, self._options.charset, self._delimiters)
            findings += [found for found in others if found.element not in known]
        for found in findings:
            position = self._position(guide.id, segment, loop=loop, found=found)
            self.issues.add(found.code, found.message, position, found.value)

    def _add(
        self, code: str, message: str, segment: Segment, *, loop: str | None = None, segment_id: str | None = None
    ) -> None:
        self.issues.add(code, message, self._position(segment_id or segment.id or None, segment, loop=loop))

    def _position(
        self, segment_id: str | None, segment: Segment, *, loop: str | None, found: Finding | None = None
    ) -> Position:
        at = self.position
        if found is None:
            return Position(at.interchange, at.group, at.set, loop, segment_id, segment.ordinal, offset=segment.offset)
        return Position(
            at.interchange,
            at.group,
            at.set,
            loop,
            segment_id,
            segment.ordinal,
            found.element,
            found.component,
            found.repetition,
            offset=byte_of(segment, found.start),
        )


def _loop_of(place: SegmentPlace) -> str | None:
    return place.loop.use.id if place.loop.depth else None
