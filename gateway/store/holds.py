"""Legal holds: what is under one is not purged, however old it is. A hold is lifted, never deleted.

A hold and a purge take turns (`locks.RETENTION`): a hold that is placed while something is purged waits for the end of
that transaction, keeps all that it left, and says how much it came too late for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Text, cast, insert, select, text, update

from gateway.ports import new_id
from gateway.store import audit, locks
from gateway.store.tables import legal_hold

_PURGED_UNDER = text("""
    SELECT count(*) FROM transmission t, legal_hold h
     WHERE h.id = :hold AND t.purged_at IS NOT NULL
       AND (h.transmission_id = t.id OR h.partner = t.partner OR EXISTS (
            SELECT FROM business_key b WHERE b.transmission_id = t.id AND b.value = h.business_key))
""")


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


@dataclass(frozen=True, slots=True)
class Placed:
    """A hold that was placed, and how many transmissions under it were purged before."""

    id: UUID
    too_late_for: int


def place(
    conn: Connection,
    *,
    partner: str | None = None,
    business_key: str | None = None,
    transmission_id: UUID | None = None,
    reason: str,
    by: str,
    at: datetime,
) -> Placed:
    """Place a hold on one of the three; audited.

    Raises:
        StoreConflict: it is on none or on several of them.
    """
    locks.hold(conn, locks.RETENTION)
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
    return Placed(id, conn.execute(_PURGED_UNDER, {"hold": id}).scalar_one())


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
