"""What our answer copies from the partner's file: values made fit to stand in it, or left out."""

from __future__ import annotations

import re
from dataclasses import replace

from translators.x12.delimiters import FIRST_VERSION_WITH_REPETITION
from translators.x12.model import Delimiters, InterchangeHeader
from translators.x12.writer import fault_of

_CHARACTER_SET = re.compile(r"""[A-Za-z0-9 !"&'()*+,\-./:;?=%~@\[\]_{}\\|<>#$]+""")
"""X12 004010's basic and extended characters, without those of national alphabets."""

_ELEMENT_SEPARATORS = "*|+\x1d"
_SEGMENT_TERMINATORS = "~'!\x1c"
_COMPONENT_SEPARATORS = ">:<\x1f"
_REPETITION_SEPARATORS = "^\x1e"
"""The last of each stands in no value, since it is not in `_CHARACTER_SET`."""


def fit(value: str, *, least: int = 1, most: int, delimiters: Delimiters | None = None) -> str:
    """A value as it may be copied: cut, without blanks at its end but those its minimum asks for; "" if it may not be.

    Args:
        value: as it stands in the partner's file.
        least: minimum length of our element; a shorter value is filled with blanks (X12.6, ID and AN).
        most: maximum length of our element; a longer value is cut.
        delimiters: those of our answer, none of which may be in it.
    """
    cut = value[:most].rstrip(" ")
    if _CHARACTER_SET.fullmatch(cut) is None or (delimiters is not None and holds_delimiter(cut, delimiters)):
        return ""
    return cut.ljust(least)


def spelled(text: str, delimiters: Delimiters) -> str:
    """Our own words as they may stand in our answer: what is no character of X12, or a delimiter, becomes a blank."""
    found = [char if fit(char, most=1, delimiters=delimiters) else " " for char in text.replace("…", "...")]
    return " ".join("".join(found).split())


def holds_delimiter(value: str, delimiters: Delimiters) -> bool:
    """Is one of the delimiters in this value?"""
    return (
        delimiters.element in value
        or delimiters.segment in value
        or delimiters.component in value
        or (delimiters.repetition is not None and delimiters.repetition in value)
    )


def address(party: tuple[str, str]) -> tuple[str, str]:
    """(qualifier, id) as ISA05/06 and ISA07/08 of our answer can hold them.

    A sender who left his id empty, or unprintable, is answered all the same: over the channel he used, as `UNKNOWN`.
    """
    qualifier, name = party
    return (fit(qualifier, least=2, most=2) or "ZZ", fit(name, most=15) or "UNKNOWN")


def application_code(code: str, fallback: str, delimiters: Delimiters) -> str:
    """GS02 or GS03 as the other of our group; the id of the ISA where it cannot be copied."""
    return fit(code, least=2, most=15, delimiters=delimiters) or fallback.ljust(2)


def mirrored(
    header: InterchangeHeader, *, version: str, values: tuple[str, ...], repetition: str | None = None
) -> Delimiters:
    """The delimiters of our answer: the partner's own, unless they cannot be used or stand in `values`.

    Args:
        header: of the interchange answered.
        version: ISA12 of our answer.
        values: what our envelope copies.
        repetition: ISA11 of our answer where the partner's has none and the version knows one.
    """
    sent = header.delimiters
    repeats = (sent.repetition or repetition) if version >= FIRST_VERSION_WITH_REPETITION else None
    line_end = "" if sent.segment in sent.line_end else sent.line_end
    others = (repeats, "^", _REPETITION_SEPARATORS[-1]) if sent.repetition is None and repeats else (repeats,)
    for separator in others:
        wanted = replace(sent, repetition=separator, line_end=line_end)
        if fault_of(wanted) is None and not any(holds_delimiter(value, wanted) for value in values):
            return wanted
    element, component, segment, other = (
        next(candidate for candidate in candidates if not any(candidate in value for value in values))
        for candidates in (_ELEMENT_SEPARATORS, _COMPONENT_SEPARATORS, _SEGMENT_TERMINATORS, _REPETITION_SEPARATORS)
    )
    return Delimiters(element, component, segment, None if repeats is None else other, line_end)
