"""Legal holds: what is under one is not purged, however old it is. A hold is lifted, never deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Text, cast, insert, select, update

from gateway.ports import new_id
from gateway.store import audit
from gateway.store.tables import legal_hold


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold, of a partner, of all that is found by a business key, or of one transmission."""

    id: UUID
    partner: str | None
    business_key: str | None
    transmission_id: UUID | None
    reason: str
    placed_at: datetime
    placed_by: str
    lifted_at: datetime | None
    lifted_by: str | None


def place(
    conn: Connection,
    *,
    partner: str | None = None,
    business_key: str | None = None,
    transmission_id: UUID | None = None,
    reason: str,
    by: str,
    at: datetime,
) -> UUID:
    """Place a hold on one of the three; audited.

    Raises:
        StoreConflict: it is on none or on several of them.
    """
    id = new_id()
    scope = {"partner": partner, "business_key": business_key, "transmission_id": transmission_id}
    conn.execute(insert(legal_hold), {"id": id, **scope, "reason": reason, "placed_at": at, "placed_by": by})
    subject, subject_id = ("hold", id) if transmission_id is None else ("transmission", transmission_id)
    audit.record(
        conn,
        at=at,
        actor=by,
        action="hold.placed",
        subject=subject,
        subject_id=str(subject_id),
        detail={"hold": str(id), "partner": partner, "business_key": business_key, "reason": reason},
    )
    return id


def lift(conn: Connection, end_of_id: str, *, reason: str, by: str, at: datetime) -> Sequence[UUID]:
    """Lift the hold whose id ends so; audited.

    Returns:
        The holds that it could be; it was lifted where there is one.
    """
    columns = legal_hold.c
    found = list(
        conn.execute(
            select(columns.id).where(
                columns.lifted_at.is_(None), cast(columns.id, Text).endswith(end_of_id.lower(), autoescape=True)
            )
        ).scalars()
    )
    if len(found) == 1:
        lifted = conn.execute(
            update(legal_hold)
            .where(columns.id == found[0], columns.lifted_at.is_(None))
            .values(lifted_at=at, lifted_by=by)
            .returning(columns.transmission_id)
        ).one()
        on_one = lifted.transmission_id is not None
        audit.record(
            conn,
            at=at,
            actor=by,
            action="hold.lifted",
            subject="transmission" if on_one else "hold",
            subject_id=str(lifted.transmission_id if on_one else found[0]),
            detail={"hold": str(found[0]), "reason": reason},
        )
    return found


def listed(conn: Connection, *, lifted: bool = False) -> list[Hold]:
    """The holds there are, oldest first; with `lifted` those of the past, too."""
    wanted = select(legal_hold).order_by(legal_hold.c.placed_at, legal_hold.c.id)
    if not lifted:
        wanted = wanted.where(legal_hold.c.lifted_at.is_(None))
    return [Hold(**row._mapping) for row in conn.execute(wanted)]
