"""What ISA, IEA, TA1, GS, GE, ST and SE must hold, element by element and against each other.

Source: X12.5 (interchange), X12.6 (groups and sets); the note codes of element I18 name one fault for every element
of ISA. Code lists here belong to the envelope's own version (ISA12), not to a release of the sets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from translators.errors import shown
from translators.tree import Segment
from translators.x12.delimiters import ISAText, delimiter_faults
from translators.x12.guide import ReleaseGuide
from translators.x12.values import CONTROL_CHARACTERS, is_date, is_time

ACKNOWLEDGMENT_GROUP = "FA"
"""GS01 of 997 and 999, which are never answered."""

AUTHORIZATION_QUALIFIERS = frozenset(f"{number:02d}" for number in range(9))
SECURITY_QUALIFIERS = frozenset({"00", "01"})
ID_QUALIFIERS = frozenset(
    {*(f"{number:02d}" for number in range(1, 39) if number not in (5, 6)), "AM", "NR", "SA", "SN", "ZZ"}
)
VERSIONS = frozenset({"00200", "00201", "00204"}).union(
    *(
        {f"00{version}{release:02d}" for release in range(last + 1)}
        for version, last in ((3, 7), (4, 6), (5, 5), (6, 5), (7, 6), (8, 4))
    )
)
"""ISA12 of every published version of the envelope that is still met."""

FIRST_VERSION_WITH_CENTURY = "004010"
"""The first GS08 whose GS04 is CCYYMMDD; before, it is YYMMDD."""


@dataclass(frozen=True, slots=True)
class EnvelopeFault:
    """One fault of a control segment; `element` is None where it is the segment's own."""

    code: str
    message: str
    element: int | None = None
    value: str | None = None


def isa_faults(isa: ISAText) -> Iterator[EnvelopeFault]:
    """What is wrong with an ISA, its separators first."""
    for code, element, message in delimiter_faults(isa):
        yield EnvelopeFault(code, message, element, None if element is None else isa.elements[element] or None)
    wrong = isa.wrong_widths
    if wrong:
        named = ", ".join(f"ISA{at:02d}" for at in wrong)
        yield EnvelopeFault(
            "x12.isa.width", f"{named}: not of the width the standard fixes; want 106 characters in all"
        )
    for element, code, holds, wanted in _ISA_RULES:
        value = isa.elements[element].rstrip(" ")
        if not holds(value):
            yield EnvelopeFault(code, f"ISA{element:02d} is {_named(value)}; want {wanted}", element, value or None)


def iea_faults(iea: Segment, *, control_number: str, groups: int) -> Iterator[EnvelopeFault]:
    """IEA against its ISA: ISA13 and the groups that were counted."""
    yield from _count(iea, "x12.iea.group_count", found=groups, unit="functional groups")
    yield from _trailer(iea, "x12.iea.control_number", header="ISA13", control_number=control_number, exactly=True)


def ta1_faults(ta1: Segment) -> Iterator[EnvelopeFault]:
    """A TA1 that was sent to us: five elements that can be read."""
    rules: tuple[tuple[int, Callable[[str], bool], str], ...] = (
        (1, lambda value: len(value) == 9 and value.isdecimal(), "nine digits"),
        (2, lambda value: len(value) == 6 and is_date(value), "a date YYMMDD"),
        (3, lambda value: len(value) == 4 and is_time(value), "a time HHMM"),
        (4, lambda value: value in ("A", "E", "R"), "A, E or R"),
        (5, lambda value: len(value) == 3 and value.isdecimal(), "a note code of three digits"),
    )
    for element, holds, wanted in rules:
        value = ta1.element(element)
        if not holds(value):
            message = f"TA1{element:02d} is {_named(value)}; want {wanted}"
            yield EnvelopeFault("x12.ta1.invalid", message, element, value or None)
    yield from _surplus(ta1, "x12.ta1.invalid", size=5)


def gs_faults(gs: Segment, release: ReleaseGuide | None) -> Iterator[EnvelopeFault]:
    """What is wrong with a GS; `release` is the guide of its GS08, None where there is none."""
    version = gs.element(8).rstrip(" ")
    if release is None:
        message = f"GS08 is {_named(version)}; no guide of that version is known"
        yield EnvelopeFault("x12.gs.unsupported_version", message, 8, version or None)
    groups = release.elements["479"].codes if release is not None and "479" in release.elements else None
    functional_id = gs.element(1)
    if not functional_id or (groups is not None and functional_id not in groups):
        message = f"GS01 is {_named(functional_id)}; want the code of a functional group"
        yield EnvelopeFault("x12.gs.unsupported_group", message, 1, functional_id or None)
    if not _is_number(gs.element(6), 9):
        message = f"GS06 is {_named(gs.element(6))}; want a number of one to nine digits"
        yield EnvelopeFault("x12.gs.control_number", message, 6, gs.element(6) or None)
    century = version >= FIRST_VERSION_WITH_CENTURY
    rules: tuple[tuple[int, Callable[[str], bool], str], ...] = (
        (2, _is_code, "2 to 15 characters"),
        (3, _is_code, "2 to 15 characters"),
        (
            4,
            lambda value: len(value) == (8 if century else 6) and is_date(value),
            "a date " + "CC" * century + "YYMMDD",
        ),
        (5, is_time, "a time HHMM, HHMMSS or HHMMSSdd"),
        (7, lambda value: value in ("T", "X"), "T or X"),
    )
    for element, holds, wanted in rules:
        value = gs.element(element)
        if not holds(value):
            message = f"GS{element:02d} is {_named(value)}; want {wanted}"
            yield EnvelopeFault("x12.gs.element", message, element, value or None)
    yield from _surplus(gs, "x12.gs.element", size=8)


def ge_faults(ge: Segment, *, control_number: str, sets: int) -> Iterator[EnvelopeFault]:
    """GE against its GS: GS06 and the sets that were counted."""
    yield from _count(ge, "x12.ge.set_count", found=sets, unit="transaction sets")
    yield from _trailer(ge, "x12.ge.control_number", header="GS06", control_number=control_number, exactly=False)


def st_faults(st: Segment, *, size: int) -> Iterator[EnvelopeFault]:
    """What is wrong with an ST whatever its set; `size` is the number of elements ST has in this version."""
    code, control_number = st.element(1), st.element(2)
    if len(code) != 3 or not code.isalnum():
        message = f"ST01 is {_named(code)}; want the three characters of a set"
        yield EnvelopeFault("x12.st.set_code", message, 1, code or None)
    if not 4 <= len(control_number) <= 9 or control_number.isspace() or CONTROL_CHARACTERS.search(control_number):
        message = f"ST02 is {_named(control_number)}; want 4 to 9 characters"
        yield EnvelopeFault("x12.st.control_number", message, 2, control_number or None)
    yield from _surplus(st, "x12.element.too_many", size=size)


def se_faults(se: Segment, *, control_number: str, segments: int) -> Iterator[EnvelopeFault]:
    """SE against its ST: ST02 and the segments that were counted, ST and SE among them."""
    yield from _count(se, "x12.se.segment_count", found=segments, unit="segments")
    value = se.element(2)
    if value != control_number:
        message = f"SE02 is {_named(value)}; want {_named(control_number)} as in ST02"
        yield EnvelopeFault("x12.se.control_number", message, 2, value or None)
    yield from _surplus(se, "x12.element.too_many", size=2)


def count_of(trailer: Segment) -> int | None:
    """Element 01 of a trailer as a number, None where it is none."""
    value = trailer.element(1)
    return int(value) if _is_number(value, 10) else None


def _count(trailer: Segment, code: str, *, found: int, unit: str) -> Iterator[EnvelopeFault]:
    value = trailer.element(1)
    if count_of(trailer) != found:
        message = f"{trailer.id}01 is {_named(value)}; {found} {unit} were counted"
        yield EnvelopeFault(code, message, 1, value or None)


def _trailer(
    trailer: Segment, code: str, *, header: str, control_number: str, exactly: bool
) -> Iterator[EnvelopeFault]:
    """The control number again: to the digit where its width is fixed, else as a number."""
    value = trailer.element(2)
    same = value == control_number or (
        not exactly and _is_number(value, 9) and _is_number(control_number, 9) and int(value) == int(control_number)
    )
    if not same:
        message = f"{trailer.id}02 is {_named(value)}; want {_named(control_number)} as in {header}"
        yield EnvelopeFault(code, message, 2, value or None)
    yield from _surplus(trailer, code, size=2)


def _surplus(segment: Segment, code: str, *, size: int) -> Iterator[EnvelopeFault]:
    for element, value in enumerate(segment.elements[size + 1 :], size + 1):
        if value:
            message = f"{segment.id} has {size} elements; {shown(value)} stands after them"
            yield EnvelopeFault(code, message, element, value)
            return


def _is_number(value: str, longest: int) -> bool:
    return value.isdecimal() and value.isascii() and len(value) <= longest


def _is_code(value: str) -> bool:
    return 2 <= len(value) <= 15 and not value.isspace() and not CONTROL_CHARACTERS.search(value)


def _is_text(value: str) -> bool:
    return not CONTROL_CHARACTERS.search(value)


def _is_id(value: str) -> bool:
    return bool(value) and _is_text(value)


_ISA_RULES: tuple[tuple[int, str, Callable[[str], bool], str], ...] = (
    (1, "x12.isa.authorization_qualifier", AUTHORIZATION_QUALIFIERS.__contains__, "00 to 08"),
    (2, "x12.isa.authorization", _is_text, "text without control characters"),
    (3, "x12.isa.security_qualifier", SECURITY_QUALIFIERS.__contains__, "00 or 01"),
    (4, "x12.isa.security", _is_text, "text without control characters"),
    (5, "x12.isa.sender_qualifier", ID_QUALIFIERS.__contains__, "a code of element I05"),
    (6, "x12.isa.sender", _is_id, "an id without control characters"),
    (7, "x12.isa.receiver_qualifier", ID_QUALIFIERS.__contains__, "a code of element I05"),
    (8, "x12.isa.receiver", _is_id, "an id without control characters"),
    (9, "x12.isa.date", lambda value: len(value) == 6 and is_date(value), "a date YYMMDD"),
    (10, "x12.isa.time", lambda value: len(value) == 4 and is_time(value), "a time HHMM"),
    (12, "x12.isa.version", VERSIONS.__contains__, "a version of the envelope, as 00401"),
    (
        13,
        "x12.isa.control_number",
        lambda value: len(value) == 9 and value.isdecimal() and int(value) > 0,
        "nine digits",
    ),
    (14, "x12.isa.acknowledgment_requested", frozenset("01").__contains__, "0 or 1"),
    (15, "x12.isa.usage", frozenset("IPT").__contains__, "I, P or T"),
)
"""(element, fault, rule, what is wanted) of ISA; ISA11 and ISA16 are separators."""


def _named(value: str) -> str:
    return shown(value) if value else "missing"
