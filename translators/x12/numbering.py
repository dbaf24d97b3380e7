"""LX numbers its loop; LE closes the loop that LS opened. Source: X12 004010 segments LX (LX01) and LS, LE (447)."""

from __future__ import annotations

from collections.abc import Mapping

from translators.errors import shown
from translators.x12.watch import Note, RuleFault, element_offset

MAX_FAULTS = 1_000
"""Faults kept by one watch; a set that has more is told of by these."""


class NumberingWatch:
    """LX01 counts from 1 by 1 at each place of LX in the set; where LX stands in another loop, it may begin again.

    `nested` has the number of every place of LX in the compiled set, and whether its loop stands in another.
    """

    def __init__(self, nested: Mapping[int, bool]) -> None:
        self._nested = nested
        self._last: dict[int, int] = {}
        self._found: list[RuleFault] = []

    @property
    def notes(self) -> dict[str, Note]:
        """LX."""
        return {"LX": self._note}

    def faults(self) -> list[RuleFault]:
        """Numbers left out, used twice or going back."""
        return self._found

    def _note(self, elements: list[str], ordinal: int, offset: int, place: int) -> None:
        text = elements[1] if len(elements) > 1 else ""
        if place not in self._nested or not text.isdecimal():
            return
        number, wanted = int(text), self._last.get(place, 0) + 1
        self._last[place] = number
        if number == wanted or (number == 1 and self._nested[place]) or len(self._found) == MAX_FAULTS:
            return
        message = f"LX01 is {shown(text)}; want {wanted}, the number after the one before"
        at = element_offset(elements, offset, 1)
        self._found.append(RuleFault("x12.lx.number", message, "LX", ordinal, at, 1, text))


class BoundsWatch:
    """LE01 is the LS01 of the loop it closes."""

    def __init__(self) -> None:
        self._open: list[str] = []
        self._found: list[RuleFault] = []

    @property
    def notes(self) -> dict[str, Note]:
        """LS and LE."""
        return {"LS": self._note_start, "LE": self._note_end}

    def faults(self) -> list[RuleFault]:
        """The LE that name another loop than the LS before them."""
        return self._found

    def _note_start(self, elements: list[str], ordinal: int, offset: int, place: int) -> None:  # noqa: ARG002 a Note
        if place:
            self._open.append(elements[1] if len(elements) > 1 else "")

    def _note_end(self, elements: list[str], ordinal: int, offset: int, place: int) -> None:
        if not place or not self._open:
            return
        opened = self._open.pop()
        closed = elements[1] if len(elements) > 1 else ""
        if opened and closed and opened != closed and len(self._found) < MAX_FAULTS:
            message = f"LE01 is {shown(closed)}; the loop began with LS01 {shown(opened)}"
            at = element_offset(elements, offset, 1)
            self._found.append(RuleFault("x12.loop.bounds", message, "LE", ordinal, at, 1, closed))
