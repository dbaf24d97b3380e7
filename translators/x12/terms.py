"""What was agreed for a transaction set, as far as reading it goes; the reader asks once a set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from translators.x12.guide import SetGuide
from translators.x12.model import GroupHeader, InterchangeHeader

if TYPE_CHECKING:
    from translators.x12.strictness import Strictness


@dataclass(frozen=True, slots=True)
class SetTerms:
    """How a set is read: by which guide (None: that of its GS08), and what faults do (None: what their table says)."""

    guide: SetGuide | None = None
    strictness: Strictness | None = None


STANDARD_TERMS = SetTerms()
"""Where nothing was agreed."""


class AgreedTerms(Protocol):
    """Who knows what was agreed."""

    def terms(self, interchange: InterchangeHeader, group: GroupHeader, set_code: str) -> SetTerms:
        """How a set with this ST01 is read.

        Args:
            interchange: it stands in.
            group: it stands in.
            set_code: ST01, as sent.
        """
