"""What is open while a transmission is read: an interchange and whose it is, a group and what was agreed for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from gateway.model import Environment
from gateway.pipeline.chunk import Row
from gateway.store.control_numbers import InboundUse, Mine, New
from partners.registry import Identified, NotIdentified
from translators.errors import Issue
from translators.x12.acknowledge import AcknowledgmentBuilder, AcknowledgmentPolicy, AcknowledgmentTerms
from translators.x12.acknowledge_form import AcknowledgmentForm
from translators.x12.advising import ToAdvise
from translators.x12.control_numbers import SeenControlNumbers
from translators.x12.model import GroupStart, InterchangeHeader

_STRENGTH = (AcknowledgmentPolicy.NEVER, AcknowledgmentPolicy.ON_ERROR, AcknowledgmentPolicy.ALWAYS)


@dataclass(slots=True)
class OpenGroup:
    """The group being read: its sets so far, and what was agreed for them.

    Args:
        start: as long as no set has said which form answers it.
        used_number: its GS06 was used before.
        form: which of 997 and 999 answers it.
    """

    received: int = 0
    accepted: int = 0
    passed_through: int = 0
    start: GroupStart | None = None
    used_number: Issue | None = None
    form: AcknowledgmentForm = AcknowledgmentForm.FUNCTIONAL
    policies: set[AcknowledgmentPolicy] = field(default_factory=set)

    @property
    def policy(self) -> AcknowledgmentPolicy | None:
        """The strongest of its agreements' policies; None where no set has an agreement."""
        return max(self.policies, key=_STRENGTH.index, default=None)


@dataclass(slots=True)
class OpenInterchange:
    """The interchange being read.

    Args:
        set_numbers: the ST02 so far, where an interchange may use each once.
    """

    id: UUID
    header: InterchangeHeader
    environment: Environment
    who: Identified | NotIdentified
    use: InboundUse | None
    terms: AcknowledgmentTerms
    answers: AcknowledgmentBuilder
    groups: list[Row] = field(default_factory=list)
    set_numbers: SeenControlNumbers = field(default_factory=SeenControlNumbers)
    advice: list[ToAdvise] = field(default_factory=list)

    @property
    def partner(self) -> str | None:
        """The partner's key, once known."""
        return self.who.partner.key if isinstance(self.who, Identified) else None

    @property
    def usage(self) -> str:
        """ISA15, or T where the folder says so."""
        return "T" if self.environment is Environment.TEST else self.header.usage

    @property
    def counts(self) -> bool:
        """Whether its sets are looked into: ours, and not a control number that was used before."""
        return isinstance(self.who, Identified) and (self.use is None or isinstance(self.use, New | Mine))
