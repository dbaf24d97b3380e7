"""Issues as they are collected: up to a cap, with the level and severity that the table of faults gives them."""

from __future__ import annotations

from dataclasses import replace

from translators.errors import Issue, Position, Severity
from translators.tree import Segment
from translators.x12.codes import FAULTS
from translators.x12.envelope import EnvelopeFault


class Issues:
    """Issues collected up to a cap for errors and one for warnings; the last one then says that there are more."""

    def __init__(self, cap: int) -> None:
        self.found: list[Issue] = []
        self._cap = cap
        self._counts = dict.fromkeys(Severity, 0)

    def add(
        self,
        code: str,
        message: str,
        position: Position,
        value: str | None = None,
        *,
        severity: Severity | None = None,
    ) -> None:
        """Add one, with the level of its row in FAULTS, and that row's severity where none is given."""
        row = FAULTS[code]
        severity = severity or row.severity
        self._counts[severity] += 1
        if self._counts[severity] <= self._cap:
            self.found.append(Issue(code, message, position, severity, row.level, value))
        elif self._counts[severity] == self._cap + 1:
            more = f"more than {self._cap} {severity.value}s; the others are not listed"
            self.found.append(Issue("x12.issues.capped", more, position, Severity.WARNING))

    def add_fault(
        self, fault: EnvelopeFault, segment: Segment, position: Position, *, severity: Severity | None = None
    ) -> None:
        """Add a fault of a control segment, at its element."""
        offset = segment.offset if fault.element is None else segment.element_range(fault.element)[0]
        place = replace(position, segment_id=segment.id, element=fault.element, offset=offset)
        self.add(fault.code, fault.message, place, fault.value, severity=severity)
