"""Acknowledgments that partners owe us: due by a moment, overdue after it, closed by what comes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, select, update

from gateway.model import AcknowledgmentKind, ExpectedState
from gateway.ports import new_id
from gateway.store import exceptions
from gateway.store.rows import Target, insert_rows
from gateway.store.tables import expected_acknowledgment, functional_group, interchange, transmission

OVERDUE = "acknowledgment.overdue"
OPEN = (ExpectedState.WAITING, ExpectedState.OVERDUE)
MARKED_AT_ONCE = 500


def expect(
    target: Target,
    *,
    kind: AcknowledgmentKind,
    partner: str,
    transmission_id: UUID,
    interchange_id: UUID,
    functional_group_id: UUID | None,
    at: datetime,
    due_at: datetime,
) -> None:
    """Wait for an acknowledgment: of an interchange (TA1), a group (997 or 999) or a file (its document)."""
    insert_rows(
        target,
        expected_acknowledgment,
        [
            {
                "id": new_id(),
                "transmission_id": transmission_id,
                "interchange_id": interchange_id,
                "functional_group_id": functional_group_id,
                "kind": kind,
                "partner": partner,
                "state": ExpectedState.WAITING,
                "created_at": at,
                "due_at": due_at,
            }
        ],
    )


def close(
    conn: Connection,
    *,
    interchange_id: UUID,
    functional_group_id: UUID | None,
    state: ExpectedState,
    at: datetime,
) -> None:
    """It came: whatever waits for it (997 or 999 alike) is closed, and the exception it was overdue by resolved.

    Args:
        interchange_id: of ours.
        functional_group_id: the group it is of; None for the TA1 of the interchange.
        state: what it said.
    """
    columns = expected_acknowledgment.c
    about = columns.functional_group_id == functional_group_id
    if functional_group_id is None:
        about = columns.functional_group_id.is_(None)
    closed = conn.execute(
        update(expected_acknowledgment)
        .where(columns.interchange_id == interchange_id, about)
        .values(state=state, closed_at=at)
        .returning(columns.exception_id)
    )
    for exception_id in list(closed.scalars()):
        if exception_id is not None:
            exceptions.resolve(conn, exception_id, by="gateway", at=at)


def replace(conn: Connection, transmission_id: UUID, *, by: str, at: datetime) -> None:
    """What a transmission of ours holds was sent again: nothing is waited for any more about this one."""
    columns = expected_acknowledgment.c
    closed = conn.execute(
        update(expected_acknowledgment)
        .where(columns.transmission_id == transmission_id, columns.state.in_(OPEN))
        .values(state=ExpectedState.REPLACED, closed_at=at)
        .returning(columns.exception_id)
    )
    for exception_id in list(closed.scalars()):
        if exception_id is not None:
            exceptions.resolve(conn, exception_id, by=by, at=at)


def mark_overdue(conn: Connection, *, at: datetime) -> int:
    """Mark what should have come by now, and open one exception for each; returns how many there were."""
    columns = expected_acknowledgment.c
    due = conn.execute(
        _with_envelope()
        .where(columns.state == ExpectedState.WAITING, columns.due_at <= at)
        .order_by(columns.due_at)
        .limit(MARKED_AT_ONCE)
        .with_for_update(of=expected_acknowledgment, skip_locked=True)
    ).all()
    for row in due:
        about = f"interchange {row.control_number}" if row.control_number else row.filename
        if row.group_number is not None:
            about = f"group {row.functional_id} {row.group_number} of {about}"
        what = "acknowledgment document" if row.kind == AcknowledgmentKind.FILE else row.kind
        where = "" if row.transmission_state == "collected" else f"; the file is {row.transmission_state}"
        id = new_id()
        exceptions.open_exception(
            conn,
            id=id,
            at=at,
            code=OVERDUE,
            reason=f"no {what} from {row.partner} for {about} by {row.due_at:%Y-%m-%d %H:%M} UTC{where}",
            group=exceptions.fingerprint(OVERDUE, row.partner, row.kind),
            transmission_id=row.transmission_id,
        )
        conn.execute(
            update(expected_acknowledgment)
            .where(columns.id == row.id)
            .values(state=ExpectedState.OVERDUE, exception_id=id)
        )
    return len(due)


def awaited(
    conn: Connection, *, at: datetime, overdue: bool = False, partner: str | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """What we wait for or waited for, the longest due first among the open ones, then the newest.

    Args:
        at: what is due by then and still waits is shown as overdue, whether or not it was marked.
        overdue: only what is overdue.
        partner: only this partner's.
        limit: how many.
    """
    columns = expected_acknowledgment.c
    wanted = _with_envelope()
    if partner is not None:
        wanted = wanted.where(columns.partner == partner)
    if overdue:
        wanted = wanted.where(columns.state.in_(OPEN), columns.due_at <= at)
    order = (columns.state.in_(OPEN).desc(), columns.closed_at.desc(), columns.due_at, columns.id)
    rows = conn.execute(wanted.order_by(*order).limit(limit)).mappings()
    found = [{str(name): value for name, value in row.items()} for row in rows]
    for row in found:
        if row["state"] == ExpectedState.WAITING and row["due_at"] <= at:
            row["state"] = ExpectedState.OVERDUE.value
    return found


def _with_envelope() -> Select[Any]:
    columns = expected_acknowledgment.c
    return (
        select(
            columns.id,
            columns.kind,
            columns.partner,
            columns.state,
            columns.created_at,
            columns.due_at,
            columns.closed_at,
            columns.transmission_id,
            interchange.c.control_number,
            functional_group.c.functional_id,
            functional_group.c.control_number.label("group_number"),
            transmission.c.filename,
            transmission.c.state.label("transmission_state"),
        )
        .join(interchange, interchange.c.id == columns.interchange_id)
        .join(transmission, transmission.c.id == columns.transmission_id)
        .outerjoin(functional_group, functional_group.c.id == columns.functional_group_id)
    )
