"""X12's own nouns: Delimiters, the envelope's headers, and what the reader yields in the order of the file."""

from __future__ import annotations

from dataclasses import dataclass, field

from translators.errors import Issue, Severity
from translators.tree import Loop, Segment


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The separators an interchange declares in its ISA, one character each.

    `repetition` is None before 00402 and where ISA11 is `U`; `line_end` is what follows each segment terminator
    ("" or "\\n" or "\\r\\n"), kept so that our answer can look like the question.
    """

    element: str = "*"
    component: str = ">"
    segment: str = "~"
    repetition: str | None = None
    line_end: str = ""


@dataclass(frozen=True, slots=True)
class InterchangeHeader:
    """One ISA. Text is as sent, the fixed-width padding stripped from the right.

    `ordinal` counts interchanges in the file from 1; `offset` is the byte offset of the I of ISA.
    """

    ordinal: int
    offset: int
    delimiters: Delimiters
    isa: Segment

    def _field(self, number: int) -> str:
        return self.isa.element(number).rstrip(" ")

    @property
    def sender(self) -> tuple[str, str]:
        """(ISA05 qualifier, ISA06 id)."""
        return (self._field(5), self._field(6))

    @property
    def receiver(self) -> tuple[str, str]:
        """(ISA07 qualifier, ISA08 id)."""
        return (self._field(7), self._field(8))

    @property
    def version(self) -> str:
        """ISA12, as `00401`."""
        return self._field(12)

    @property
    def control_number(self) -> str:
        """ISA13, nine digits where it is well-formed."""
        return self._field(13)

    @property
    def acknowledgment_requested(self) -> bool:
        """ISA14 = 1: the sender asks for a TA1."""
        return self._field(14) == "1"

    @property
    def usage(self) -> str:
        """ISA15: `P` production, `T` test, `I` information."""
        return self._field(15)


@dataclass(frozen=True, slots=True)
class GroupHeader:
    """One GS; `ordinal` counts groups in the interchange from 1."""

    ordinal: int
    offset: int
    gs: Segment

    @property
    def functional_id(self) -> str:
        """GS01, as `PO`."""
        return self.gs.element(1)

    @property
    def sender(self) -> str:
        """GS02."""
        return self.gs.element(2).rstrip(" ")

    @property
    def receiver(self) -> str:
        """GS03."""
        return self.gs.element(3).rstrip(" ")

    @property
    def control_number(self) -> str:
        """GS06."""
        return self.gs.element(6)

    @property
    def version(self) -> str:
        """GS08, release and suffix, as `004010` or `004010VICS`."""
        return self.gs.element(8).rstrip(" ")


@dataclass(slots=True)
class InterchangeStart:
    """An ISA was read; its own faults are in `issues` (the interchange is refused if any is an error)."""

    header: InterchangeHeader
    issues: list[Issue] = field(default_factory=list)


@dataclass(slots=True)
class InterchangeNote:
    """A TA1 that stands between ISA and the first GS: the answer to an interchange of ours (never answered)."""

    interchange: InterchangeHeader
    ta1: Segment
    issues: list[Issue] = field(default_factory=list)


@dataclass(slots=True)
class GroupStart:
    """A GS was read."""

    interchange: InterchangeHeader
    header: GroupHeader
    issues: list[Issue] = field(default_factory=list)


@dataclass(slots=True)
class TransactionSet:
    """One ST..SE, read and validated.

    `ordinal` counts sets in the group from 1. `code` is ST01, `control_number` ST02 (as sent, perhaps ""). `segments`
    counts ST to SE inclusive, as found. `offset`/`end` are the bytes [offset, end) in the file. `root` is None when the
    reader was told to keep no tree, or the set has no guide. `has_guide` False: nothing inside was validated.
    """

    interchange: InterchangeHeader
    group: GroupHeader
    ordinal: int
    code: str
    control_number: str
    segments: int
    offset: int
    end: int
    root: Loop | None
    issues: list[Issue]
    has_guide: bool = True

    @property
    def accepted(self) -> bool:
        """No issue of this set is an error."""
        return not any(issue.severity is Severity.ERROR for issue in self.issues)


@dataclass(slots=True)
class GroupEnd:
    """GS..GE is over, with or without its GE.

    `sets_included` is GE01 as sent (None without a readable GE), `sets_received` what was counted, `sets_accepted`
    those accepted. `issues` are the faults of the group itself (GS and GE), not those of its sets. A group with an
    error of its own is rejected whole.
    """

    interchange: InterchangeHeader
    header: GroupHeader
    sets_included: int | None
    sets_received: int
    sets_accepted: int
    issues: list[Issue]

    @property
    def rejected(self) -> bool:
        """An issue of the group itself is an error."""
        return any(issue.severity is Severity.ERROR for issue in self.issues)


@dataclass(slots=True)
class InterchangeEnd:
    """ISA..IEA is over, with or without its IEA; `issues` holds all faults of the envelope (ISA's too).

    `end` is the byte offset after the last byte that belongs to the interchange.
    """

    header: InterchangeHeader
    groups: int
    end: int
    issues: list[Issue]

    @property
    def rejected(self) -> bool:
        """An issue of the interchange itself is an error: nothing in it is accepted."""
        return any(issue.severity is Severity.ERROR for issue in self.issues)


@dataclass(slots=True)
class Stray:
    """Faults outside any interchange: an empty file, text between interchanges, an ISA that cannot be read."""

    issues: list[Issue]


ReaderEvent = InterchangeStart | InterchangeNote | GroupStart | TransactionSet | GroupEnd | InterchangeEnd | Stray
"""What the reader yields, properly nested: every Start has its End, also in a file that stops in the middle."""
