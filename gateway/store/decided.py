"""What a person decides about a delivery that stands still: it has arrived, or it never shall."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select, update

from gateway.errors import ReplayRefused
from gateway.model import DeliveryState, ExceptionState
from gateway.store import audit, exceptions
from gateway.store.tables import delivery, exception
from gateway.store.texts import storable

STANDS_STILL = (DeliveryState.UNCERTAIN, DeliveryState.REJECTED, DeliveryState.QUARANTINED)
"""What no worker takes up by itself."""


def has_arrived(conn: Connection, id: UUID, *, ref: str, by: str, at: datetime, reason: str) -> None:
    """Somebody looked: the business system has it, as `ref`.

    Raises:
        ReplayRefused: it does not stand still.
    """
    _decide(conn, id, DeliveryState.DELIVERED, by=by, at=at, reason=reason, ref=ref)


def give_up(conn: Connection, id: UUID, *, by: str, at: datetime, reason: str) -> None:
    """It is never to be delivered; what waited behind it goes on.

    Raises:
        ReplayRefused: it does not stand still.
    """
    _decide(conn, id, DeliveryState.CANCELLED, by=by, at=at, reason=reason)


def _decide(
    conn: Connection, id: UUID, state: DeliveryState, *, by: str, at: datetime, reason: str, ref: str | None = None
) -> None:
    columns = delivery.c
    row = conn.execute(select(columns.state, columns.destination).where(columns.id == id).with_for_update()).one()
    if row.state not in STANDS_STILL:
        raise ReplayRefused(f"it is {row.state}: only what stands still is decided ({', '.join(STANDS_STILL)})")
    values = {} if ref is None else {"external_ref": storable(ref)}
    conn.execute(
        update(delivery)
        .where(columns.id == id)
        .values(state=state, finished_at=at, next_at=None, claimed_by=None, reason=storable(reason), **values)
    )
    audit.record(
        conn,
        at=at,
        actor=by,
        action=f"delivery.{state.value}",
        subject="delivery",
        subject_id=str(id),
        detail={"was": row.state, "reason": storable(reason)} | values,
    )
    still = (exception.c.delivery_id == id) & (exception.c.state == ExceptionState.OPEN)
    for one in list(conn.execute(select(exception.c.id).where(still)).scalars()):
        exceptions.resolve(conn, one, by=by, at=at)
