"""Acknowledgments: what answered which interchange, and in which transmission it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert, select, true

from gateway.model import AcknowledgmentKind, Direction
from gateway.ports import new_id
from gateway.store.rows import Target, insert_rows
from gateway.store.tables import acknowledgment, transmission


@dataclass(frozen=True, slots=True)
class StoredAcknowledgment:
    """An answer of ours that can be offered again, its bytes unchanged; `lane` is None where it is collected."""

    kind: AcknowledgmentKind
    transmission_id: UUID
    account: str
    filename: str
    sha256: bytes
    size: int
    lane: str | None


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


def find_received(
    conn: Connection,
    *,
    interchange_id: UUID,
    functional_group_id: UUID | None,
    content_sha256: bytes,
    not_in: UUID | None = None,
) -> UUID | None:
    """The partner's acknowledgment of the same interchange or group that said the very same; None if there is none.

    Args:
        interchange_id: of ours.
        functional_group_id: the group it speaks of; None for the interchange.
        content_sha256: of what it says.
        not_in: a transmission whose acknowledgments do not count.
    """
    columns = acknowledgment.c
    about = columns.functional_group_id == functional_group_id
    if functional_group_id is None:
        about = columns.functional_group_id.is_(None)
    found: UUID | None = conn.execute(
        select(columns.id)
        .where(
            columns.interchange_id == interchange_id,
            about,
            columns.direction == Direction.IN,
            columns.content_sha256 == content_sha256,
            columns.duplicate_of.is_(None),
            true() if not_in is None else columns.transmission_id != not_in,
        )
        .limit(1)
    ).scalar_one_or_none()
    return found


def add_received(
    conn: Connection,
    *,
    kind: AcknowledgmentKind,
    interchange_id: UUID,
    functional_group_id: UUID | None,
    transmission_id: UUID,
    status: str,
    control_number: str,
    content_sha256: bytes,
    at: datetime,
    duplicate_of: UUID | None = None,
) -> None:
    """Record what a partner says of an interchange or group of ours.

    Args:
        interchange_id: of ours.
        functional_group_id: the group it speaks of; None for the interchange.
        transmission_id: the inbound one that carries it.
        status: an outcome, or `duplicate`.
        control_number: ISA13 of what carries it.
        content_sha256: of what it says.
        duplicate_of: an earlier one that said the same.
    """
    conn.execute(
        insert(acknowledgment),
        {
            "id": new_id(),
            "kind": kind,
            "direction": Direction.IN,
            "interchange_id": interchange_id,
            "functional_group_id": functional_group_id,
            "transmission_id": transmission_id,
            "status": status,
            "control_number": control_number,
            "content_sha256": content_sha256,
            "duplicate_of": duplicate_of,
            "created_at": at,
        },
    )


def answers_to(conn: Connection, interchange_id: UUID) -> list[StoredAcknowledgment]:
    """Our answers to one inbound interchange whose bytes are still there, oldest first."""
    rows = conn.execute(
        select(
            acknowledgment.c.kind,
            acknowledgment.c.transmission_id,
            transmission.c.account,
            transmission.c.filename,
            transmission.c.payload_sha256,
            transmission.c.size,
            transmission.c.lane,
        )
        .join(transmission, transmission.c.id == acknowledgment.c.transmission_id)
        .where(acknowledgment.c.interchange_id == interchange_id, acknowledgment.c.direction == Direction.OUT)
        .where(transmission.c.purged_at.is_(None))
        .order_by(acknowledgment.c.created_at, acknowledgment.c.id)
    )
    return [
        StoredAcknowledgment(
            AcknowledgmentKind(row.kind),
            row.transmission_id,
            row.account,
            row.filename,
            row.payload_sha256,
            row.size,
            row.lane,
        )
        for row in rows
    ]
