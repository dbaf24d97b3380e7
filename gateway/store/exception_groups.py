"""Groups of exceptions: one matter each, with its owner, what was said about it, and when somebody has to be told.

A group opens with its first open exception and is resolved with its last. What is told outside is one alert for each of
the two, written in the transaction that caused it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, true, update
from sqlalchemy.dialects.postgresql import insert as insert_new

from gateway.errors import NoSuchGroup
from gateway.model import AlertEvent, ExceptionState
from gateway.ports import new_id
from gateway.store import alerts, audit
from gateway.store.tables import (
    alert,
    delivery,
    document,
    exception,
    exception_comment,
    exception_group,
    transmission,
)
from gateway.store.texts import storable

_OF = exception_group.c
LISTED_AT_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Group:
    """One matter.

    Attributes:
        fingerprint: names it.
        open: how many exceptions of it are open; `ever`: how many there were.
        partner: of the newest of them, where it has one.
        snoozed_until: it is left out of the list before; with its end the snooze is over, too.
        reason: of the newest; so is `fix`, where it is put right (data, mapping, config), where that is known.
    """

    fingerprint: str
    state: ExceptionState
    code: str
    partner: str | None
    open: int
    ever: int
    opened_at: datetime
    last_at: datetime
    owner: str | None
    snoozed_until: datetime | None
    resolved_at: datetime | None
    resolved_by: str | None
    reason: str
    fix: str | None


def note_opened(conn: Connection, fingerprint: str, *, at: datetime, code: str, reason: str) -> None:
    """An exception of this group was opened: a new matter, or one that was over, is told of once."""
    row = {"fingerprint": fingerprint, "code": code, "state": ExceptionState.OPEN, "opened_at": at}
    new = insert_new(exception_group).values(row).on_conflict_do_nothing().returning(_OF.fingerprint)
    if conn.execute(new).first() is None:
        # Shared, so that those who open do not wait for one another; only who resolves it takes it alone.
        state = conn.execute(
            select(_OF.state).where(_OF.fingerprint == fingerprint).with_for_update(read=True)
        ).scalar_one()
        if state == ExceptionState.OPEN:
            return
        conn.execute(
            update(exception_group)
            .where(_OF.fingerprint == fingerprint)
            .values(state=ExceptionState.OPEN, opened_at=at, resolved_at=None, resolved_by=None)
        )
    _tell(conn, fingerprint, AlertEvent.OPENED, at=at, code=code, reason=reason)


def note_resolved(conn: Connection, fingerprint: str, *, at: datetime, by: str) -> None:
    """An exception of this group was resolved; with the last of them the matter is over, and that is told once."""
    group = conn.execute(select(_OF.state, _OF.code).where(_OF.fingerprint == fingerprint).with_for_update()).one()
    still = select(exception.c.id).where(
        exception.c.fingerprint == fingerprint, exception.c.state == ExceptionState.OPEN
    )
    if group.state != ExceptionState.OPEN or conn.execute(still.limit(1)).first() is not None:
        return
    conn.execute(
        update(exception_group)
        .where(_OF.fingerprint == fingerprint)
        .values(state=ExceptionState.RESOLVED, resolved_at=at, resolved_by=by, snoozed_until=None)
    )
    _tell(conn, fingerprint, AlertEvent.RESOLVED, at=at, code=group.code, reason=f"resolved by {by}")


def listed(
    conn: Connection,
    *,
    now: datetime,
    state: ExceptionState | None = ExceptionState.OPEN,
    owner: str | None = None,
    code: str | None = None,
    snoozed: bool = False,
    limit: int = LISTED_AT_MOST,
) -> list[Group]:
    """Groups, the oldest matter first.

    Args:
        now: those snoozed past it are left out unless `snoozed`.
        state: None for all.
        owner: only his; "" for those nobody has.
    """
    wanted = _groups().order_by(_OF.opened_at, _OF.fingerprint).limit(limit)
    if state is not None:
        wanted = wanted.where(_OF.state == state)
    if owner is not None:
        wanted = wanted.where(_OF.owner.is_(None) if owner == "" else _OF.owner == owner)
    if code is not None:
        wanted = wanted.where(_OF.code == code)
    if not snoozed:
        wanted = wanted.where(_OF.snoozed_until.is_(None) | (_OF.snoozed_until <= now))
    return [_group(row) for row in conn.execute(wanted)]


def find(conn: Connection, fingerprint: str) -> Group:
    """One group, by its fingerprint or the beginning of it.

    Raises:
        NoSuchGroup: there is none, or more than one.
    """
    wanted = _groups().where(_OF.fingerprint.startswith(fingerprint, autoescape=True)).limit(2)
    found = conn.execute(wanted).all()
    if len(found) != 1:
        why = "more than one group begins with" if found else "there is no group"
        raise NoSuchGroup(f"{why} {fingerprint[:80]!r}")
    return _group(found[0])


def members(conn: Connection, fingerprint: str, *, limit: int = LISTED_AT_MOST) -> list[dict[str, Any]]:
    """The exceptions of a group, newest first, with what each is about."""
    columns = exception.c
    rows = conn.execute(
        select(
            columns.id,
            columns.state,
            columns.code,
            columns.reason,
            columns.fix,
            columns.opened_at,
            columns.resolved_at,
            columns.resolved_by,
            columns.transmission_id,
            columns.document_id,
            columns.delivery_id,
        )
        .where(columns.fingerprint == fingerprint)
        .order_by(columns.opened_at.desc(), columns.id)
        .limit(limit)
    )
    return [dict(row._mapping) for row in rows]


def comments(conn: Connection, fingerprint: str) -> list[dict[str, Any]]:
    """What was said about a group, in order."""
    columns = exception_comment.c
    rows = conn.execute(
        select(columns.at, columns.by, columns.text)
        .where(columns.fingerprint == fingerprint)
        .order_by(columns.at, columns.id)
    )
    return [dict(row._mapping) for row in rows]


def assign(conn: Connection, fingerprint: str, owner: str | None, *, by: str, at: datetime) -> None:
    """Whose matter it is from now on; None for nobody's."""
    _change(conn, fingerprint, "assigned", {"owner": owner}, by=by, at=at)


def snooze(conn: Connection, fingerprint: str, until: datetime | None, *, by: str, at: datetime) -> None:
    """Leave it out of the list before `until`; None: no longer."""
    _change(conn, fingerprint, "snoozed", {"snoozed_until": until}, by=by, at=at)


def comment(conn: Connection, fingerprint: str, text: str, *, by: str, at: datetime) -> None:
    """Say something about it."""
    row = {"id": new_id(), "fingerprint": fingerprint, "at": at, "by": by, "text": storable(text)}
    conn.execute(insert(exception_comment), row)
    _audited(conn, fingerprint, "commented", by=by, at=at, detail={})


def open_members(conn: Connection, fingerprint: str) -> list[UUID]:
    """The ids of its open exceptions."""
    still = (exception.c.fingerprint == fingerprint) & (exception.c.state == ExceptionState.OPEN)
    return list(conn.execute(select(exception.c.id).where(still).order_by(exception.c.opened_at)).scalars())


def reopen(conn: Connection, fingerprint: str, *, by: str, at: datetime, reason: str) -> int:
    """Open again the exceptions that were resolved last, all at that moment; how many.

    Raises:
        NoSuchGroup: it is open.
    """
    group = conn.execute(select(_OF.state, _OF.resolved_at, _OF.code).where(_OF.fingerprint == fingerprint)).one()
    if group.state == ExceptionState.OPEN:
        raise NoSuchGroup(f"group {fingerprint} is open")
    about = (exception.c.fingerprint == fingerprint) & (exception.c.resolved_at == group.resolved_at)
    count = conn.execute(
        update(exception).where(about).values(state=ExceptionState.OPEN, resolved_at=None, resolved_by=None)
    ).rowcount
    note_opened(conn, fingerprint, at=at, code=group.code, reason=reason)
    _audited(conn, fingerprint, "reopened", by=by, at=at, detail={"reason": storable(reason), "exceptions": count})
    return count


def _groups() -> Any:
    mine = exception.c.fingerprint == _OF.fingerprint
    newest = (
        select(
            exception.c.reason,
            exception.c.fix,
            exception.c.opened_at,
            func.coalesce(transmission.c.partner, document.c.partner).label("partner"),
        )
        .select_from(exception)
        .outerjoin(delivery, delivery.c.id == exception.c.delivery_id)
        .outerjoin(document, document.c.id == func.coalesce(exception.c.document_id, delivery.c.document_id))
        .outerjoin(transmission, transmission.c.id == exception.c.transmission_id)
        .where(mine)
        .order_by(exception.c.opened_at.desc(), exception.c.id.desc())
        .limit(1)
        .lateral("newest")
    )
    counts = (
        select(func.count().filter(exception.c.state == ExceptionState.OPEN).label("open"), func.count().label("ever"))
        .where(mine)
        .lateral("counts")
    )
    return (
        select(
            *(_OF[name] for name in ("fingerprint", "state", "code", "opened_at", "owner", "snoozed_until")),
            _OF.resolved_at,
            _OF.resolved_by,
            newest.c.partner,
            newest.c.reason,
            newest.c.fix,
            newest.c.opened_at.label("last_at"),
            counts.c.open,
            counts.c.ever,
        )
        .select_from(exception_group)
        .join(newest, true())
        .join(counts, true())
    )


def _group(row: Any) -> Group:
    return Group(**{**row._mapping, "state": ExceptionState(row.state)})


def _change(conn: Connection, fingerprint: str, what: str, values: dict[str, Any], *, by: str, at: datetime) -> None:
    conn.execute(update(exception_group).where(_OF.fingerprint == fingerprint).values(**values))
    said = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
    _audited(conn, fingerprint, what, by=by, at=at, detail=said)


def _audited(
    conn: Connection, fingerprint: str, what: str, *, by: str, at: datetime, detail: dict[str, object]
) -> None:
    audit.record(
        conn,
        at=at,
        actor=by,
        action=f"exception.{what}",
        subject="exception_group",
        subject_id=fingerprint,
        detail=detail,
    )


def _tell(conn: Connection, fingerprint: str, event: AlertEvent, *, at: datetime, code: str, reason: str) -> None:
    """Leave an alert, and one message of it for each channel."""
    id = new_id()
    row = {"id": id, "fingerprint": fingerprint, "event": event, "at": at, "code": code, "reason": storable(reason)}
    conn.execute(insert(alert), row)
    alerts.leave(conn, id)
