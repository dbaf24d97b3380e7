"""States of the gateway that are exceptions as long as they last: opened when they begin, resolved when they end."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from gateway.model import Direction, Environment, ExceptionState
from gateway.ports import new_id
from gateway.store import exception_groups, exceptions
from gateway.store.tables import exception, exception_group, interchange, transmission

BY = "gateway"


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that is not as it should be, and lasts.

    Attributes:
        about: what it is about; with its code it is the group.
        reason: for people.
        since: when it began: what a person resolved after that is not opened again. None: nobody knows, it always is.
    """

    about: tuple[str, ...]
    reason: str
    since: datetime | None = None


def settle(
    conn: Connection, code: str, found: Sequence[Matter], *, at: datetime, still: Collection[tuple[str, ...]] = ()
) -> None:
    """Open what was found of this code and is not open yet; resolve what is open and was not found.

    Args:
        found: everything of this code that lasts now.
        still: left as it is, open or not.
    """
    for matter in found:
        begin(conn, code, matter, at=at)
    kept = {exceptions.fingerprint(code, *about) for about in (*(matter.about for matter in found), *still)}
    groups = exception_group.c
    opened = select(groups.fingerprint).where(groups.code == code, groups.state == ExceptionState.OPEN)
    for group in list(conn.execute(opened).scalars()):
        if group not in kept:
            _end(conn, group, at=at)


def begin(conn: Connection, code: str, matter: Matter, *, at: datetime) -> None:
    """Open one, unless it is open or was told since it began."""
    group = exceptions.fingerprint(code, *matter.about)
    columns = exception.c
    known = columns.state == ExceptionState.OPEN
    if matter.since is not None:
        known |= columns.opened_at >= matter.since
    if conn.execute(select(columns.id).where(columns.fingerprint == group, known).limit(1)).first() is None:
        exceptions.open_exception(conn, id=new_id(), at=at, code=code, reason=matter.reason, group=group)


def end(conn: Connection, code: str, about: tuple[str, ...], *, at: datetime) -> None:
    """It is over: resolve it, if it is open."""
    _end(conn, exceptions.fingerprint(code, *about), at=at)


def last_received(conn: Connection, partner: str) -> datetime | None:
    """When the last live file of a partner came; None where none ever did."""
    columns = transmission.c
    test = select(interchange.c.id).where(interchange.c.transmission_id == columns.id, interchange.c.usage == "T")
    newest = (
        select(columns.received_at)
        .where(
            columns.direction == Direction.IN,
            columns.partner == partner,
            columns.environment == Environment.LIVE,
            ~test.exists(),
        )
        .order_by(columns.received_at.desc())
        .limit(1)
    )
    found: datetime | None = conn.execute(newest).scalar_one_or_none()
    return found


def _end(conn: Connection, group: str, *, at: datetime) -> None:
    for id in exception_groups.open_members(conn, group):
        exceptions.resolve(conn, id, by=BY, at=at)
