"""What the readers of XML, JSON and delimited text give: documents with their issues; and rows of fault tables."""

from __future__ import annotations

from dataclasses import dataclass, field

from translators.errors import Issue, Position, Severity
from translators.tree import Node

MAX_ISSUES = 1_000
"""Issues listed of one file; one more then says that there were others."""


@dataclass(frozen=True, slots=True)
class FormatFault:
    """One kind of fault of a wire format; `level` is that of `Issue`, `severity` what it does."""

    code: str
    level: int
    meaning: str
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """One document of a file.

    Args:
        root: its tree; None where it could not be read to its end.
        issues: what is wrong with it.
        ordinal: its number within the file, from 1.
    """

    root: Node | None
    issues: tuple[Issue, ...] = field(default=())
    ordinal: int = 1

    @property
    def accepted(self) -> bool:
        """It can be mapped: it was read, and no issue rejects it."""
        return self.root is not None and all(issue.severity is not Severity.ERROR for issue in self.issues)


def fault_table(*rows: FormatFault) -> dict[str, FormatFault]:
    """Fault code -> its row."""
    return {row.code: row for row in rows}


class IssueList:
    """The issues of one file, at most MAX_ISSUES and one that says there are more.

    Args:
        faults: the format's table of faults.
        more: code of the issue that closes a list that was cut.
    """

    def __init__(self, faults: dict[str, FormatFault], *, more: str) -> None:
        self._faults = faults
        self._more = more
        self._issues: list[Issue] = []
        self._left_out = 0

    def add(self, code: str, message: str, position: Position, *, value: str | None = None) -> None:
        """Add an issue with the level and severity of its row."""
        if len(self._issues) >= MAX_ISSUES:
            self._left_out += 1
            return
        row = self._faults[code]
        self._issues.append(Issue(code, message, position, row.severity, row.level, value))

    @property
    def full(self) -> bool:
        """Nothing more is listed; a reader may stop looking."""
        return self._left_out > 0

    def listed(self) -> tuple[Issue, ...]:
        """What was found, in order."""
        if not self._left_out:
            return tuple(self._issues)
        row = self._faults[self._more]
        text = f"{self._left_out} or more issues are not listed; mend those above and send the file again"
        return (*self._issues, Issue(self._more, text, Position(), row.severity, row.level))
