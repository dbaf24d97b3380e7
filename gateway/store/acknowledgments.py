"""Acknowledgments: what answered which interchange, and in which transmission it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from gateway.model import AcknowledgmentKind, Direction
from gateway.store.rows import Target, insert_rows
from gateway.store.tables import acknowledgment, transmission


@dataclass(frozen=True, slots=True)
class StoredAcknowledgment:
    """An answer of ours that can be offered again, its bytes unchanged."""

    kind: AcknowledgmentKind
    transmission_id: UUID
    account: str
    filename: str
    sha256: bytes
    size: int


def add_sent(
    target: Target,
    *,
    id: UUID,
    kind: AcknowledgmentKind,
    interchange_id: UUID,
    transmission_id: UUID,
    status: str,
    control_number: str,
    at: datetime,
) -> None:
    """Record that `transmission_id` answers the inbound `interchange_id`."""
    insert_rows(
        target,
        acknowledgment,
        [
            {
                "id": id,
                "kind": kind,
                "direction": Direction.OUT,
                "interchange_id": interchange_id,
                "transmission_id": transmission_id,
                "status": status,
                "control_number": control_number,
                "created_at": at,
            }
        ],
    )


def answers_to(conn: Connection, interchange_id: UUID) -> list[StoredAcknowledgment]:
    """Our answers to one inbound interchange, oldest first."""
    rows = conn.execute(
        select(
            acknowledgment.c.kind,
            acknowledgment.c.transmission_id,
            transmission.c.account,
            transmission.c.filename,
            transmission.c.payload_sha256,
            transmission.c.size,
        )
        .join(transmission, transmission.c.id == acknowledgment.c.transmission_id)
        .where(acknowledgment.c.interchange_id == interchange_id, acknowledgment.c.direction == Direction.OUT)
        .order_by(acknowledgment.c.created_at, acknowledgment.c.id)
    )
    return [
        StoredAcknowledgment(
            AcknowledgmentKind(row.kind), row.transmission_id, row.account, row.filename, row.payload_sha256, row.size
        )
        for row in rows
    ]
