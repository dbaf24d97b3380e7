"""Deliveries: one document's way to one destination, and the attempts made on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update

from gateway.model import AttemptOutcome, DeliveryState
from gateway.store.rows import Target, insert_rows
from gateway.store.tables import attempt, delivery, document

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """What the deliver stage needs of a delivery."""

    id: UUID
    document_id: UUID
    destination: str
    state: DeliveryState
    reference: str
    request_key: str
    external_ref: str | None
    attempts: int
    created_at: datetime


def add_rows(target: Target, deliveries: Sequence[Row]) -> None:
    """Insert prepared deliveries in their order (it becomes their `seq`)."""
    insert_rows(target, delivery, deliveries)


def release_staged(conn: Connection, transmission_id: UUID) -> list[str]:
    """The transmission is read to its end: its staged deliveries become due. Returns their lanes."""
    made = select(document.c.id).where(document.c.transmission_id == transmission_id)
    lanes = conn.execute(
        update(delivery)
        .where(delivery.c.document_id.in_(made), delivery.c.state == DeliveryState.STAGED)
        .values(state=DeliveryState.READY)
        .returning(delivery.c.lane)
    ).scalars()
    return sorted({lane for lane in lanes if lane is not None})


def load(conn: Connection, delivery_id: UUID) -> DeliveryRow:
    """One delivery."""
    columns = delivery.c
    row = conn.execute(
        select(
            columns.id,
            columns.document_id,
            columns.destination,
            columns.state,
            columns.reference,
            columns.request_key,
            columns.external_ref,
            columns.attempts,
            columns.created_at,
        ).where(columns.id == delivery_id)
    ).one()
    return DeliveryRow(
        row.id,
        row.document_id,
        row.destination,
        DeliveryState(row.state),
        row.reference,
        row.request_key,
        row.external_ref,
        row.attempts,
        row.created_at,
    )


def add_attempt(
    target: Target,
    *,
    id: UUID,
    delivery_id: UUID | None = None,
    transmission_id: UUID | None = None,
    number: int,
    worker: str,
    outcome: AttemptOutcome,
    detail: str,
    started_at: datetime,
    ended_at: datetime,
) -> None:
    """Append one attempt; attempts are never changed."""
    insert_rows(
        target,
        attempt,
        [
            {
                "id": id,
                "delivery_id": delivery_id,
                "transmission_id": transmission_id,
                "number": number,
                "worker": worker,
                "outcome": outcome,
                "detail": detail,
                "started_at": started_at,
                "ended_at": ended_at,
            }
        ],
    )
