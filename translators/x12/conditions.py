"""The five relational conditions of a segment or composite: P, R, E, C and L.

Source: X12.59 (syntax notes), as they are written in the standard's segment directory: a letter and two digits for
every position it speaks of, `P0304` or `L130204`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from translators.errors import TranslationError


class ConditionKind(StrEnum):
    """What a condition asks of the positions it names."""

    PAIRED = "P"
    """If any is present, all must be."""
    REQUIRED = "R"
    """At least one must be present."""
    EXCLUSION = "E"
    """At most one may be present."""
    CONDITIONAL = "C"
    """If the first is present, all others must be."""
    LIST = "L"
    """If the first is present, at least one of the others must be."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition over element (or component) positions, which count from 1."""

    kind: ConditionKind
    positions: tuple[int, ...]

    def __str__(self) -> str:
        """As the standard writes it, `P0304`."""
        return self.kind.value + "".join(f"{position:02d}" for position in self.positions)

    def missing(self, present: Sequence[bool]) -> tuple[int, ...]:
        """Positions that this condition asks for and that are absent.

        Args:
            present: by position, from 1 (entry 0 is not looked at); positions past its end are absent.

        Returns:
            The absent positions; of several that would do (R, L) only the first is named. Empty where the condition
            holds, and always for an exclusion.
        """
        here = [position < len(present) and present[position] for position in self.positions]
        match self.kind:
            case ConditionKind.PAIRED:
                wanted = any(here) and not all(here)
                return tuple(p for p, is_here in zip(self.positions, here, strict=True) if wanted and not is_here)
            case ConditionKind.REQUIRED:
                return () if any(here) else self.positions[:1]
            case ConditionKind.EXCLUSION:
                return ()
            case ConditionKind.CONDITIONAL:
                return tuple(p for p, is_here in zip(self.positions, here, strict=True) if here[0] and not is_here)
            case ConditionKind.LIST:
                return self.positions[1:2] if here[0] and not any(here[1:]) else ()

    def excluded(self, present: Sequence[bool]) -> tuple[int, ...]:
        """Positions that stand where an exclusion forbids them: all present ones after the first."""
        if self.kind is not ConditionKind.EXCLUSION:
            return ()
        return tuple(p for p in self.positions if p < len(present) and present[p])[1:]


def parse_condition(text: str) -> Condition:
    """Read `P0304`.

    Raises:
        TranslationError: it is not a letter of P R E C L and two digits for each of at least two positions.
    """
    digits = text[1:]
    if text[:1] not in tuple(ConditionKind) or len(digits) < 4 or len(digits) % 2 or not digits.isdecimal():
        raise TranslationError(f'"{text}" is no condition; want a letter of P R E C L and two digits a position')
    positions = tuple(int(digits[at : at + 2]) for at in range(0, len(digits), 2))
    if 0 in positions:
        raise TranslationError(f'"{text}" names position 00; positions count from 01')
    return Condition(ConditionKind(text[0]), positions)
