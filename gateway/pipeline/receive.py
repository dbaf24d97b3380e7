"""Receive: bytes become a transmission, in the one transaction after which the sender is answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.model import Environment
from gateway.ports import new_id
from gateway.store import transmissions
from gateway.store.rows import Target
from gateway.store.vault import StoredPayload


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a file came: the channel (`sftp`, `folder` ...), the account that brought it, and what it was called."""

    channel: str
    account: str | None
    filename: str
    environment: Environment


@dataclass(frozen=True, slots=True)
class Received:
    """A transmission that is kept as soon as the transaction commits; then wake `lane`."""

    id: UUID
    lane: str


def receive(target: Target, arrival: Arrival, payload: StoredPayload, *, at: datetime, large_bytes: int) -> Received:
    """Keep one transmission beside its payload, in the caller's transaction.

    Args:
        target: the transaction that also stores the payload, or the rows it writes together.
        arrival: how it came.
        payload: its bytes, already in the vault.
        at: the moment, aware.
        large_bytes: over this a file goes to a lane of its own, so that a catalog does not hold a partner's
            acknowledgments.
    """
    flow = "large" if payload.size > large_bytes else "flow"
    lane = f"in:{arrival.account or arrival.channel}:{flow}"
    id = new_id()
    transmissions.add_received(
        target,
        id=id,
        at=at,
        channel=arrival.channel,
        account=arrival.account,
        filename=arrival.filename,
        environment=arrival.environment,
        payload=payload,
        lane=lane,
        ordering_key=lane,
    )
    return Received(id, lane)
