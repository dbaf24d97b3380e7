"""Alerts on their way out: one message for each channel, written with the alert, ended when the channel took it.

A message is told again when its sender dies before it could note that it was told: at least once, under an id that does
not change, by which a receiver knows it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as insert_new

from gateway.model import AlertEvent, AlertState
from gateway.store import audit
from gateway.store.tables import alert, alert_channel, alert_message, exception_group
from gateway.store.texts import storable

FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=5)
FORGOTTEN_AT_ONCE = 1000
REFUSALS = 10
"""So often a channel that works may refuse one message; then the others go on."""

_CHANNEL, _MESSAGE = alert_channel.c, alert_message.c


@dataclass(frozen=True, slots=True)
class Message:
    """One alert for one channel.

    Attributes:
        id: of the alert: the same however often it is told, and on every channel.
        fingerprint: of the group of exceptions.
        owner: whose matter it is now, if anybody's.
    """

    seq: int
    channel: str
    id: UUID
    event: AlertEvent
    fingerprint: str
    code: str
    reason: str
    at: datetime
    owner: str | None


@dataclass(frozen=True, slots=True)
class ChannelState:
    """How one channel is.

    Attributes:
        waiting: messages that are still to be told.
        failures: on end; 0: it takes what it is told.
        reason: of the last failure.
    """

    name: str
    waiting: int
    failures: int
    next_at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """One alert on one channel, for people.

    Attributes:
        id: of the alert.
        at: when it was written.
        state: how far it is on this channel.
        refusals: how often the channel refused this one.
        ended_at: when it was told or given up.
    """

    id: UUID
    at: datetime
    channel: str
    event: AlertEvent
    code: str
    reason: str
    fingerprint: str
    state: AlertState
    refusals: int
    ended_at: datetime | None


def keep_channels(conn: Connection, names: Collection[str], *, at: datetime) -> int:
    """These are the channels from now on; what waits for one that is gone is given up: how many messages."""
    rows = [{"name": name, "since": at, "failures": 0} for name in sorted(names)]
    if rows:
        conn.execute(insert_new(alert_channel).values(rows).on_conflict_do_nothing())
    conn.execute(delete(alert_channel).where(_CHANNEL.name.not_in(names)))
    return conn.execute(
        update(alert_message)
        .where(_MESSAGE.channel.not_in(names), _MESSAGE.state == AlertState.WAITING)
        .values(state=AlertState.GIVEN_UP, ended_at=at)
    ).rowcount


def leave(conn: Connection, alert_id: UUID) -> None:
    """Leave a message of this alert for each channel, in the transaction that wrote the alert."""
    each = select(literal(alert_id), _CHANNEL.name, literal(AlertState.WAITING.value), literal(0))
    conn.execute(insert(alert_message).from_select(["alert_id", "channel", "state", "refusals"], each))


def next_of(conn: Connection, channel: str, *, now: datetime) -> Message | None:
    """The oldest message a channel is to be told; None where there is none, or the channel waits after a failure."""
    # A wait that is longer than any is one of a clock that was turned back since.
    is_open = _CHANNEL.next_at.is_(None) | (_CHANNEL.next_at <= now) | (_CHANNEL.next_at > now + LONGEST_WAIT)
    row = conn.execute(
        select(
            _MESSAGE.seq,
            _MESSAGE.channel,
            alert.c.id,
            alert.c.event,
            alert.c.fingerprint,
            alert.c.code,
            alert.c.reason,
            alert.c.at,
            exception_group.c.owner,
        )
        .select_from(alert_message)
        .join(alert, alert.c.id == _MESSAGE.alert_id)
        .join(exception_group, exception_group.c.fingerprint == alert.c.fingerprint)
        .join(alert_channel, _CHANNEL.name == _MESSAGE.channel)
        .where(_MESSAGE.channel == channel, _MESSAGE.state == AlertState.WAITING, is_open)
        .order_by(_MESSAGE.seq)
        .limit(1)
    ).one_or_none()
    return None if row is None else Message(**{**row._mapping, "event": AlertEvent(row.event)})


def told(conn: Connection, message: Message, *, at: datetime) -> None:
    """The channel took it."""
    _end(conn, message, AlertState.TOLD, at=at)
    conn.execute(
        update(alert_channel)
        .where(_CHANNEL.name == message.channel, _CHANNEL.failures > 0)
        .values(failures=0, next_at=None, reason=None)
    )


def not_told(conn: Connection, message: Message, *, at: datetime, reason: str, refused: bool) -> bool:
    """The channel did not take it: it is tried again later, each time twice as late; whether it was given up.

    Args:
        reason: for people.
        refused: it was reached, and this message is what it does not take.
    """
    failures = conn.execute(
        update(alert_channel)
        .where(_CHANNEL.name == message.channel)
        .values(failures=_CHANNEL.failures + 1, reason=storable(reason))
        .returning(_CHANNEL.failures)
    ).scalar_one_or_none()
    if failures is None:  # gone from the settings meanwhile, and its messages with it
        return True
    if refused:
        refusals = conn.execute(
            update(alert_message)
            .where(_MESSAGE.seq == message.seq)
            .values(refusals=_MESSAGE.refusals + 1)
            .returning(_MESSAGE.refusals)
        ).scalar_one()
        if refusals >= REFUSALS:
            _end(conn, message, AlertState.GIVEN_UP, at=at)
            conn.execute(update(alert_channel).where(_CHANNEL.name == message.channel).values(failures=0, next_at=None))
            return True
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(failures - 1, 16))
    conn.execute(update(alert_channel).where(_CHANNEL.name == message.channel).values(next_at=at + wait))
    return False


def channels(conn: Connection) -> list[ChannelState]:
    """How every channel is."""
    waiting = (
        select(func.count())
        .where(_MESSAGE.channel == _CHANNEL.name, _MESSAGE.state == AlertState.WAITING)
        .scalar_subquery()
    )
    rows = select(_CHANNEL.name, waiting, _CHANNEL.failures, _CHANNEL.next_at, _CHANNEL.reason)
    return [ChannelState(*row) for row in conn.execute(rows.order_by(_CHANNEL.name))]


def listed(
    conn: Connection, *, states: Collection[AlertState], channel: str | None = None, most: int = 100
) -> list[Told]:
    """Messages in these states, of all channels or one, the newest first."""
    columns = (
        alert.c.id,
        alert.c.at,
        _MESSAGE.channel,
        alert.c.event,
        alert.c.code,
        alert.c.reason,
        alert.c.fingerprint,
        _MESSAGE.state,
        _MESSAGE.refusals,
        _MESSAGE.ended_at,
    )
    wanted = select(*columns).join(alert_message, _MESSAGE.alert_id == alert.c.id).where(_MESSAGE.state.in_(states))
    if channel is not None:
        wanted = wanted.where(_MESSAGE.channel == channel)
    rows = conn.execute(wanted.order_by(_MESSAGE.seq.desc()).limit(most))
    return [Told(**{**row._mapping, "event": AlertEvent(row.event), "state": AlertState(row.state)}) for row in rows]


def retry(conn: Connection, *, channel: str | None, by: str, at: datetime) -> int:
    """Tell what was given up once more, and what waits at once, on all channels or one; audited. How many wait then."""
    chosen = select(_CHANNEL.name) if channel is None else select(_CHANNEL.name).where(_CHANNEL.name == channel)
    names = list(conn.execute(chosen.order_by(_CHANNEL.name)).scalars())
    revived = conn.execute(
        update(alert_message)
        .where(_MESSAGE.channel.in_(names), _MESSAGE.state == AlertState.GIVEN_UP)
        .values(state=AlertState.WAITING, refusals=0, ended_at=None)
    ).rowcount
    conn.execute(update(alert_channel).where(_CHANNEL.name.in_(names)).values(next_at=None))
    waiting = sum(one.waiting for one in channels(conn) if one.name in names)
    audit.record(
        conn,
        at=at,
        actor=by,
        action="alerts.retried",
        subject="alerts",
        subject_id=channel or "all",
        detail={"channels": names, "given_up_before": revived, "waiting": waiting},
    )
    return waiting


def forget(conn: Connection, *, before: datetime) -> int:
    """Forget alerts from before then that wait on no channel, with their messages; how many alerts.

    What they were about stands in the exceptions and in the audit log.
    """
    waits = select(_MESSAGE.seq).where(_MESSAGE.alert_id == alert.c.id, _MESSAGE.state == AlertState.WAITING)
    old = list(
        conn.execute(select(alert.c.id).where(alert.c.at < before, ~waits.exists()).limit(FORGOTTEN_AT_ONCE)).scalars()
    )
    conn.execute(delete(alert_message).where(_MESSAGE.alert_id.in_(old)))
    return conn.execute(delete(alert).where(alert.c.id.in_(old))).rowcount


def _end(conn: Connection, message: Message, state: AlertState, *, at: datetime) -> None:
    conn.execute(
        update(alert_message)
        .where(_MESSAGE.seq == message.seq, _MESSAGE.state == AlertState.WAITING)
        .values(state=state, ended_at=at)
    )
