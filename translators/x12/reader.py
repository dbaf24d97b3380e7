"""X12 in: bytes to events, streaming, every fault an Issue with its place and never an exception.

Good segments take the quick loop in `_batch`; everything else, and every control segment, goes through `_segment`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from translators.errors import Issue, Position, Severity, shown
from translators.tree import Loop, Segment
from translators.x12.binary import BinarySegment
from translators.x12.characters import LINE_BREAKS, Charset, RewrittenSegment, odd_pattern
from translators.x12.codes import FAULTS
from translators.x12.compiler import Row
from translators.x12.envelope import ACKNOWLEDGMENT_GROUP
from translators.x12.flood import GROUP, INTERCHANGE, MESSAGE, NOTE, SET, Flood
from translators.x12.guide import GuideLibrary, ReleaseGuide
from translators.x12.interchange import OpenGroup, OpenInterchange
from translators.x12.model import Delimiters, ReaderEvent, Stray, TransactionSet
from translators.x12.options import ReadOptions
from translators.x12.set_validator import SetCheck
from translators.x12.terms import STANDARD_TERMS, AgreedTerms
from translators.x12.tokenizer import Batch, Binary, End, Header, Oversize, tokenize
from translators.x12.tokenizer import Stray as StrayText
from translators.x12.transaction import OpenSet
from translators.x12.watch import Note

__all__ = ["ReadOptions", "read_x12"]

LEADING_BLANKS = "\r\n\t "
"""What may stand before a segment id: some senders put every segment on a line of its own, indented."""

_DEFAULTS = ReadOptions()


def read_x12(
    chunks: Iterable[bytes],
    *,
    guides: GuideLibrary,
    options: ReadOptions = _DEFAULTS,
    agreed: AgreedTerms | None = None,
) -> Iterator[ReaderEvent]:
    """Read and validate a file of X12 interchanges.

    Args:
        chunks: the file's bytes in pieces of any size; read as far as events are taken.
        guides: what the sets may hold.
        options: whether to make trees, and the caps.
        agreed: partners' guides and strictness; None where the standard alone holds.

    Returns:
        The events in the order of the file, properly nested. A set is one event, made when it is over.

    Raises:
        GuideError: a guide that is needed is broken; never a fault of the file.
    """
    return _Reader(guides, options, agreed).events(chunks)


class _Reader:
    """What is open: an interchange, a group in it, a set in that."""

    def __init__(self, guides: GuideLibrary, options: ReadOptions, agreed: AgreedTerms | None) -> None:
        self._guides = guides
        self._agreed = agreed
        self._options = options
        self._ordinal = 0
        self._interchange: OpenInterchange | None = None
        self._group: OpenGroup | None = None
        self._set: OpenSet | None = None
        self._flood = Flood()

    def events(self, chunks: Iterable[bytes]) -> Iterator[ReaderEvent]:
        options = self._options
        empty = True
        tokens = tokenize(
            chunks,
            max_segment=options.max_segment_bytes,
            search_window=options.search_window,
            max_binary=options.max_binary_bytes,
            unwrap=options.unwrap,
        )
        for token in tokens:
            match token:
                case Batch():
                    yield from self._batch(token)
                case Header():
                    yield from self._end_interchange(None, end=token.offset)
                    if not self._flood.is_over:
                        self._interchange = self._open(token)
                        yield self._interchange.start()
                case Binary():
                    yield from self._binary(token)
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
            if self._flood.is_over:
                yield from self._give_up(self._flood.offset)
                return

    def _open(self, token: Header) -> OpenInterchange:
        self._ordinal += 1
        return OpenInterchange(self._ordinal, token.isa, offset=token.offset, max_issues=self._options.max_issues)

    def _batch(self, batch: Batch) -> Iterator[ReaderEvent]:
        interchange = self._interchange
        assert interchange is not None
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
        odd = None
        if self._options.charset != Charset.EXTENDED:
            pattern = odd_pattern(self._options.charset, marks)
            if pattern is not None and pattern.search(joined):
                wary, odd = True, pattern.search
        keep_tree = self._options.keep_tree
        cap = self._options.max_segments
        offset = batch.offset
        if not batch.terminated:
            self._unterminated(offset + len(pieces[0]))
        opened = self._set
        row, place, counts, ordinal, stack, notes = _unpacked(opened)
        slowly = ordinal + len(pieces) > cap
        wary = wary or slowly
        for piece, text in zip(pieces, texts, strict=True):
            offset += len(piece) + 1
            parts = text.split(separator)
            name = parts[0]
            found = row.get(name)
            if found is not None and not (wary and (slowly or suspect(text) or (odd and odd(text)))):
                after, checks, number, limit, moves, _ = found
                if checks[len(parts)](parts) and (not limit or counts[number] < limit):
                    counts[number] = counts[number] + 1 if limit else 1
                    row = after
                    place = number
                    ordinal += 1
                    if keep_tree:
                        segment = Segment(parts, ordinal, offset - len(text) - 1)
                        if moves is not None:
                            kept, opens = moves
                            del stack[kept:]
                            if opens is not None:
                                loop = Loop(opens)
                                stack[-1].loops.append(loop)
                                stack.append(loop)
                        stack[-1].segments.append(segment)
                    if name in notes:
                        notes[name](parts, ordinal, offset - len(text) - 1, number)
                    continue
            if not text and (opened or self._group or interchange).issues.warnings_are_full:
                continue
            if opened is not None:
                opened.row, opened.place, opened.segments = row, place, ordinal
            end = offset if batch.terminated else offset - 1
            if text[:1].isspace():
                text = text.lstrip(LEADING_BLANKS)
            segment = self._made(text, marks, offset=offset - len(text) - 1)
            yield from self._segment(segment, end=end)
            if self._flood.is_over:
                self._flood.offset = end
                return
            opened = self._set
            row, place, counts, ordinal, stack, notes = _unpacked(opened)
        if opened is not None:
            opened.row, opened.place, opened.segments = row, place, ordinal

    def _made(self, text: str, marks: Delimiters, *, offset: int) -> Segment:
        """A segment of this text, which begins at this byte."""
        charset, unwrap = self._options.charset, self._options.unwrap and marks.segment not in LINE_BREAKS
        if (charset == Charset.UTF_8 and not text.isascii()) or (unwrap and ("\n" in text or "\r" in text)):
            return RewrittenSegment(text, element=marks.element, offset=offset, charset=charset, unwrap=unwrap)
        return Segment(text.split(marks.element), ordinal=0, offset=offset)

    def _binary(self, token: Binary) -> Iterator[ReaderEvent]:
        segment = BinarySegment(token.elements, offset=token.offset, declared=token.declared)
        yield from self._segment(segment, end=token.end)
        self._flood.offset = token.end
        if not token.terminated:
            self._unterminated(token.end)

    def _segment(self, segment: Segment, *, end: int) -> Iterator[ReaderEvent]:
        """Any segment that the quick loop does not settle; `end` is the byte after its terminator."""
        interchange, group = self._interchange, self._group
        assert interchange is not None
        match segment.id:
            case "ST" if group is not None:
                yield from self._end_set(None, end=segment.offset)
                self._start_set(segment, interchange, group)
            case "SE" if self._set is not None:
                yield from self._end_set(segment, end=end)
            case "GS":
                yield from self._end_group(None, end=segment.offset)
                self._group = interchange.open_group(segment, self._release_of(segment))
                yield self._group.start()
            case "GE" if group is not None:
                yield from self._end_group(segment, end=end)
            case "IEA":
                yield from self._end_interchange(segment, end=end)
            case "TA1" if group is None:
                note = interchange.note(segment)
                yield note
                if _has_error(note.issues):
                    self._flood.add(NOTE, offset=end)
            case _ if self._set is not None:
                self._set.take(segment)
            case _:
                (group or interchange).stray(segment)

    def _release_of(self, gs: Segment) -> ReleaseGuide | None:
        """The guides of a group; acknowledgments, which follow what they answer and hardly change, by the nearest."""
        version = gs.element(8).rstrip(" ")
        is_answer = gs.element(1) == ACKNOWLEDGMENT_GROUP
        return self._guides.nearest(version) if is_answer else self._guides.release(version)

    def _start_set(self, st: Segment, interchange: OpenInterchange, group: OpenGroup) -> None:
        used_before = group.count_set(st.element(2))
        terms = self._agreed.terms(interchange.header, group.header, st.element(1)) if self._agreed else STANDARD_TERMS
        guide = terms.guide
        check = None if guide is not None else self._check_of(st.element(1), interchange, group)
        if guide is None and check is None and group.release is not None:
            guide = group.release.find(st.element(1))
        st.ordinal = 1
        position = Position(interchange.header.ordinal, group.header.ordinal, group.sets)
        marks = interchange.header.delimiters
        self._set = OpenSet(
            st,
            guide,
            position=position,
            delimiters=marks,
            options=self._options,
            suspect=interchange.suspect,
            strictness=terms.strictness,
            check=check,
        )
        self._set.check_header(group.header, guide, used_before=used_before)

    def _check_of(self, code: str, interchange: OpenInterchange, group: OpenGroup) -> SetCheck | None:
        """The validator of a set, unless there is a guide for its very GS08, suffix included."""
        guide = None if group.release is None else group.release.find(code)
        if guide is not None and guide.version == group.header.version:
            return None
        marks = interchange.header.delimiters
        directory = {} if group.release is None else group.release.segments
        for validator in self._options.validators:
            check = validator.begin(code, group.header, delimiters=marks, directory=directory)
            if check is not None:
                return check
        return None

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
        if not found.accepted:
            self._flood.add(SET, offset=end)
        yield found

    def _end_group(self, ge: Segment | None, *, end: int) -> Iterator[ReaderEvent]:
        yield from self._end_set(None, end=end if ge is None else ge.offset)
        group, self._group = self._group, None
        if group is not None:
            found = group.end(ge, end=end)
            if found.rejected:
                self._flood.add(GROUP, offset=end)
            yield found

    def _end_interchange(self, iea: Segment | None, *, end: int) -> Iterator[ReaderEvent]:
        yield from self._end_group(None, end=end if iea is None else iea.offset)
        interchange, self._interchange = self._interchange, None
        if interchange is not None:
            found = interchange.end(iea, end=end)
            if found.rejected:
                self._flood.add(INTERCHANGE, offset=end)
            yield found

    def _give_up(self, offset: int) -> Iterator[ReaderEvent]:
        """Say that the rest is not read, and close what is open."""
        interchange = self._interchange
        if interchange is None:
            yield _outside("x12.file.stray_text", MESSAGE, offset, None)
            return
        interchange.issues.add(
            "x12.interchange.structure", MESSAGE, Position(interchange.header.ordinal, offset=offset)
        )
        yield from self._end_interchange(None, end=offset)

    def _oversize(self, token: Oversize) -> None:
        assert self._interchange is not None
        name = token.sample.lstrip("\r\n").split(self._interchange.header.delimiters.element)[0]
        if self._set is not None:
            lost = Segment([name], ordinal=0, offset=token.offset)
            self._set.take_oversize(lost, length=token.length, limit=token.limit)
            return
        level = self._group or self._interchange
        group = None if self._group is None else self._group.header.ordinal
        position = Position(self._interchange.header.ordinal, group, segment_id=shown(name), offset=token.offset)
        message = f"the segment is {token.length} bytes long; at most {token.limit} are read"
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


def _unpacked(opened: OpenSet | None) -> tuple[Row, int, list[int], int, list[Loop], dict[str, Note]]:
    if opened is None:
        return ({}, 0, [], 0, [], {})
    return (opened.row, opened.place, opened.counts, opened.segments, opened.stack, opened.watches.notes)


def _has_error(issues: list[Issue]) -> bool:
    return any(issue.severity is Severity.ERROR for issue in issues)


def _outside(code: str, message: str, offset: int, value: str | None) -> Stray:
    row = FAULTS[code]
    return Stray([Issue(code, message, Position(offset=offset), row.severity, row.level, value)])
