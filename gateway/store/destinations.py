"""Destinations in trouble: paused for all nodes at once, tried by one delivery after the pause, and held to a rate.

A destination without trouble has no row, or one without failures.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert

from gateway.store import audit
from gateway.store.tables import destination_state
from gateway.store.texts import storable
from gateway.store.work_statements import OUTBOUND

TRIED_WITHIN = timedelta(minutes=1)
"""So long the one delivery that tries a destination after a pause is waited for; its worker may have died."""

_OF = destination_state.c


@dataclass(frozen=True, slots=True)
class Trouble:
    """A destination that fails.

    Attributes:
        failures: on end, whosesoever.
        since: the first of them.
        paused_until: nothing is sent before; None while it is not paused.
        reason: of the last failure.
    """

    destination: str
    failures: int
    since: datetime
    paused_until: datetime | None
    reason: str


def destination_of(lane: str) -> str | None:
    """The destination whose lane this is; None for the lane of anything else."""
    if not lane.startswith(OUTBOUND):
        return None
    return lane.removeprefix(OUTBOUND).rpartition("#")[0]


def failed(conn: Connection, destination: str, *, at: datetime, reason: str) -> int:
    """Note one more failure on end; how many there are now."""
    row = {"destination": destination, "failures": 1, "since": at, "reason": storable(reason)}
    new = insert(destination_state).values(row)
    more = new.on_conflict_do_update(
        index_elements=[_OF.destination],
        set_={
            "failures": _OF.failures + 1,
            "since": func.coalesce(_OF.since, new.excluded.since),
            "tried_until": None,
            "reason": new.excluded.reason,
        },
    )
    failures: int = conn.execute(more.returning(_OF.failures)).scalar_one()
    return failures


def pause(conn: Connection, destination: str, *, until: datetime, at: datetime, reason: str) -> None:
    """Send nothing to it before `until`; a pause that is longer already stays. It is in trouble: see `failed`."""
    longer = _OF.paused_until.is_(None) | (_OF.paused_until < until)
    statement = update(destination_state).where(_OF.destination == destination, longer).values(paused_until=until)
    if conn.execute(statement).rowcount:
        detail = {"until": until.isoformat(), "reason": storable(reason)}
        _audited(conn, destination, "destination.paused", at=at, detail=detail)


def answered(conn: Connection, destination: str, *, at: datetime) -> None:
    """It took a document or refused one, so it is there: whatever trouble it was in is over."""
    was = (
        select(_OF.destination, _OF.paused_until)
        .where(_OF.destination == destination, _OF.failures > 0)
        .with_for_update()
        .cte("was")
    )
    over = (
        update(destination_state)
        .where(_OF.destination == was.c.destination)
        .values(failures=0, since=None, paused_until=None, tried_until=None, reason=None)
        .returning(was.c.paused_until)
    )
    found = conn.execute(over).one_or_none()
    if found is not None and found.paused_until is not None:
        _audited(conn, destination, "destination.resumed", at=at, detail={})


def is_paused(conn: Connection, lane: str, *, now: datetime) -> bool:
    """Whether nothing of this lane may be worked now, because of its destination."""
    destination = destination_of(lane)
    return destination is not None and destination in closed(conn, now=now)


def closed(conn: Connection, *, now: datetime) -> frozenset[str]:
    """The destinations to which nothing may be sent now: paused, or given all that their rate allows."""
    shut = (_OF.paused_until > now) | (_OF.tried_until > now) | ((_OF.rate_until > now) & (_OF.rate_left <= 0))
    return frozenset(conn.execute(select(_OF.destination).where(shut)).scalars())


def room(
    conn: Connection, destination: str, *, now: datetime, limit: int, rate: tuple[int, timedelta] | None = None
) -> int:
    """How many deliveries may be claimed now: none in a pause, one to try how it is after one, else up to `limit`.

    Where it is less than `limit`, or there is a rate, `taken` has to follow in the same transaction.

    Args:
        rate: so many in so much time.
    """
    if rate is not None:
        conn.execute(insert(destination_state).values(destination=destination, failures=0).on_conflict_do_nothing())
    rows = select(_OF.paused_until, _OF.tried_until, _OF.rate_until, _OF.rate_left)
    row = conn.execute(rows.where(_OF.destination == destination).with_for_update()).one_or_none()
    if row is None:
        return limit
    if row.paused_until is not None:
        is_shut = row.paused_until > now or (row.tried_until is not None and row.tried_until > now)
        limit = 0 if is_shut else 1
    if rate is not None:
        left = row.rate_left if row.rate_until is not None and row.rate_until > now else rate[0]
        limit = min(limit, max(left, 0))
    return limit


def taken(
    conn: Connection, destination: str, count: int, *, now: datetime, rate: tuple[int, timedelta] | None = None
) -> None:
    """So many were claimed: they use up the rate, and after a pause nothing more is sent before the first answer."""
    mine = _OF.destination == destination
    row = conn.execute(select(_OF.paused_until, _OF.rate_until, _OF.rate_left).where(mine)).one()
    values: dict[str, object] = {}
    if row.paused_until is not None:
        values["tried_until"] = now + TRIED_WITHIN
    if rate is not None:
        is_running = row.rate_until is not None and row.rate_until > now
        until, left = (row.rate_until, row.rate_left) if is_running else (now + rate[1], rate[0])
        values |= {"rate_until": until, "rate_left": left - count}
    if values:
        conn.execute(update(destination_state).where(mine).values(values))


def answer_lost(conn: Connection, lanes: Collection[str]) -> None:
    """Deliveries of these lanes were given back untried or unanswered: the next may try their destinations now."""
    names = {name for lane in lanes if (name := destination_of(lane)) is not None}
    if names:
        still = _OF.destination.in_(names) & _OF.tried_until.is_not(None)
        conn.execute(update(destination_state).where(still).values(tried_until=None))


def in_trouble(conn: Connection) -> list[Trouble]:
    """Every destination that failed and has not answered since."""
    rows = conn.execute(
        select(_OF.destination, _OF.failures, _OF.since, _OF.paused_until, _OF.reason)
        .where(_OF.failures > 0)
        .order_by(_OF.destination)
    )
    return [Trouble(*row) for row in rows]


def _audited(conn: Connection, destination: str, action: str, *, at: datetime, detail: dict[str, object]) -> None:
    audit.record(
        conn, at=at, actor="gateway", action=action, subject="destination", subject_id=destination, detail=detail
    )
