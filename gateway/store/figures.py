"""Figures of the whole gateway, read from its rows: what waits, for how long, and what asks for a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, Connection, bindparam, func, select, text

from gateway.model import ExceptionState, ExpectedState
from gateway.store import alerts
from gateway.store.tables import exception, expected_acknowledgment, node
from gateway.store.work_statements import KINDS, SENDING, WORKING, Kind

PATIENCE = text("SET LOCAL statement_timeout = '2s'")


@dataclass(frozen=True, slots=True)
class Figures:
    """As of one moment.

    Args:
        unfinished: (table, state) -> rows that a worker has or waits for.
        oldest_seconds: table -> how long the row that has waited longest has been there.
        exceptions: open.
        overdue: acknowledgments that did not come in time.
        awaited: acknowledgments that are still in time.
        nodes: that say they are alive.
        alerts: that wait to be told, each channel's.
        channels_failing: that did not take the last alert they were told.
    """

    unfinished: dict[tuple[str, str], int] = field(default_factory=dict)
    oldest_seconds: dict[str, float] = field(default_factory=dict)
    exceptions: int = 0
    overdue: int = 0
    awaited: int = 0
    nodes: int = 0
    alerts: int = 0
    channels_failing: int = 0


def read(conn: Connection, *, at: datetime) -> Figures:
    """Read them. Whatever is slow is given up: a look must not be a burden.

    Raises:
        StoreUnavailable: the database is gone, or too slow.
    """
    conn.execute(PATIENCE)
    unfinished: dict[tuple[str, str], int] = {}
    oldest: dict[str, float] = {}
    for kind in KINDS.values():
        rows = kind.rows.c
        states = [*kind.claimable, *({WORKING, SENDING} - set(kind.claimable))]
        wanted: BindParameter[str] = bindparam(None, states, expanding=True, literal_execute=True)
        counted = conn.execute(select(rows.state, func.count()).where(rows.state.in_(wanted)).group_by(rows.state))
        found = {state: count for state, count in counted}  # noqa: C416 rows are not pairs to the type checker
        unfinished |= {(kind.name.value, state): found.get(state, 0) for state in states}
        began = conn.execute(select(func.min(_began(kind))).where(rows.state.in_(wanted))).scalar_one()
        oldest[kind.name.value] = 0.0 if began is None else max(0.0, (at - began).total_seconds())
    owed = expected_acknowledgment.c.state
    waiting = conn.execute(
        select(owed, func.count())
        .where(
            owed.in_(
                bindparam(None, [ExpectedState.WAITING, ExpectedState.OVERDUE], expanding=True, literal_execute=True)
            )
        )
        .group_by(owed)
    ).all()
    by_state = {row[0]: row[1] for row in waiting}
    channels = alerts.channels(conn)
    opened = select(func.count()).select_from(exception).where(exception.c.state == ExceptionState.OPEN)
    return Figures(
        unfinished=unfinished,
        oldest_seconds=oldest,
        exceptions=conn.execute(opened).scalar_one(),
        overdue=by_state.get(ExpectedState.OVERDUE, 0),
        awaited=by_state.get(ExpectedState.WAITING, 0),
        alerts=sum(one.waiting for one in channels),
        channels_failing=sum(one.failures > 0 for one in channels),
        nodes=conn.execute(select(func.count()).select_from(node).where(node.c.ending.is_(None))).scalar_one(),
    )


def _began(kind: Kind) -> ColumnElement[datetime]:
    """The column that says when a row was made."""
    columns = kind.rows.c
    return columns.created_at if "created_at" in columns else columns.received_at
