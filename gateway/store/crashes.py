"""What becomes of rows whose worker is gone, and of a row that brings its workers down.

A worker holds a batch but works its rows one after the other, so of a dead worker's rows the first is the one that was
in its hands; only that one is blamed. The third crash puts a row into quarantine and opens an exception.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, func, null, select, text, update

from gateway.model import AttemptOutcome
from gateway.ports import new_id
from gateway.store import audit, deliveries, destinations, exceptions
from gateway.store.work import Claim, confirm, guarded_update
from gateway.store.work_statements import KINDS, RETRYING, SENDING, WORKING, Kind, WorkTable

POISON = "work.poison"
QUARANTINED = "quarantined"
RESTS_AFTER_CRASHES = (timedelta(seconds=1), timedelta(seconds=10))
"""A row that brought a worker down lets the others of its lane go first; the second time so long that after the third
another worker stands ready again, and the lane goes on at once."""
CRASHES_TO_QUARANTINE = len(RESTS_AFTER_CRASHES) + 1

_WAIT_BRIEFLY = text("SET LOCAL lock_timeout = '2s'")


@dataclass(frozen=True, slots=True)
class Crash:
    """A row that was in the hands of a worker when it went down."""

    table: WorkTable
    id: UUID
    lane: str
    crashes: int
    quarantined: bool


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What a dead worker had in hand: the lanes to be woken, and the rows that were blamed."""

    lanes: tuple[str, ...]
    crashes: tuple[Crash, ...]


def give_back(conn: Connection, worker: str, *, now: datetime, blame: bool = True) -> GivenBack:
    """Return the rows of a worker that is gone to their lanes.

    Rows in `sending` stay so and can be claimed again: the next worker finds out before it sends.

    Args:
        conn: an open transaction.
        worker: its name, as in `claim`.
        now: the moment, aware.
        blame: whether it crashed; False when it ended in order or only lost the store.

    Raises:
        StoreUnavailable: a transaction of the dead still stands in the way; to be tried again.
    """
    return _give_back(conn, lambda kind: kind.rows.c.claimed_by == worker, now=now, blame=blame)


def give_back_node(conn: Connection, node: str, *, now: datetime, blame: bool = True) -> GivenBack:
    """The same for all workers of a node; their names begin with `node/`."""
    prefix = f"{node}/"
    return _give_back(conn, lambda kind: func.starts_with(kind.rows.c.claimed_by, prefix), now=now, blame=blame)


def record_fault(conn: Connection, claim: Claim, *, worker: str, now: datetime, reason: str) -> Crash:
    """A row at which our own code failed: as with a crash, tried again twice, then quarantined.

    Raises:
        Overtaken: it was given to someone else.
    """
    kind = KINDS[claim.table]
    confirm(conn, claim)
    row = conn.execute(_held(kind, kind.rows.c.id == claim.id)).one()
    state, values, crash = _blamed(kind, row, now=now)
    guarded_update(conn, claim, **{**values, "state": state, "reason": reason})
    _tell(conn, crash, row, worker=worker, now=now, reason=reason)
    return crash


def _give_back(conn: Connection, whose: Any, *, now: datetime, blame: bool) -> GivenBack:
    # A worker that was stopped inside a transaction keeps its row locked until the server ends that: who gives back
    # has more to do than wait for it, and comes again.
    conn.execute(_WAIT_BRIEFLY)
    lanes: set[str] = set()
    crashes: list[Crash] = []
    for kind in KINDS.values():
        blamed: set[str] = set()
        for row in _locked(conn, kind, whose(kind)):
            lanes.add(row.lane)
            first = blame and row.claimed_by not in blamed
            blamed.add(row.claimed_by)
            if first:
                state, values, crash = _blamed(kind, row, now=now)
                crashes.append(crash)
            else:
                state, values = _stays(kind, row), {"attempts": row.attempts - 1}
            conn.execute(
                update(kind.rows)
                .where(kind.rows.c.id == row.id)
                .values(state=state, claimed_by=None, claim_no=row.claim_no + 1, **values)
            )
            if first:
                reason = f"worker {row.claimed_by} went down with it"
                _tell(conn, crash, row, worker=row.claimed_by, now=now, reason=reason)
    destinations.answer_lost(conn, lanes)
    return GivenBack(tuple(sorted(lanes)), tuple(crashes))


def _held(kind: Kind, which: ColumnElement[bool]) -> Any:
    columns = kind.rows.c
    return (
        select(
            columns.id,
            columns.lane,
            columns.state,
            columns.claimed_by,
            columns.claim_no,
            columns.attempts,
            columns.crashes,
            (columns.document_id if "document_id" in columns else null()).label("document_id"),
        )
        .where(which, columns.state.in_((WORKING, SENDING)))
        .order_by(columns.seq)
    )


def _locked(conn: Connection, kind: Kind, which: ColumnElement[bool]) -> Sequence[Row[Any]]:
    return conn.execute(_held(kind, which).with_for_update()).all()


def _stays(kind: Kind, row: Row[Any]) -> str:
    return SENDING if row.state == SENDING else kind.waiting_in(row.lane)


def _waits_again(row: Row[Any]) -> str:
    return SENDING if row.state == SENDING else RETRYING


def _blamed(kind: Kind, row: Row[Any], *, now: datetime) -> tuple[str, dict[str, Any], Crash]:
    """The new state, what else is written, and the crash as it is told."""
    crashes = row.crashes + 1
    quarantined = crashes >= CRASHES_TO_QUARANTINE
    state = QUARANTINED if quarantined else _waits_again(row)
    values: dict[str, Any] = {"crashes": crashes}
    if quarantined:
        values |= {"next_at": None, "reason": f"{crashes} workers failed at it"}
    else:
        values["next_at"] = now + RESTS_AFTER_CRASHES[crashes - 1]
    return state, values, Crash(kind.name, row.id, row.lane, crashes, quarantined)


def _tell(conn: Connection, crash: Crash, row: Row[Any], *, worker: str, now: datetime, reason: str) -> None:
    """History, audit and, at the last crash, the exception."""
    is_delivery = crash.table is WorkTable.DELIVERY
    named = {"delivery_id": crash.id} if is_delivery else {"transmission_id": crash.id}
    deliveries.add_attempt(
        conn,
        id=new_id(),
        **named,
        number=row.attempts,
        worker=worker,
        outcome=AttemptOutcome.CRASHED,
        detail=reason,
        started_at=now,  # the start died with the worker; the end is when it was noticed
        ended_at=now,
    )
    audit.record(
        conn,
        at=now,
        actor=worker,
        action="work.quarantined" if crash.quarantined else "work.crashed",
        subject=crash.table.value,
        subject_id=str(crash.id),
        detail={"lane": crash.lane, "crashes": crash.crashes, "reason": reason},
    )
    if crash.quarantined:
        exceptions.open_exception(
            conn,
            id=new_id(),
            at=now,
            code=POISON,
            reason=f"{crash.crashes} workers failed at it; the last: {reason}",
            group=exceptions.fingerprint(crash.lane, POISON),
            document_id=row.document_id,
            delivery_id=named.get("delivery_id"),
            transmission_id=named.get("transmission_id"),
        )
