"""X12 in: bytes to events, streaming, every fault an Issue with its place and never an exception.

Good segments take the quick loop in `_batch`; everything else, and every control segment, goes through `_segment`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from translators.errors import Issue, Position, shown
from translators.tree import Loop, Segment
from translators.x12.codes import FAULTS
from translators.x12.compiler import Row
from translators.x12.control_numbers import SeenControlNumbers
from translators.x12.delimiters import readable
from translators.x12.envelope import (
    count_of,
    ge_faults,
    gs_faults,
    iea_faults,
    isa_faults,
    st_faults,
    ta1_faults,
)
from translators.x12.guide import GuideLibrary, ReleaseGuide
from translators.x12.model import (
    GroupEnd,
    GroupHeader,
    GroupStart,
    InterchangeEnd,
    InterchangeHeader,
    InterchangeNote,
    InterchangeStart,
    ReaderEvent,
    Stray,
    TransactionSet,
)
from translators.x12.tokenizer import Batch, End, Header, Oversize, tokenize
from translators.x12.tokenizer import Stray as StrayText
from translators.x12.transaction import Issues, OpenSet, ReadOptions

__all__ = ["ReadOptions", "read_x12"]

_DEFAULTS = ReadOptions()


def read_x12(
    chunks: Iterable[bytes], *, guides: GuideLibrary, options: ReadOptions = _DEFAULTS
) -> Iterator[ReaderEvent]:
    """Read and validate a file of X12 interchanges.

    Args:
        chunks: the file's bytes in pieces of any size; read as far as events are taken.
        guides: what the sets may hold.
        options: whether to make trees, and the caps.

    Returns:
        The events in the order of the file, properly nested. A set is one event, made when it is over.

    Raises:
        GuideError: a guide that is needed is broken; never a fault of the file.
    """
    return _Reader(guides, options).events(chunks)


class _OpenInterchange:
    def __init__(self, header: InterchangeHeader, cap: int) -> None:
        self.header = header
        self.issues = Issues(cap)
        self.position = Position(interchange=header.ordinal)
        self.groups = 0
        self.notes = 0
        self.seen = SeenControlNumbers()
        self.in_stray = False
        marks = header.delimiters
        controls = "".join(chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) != marks.element)
        special = re.escape(controls + marks.component + (marks.repetition or ""))
        self.suspect = re.compile(f"[{special}]|{re.escape(marks.element)} ")


class _OpenGroup:
    def __init__(self, header: GroupHeader, release: ReleaseGuide | None, position: Position, cap: int) -> None:
        self.header = header
        self.release = release
        self.position = position
        self.issues = Issues(cap)
        self.sets = 0
        self.accepted = 0
        self.seen = SeenControlNumbers()
        self.in_stray = False


class _Reader:
    """What is open: an interchange, a group in it, a set in that."""

    def __init__(self, guides: GuideLibrary, options: ReadOptions) -> None:
        self._guides = guides
        self._options = options
        self._ordinal = 0
        self._interchange: _OpenInterchange | None = None
        self._group: _OpenGroup | None = None
        self._set: OpenSet | None = None

    def events(self, chunks: Iterable[bytes]) -> Iterator[ReaderEvent]:
        options = self._options
        empty = True
        for token in tokenize(chunks, max_segment=options.max_segment_bytes, search_window=options.search_window):
            match token:
                case Batch():
                    yield from self._batch(token)
                case Header():
                    yield from self._end_interchange(None, end=token.offset)
                    yield from self._start_interchange(token)
                case Oversize():
                    self._oversize(token)
                case StrayText():
                    yield from self._end_interchange(None, end=token.offset)
                    yield self._stray(token)
                case End():
                    yield from self._end_interchange(None, end=token.offset)
                    if empty:
                        yield _outside("x12.file.empty", "the file is empty", 0, None)
            empty = False

    def _batch(self, batch: Batch) -> Iterator[ReaderEvent]:
        interchange = self._interchange
        if interchange is None:
            return
        marks = interchange.header.delimiters
        separator = marks.element
        pieces = texts = batch.pieces
        joined = "".join(pieces)
        if "\n" in joined or "\r" in joined:
            texts = [piece.lstrip("\r\n") for piece in pieces]
            joined = "".join(texts)
        wary = (
            not joined.isprintable()
            or marks.component in joined
            or separator + " " in joined
            or (marks.repetition is not None and marks.repetition in joined)
        )
        suspect = interchange.suspect.search
        keep_tree = self._options.keep_tree
        cap = self._options.max_segments
        offset = batch.offset
        if not batch.terminated:
            self._unterminated(offset + len(pieces[0]))
        opened = self._set
        row, place, counts, ordinal, stack = _unpacked(opened)
        slowly = ordinal + len(pieces) > cap
        for piece, text in zip(pieces, texts, strict=True):
            offset += len(piece) + 1
            parts = text.split(separator)
            found = row.get(parts[0])
            if found is not None and not (wary and suspect(text)) and not slowly:
                after, check, number, limit, moves, _ = found
                if check(parts) and (not limit or counts[number] < limit):
                    counts[number] = counts[number] + 1 if limit else 1
                    row = after
                    place = number
                    ordinal += 1
                    if keep_tree:
                        segment = Segment(parts, ordinal=ordinal, offset=offset - len(text) - 1)
                        if moves is not None:
                            kept, opens = moves
                            del stack[kept:]
                            if opens is not None:
                                loop = Loop(opens)
                                stack[-1].loops.append(loop)
                                stack.append(loop)
                        stack[-1].segments.append(segment)
                    continue
            if opened is not None:
                opened.row, opened.place, opened.segments = row, place, ordinal
            end = offset if batch.terminated else offset - 1
            segment = Segment(parts, ordinal=0, offset=offset - len(text) - 1)
            yield from self._segment(segment, end=end)
            opened = self._set
            row, place, counts, ordinal, stack = _unpacked(opened)
        if opened is not None:
            opened.row, opened.place, opened.segments = row, place, ordinal

    def _segment(self, segment: Segment, *, end: int) -> Iterator[ReaderEvent]:
        match segment.id:
            case "ST" if self._group is not None:
                yield from self._end_set(None, end=segment.offset)
                self._start_set(segment, self._group)
            case "SE" if self._set is not None:
                yield from self._end_set(segment, end=end)
            case "GS":
                yield from self._end_group(None, end=segment.offset)
                yield from self._start_group(segment)
            case "GE" if self._group is not None:
                yield from self._end_set(None, end=segment.offset)
                yield from self._end_group(segment, end=end)
            case "IEA":
                yield from self._end_interchange(segment, end=end)
            case "TA1" if self._group is None and self._interchange is not None and not self._interchange.groups:
                yield self._note(segment, self._interchange)
            case _:
                self._content(segment)

    def _content(self, segment: Segment) -> None:
        """A segment that is no control segment, or one that cannot stand here."""
        if self._set is not None:
            self._set.take(segment)
            return
        level = self._group or self._interchange
        if level is None:
            return
        name = shown(segment.id) or None
        position = Position(level.position.interchange, level.position.group, segment_id=name, offset=segment.offset)
        if segment.elements == [""]:
            message = "an empty segment; leave out the second terminator"
            level.issues.add("x12.segment.empty", message, position)
        elif not level.in_stray:
            level.in_stray = True
            code = "x12.interchange.structure" if self._group is None else "x12.group.structure"
            message = f"{name or 'a segment without id'} stands outside any transaction set; it is not read"
            level.issues.add(code, message, position)

    def _start_interchange(self, token: Header) -> Iterator[ReaderEvent]:
        self._ordinal += 1
        isa = Segment(token.isa.elements, ordinal=1, offset=token.offset)
        header = InterchangeHeader(self._ordinal, token.offset, token.isa.delimiters, isa)
        opened = self._interchange = _OpenInterchange(header, self._options.max_issues)
        for fault in isa_faults(token.isa):
            opened.issues.add_fault(fault, isa, opened.position)
        yield InterchangeStart(header, list(opened.issues.found))

    def _end_interchange(self, iea: Segment | None, *, end: int) -> Iterator[ReaderEvent]:
        opened = self._interchange
        if opened is None:
            return
        yield from self._end_group(None, end=end if iea is None else iea.offset)
        header = opened.header
        if iea is not None:
            for fault in iea_faults(iea, control_number=header.control_number, groups=opened.groups):
                opened.issues.add_fault(fault, iea, opened.position)
        elif readable(header.delimiters):
            message = f"the interchange of ISA13 {shown(header.control_number) or 'missing'} ends without IEA"
            place = Position(header.ordinal, segment_id="IEA", offset=end)
            opened.issues.add("x12.iea.missing", message, place)
        if iea is not None and not opened.groups and not opened.notes:
            place = Position(header.ordinal, segment_id="IEA", offset=iea.offset)
            opened.issues.add("x12.interchange.empty", "neither GS nor TA1 stands between ISA and IEA", place)
        self._interchange = None
        yield InterchangeEnd(header, opened.groups, end, opened.issues.found)

    def _note(self, ta1: Segment, interchange: _OpenInterchange) -> InterchangeNote:
        interchange.notes += 1
        issues = Issues(self._options.max_issues)
        for fault in ta1_faults(ta1):
            issues.add_fault(fault, ta1, interchange.position)
        return InterchangeNote(interchange.header, ta1, issues.found)

    def _start_group(self, gs: Segment) -> Iterator[ReaderEvent]:
        interchange = self._interchange
        assert interchange is not None
        interchange.groups += 1
        interchange.in_stray = False
        header = GroupHeader(interchange.groups, gs.offset, gs)
        release = self._guides.release(header.version)
        position = Position(interchange.header.ordinal, header.ordinal)
        opened = self._group = _OpenGroup(header, release, position, self._options.max_issues)
        for fault in gs_faults(gs, release):
            opened.issues.add_fault(fault, gs, position)
        if interchange.seen.add(header.control_number):
            message = f"GS06 {shown(header.control_number)} was used before in this interchange"
            place = Position(*_group_of(position), segment_id="GS", element=6, offset=gs.element_range(6)[0])
            opened.issues.add("x12.gs.duplicate_control_number", message, place, header.control_number)
        yield GroupStart(interchange.header, header, list(opened.issues.found))

    def _end_group(self, ge: Segment | None, *, end: int) -> Iterator[ReaderEvent]:
        yield from self._end_set(None, end=end if ge is None else ge.offset)
        opened, interchange = self._group, self._interchange
        if opened is None or interchange is None:
            return
        header = opened.header
        if ge is None:
            message = f"the group of GS06 {shown(header.control_number) or 'missing'} ends without GE"
            place = Position(*_group_of(opened.position), segment_id="GE", offset=end)
            opened.issues.add("x12.ge.missing", message, place)
        else:
            for fault in ge_faults(ge, control_number=header.control_number, sets=opened.sets):
                opened.issues.add_fault(fault, ge, opened.position)
        self._group = None
        yield GroupEnd(
            interchange.header,
            header,
            sets_included=None if ge is None else count_of(ge),
            sets_received=opened.sets,
            sets_accepted=opened.accepted,
            issues=opened.issues.found,
        )

    def _start_set(self, st: Segment, group: _OpenGroup) -> None:
        assert self._interchange is not None
        group.sets += 1
        group.in_stray = False
        st.ordinal = 1
        header = group.header
        code, control_number = st.element(1), st.element(2)
        guide = None if group.release is None else group.release.find(code)
        position = Position(self._interchange.header.ordinal, header.ordinal, group.sets)
        marks = self._interchange.header.delimiters
        opened = self._set = OpenSet(st, guide, position=position, delimiters=marks, options=self._options)
        at = Position(*_group_of(position), group.sets, segment=1)
        known = None if group.release is None else group.release.segments.get("ST")
        faults = list(st_faults(st, size=3 if known is None else len(known.elements)))
        for fault in faults:
            opened.issues.add_fault(fault, st, at)
        named = Position(*_group_of(position), group.sets, None, "ST", 1, 1, offset=st.element_range(1)[0])
        if guide is None and not any(fault.code == "x12.st.set_code" for fault in faults):
            message = f"there is no guide for set {shown(code)} in version {shown(header.version) or 'missing'}"
            opened.issues.add("x12.st.unsupported", message, named, code)
        if guide is not None and guide.functional_group != header.functional_id:
            message = (
                f"ST01 is {code}, of functional group {guide.functional_group}; GS01 is {shown(header.functional_id)}"
            )
            opened.issues.add("x12.st.wrong_group", message, named, code)
        if group.seen.add(control_number):
            message = f"ST02 {shown(control_number)} was used before in this group"
            place = Position(*_group_of(position), group.sets, None, "ST", 1, 2, offset=st.element_range(2)[0])
            opened.issues.add("x12.st.duplicate_control_number", message, place, control_number)

    def _end_set(self, se: Segment | None, *, end: int) -> Iterator[ReaderEvent]:
        opened, group, interchange = self._set, self._group, self._interchange
        if opened is None or group is None or interchange is None:
            return
        opened.close(se, offset=end)
        self._set = None
        found = TransactionSet(
            interchange.header,
            group.header,
            ordinal=group.sets,
            code=opened.st.element(1),
            control_number=opened.st.element(2),
            segments=opened.segments,
            offset=opened.st.offset,
            end=end,
            root=opened.root,
            issues=opened.issues.found,
            has_guide=opened.has_guide,
        )
        group.accepted += found.accepted
        yield found

    def _oversize(self, token: Oversize) -> None:
        if self._interchange is None:
            return
        name = token.sample.lstrip("\r\n").split(self._interchange.header.delimiters.element)[0]
        if self._set is not None:
            self._set.take_oversize(Segment([name], ordinal=0, offset=token.offset), length=token.length)
            return
        level = self._group or self._interchange
        group = None if self._group is None else self._group.header.ordinal
        position = Position(self._interchange.header.ordinal, group, segment_id=shown(name), offset=token.offset)
        message = f"the segment is {token.length} bytes long; at most {self._options.max_segment_bytes} are read"
        level.issues.add("x12.segment.too_large", message, position)

    def _unterminated(self, offset: int) -> None:
        """The file ends without a terminator; said where it is noticed, at the innermost level that is open."""
        level = self._set or self._group or self._interchange
        if level is not None:
            position = Position(level.position.interchange, level.position.group, level.position.set, offset=offset)
            level.issues.add("x12.segment.unterminated", "the last segment has no terminator", position)

    def _stray(self, token: StrayText) -> Stray:
        if token.truncated_isa:
            return _outside("x12.isa.truncated", "the file ends inside an ISA", token.offset, token.sample)
        if not self._ordinal:
            message = f'the file begins with "{shown(token.sample)}"; want ISA'
            return _outside("x12.file.not_x12", message, token.offset, token.sample)
        message = f'"{shown(token.sample)}" stands outside any interchange'
        return _outside("x12.file.stray_text", message, token.offset, token.sample)


def _unpacked(opened: OpenSet | None) -> tuple[Row, int, list[int], int, list[Loop]]:
    if opened is None:
        return ({}, 0, [], 0, [])
    return (opened.row, opened.place, opened.counts, opened.segments, opened.stack)


def _group_of(position: Position) -> tuple[int | None, int | None]:
    return (position.interchange, position.group)


def _outside(code: str, message: str, offset: int, value: str | None) -> Stray:
    row = FAULTS[code]
    return Stray([Issue(code, message, Position(offset=offset), row.severity, row.level, value)])
