"""Issues as they are collected: up to a cap, with the level and severity that the table of faults gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from translators.errors import Issue, Position, Severity
from translators.tree import Segment
from translators.x12.codes import FAULTS
from translators.x12.envelope import EnvelopeFault

if TYPE_CHECKING:
    from translators.x12.strictness import Strictness


class Issues:
    """Issues collected up to a cap for errors and one for warnings; the last one then says that there are more."""

    def __init__(self, cap: int, strictness: Strictness | None = None) -> None:
        self.found: list[Issue] = []
        self._cap = cap
        self._strictness = strictness
        self._errors = 0
        self._warnings = 0

    @property
    def errors_are_full(self) -> bool:
        """No further error would be listed; what they belong to is refused in any case."""
        return self._errors > self._cap

    @property
    def warnings_are_full(self) -> bool:
        """No further warning would be listed."""
        return self._warnings > self._cap

    def add(
        self,
        code: str,
        message: str,
        position: Position,
        value: str | None = None,
        *,
        severity: Severity | None = None,
    ) -> None:
        """Add one, with the level of its row in FAULTS, and that row's severity where none is given or agreed."""
        row = FAULTS[code]
        severity = severity or row.severity
        if self._strictness is not None:
            agreed = self._strictness.severity(row, severity)
            if agreed is None:
                return
            severity = agreed
        if severity is Severity.ERROR:
            self._errors += 1
            count = self._errors
        else:
            self._warnings += 1
            count = self._warnings
        if count <= self._cap:
            self.found.append(Issue(code, message, position, severity, row.level, value))
        elif count == self._cap + 1:
            more = f"more than {self._cap} {severity.value}s; the others are not listed"
            self.found.append(Issue("x12.issues.capped", more, position, Severity.WARNING))

    def add_fault(
        self, fault: EnvelopeFault, segment: Segment, position: Position, *, severity: Severity | None = None
    ) -> None:
        """Add a fault of a control segment, at its element."""
        offset = segment.offset if fault.element is None else segment.element_range(fault.element)[0]
        place = Position(
            position.interchange,
            position.group,
            position.set,
            segment_id=segment.id,
            segment=position.segment,
            element=fault.element,
            offset=offset,
        )
        self.add(fault.code, fault.message, place, fault.value, severity=severity)
