"""Who is logged in over SFTP: each node posts its own connections, and does what is asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from gateway.store import audit
from gateway.store.tables import sftp_session

SILENT_AFTER = timedelta(seconds=15)
"""A node that has posted nothing for so long is gone, and its connections with it."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One connection that is logged in; see the table."""

    id: str
    account: str
    address: str
    client: str
    proofs: dict[str, str]
    sessions: int
    busy: bool
    began_at: datetime
    active_at: datetime


def post(conn: Connection, node: str, rows: Sequence[SessionRow], *, at: datetime) -> list[str]:
    """Say which connections a node has now; those it had before and has no more are gone.

    Returns:
        The ids of those that somebody wants cut.
    """
    columns = sftp_session.c
    ids = [row.id for row in rows]
    gone = (columns.node == node) & columns.id.not_in(ids) | (columns.seen_at < at - 4 * SILENT_AFTER)
    conn.execute(delete(sftp_session).where(gone))
    if rows:
        new = insert(sftp_session)
        kept = {name: new.excluded[name] for name in ("sessions", "busy", "active_at", "seen_at")}
        statement = new.on_conflict_do_update(index_elements=[columns.id], set_=kept)
        conn.execute(statement, [_values(row) | {"node": node, "seen_at": at} for row in rows])
    wanted = select(columns.id).where(columns.node == node, columns.kicked_by.is_not(None))
    return list(conn.execute(wanted).scalars())


def listed(conn: Connection, *, at: datetime) -> list[dict[str, Any]]:
    """All connections of all nodes that are alive, oldest first, as JSON has them."""
    columns = sftp_session.c
    found = conn.execute(select(sftp_session).where(_alive(at)).order_by(columns.began_at, columns.id)).mappings()
    return [
        {str(name): value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
        for row in found
    ]


def is_listed(conn: Connection, id: str, *, at: datetime) -> bool:
    """Whether the connection is still there."""
    return conn.execute(select(sftp_session.c.id).where(sftp_session.c.id == id, _alive(at))).first() is not None


def ask_to_kick(conn: Connection, id: str, *, by: str, at: datetime) -> bool:
    """Ask a connection's node to cut it, and audit who asked; False if there is no such connection."""
    asked = conn.execute(
        update(sftp_session)
        .where(sftp_session.c.id == id, _alive(at))
        .values(kicked_by=by)
        .returning(sftp_session.c.account, sftp_session.c.address)
    ).first()
    if asked is None:
        return False
    audit.record(
        conn,
        at=at,
        actor=by,
        action="sftp.kicked",
        subject="sftp_session",
        subject_id=id,
        detail={"account": asked.account, "address": asked.address},
    )
    return True


def _alive(at: datetime) -> Any:
    return sftp_session.c.seen_at >= at - SILENT_AFTER


def _values(row: SessionRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "account": row.account,
        "address": row.address,
        "client": row.client,
        "proofs": row.proofs,
        "sessions": row.sessions,
        "busy": row.busy,
        "began_at": row.began_at,
        "active_at": row.active_at,
    }
