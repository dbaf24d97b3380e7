"""Exceptions: what waits for a person, grouped by fingerprint."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert, select, update

from gateway.model import ExceptionState
from gateway.store import audit, exception_groups
from gateway.store.tables import exception
from gateway.store.texts import storable

CONTRADICTS = "document.contradicts"


def fingerprint(*parts: str) -> str:
    """What makes two exceptions the same matter: partner, document kind, code, position pattern."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def contradiction(partner: str, kind: str) -> str:
    """The group of documents that say something else under an identity that is known."""
    return fingerprint(partner, kind, CONTRADICTS)


def group_of(conn: Connection, transmission_id: UUID, code: str) -> str | None:
    """The group that a transmission's newest exception of a code stands in, open or not; None where there is none."""
    columns = exception.c
    return conn.execute(
        select(columns.fingerprint)
        .where(columns.transmission_id == transmission_id, columns.code == code)
        .order_by(columns.opened_at.desc(), columns.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def open_exception(
    conn: Connection,
    *,
    id: UUID,
    at: datetime,
    code: str,
    reason: str,
    group: str,
    transmission_id: UUID | None = None,
    document_id: UUID | None = None,
    delivery_id: UUID | None = None,
    fix: str | None = None,
) -> None:
    """Open one exception and audit it; `group` is its `fingerprint(...)`, `fix` as in `protocol.Rejected`."""
    conn.execute(
        insert(exception),
        {
            "id": id,
            "transmission_id": transmission_id,
            "document_id": document_id,
            "delivery_id": delivery_id,
            "state": ExceptionState.OPEN,
            "code": code,
            "reason": storable(reason),
            "fingerprint": group,
            "opened_at": at,
            "fix": fix,
        },
    )
    exception_groups.note_opened(conn, group, at=at, code=code, reason=reason)
    subject, subject_id = next(
        (name, str(found))
        for name, found in (
            ("delivery", delivery_id),
            ("document", document_id),
            ("transmission", transmission_id),
            ("exception", id),
        )
        if found is not None
    )
    audit.record(
        conn,
        at=at,
        actor="gateway",
        action="exception.opened",
        subject=subject,
        subject_id=subject_id,
        detail={"code": code, "exception": str(id)},
    )


def open_once(
    conn: Connection,
    *,
    id: UUID,
    at: datetime,
    code: str,
    reason: str,
    group: str,
    transmission_id: UUID | None = None,
    ever: bool = False,
) -> bool:
    """Open one exception unless one of its group is open (or, with `ever`, was); whether it was opened.

    For what strangers can cause as often as they like: the matter is told, and not a thousand times.
    """
    same = select(exception.c.id).where(exception.c.fingerprint == group)
    if not ever:
        same = same.where(exception.c.state == ExceptionState.OPEN)
    if conn.execute(same.limit(1)).first() is not None:
        return False
    open_exception(conn, id=id, at=at, code=code, reason=reason, group=group, transmission_id=transmission_id)
    return True


def resolve(conn: Connection, id: UUID, *, by: str, at: datetime) -> None:
    """Close one exception and audit it; one that is closed already stays as it is."""
    done = conn.execute(
        update(exception)
        .where(exception.c.id == id, exception.c.state == ExceptionState.OPEN)
        .values(state=ExceptionState.RESOLVED, resolved_at=at, resolved_by=by)
        .returning(exception.c.transmission_id, exception.c.fingerprint)
    ).first()
    if done is None:
        return
    exception_groups.note_resolved(conn, done.fingerprint, at=at, by=by)
    subject, subject_id = ("exception", id) if done.transmission_id is None else ("transmission", done.transmission_id)
    audit.record(
        conn,
        at=at,
        actor=by,
        action="exception.resolved",
        subject=subject,
        subject_id=str(subject_id),
        detail={"exception": str(id)},
    )
