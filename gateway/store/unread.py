"""Records of business systems that could not be read: one open exception each, and which are wanted once more."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from gateway.errors import ReplayRefused
from gateway.model import ExceptionState
from gateway.ports import new_id
from gateway.store import exceptions
from gateway.store.tables import exception, unread_record

_OF = unread_record.c


def note(conn: Connection, source: str, record: str, *, code: str, reason: str, at: datetime) -> bool:
    """A record could not be read: an exception about it is open from now on; whether it is a new one.

    Args:
        conn: the transaction.
        source: the destination that has the record.
        record: what its adapter calls it.
        code: of the exception; those of one source are one matter.
        reason: what a person is told.
        at: the moment, aware.
    """
    before = conn.execute(
        select(exception.c.state)
        .join(unread_record, _OF.exception_id == exception.c.id)
        .where(_OF.source == source, _OF.record == record)
        .with_for_update(of=unread_record)
    ).scalar_one_or_none()
    if before == ExceptionState.OPEN:
        conn.execute(update(unread_record).where(_OF.source == source, _OF.record == record).values(again=False))
        return False
    id = new_id()
    exceptions.open_exception(conn, id=id, at=at, code=code, reason=reason, group=exceptions.fingerprint(source, code))
    row = {"source": source, "record": record, "exception_id": id, "again": False}
    new = insert(unread_record).values(row)
    conn.execute(new.on_conflict_do_update(index_elements=["source", "record"], set_=row))
    return True


def over(conn: Connection, source: str, record: str, *, at: datetime) -> None:
    """A record was read, or is nothing to be told of any more: what was open about it is resolved."""
    gone = delete(unread_record).where(_OF.source == source, _OF.record == record).returning(_OF.exception_id)
    id = conn.execute(gone).scalar_one_or_none()
    if id is not None:
        exceptions.resolve(conn, id, by="gateway", at=at)


def want_again(conn: Connection, exception_id: UUID) -> None:
    """Have the record asked for once more that this exception is about.

    Raises:
        ReplayRefused: it was read meanwhile.
    """
    if conn.execute(update(unread_record).where(_OF.exception_id == exception_id).values(again=True)).rowcount != 1:
        raise ReplayRefused("it was read meanwhile")


def wanted_again(conn: Connection, source: str, *, most: int) -> list[str]:
    """Records of a destination that somebody wants asked for once more."""
    rows = select(_OF.record).where(_OF.source == source, _OF.again).order_by(_OF.record).limit(most)
    return list(conn.execute(rows).scalars())
