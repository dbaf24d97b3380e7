"""What can be wrong with a document, and where: Position, Issue, Severity, TranslationError."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

SHOWN_VALUE_LENGTH = 80
"""Characters of a partner's value that may stand in a message (house style 13)."""


class Severity(StrEnum):
    """What a fault does to the document that holds it."""

    ERROR = "error"
    """The transaction set (or group, or interchange) is rejected."""
    WARNING = "warning"
    """Accepted, and reported."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where in a file; every number counts from 1, `offset` (bytes from the start of the file) from 0.

    `segment` is the ordinal within the transaction set with ST = 1 (X12 004010 AK302); `element`, `component` and
    `repetition` are as in AK401 / IK401. `line` and `column` serve text formats, and `path` names
    the place in the words of the format: `/Order/OrderLine[2]/@unit`, or a column of a delimited file. What does not
    apply is None.
    """

    interchange: int | None = None
    group: int | None = None
    set: int | None = None
    loop: str | None = None
    segment_id: str | None = None
    segment: int | None = None
    element: int | None = None
    component: int | None = None
    repetition: int | None = None
    offset: int | None = None
    line: int | None = None
    column: int | None = None
    path: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form; `line`, `column` and `path` appear only where they are known."""
        found = asdict(self)
        for name in ("line", "column", "path"):
            if found[name] is None:
                del found[name]
        return found

    def __str__(self) -> str:
        """For people: `interchange 1, group 1, set 2, segment 5 (PO1) element 3, byte 412`."""
        parts = [
            f"{name} {value}"
            for name, value in (("interchange", self.interchange), ("group", self.group), ("set", self.set))
            if value is not None
        ]
        if self.segment is not None or self.segment_id is not None:
            ordinal = "" if self.segment is None else f" {self.segment}"
            parts.append(f"segment{ordinal}" + (f" ({self.segment_id})" if self.segment_id else ""))
        parts += [
            f"{name} {value}"
            for name, value in (
                ("element", self.element),
                ("component", self.component),
                ("repetition", self.repetition),
                ("line", self.line),
                ("column", self.column),
                ("byte", self.offset),
            )
            if value is not None
        ]
        if self.path is not None:
            parts.append(self.path)
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Issue:
    """One fault of a document: a value, never an exception.

    Args:
        code: dotted name from the translator's or map's table of faults, as `x12.element.too_long`.
        message: what was found, what was wanted, what to do; the partner's value cut by `shown()`.
        position: where it is.
        severity: what it does.
        level: 1 syntax, 2 structure, 3 balancing, 4 situational, 5 code lists, 6 document rules, 7 partner rules.
        value: the bad value as it stands in the file, uncut; None where there is none.
    """

    code: str
    message: str
    position: Position
    severity: Severity = Severity.ERROR
    level: int = 1
    value: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form of `tradelane check --json`."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "level": self.level,
            "message": self.message,
            "position": self.position.as_json(),
            "value": self.value,
        }


class TranslationError(Exception):
    """The translator was used wrongly or its own data is broken; never raised for a fault of a document."""


class WritingError(TranslationError):
    """A value cannot stand where it was to be written; `place` names the element, as `group 1, set 2, BEG03`."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place


class DelimiterInValue(WritingError):
    """A value holds a delimiter of the interchange it was to be written to: choose other delimiters, or refuse it."""


def shown(value: str) -> str:
    """A partner's value fit for a message: control characters escaped, cut at 80 characters."""
    cut = value if len(value) <= SHOWN_VALUE_LENGTH else value[: SHOWN_VALUE_LENGTH - 1] + "…"
    return "".join(ch if ch.isprintable() else ch.encode("unicode_escape").decode("ascii") for ch in cut)
