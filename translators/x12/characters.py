"""Character sets, and lines cut in the middle: how the bytes of a segment become its text.

A file is read a byte a character (latin-1). Where an agreement says that its text is UTF-8, or that lines are cut at a
width whatever stands there, the segments concerned are rewritten here, and keep where each of their bytes was.

Source: X12.5, X12.6 (basic and extended character set).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

from translators.errors import shown
from translators.tree import Segment
from translators.x12.model import Delimiters
from translators.x12.validate import Finding

LINE_BREAKS = "\r\n"


class Charset(StrEnum):
    """What text may hold."""

    BASIC = "basic"
    """Capital letters, digits, the blank and sixteen signs."""
    EXTENDED = "extended"
    """Every printable character of latin-1."""
    UTF_8 = "utf-8"
    """Every printable character, as UTF-8."""


_BASIC = r"A-Z0-9 !\"&'()*+,\-./:;?="
_DATA_OF_BASIC = re.compile(f"[^{_BASIC}]")


def odd_pattern(charset: Charset, marks: Delimiters) -> re.Pattern[str] | None:
    """Finds a character that the quick look at a segment cannot judge; None where there is none of the kind."""
    if charset == Charset.UTF_8:
        return re.compile("[\x80-\xff]")
    if charset == Charset.BASIC:
        delimiters = re.escape(marks.element + marks.component + (marks.repetition or ""))
        return re.compile(f"[^{_BASIC}{delimiters}]")
    return None


class RewrittenSegment(Segment):
    """A segment whose characters are not its bytes one by one. `undecoded` are the elements that are no UTF-8."""

    __slots__ = ("_decoded", "_dropped", "_raw", "undecoded")

    def __init__(self, raw: str, *, element: str, offset: int, charset: Charset, unwrap: bool) -> None:
        self._raw = raw.split(element)
        self._dropped = LINE_BREAKS if unwrap else ""
        self._decoded = charset == Charset.UTF_8
        self.undecoded: set[int] = set()
        elements = []
        for number, piece in enumerate(self._raw):
            text = piece.replace("\r", "").replace("\n", "") if unwrap else piece
            if charset == Charset.UTF_8:
                try:
                    text = text.encode("latin-1").decode("utf-8")
                except UnicodeDecodeError:
                    self.undecoded.add(number)
            elements.append(text)
        super().__init__(elements, ordinal=0, offset=offset)

    def element_range(self, number: int) -> tuple[int, int]:
        """Byte offsets (start, end) in the file of element `number`, as they stand there."""
        upto = min(number, len(self._raw))
        start = self.offset + sum(map(len, self._raw[:upto])) + upto
        if number >= len(self._raw):
            return (start - 1, start - 1)
        return (start, start + len(self._raw[number]))

    def byte_of(self, index: int) -> int:
        """The byte offset in the file of a character of the segment's text, separators counted."""
        for number, (piece, element) in enumerate(zip(self._raw, self.elements, strict=True)):
            if index <= len(element):
                return self.element_range(number)[0] + self._within(piece, index, number)
            index -= len(element) + 1
        return self.element_range(len(self._raw))[0]

    def _within(self, piece: str, index: int, number: int) -> int:
        decoded = self._decoded and number not in self.undecoded
        for at, character in enumerate(piece):
            if character in self._dropped or (decoded and "\x80" <= character < "\xc0"):
                continue
            if not index:
                return at
            index -= 1
        return len(piece)


def byte_of(segment: Segment, index: int) -> int:
    """The byte offset in the file of a character of a segment's text, separators counted."""
    return segment.byte_of(index) if isinstance(segment, RewrittenSegment) else segment.offset + index


def character_faults(
    elements: Sequence[str], segment: Segment, charset: Charset, marks: Delimiters
) -> Iterator[Finding]:
    """The elements of a segment that hold what the character set does not have, each once.

    Args:
        elements: those of the segment that are text.
        segment: the segment itself.
        charset: what was agreed.
        marks: delimiters of the interchange; component and repetition separators in the text are no data.
    """
    start = 0
    for number, text in enumerate(elements):
        where = None
        if number and isinstance(segment, RewrittenSegment) and number in segment.undecoded:
            where, wanted = 0, "want UTF-8"
        elif number and charset == Charset.BASIC:
            separators = marks.component + (marks.repetition or "")
            odd = next((found for found in _DATA_OF_BASIC.finditer(text) if found.group() not in separators), None)
            where, wanted = (None if odd is None else odd.start()), "want a character of the basic set"
        if where is not None:
            message = f"{elements[0]}{number:02d} is {shown(text)}; {wanted}"
            yield Finding("x12.element.character", message, number, start + where, value=text)
        start += len(text) + 1
