"""The separators of an interchange, found in its ISA, and whether they can be ones.

An ISA is fixed in width, so its separators lie at known offsets; where an ISA is ragged they are found by counting.
Source: X12.5 (interchange control structure); X12 004010 I18 for the note codes of a separator that cannot be one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from translators.errors import shown
from translators.x12.model import Delimiters

ISA_LENGTH = 106
ISA_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
"""Characters of ISA01 to ISA16."""

RAGGED_ISA_LENGTH = 1024
"""How far an ISA of the wrong width is searched for its sixteen separators."""

FIRST_VERSION_WITH_REPETITION = "00402"
"""The first ISA12 whose ISA11 is the repetition separator; before, it is the standards identifier U."""

_STANDARDS_ID = "U"
_NEXT_SEGMENT = re.compile("(?:GS|TA1|ISB|IEA)(?![0-9A-Za-z])")
"""What follows an ISA; where it follows its last separator but one character, ISA16 was left out."""
_SEPARATOR_OFFSETS = (3, *(3 + sum(ISA_WIDTHS[:count]) + count for count in range(1, 16)))


@dataclass(frozen=True, slots=True)
class ISAText:
    """An ISA as it stands: its elements (`ISA` first), its separators and its length with the terminator."""

    elements: list[str]
    delimiters: Delimiters
    length: int

    @property
    def wrong_widths(self) -> list[int]:
        """The elements of ISA whose width is not the standard's."""
        return [at for at, width in enumerate(ISA_WIDTHS, 1) if len(self.elements[at]) != width]


def parse_isa(text: str) -> ISAText | None:
    """Read the ISA at the start of a text.

    Args:
        text: begins with `ISA`; RAGGED_ISA_LENGTH characters or all there are.

    Returns:
        The ISA, or None where sixteen separators, a component separator and a terminator cannot be found.
    """
    separator = text[3:4]
    if len(text) >= ISA_LENGTH and all(text[at] == separator for at in _SEPARATOR_OFFSETS):
        last = _SEPARATOR_OFFSETS[-1]
        elements = ["ISA", *(text[start + 1 : stop] for start, stop in pairwise(_SEPARATOR_OFFSETS))]
    elif _parts(separator):
        last = 3
        for _ in range(15):
            last = text.find(separator, last + 1)
            if last < 0:
                return None
        elements = text[:last].split(separator)
    else:
        return None
    left_out = _NEXT_SEGMENT.match(text, last + 2) and _usable(text[last + 1])
    end = last + (1 if left_out else 2)
    if end >= len(text):
        return None
    elements.append(text[last + 1 : end])
    repetition = elements[11] if _repeats(elements[12]) and len(elements[11]) == 1 else None
    line_end = next((each for each in ("\r\n", "\n") if text.startswith(each, end + 1)), "")
    found = Delimiters(
        element=separator,
        component=elements[16] or _unused(separator, text[end]),
        segment=text[end],
        repetition=None if repetition == _STANDARDS_ID else repetition,
        line_end=line_end,
    )
    return ISAText(elements, found, end + 1)


def delimiter_faults(isa: ISAText) -> list[tuple[str, int | None, str]]:
    """What is wrong with the separators.

    Returns:
        (fault code, element of ISA or None, message). Without a usable element separator or terminator the
        interchange cannot be read any further (`readable`).
    """
    found = isa.delimiters
    faults: list[tuple[str, int | None, str]] = []
    if not _parts(found.element):
        message = f"the element separator is {_named(found.element)}; want one that no data holds"
        faults.append(("x12.isa.element_separator", None, message))
    if not _usable(found.segment) or found.segment == found.element:
        message = (
            f"the segment terminator is {_named(found.segment)}; want one that no data holds, used for nothing else"
        )
        faults.append(("x12.isa.segment_terminator", None, message))
    component = isa.elements[16]
    if not _usable(component) or component in (found.element, found.segment):
        message = f"ISA16 is {_named(component)}; want a component separator used for nothing else"
        faults.append(("x12.isa.component_separator", 16, message))
    return faults + _repetition_faults(isa)


def readable(delimiters: Delimiters) -> bool:
    """Segments and elements can be told apart with these."""
    return _parts(delimiters.element) and _usable(delimiters.segment) and delimiters.segment != delimiters.element


def _repetition_faults(isa: ISAText) -> list[tuple[str, int | None, str]]:
    sent = isa.elements[11]
    found = isa.delimiters
    if not _repeats(isa.elements[12]):
        if sent == _STANDARDS_ID:
            return []
        return [("x12.isa.standards_id", 11, f"ISA11 is {_named(sent)}; want U before version 00402")]
    if sent == _STANDARDS_ID:
        message = "ISA11 is U; want the repetition separator from version 00402 on; nothing is read as repeated"
        return [("x12.isa.standards_id", 11, message)]
    if not _usable(sent) or sent in (found.element, found.component, found.segment):
        message = f"ISA11 is {_named(sent)}; want a repetition separator used for nothing else"
        return [("x12.isa.repetition_separator", 11, message)]
    return []


def _repeats(version: str) -> bool:
    return version.isdecimal() and version >= FIRST_VERSION_WITH_REPETITION


def _usable(character: str) -> bool:
    return len(character) == 1 and not character.isalnum() and character not in " \x00\xa0"


def _parts(character: str) -> bool:
    """It can part elements: line ends cannot."""
    return _usable(character) and character not in "\r\n"


def _unused(*taken: str) -> str:
    return next(each for each in ">:<" if each not in taken)


def _named(text: str) -> str:
    if not text:
        return "missing"
    return shown(text) if text.isprintable() else " ".join(f"0x{ord(character):02X}" for character in text[:4])
