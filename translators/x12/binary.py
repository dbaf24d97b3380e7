"""Binary segments: the data of BIN and BDS is as long as the element before it says, whatever bytes it holds.

Source: X12 004010 segments BIN (BIN01 length, BIN02 data) and BDS (BDS02, BDS03); X12.5 on binary data.
"""

from __future__ import annotations

import re
from functools import lru_cache

from translators.tree import Segment

NAMES = ("BIN", "BDS")

LINE_ENDS = "\r\n\t "
"""What may stand before a segment id."""

MOST_BLANKS = 200
"""Line ends looked through for the segment after a terminator."""


class BinarySegment(Segment):
    """A BIN or BDS; its last element is the data, a character a byte. `declared` is the length that was stated."""

    __slots__ = ("declared",)

    def __init__(self, elements: list[str], *, offset: int, declared: int) -> None:
        super().__init__(elements, ordinal=0, offset=offset)
        self.declared = declared

    @property
    def checked(self) -> list[str]:
        """The elements with one letter for the data, which is no text to be judged, where there is any."""
        return [*self.elements[:-1], "X" if self.elements[-1] else ""]


class HeadFinder:
    """Finds where binary segments begin in the text of one interchange."""

    def __init__(self, *, element: str, segment: str) -> None:
        mark, end = re.escape(element), re.escape(segment)
        self._terminator = segment
        self._begin = [name + element for name in NAMES]
        self._head = re.compile(f"(?:BIN{mark}|BDS{mark}[^{mark}{end}]*{mark})([0-9]{{1,15}}){mark}")

    def find(self, text: str) -> tuple[int, str] | None:
        """The first `BIN*12*` or `BDS*ASC*12*` that begins a segment: (where, the head itself).

        Args:
            text: begins where a segment begins, or with line ends before it.
        """
        first: tuple[int, str] | None = None
        upto = len(text)
        for begin in tuple(self._begin):
            at = text.find(begin, 0, upto)
            while at >= 0:
                if self._begins_segment(text, at) and (found := self._head.match(text, at)) is not None:
                    first, upto = (at, found.group()), at
                    # where one is, more of its kind follow: look for it first, and for the other only before it
                    if self._begin[0] != begin:
                        self._begin.reverse()
                    break
                at = text.find(begin, at + 1, upto)
        return first

    def _begins_segment(self, text: str, at: int) -> bool:
        while at and text[at - 1] != self._terminator and text[at - 1] in LINE_ENDS:
            at -= 1
        return at == 0 or text[at - 1] == self._terminator


@lru_cache(maxsize=16)
def next_segment_pattern(*, element: str, segment: str) -> re.Pattern[str]:
    """Finds a terminator that has a segment after it."""
    blanks = f"[{LINE_ENDS}]{{0,{MOST_BLANKS}}}"
    return re.compile(f"{re.escape(segment)}(?={blanks}[A-Z][A-Z0-9]{{1,2}}{re.escape(element)})")
