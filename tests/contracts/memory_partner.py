"""A partner in memory and the Transport to it: the fake of the port, which keeps its contract."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from gateway.pipeline.transport import Checkpoint, Delivered, RetryLater, SendOutcome, Shipment


@dataclass
class MemoryPartner:
    """What a partner has, by the id of the shipment, and how it behaves."""

    files: dict[UUID, tuple[str, bytes]] = field(default_factory=dict)
    reachable: bool = True
    answers: list[SendOutcome] = field(default_factory=list)
    """What it says to the next tries, instead of taking them."""
    found_out: list[SendOutcome | None] = field(default_factory=list)
    """What the next questions find out; afterwards whether it has the file."""


@dataclass(frozen=True)
class MemoryTransport:
    """Brings files to a MemoryPartner.

    Args:
        lost: raised after the partner has taken a file, before we know.
    """

    partner: MemoryPartner
    lost: Exception | None = None

    def send(self, shipment: Shipment, checkpoint: Checkpoint) -> SendOutcome:
        """See Transport."""
        if not self.partner.reachable:
            return RetryLater(timedelta(seconds=5), "nobody answers")
        checkpoint()
        content = b"".join(shipment.content())
        if self.partner.answers:
            return self.partner.answers.pop(0)
        self.partner.files[shipment.id] = (shipment.filename, content)
        if self.lost is not None:
            raise self.lost
        return Delivered("memory has it")

    def find_out(self, shipment: Shipment) -> SendOutcome | None:
        """See Transport."""
        if self.partner.found_out:
            return self.partner.found_out.pop(0)
        return Delivered("memory had it") if shipment.id in self.partner.files else None
