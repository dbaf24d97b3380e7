"""A file cut into interchange headers and batches of segments, in bounded memory, every byte accounted for.

Bytes are read as latin-1, so that one byte is one character and every offset is exact. The tokenizer knows where an
interchange begins (ISA) and ends (IEA, or the next ISA) and nothing else of the envelope; and it knows the segments
whose data may hold any byte (BIN, BDS), which it cuts by the length they state.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from translators.x12.binary import LINE_ENDS, HeadFinder, next_segment_pattern
from translators.x12.delimiters import ISA_LENGTH, RAGGED_ISA_LENGTH, ISAText, parse_isa, readable
from translators.x12.model import Delimiters

WINDOW_BYTES = 64 * 1024
"""Bytes taken up at a time, however the file is chunked, so that the same file is always cut in the same way; never
more than a segment may have, so that only the first segment of a batch can be too long."""

FILLER = "\r\n\t \x00\x1a"
"""What may stand between interchanges without a word: line ends, blanks, NUL, the end mark of old systems."""

BYTE_ORDER_MARK = "\xef\xbb\xbf"

SAMPLE_LENGTH = 200
"""Characters of stray text kept for the issue."""

_ISA = re.compile("(?<![0-9A-Za-z])ISA(?![0-9A-Za-z \r\n])")


@dataclass(frozen=True, slots=True)
class Header:
    """An ISA; batches follow if its separators are usable."""

    offset: int
    isa: ISAText


@dataclass(frozen=True, slots=True)
class Batch:
    """Segments of the open interchange that follow each other without a gap.

    `offset` is where the first piece begins; a piece may begin with line ends and blanks, which are no data. The last
    piece of a file that stops without a terminator stands alone in a batch with `terminated` False.
    """

    pieces: list[str]
    offset: int
    terminated: bool = True


@dataclass(frozen=True, slots=True)
class Oversize:
    """A segment longer than the cap, its text let go but for a sample; `ended` False: no terminator was found."""

    offset: int
    length: int
    limit: int
    sample: str
    ended: bool


@dataclass(frozen=True, slots=True)
class Binary:
    """A BIN or BDS, the data its last element; `declared` is the length that was stated, `end` the byte after it."""

    elements: list[str]
    offset: int
    end: int
    declared: int
    terminated: bool = True


@dataclass(frozen=True, slots=True)
class Stray:
    """Text outside any interchange; `truncated_isa` where the file ends inside an ISA."""

    offset: int
    sample: str
    truncated_isa: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """Nothing more is read; `offset` is the length of the file, or how far it was read."""

    offset: int


Token = Header | Batch | Binary | Oversize | Stray | End


def tokenize(
    chunks: Iterable[bytes], *, max_segment: int, search_window: int, max_binary: int, unwrap: bool = False
) -> Iterator[Token]:
    """Cut a file.

    Args:
        chunks: its bytes, in pieces of any size.
        max_segment: bytes a segment may have.
        search_window: bytes looked through for a terminator, or for an ISA, before the file is given up.
        max_binary: bytes the data of a BIN or BDS may have; longer data is read past.
        unwrap: an ISA or IEA may be cut by line ends anywhere.

    Returns:
        The tokens in the order of the file, End last.
    """
    caps = {"max_segment": max_segment, "search_window": search_window, "max_binary": max_binary}
    return _Tokenizer(chunks, **caps, unwrap=unwrap).tokens()


def first_isa(head: bytes) -> ISAText | None:
    """The ISA that begins a file, put together where line ends cut it; None where there is none that can be read.

    Args:
        head: the file's first bytes, some thousand of them or all there are.
    """
    most = len(head) + 1
    for token in tokenize([head], max_segment=most, search_window=most, max_binary=most, unwrap=True):
        if isinstance(token, Header):
            return token.isa
    return None


class _Tokenizer:
    """The text in hand, where it lies in the file, and the chunks still to come."""

    def __init__(
        self, chunks: Iterable[bytes], *, max_segment: int, search_window: int, max_binary: int, unwrap: bool
    ) -> None:
        self._windows = _windows(chunks, min(WINDOW_BYTES, max_segment))
        self._max_segment = max_segment
        self._search_window = search_window
        self._max_binary = max_binary
        self._unwrap = unwrap
        self._text = ""
        self._offset = 0
        self._given_up = False

    def tokens(self) -> Iterator[Token]:
        self._more()
        if self._text.startswith(BYTE_ORDER_MARK):
            self._drop(len(BYTE_ORDER_MARK))
        quiet = False
        while True:
            stray = self._seek()
            if stray is not None and not quiet:
                yield stray
            while len(self._text) < RAGGED_ISA_LENGTH and self._more():
                pass
            if not self._text or self._given_up:
                break
            isa = self._isa()
            if isa is None:
                ends = len(self._text) < RAGGED_ISA_LENGTH
                yield Stray(self._offset, self._text[:SAMPLE_LENGTH], truncated_isa=ends)
                self._drop(3)
                quiet = True
                continue
            yield Header(self._offset, isa)
            self._drop(isa.length)
            quiet = not readable(isa.delimiters)
            if not quiet:
                yield from self._segments(isa)
        yield End(self._offset)

    def _isa(self) -> ISAText | None:
        """The ISA that comes next; one that is cut by line ends is put together where that gives it its widths."""
        text = self._text[:RAGGED_ISA_LENGTH]
        isa = parse_isa(text)
        if not self._unwrap or (isa is not None and not isa.wrong_widths and not _is_cut(text)):
            return isa
        kept = [at for at, character in enumerate(text) if character not in "\r\n"]
        whole = parse_isa("".join(text[at] for at in kept))
        if whole is None or whole.wrong_widths:
            return isa
        return replace(whole, length=kept[whole.length - 1] + 1)

    def _seek(self) -> Stray | None:
        """Move to the next ISA, or to the end of what is read; what lies before it is stray unless it is filler."""
        while True:
            self._drop(len(self._text) - len(self._text.lstrip(FILLER)))
            if len(self._text) > 3 or not self._more():
                break
        if not self._text or self._given_up or self._text.startswith("ISA"):
            return None
        start, sample = self._offset, self._text[:SAMPLE_LENGTH]
        while True:
            found = _ISA.search(self._text)
            if found is not None:
                sample = sample[: self._offset + found.start() - start]
                self._drop(found.start())
                break
            self._given_up = self._offset + len(self._text) - start > self._search_window
            self._drop(max(len(self._text) - 4, 0))  # which may be the beginning of an ISA
            if self._given_up or not self._more():
                self._drop(len(self._text))
                break
        return Stray(start, sample.rstrip(FILLER))

    def _segments(self, isa: ISAText) -> Iterator[Token]:
        """The batches of one interchange, up to its IEA, the next ISA or the end."""
        terminator = isa.delimiters.segment
        unwrap = self._unwrap and terminator not in "\r\n"
        isa_id, iea_id = ("[\r\n]*".join(name) if unwrap else name for name in ("ISA", "IEA"))
        # without the terminator, so that a run of terminators is gone through once
        blanks = "".join(character for character in "\r\n\t " if character != terminator)
        ends = re.compile(
            f"(?:\\A|{re.escape(terminator)})[{blanks}]*(?:({isa_id})(?![0-9A-Za-z \r\n])|{iea_id}(?![0-9A-Za-z]))",
            re.ASCII,
        )
        heads = HeadFinder(element=isa.delimiters.element, segment=terminator)
        while True:
            text = self._text
            binary = heads.find(text)
            if binary is not None:
                begin, head = binary
                if not text[:begin].strip(LINE_ENDS):
                    self._drop(begin)
                    yield from self._binary(head, isa.delimiters)
                    continue
                text = text[:begin]
            found = ends.search(text) if unwrap or "IEA" in text or "ISA" in text else None
            if found is not None and found.group(1):
                upto, over = found.start(1), True
                last = text.rfind(terminator, 0, upto)
            else:
                last = text.find(terminator, found.end()) if found is not None else -1
                over = last >= 0
                last = last if over else text.rfind(terminator)
                upto = last + 1
            if last >= 0:
                yield from self._cut(text, last, terminator)
                self._drop(upto)
            elif found is not None and found.group(1):
                self._drop(upto)
            if over:
                return
            if binary is not None:
                continue
            if len(self._text) > self._search_window:
                sample = self._text[:SAMPLE_LENGTH]
                yield Oversize(self._offset, len(self._text), self._max_segment, sample, ended=False)
                self._given_up = True
                return
            if not self._more():
                if self._text.strip(FILLER):
                    yield Batch([self._text.rstrip(FILLER)], self._offset, terminated=False)
                self._drop(len(self._text))
                return

    def _cut(self, text: str, last: int, terminator: str) -> Iterator[Token]:
        pieces = text[:last].split(terminator)
        offset = self._offset
        if len(pieces[0]) > self._max_segment:
            yield Oversize(offset, len(pieces[0]), self._max_segment, pieces[0][:SAMPLE_LENGTH], ended=True)
            offset += len(pieces[0]) + 1
            del pieces[0]
        if pieces:
            yield Batch(pieces, offset)

    def _binary(self, head: str, marks: Delimiters) -> Iterator[Token]:
        """The binary segment that comes next, cut by its length, or past the cap, or where its length is a lie."""
        offset, elements = self._offset, head.split(marks.element)[:-1]
        start, declared = len(head), int(elements[-1])
        size = start + declared
        if declared > self._max_binary:
            self._skip(size)
            yield Oversize(offset, self._offset - offset, self._max_binary, head, ended=True)
            if not self._text:
                self._more()
            if self._text.startswith(marks.segment):
                self._drop(1)
            return
        self._fill(size + 1)
        terminated = True
        if len(self._text) == size:
            terminated = False
        elif not self._text.startswith(marks.segment, size):
            size = self._true_end(start, size, marks)
            terminated = size < len(self._text)
        data = self._text[start:size]
        self._drop(size + terminated)
        yield Binary([*elements, data], offset, self._offset, declared, terminated)

    def _true_end(self, start: int, size: int, marks: Delimiters) -> int:
        """Where data ends whose length is wrong: before the first segment after it, or at a terminator, or nowhere."""
        following = next_segment_pattern(element=marks.element, segment=marks.segment)
        self._fill(size + self._max_segment)
        found = following.search(self._text, start)
        if found is not None:
            return found.start()
        last = self._text.find(marks.segment, start)
        return last if last >= 0 else len(self._text)

    def _fill(self, size: int) -> None:
        """Have this many characters in hand, if there are as many."""
        if len(self._text) >= size:
            return
        parts, length = [self._text], len(self._text)
        while length < size:
            window = next(self._windows, b"")
            if not window:
                break
            parts.append(window.decode("latin-1"))
            length += len(window)
        self._text = "".join(parts)

    def _skip(self, size: int) -> None:
        """Let go of this many characters without keeping them."""
        while size > len(self._text):
            size -= len(self._text)
            self._drop(len(self._text))
            if not self._more():
                return
        self._drop(size)

    def _more(self) -> bool:
        window = next(self._windows, b"")
        self._text += window.decode("latin-1")
        return bool(window)

    def _drop(self, count: int) -> None:
        if count:
            self._text = self._text[count:]
            self._offset += count


def _is_cut(text: str) -> bool:
    """A line end stands in the ISA, or where its terminator should be, with the terminator after it."""
    last = ISA_LENGTH - 1
    if any(character in text[:last] for character in "\r\n"):
        return True
    after = text[last:].lstrip("\r\n")
    return len(after) < len(text) - last and not after[:1].isalnum()


def _windows(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    held = bytearray()
    for chunk in chunks:
        view = memoryview(chunk)
        while view:
            taken = size - len(held)
            held += view[:taken]
            view = view[taken:]
            if len(held) == size:
                yield bytes(held)
                held.clear()
    if held:
        yield bytes(held)
