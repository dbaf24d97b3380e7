"""The seam for what maps make: a target format at load time (Target), and what finishes a made document (Finisher)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mappings.compilation import Compilation
from mappings.compiled import Trail

if TYPE_CHECKING:
    from mappings.lineage import LineageView
    from mappings.report import Report

Finisher = Callable[[Any, "Report", "LineageView", Mapping[str, Any]], Any]
"""Makes the target's own object of what the program gave: (content, report, lineage, terms of writing) -> object.

It adds issues where the format refuses something; then what it gives does not count.
"""


@dataclass(frozen=True, slots=True)
class Written:
    """A program that is written.

    Args:
        layout: how its trace is laid out.
        finisher: what finishes its content.
        shown: the JSON value or text of what was made, for samples and for people.
        suffix: how files of that end.
    """

    layout: Trail
    finisher: Finisher
    shown: Callable[[Any], Any]
    suffix: str


class Target(ABC):
    """A format as one map makes it; made for each compilation."""

    checks_by_rule: ClassVar[bool] = False
    """A rule's faults do not depend on other rules; `write` leaves out those that are settled."""

    @property
    def form(self) -> Any:
        """What a file of this target is written by, where it is data of the map (a layout); else None."""
        return None

    @abstractmethod
    def write(self, work: Compilation) -> Written:
        """Write the program `mapped(root, report, env, file, agreement, origin, extra, around)`.

        It gives a list of (content, trace), one for each document. Faults of the map go into `work`.
        """
