"""The patterns of match(): a small language whose cost is linear in the text, whatever the pattern.

A pattern is a row of characters, `.` (any), classes (`[A-Z0-9]`, `[^-]`), `\\d` (digit), `\\w` (letter, digit or _),
`\\s` (blank), and `\\` before a sign for the sign itself, each perhaps followed by `?`, `*`, `+`, `{3}` or `{1,3}`. One
part may stand in parentheses. There are no alternatives and nothing is repeated as a group, so a text is gone through
once for each place of the pattern at most.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from mappings.kinds import Unreadable

MAX_PATTERN = 200
"""Characters of a pattern."""
MAX_PLACES = 256
"""Places of a pattern, `{3}` counted as three."""
MAX_TEXT = 10_000
"""Characters of a text that is matched."""

_ATOM = re.compile(r"(?P<sign>\\.|\[\^?(?:\\.|[^\]\\])+\]|[^\\\[\](){}?*+])(?P<times>[?*+]|\{\d{1,3}(?:,\d{1,3})?\})?")
_NAMED = {"d": "0-9", "w": "A-Za-z0-9_", "s": " \t"}


class PatternFault(Exception):
    """A pattern that is not of the language; `at` is the offset of the place."""

    def __init__(self, at: int, message: str) -> None:
        self.at = at
        self.message = message
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class _Place:
    """One place: what stands there, whether it may be left out, and whether it may stand again."""

    fits: Callable[[str], bool]
    optional: bool
    again: bool


def pattern_reader(pattern: str) -> Callable[[str], str | Unreadable]:
    """A reader that gives the part in parentheses (or all) of a text that matches as a whole, else "".

    Raises:
        PatternFault: the pattern does not read.
    """
    places, start, end = _places(pattern)
    optional = sum(1 << number for number, place in enumerate(places) if place.optional)
    again = sum(1 << number for number, place in enumerate(places) if place.again)
    taking: dict[str, int] = {}

    def taken_by(character: str) -> int:
        """A bit for every place a character fits."""
        if character not in taking:
            if len(taking) > MAX_PLACES:
                taking.clear()
            taking[character] = sum(1 << number for number, place in enumerate(places) if place.fits(character))
        return taking[character]

    def read(text: str) -> str | Unreadable:
        if len(text) > MAX_TEXT:
            return Unreadable("map.text.too_long", f"a text of at most {MAX_TEXT} characters to match", text)
        # by position, from the end: a bit for every place from which the rest of the text can be matched
        reached = [0] * (len(text) + 1)
        mask = 1 << len(places)
        for at in range(len(text), -1, -1):
            if at < len(text):
                mask = taken_by(text[at]) & (mask >> 1 | mask & again)
            while (more := mask | optional & mask >> 1) != mask:
                mask = more
            reached[at] = mask
        return _captured(text, places, reached, start, end) if reached[0] & 1 else ""

    return read


def _captured(text: str, places: list[_Place], reached: list[int], start: int, end: int) -> str:
    """The part between two places, each place taking as much as it can."""
    at = began = 0
    for number in range(end):
        if number == start:
            began = at
        place = places[number]
        while place.again and at < len(text) and place.fits(text[at]) and reached[at + 1] >> number & 1:
            at += 1
        if at < len(text) and place.fits(text[at]) and reached[at + 1] >> (number + 1) & 1:
            at += 1
    return text[began if start < end else at : at]


def _places(pattern: str) -> tuple[list[_Place], int, int]:
    """The places of a pattern, and the numbers of the first of the part in parentheses and of the first after it."""
    if len(pattern) > MAX_PATTERN:
        raise PatternFault(0, f"the pattern has {len(pattern)} characters; at most {MAX_PATTERN} are read")
    places: list[_Place] = []
    start: int | None = None
    end: int | None = None
    at = 0
    while at < len(pattern):
        if pattern[at] == "(" and start is None:
            start = len(places)
            at += 1
            continue
        if pattern[at] == ")" and start is not None and end is None:
            end = len(places)
            at += 1
            continue
        found = _ATOM.match(pattern, at)
        if found is None:
            raise PatternFault(at, f"{pattern[at]!r} has no meaning here; a sign for itself is written \\{pattern[at]}")
        low, high = _times(found["times"], at)
        fits = _fits(found["sign"], at)
        places += [_Place(fits, optional=False, again=False)] * low
        if high is None:
            places.append(_Place(fits, optional=True, again=True))
        else:
            places += [_Place(fits, optional=True, again=False)] * (high - low)
        if len(places) > MAX_PLACES:
            raise PatternFault(at, f"the pattern has more than {MAX_PLACES} places")
        at = found.end()
    if start is not None and end is None:
        raise PatternFault(len(pattern), "the parenthesis is not closed")
    if start is None or end is None:
        return places, 0, len(places)
    return places, start, end


def _times(text: str | None, at: int) -> tuple[int, int | None]:
    match text:
        case None:
            return 1, 1
        case "?":
            return 0, 1
        case "*":
            return 0, None
        case "+":
            return 1, None
    low, _, high = text[1:-1].partition(",")
    if high and int(high) < int(low):
        raise PatternFault(at, f"{text} wants the smaller number first")
    return int(low), int(high or low)


def _fits(sign: str, at: int) -> Callable[[str], bool]:
    if sign == ".":
        return lambda _: True
    if sign.startswith("\\"):
        named = _NAMED.get(sign[1])
        if named is None and sign[1].isalnum():
            raise PatternFault(at, f"{sign} is not known; there are \\d, \\w and \\s")
        found = re.compile(f"[{named}]" if named else re.escape(sign[1]))
    elif sign.startswith("["):
        body = "".join(f"\\{part}" if part in "[&~|" else part for part in sign[1:-1])
        for name, written in _NAMED.items():
            body = body.replace(f"\\{name}", written)
        try:
            found = re.compile(f"[{body}]")
        except re.error as error:
            raise PatternFault(at, f"{sign} is no class: {error.msg}") from error
    else:
        found = re.compile(re.escape(sign))
    return lambda character: found.fullmatch(character) is not None
