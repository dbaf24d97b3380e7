"""The port for validators of sets that have no guide here: what the reader asks of them, set by set."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from typing import Protocol

from translators.errors import Severity
from translators.tree import Segment
from translators.x12.model import Delimiters, GroupHeader


@dataclass(frozen=True, slots=True)
class SetFault:
    """A fault of a segment: `start` counts characters from the segment's first, None `severity` is that of its row.

    `segment_id` is that of the segment it was found at or, where one is missing, of the missing one.
    """

    code: str
    message: str
    segment_id: str
    element: int | None = None
    component: int | None = None
    repetition: int | None = None
    start: int = 0
    value: str | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class SetAnswer:
    """What a validator says of one segment.

    `loop` is the loop it stands in (None: the set itself). Of the loops that were open before it, from the outermost,
    `keeps` stay open; then those of `opens` begin. `keeps` is None where the segment has no place.
    """

    faults: list[SetFault] = field(default_factory=list)
    loop: str | None = None
    keeps: int | None = None
    opens: tuple[str, ...] = ()


class SetCheck(Protocol):
    """The validation of one set, from its ST to its SE; both are told to it like any segment."""

    @property
    def functional_group(self) -> str:
        """The GS01 the set belongs in."""

    def take(self, segment: Segment) -> SetAnswer:
        """The next segment, its trailing empty elements and all.

        Args:
            segment: not longer than the caps of the reader allow; empty segments and too large ones are left out.
        """


class SetValidator(Protocol):
    """Who can validate some sets, told apart by GS08 and ST01."""

    def begin(
        self, set_code: str, group: GroupHeader, *, delimiters: Delimiters, directory: Container[str]
    ) -> SetCheck | None:
        """The validation of a set that begins.

        Args:
            set_code: ST01, as sent.
            group: the group it stands in.
            delimiters: of the interchange.
            directory: the ids of all segments of the version; empty where there are no guides of it.

        Returns:
            None where this validator does not know the set in this version.
        """
