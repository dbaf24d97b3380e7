"""The X12 writer: an interchange as values in, its bytes out; what cannot be written is refused, never corrupted.

Pure: control numbers and the time are handed in. Counts (SE01, GE01, IEA01), ST02 (0001 onwards in each group), the
padding of the ISA and both trailers are the writer's; trailing empty elements are left out.
Source: X12 004010 ISA, GS, ST, SE, GE, IEA, TA1 (X12.5, X12.6).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from translators.errors import DelimiterInValue, WritingError, shown
from translators.tree import Segment
from translators.x12.binary import NAMES, BinarySegment
from translators.x12.delimiters import FIRST_VERSION_WITH_REPETITION
from translators.x12.envelope import FIRST_VERSION_WITH_CENTURY
from translators.x12.model import Delimiters

MAX_CONTROL_NUMBER = 999_999_999
"""ISA13 has nine digits, GS06 up to nine."""

_SEGMENTS_AT_ONCE = 200
"""Looked at together; more would only fill the collector's youngest generation."""

_TEXTS_AT_ONCE = 1_000


class Repeats(tuple["str | tuple[str, ...]", ...]):
    """The occurrences of a repeated element, each a text or a tuple of components."""

    __slots__ = ()


Element = str | tuple[str, ...] | Repeats
"""One element to write: a text, a composite as a tuple of its components, or `Repeats` of either."""


@dataclass(frozen=True, slots=True)
class OutboundSet:
    """One transaction set: ST01, and the segments between ST and SE, each with its id first.

    `segments` is gone through once each time the set is written. `convention` is ST03, the implementation guide the
    set follows, where one asks for it.
    """

    code: str
    segments: Iterable[Sequence[Element]]
    convention: str = ""


@dataclass(frozen=True, slots=True)
class OutboundGroup:
    """One functional group: GS01, GS02, GS03, GS08 and its sets."""

    functional_id: str
    sender: str
    receiver: str
    version: str
    sets: Sequence[OutboundSet]


@dataclass(frozen=True, slots=True)
class OutboundInterchange:
    """One interchange, all but its control numbers and its time.

    Args:
        sender: (ISA05, ISA06).
        receiver: (ISA07, ISA08).
        version: ISA12.
        usage: ISA15, `P`, `T` or `I`.
        acknowledgment_requested: ISA14.
        delimiters: written into the ISA and used throughout.
        notes: TA1 segments, the id first; they stand before the first group.
        groups: the functional groups.
    """

    sender: tuple[str, str]
    receiver: tuple[str, str]
    version: str = "00401"
    usage: str = "P"
    acknowledgment_requested: bool = False
    delimiters: Delimiters = field(default_factory=Delimiters)
    notes: Sequence[Sequence[Element]] = ()
    groups: Sequence[OutboundGroup] = ()


@dataclass(frozen=True, slots=True)
class ControlNumbers:
    """ISA13, and GS06 of each group in order; 1 to 999999999."""

    interchange: int
    groups: tuple[int, ...] = ()


def write_interchange(interchange: OutboundInterchange, *, numbers: ControlNumbers, at: datetime) -> bytes:
    """The bytes of an interchange.

    Args:
        interchange: what to write.
        numbers: as many group numbers as there are groups.
        at: ISA09/10 and GS04/05, in the zone it carries.

    Returns:
        Latin-1 text, one byte per character.

    Raises:
        DelimiterInValue: a value holds one of the delimiters.
        WritingError: a value is not latin-1, too long for its fixed width, empty where it must not be; delimiters
            that clash or are letters, digits or blanks; a control number out of range or one too many or too few.
    """
    _check_delimiters(interchange)
    if len(numbers.groups) != len(interchange.groups):
        raise WritingError(
            "interchange", f"{len(numbers.groups)} group numbers for {len(interchange.groups)} groups; want one each"
        )
    written = bytearray()
    texts = _segments(interchange, numbers, at)
    while block := "".join(islice(texts, _TEXTS_AT_ONCE)):
        written += block.encode("latin-1")
    return bytes(written)


def elements_of(segment: Segment, delimiters: Delimiters) -> list[Element]:
    """A segment that was read, as elements to write under whatever delimiters.

    Args:
        segment: as read; its composites and repetitions still undivided text.
        delimiters: those it was read with.
    """
    if isinstance(segment, BinarySegment):
        return list(segment.elements)
    found: list[Element] = [segment.id]
    for text in segment.elements[1:]:
        if delimiters.repetition is not None and delimiters.repetition in text:
            found.append(Repeats(_divided(part, delimiters.component) for part in text.split(delimiters.repetition)))
        else:
            found.append(_divided(text, delimiters.component))
    return found


def fault_of(delimiters: Delimiters) -> tuple[str, str] | None:
    """Why nothing can be written with these delimiters, as (which, reason); None where it can."""
    named = {"element separator": delimiters.element, "component separator": delimiters.component}
    named["segment terminator"] = delimiters.segment
    if delimiters.repetition is not None:
        named["repetition separator"] = delimiters.repetition
    for name, separator in named.items():
        unusable = separator.isalnum() or separator in " \0\xa0" or separator > "\xff"
        if len(separator) != 1 or unusable or (separator == delimiters.element and separator in "\r\n"):
            return name, f"{shown(separator)!r} cannot be one; want one character, no letter or digit"
    if len(set(named.values())) != len(named):
        return "delimiters", f"{shown(''.join(named.values()))!r} clash; want all different"
    if delimiters.line_end.strip("\r\n") or any(separator in delimiters.line_end for separator in named.values()):
        return "line end", f"{shown(delimiters.line_end)!r} is none; want carriage return or newline, and no separator"
    return None


def _divided(text: str, separator: str) -> str | tuple[str, ...]:
    return tuple(text.split(separator)) if separator in text else text


def _segments(interchange: OutboundInterchange, numbers: ControlNumbers, at: datetime) -> Iterator[str]:
    text = _SegmentText(interchange.delimiters)
    number = _control_number(numbers.interchange, "ISA13")
    yield text.joined(_isa(interchange, f"{number:09d}", at))
    for note in interchange.notes:
        yield text.of(note, "interchange note")
    for ordinal, group in enumerate(interchange.groups, 1):
        yield from _group(group, text, f"group {ordinal}", numbers.groups[ordinal - 1], at)
    yield text.joined(["IEA", str(len(interchange.groups)), f"{number:09d}"])


def _group(group: OutboundGroup, text: _SegmentText, place: str, number: int, at: datetime) -> Iterator[str]:
    control_number = str(_control_number(number, f"{place}, GS06"))
    header = {"GS01": group.functional_id, "GS02": group.sender, "GS03": group.receiver, "GS08": group.version}
    for name, value in header.items():
        if not value.strip():
            raise WritingError(f"{place}, {name}", "is empty; want a value")
    date = at.strftime("%Y%m%d" if group.version >= FIRST_VERSION_WITH_CENTURY else "%y%m%d")
    stamp = (date, f"{at:%H%M}", control_number, "X", group.version)
    yield text.of(["GS", group.functional_id, group.sender, group.receiver, *stamp], place)
    for ordinal, outbound in enumerate(group.sets, 1):
        where, set_number = f"{place}, set {ordinal}", f"{ordinal:04d}"
        if not outbound.code.strip():
            raise WritingError(f"{where}, ST01", "is empty; want a set identifier")
        opening: list[Element] = ["ST", outbound.code, set_number]
        if outbound.convention:
            opening.append(outbound.convention)
        yield text.of(opening, where)
        count = 2
        segments = iter(outbound.segments)
        while block := list(islice(segments, _SEGMENTS_AT_ONCE)):
            yield text.block(block, where)
            count += len(block)
        yield text.joined(["SE", str(count), set_number])
    yield text.joined(["GE", str(len(group.sets)), control_number])


def _isa(interchange: OutboundInterchange, control_number: str, at: datetime) -> list[str]:
    """The sixteen elements of the ISA at their fixed widths, checked one by one."""
    delimiters = interchange.delimiters
    repetition = delimiters.repetition if interchange.version >= FIRST_VERSION_WITH_REPETITION else None
    (sender_qualifier, sender), (receiver_qualifier, receiver) = interchange.sender, interchange.receiver
    return [
        "ISA",
        "00",
        " " * 10,
        "00",
        " " * 10,
        _fixed(sender_qualifier, 2, "ISA05", delimiters),
        _fixed(sender, 15, "ISA06", delimiters),
        _fixed(receiver_qualifier, 2, "ISA07", delimiters),
        _fixed(receiver, 15, "ISA08", delimiters),
        f"{at:%y%m%d}",
        f"{at:%H%M}",
        repetition or "U",
        _exact(interchange.version, 5, "ISA12", delimiters),
        control_number,
        "1" if interchange.acknowledgment_requested else "0",
        _exact(interchange.usage, 1, "ISA15", delimiters),
        delimiters.component,
    ]


def _fixed(value: str, width: int, place: str, delimiters: Delimiters) -> str:
    if len(value) > width:
        raise WritingError(place, f"{shown(value)!r} has {len(value)} characters; want at most {width}")
    if not value.strip():
        raise WritingError(place, "is empty; want a value")
    _check_text(value, place, delimiters)
    return value.ljust(width)


def _exact(value: str, width: int, place: str, delimiters: Delimiters) -> str:
    if len(value) != width:
        raise WritingError(place, f"{shown(value)!r} has {len(value)} characters; want {width}")
    return _fixed(value, width, place, delimiters)


def _control_number(number: int, place: str) -> int:
    if not 1 <= number <= MAX_CONTROL_NUMBER:
        raise WritingError(place, f"control number {number}; want 1 to {MAX_CONTROL_NUMBER}")
    return number


def _check_delimiters(interchange: OutboundInterchange) -> None:
    delimiters = interchange.delimiters
    if delimiters.repetition is not None and interchange.version < FIRST_VERSION_WITH_REPETITION:
        raise WritingError("ISA11", f"a repetition separator at version {shown(interchange.version)}; want none")
    if (fault := fault_of(delimiters)) is not None:
        raise WritingError(*fault)


def _check_text(value: str, place: str, delimiters: Delimiters) -> None:
    for separator in (delimiters.element, delimiters.segment, delimiters.component, delimiters.repetition):
        if separator is not None and separator in value:
            raise DelimiterInValue(place, f"{shown(value)!r} holds the delimiter {shown(separator)!r}")
    if not value.isascii():
        try:
            value.encode("latin-1")
        except UnicodeEncodeError as error:
            raise WritingError(place, f"{shown(value)!r} holds a character that is not latin-1") from error


class _SegmentText:
    """Segments under one set of delimiters, as text."""

    def __init__(self, delimiters: Delimiters) -> None:
        self._delimiters = delimiters
        self._end = delimiters.segment + delimiters.line_end
        self._segment, self._component = delimiters.segment, delimiters.component
        self._repetition = delimiters.repetition
        self._binary_heads = tuple(name + delimiters.element for name in NAMES)

    def joined(self, elements: Sequence[str]) -> str:
        """A segment whose elements are known to be good."""
        return self._delimiters.element.join(elements) + self._end

    def of(self, elements: Sequence[Element], place: str) -> str:
        """A segment, every element checked; `place` for the message."""
        if elements and elements[0] in NAMES:
            return self._binary(elements, place)
        plain = self._plain(elements)
        if plain is not None:
            return plain + self._end
        texts = self._checked(elements, place)
        while texts and not texts[-1]:
            texts.pop()
        return self.joined(texts)

    def block(self, segments: Sequence[Sequence[Element]], place: str) -> str:
        """Several segments: looked at as a whole, and one by one only where that shows something to see to."""
        plain = self._plain_block(segments)
        return "".join([self.of(segment, place) for segment in segments]) if plain is None else plain

    def _plain_block(self, segments: Sequence[Sequence[Element]]) -> str | None:
        separator, terminator = self._delimiters.element, self._segment
        try:
            lines = list(map(separator.join, segments))  # type: ignore[arg-type]  # a composite raises
        except TypeError:
            return None
        text = terminator.join(lines)
        heads = {line[:2] for line in lines}
        if (
            text.count(terminator) != len(lines) - 1
            or self._component in text
            or (self._repetition is not None and self._repetition in text)
            or text.count(separator) != sum(map(len, segments)) - len(segments)
            or separator + terminator in text
            or text.endswith(separator)
            or "" in heads
            or not "".join(heads).isalnum()
            or not text.isascii()
            or any(head in text for head in self._binary_heads)
        ):
            return None
        return text + self._end if self._end == terminator else self._end.join(lines) + self._end

    def _plain(self, elements: Sequence[Element]) -> str | None:
        """The segment, if one look at the whole of it shows nothing to see to; else `_checked` finds the place."""
        separator = self._delimiters.element
        try:
            line = separator.join(elements)  # type: ignore[arg-type]  # a composite raises
        except TypeError:
            return None
        if (
            self._segment in line
            or self._component in line
            or (self._repetition is not None and self._repetition in line)
            or line.count(separator) != len(elements) - 1
            or line.endswith(separator)
            or not line[:2].isalnum()
            or not line.isascii()
        ):
            return None
        return line

    def _binary(self, elements: Sequence[Element], place: str) -> str:
        """A BIN or BDS: its data may hold any byte, and the element before it is the data's length."""
        *texts, data = elements
        checked = self._checked(texts, place)
        if not isinstance(data, str) or max(data, default="") > "\xff":
            raise WritingError(place, f"the data of {checked[0]} is not bytes, a character of latin-1 each")
        if len(checked) < 2 or not checked[-1].isdecimal() or int(checked[-1]) != len(data):
            said = checked[-1] if len(checked) > 1 else ""
            raise WritingError(place, f"{checked[0]} says {shown(said)!r} for data of {len(data)} bytes")
        return self.joined([*checked, data])

    def _checked(self, elements: Sequence[Element], place: str) -> list[str]:
        name = elements[0] if elements else ""
        if not isinstance(name, str) or not name.isalnum():
            raise WritingError(place, f"{shown(str(name))!r} is no segment id")
        return [self._element(element, f"{place}, {name}{at:02d}") for at, element in enumerate(elements)]

    def _element(self, element: Element, place: str) -> str:
        if not isinstance(element, Repeats):
            return self._occurrence(element, place)
        if self._delimiters.repetition is None:
            raise WritingError(place, "is repeated; want a repetition separator in the delimiters")
        return self._delimiters.repetition.join(self._occurrence(part, place) for part in element)

    def _occurrence(self, element: str | tuple[str, ...], place: str) -> str:
        if isinstance(element, str):
            _check_text(element, place, self._delimiters)
            return element
        for number, component in enumerate(element, 1):
            _check_text(component, f"{place}:{number}", self._delimiters)
        return self._delimiters.component.join(element).rstrip(self._delimiters.component)
