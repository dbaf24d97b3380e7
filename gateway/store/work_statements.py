"""The statements behind `work`: built once per table, so that a claim costs the database's time and not ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Executable,
    FromClause,
    Integer,
    Select,
    Table,
    Text,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    not_,
    select,
    true,
    update,
)

from gateway.model import DeliveryState, TransmissionState
from gateway.store.tables import delivery, transmission

INBOUND = "in:"
OUTBOUND = "out:"
SEND = "send:"
DISPATCH = "dispatch:"
WORKING = "working"
SENDING = "sending"
AWAITING = "awaiting"
RETRYING = "retrying"


class WorkTable(StrEnum):
    """Where a piece of work is kept."""

    TRANSMISSION = "transmission"
    DELIVERY = "delivery"


@dataclass(frozen=True, slots=True)
class Kind:
    """The states that matter to the work of one table.

    Attributes:
        rows: the table.
        waiting: where a row of a lane begins, by the beginning of the lane's name.
        claimable: waiting for a worker, now or at `next_at`; `sending` only when it is in nobody's hands. One that is
            `awaiting` a receipt which did not come is claimed as `sending`.
        blocking: unfinished or held: a later row of the same ordering key waits.
    """

    name: WorkTable
    rows: Table
    waiting: Mapping[str, str]
    claimable: tuple[str, ...]
    blocking: tuple[str, ...]

    def waiting_in(self, lane: str) -> str:
        """Where a row of this lane begins."""
        return self.waiting[lane[: lane.index(":") + 1]]


KINDS = {
    WorkTable.TRANSMISSION: Kind(
        WorkTable.TRANSMISSION,
        transmission,
        MappingProxyType({INBOUND: TransmissionState.RECEIVED.value, SEND: TransmissionState.QUEUED.value}),
        (
            TransmissionState.RECEIVED.value,
            TransmissionState.QUEUED.value,
            TransmissionState.RETRYING.value,
            TransmissionState.SENDING.value,
            TransmissionState.AWAITING.value,
        ),
        (
            TransmissionState.RECEIVED.value,
            TransmissionState.QUEUED.value,
            TransmissionState.WORKING.value,
            TransmissionState.SENDING.value,
            TransmissionState.RETRYING.value,  # a quarantined one does not: its key is a partner's whole flow
        ),
    ),
    WorkTable.DELIVERY: Kind(
        WorkTable.DELIVERY,
        delivery,
        MappingProxyType({OUTBOUND: DeliveryState.READY.value, DISPATCH: DeliveryState.READY.value}),
        (DeliveryState.READY.value, DeliveryState.RETRYING.value, DeliveryState.SENDING.value),
        (
            DeliveryState.STAGED.value,
            DeliveryState.READY.value,
            DeliveryState.WORKING.value,
            DeliveryState.SENDING.value,
            DeliveryState.RETRYING.value,
            DeliveryState.REJECTED.value,
            DeliveryState.UNCERTAIN.value,
            DeliveryState.QUARANTINED.value,
        ),
    ),
}

_LANE = bindparam("of_lane", type_=Text)
_NOW = bindparam("now", type_=DateTime(timezone=True))
_WORKER = bindparam("worker", type_=Text)
_LIMIT = bindparam("batch_limit", type_=Integer)


def kind_of(lane: str) -> Kind:
    """What the rows of a lane are.

    Raises:
        ValueError: the name is not that of a lane.
    """
    if lane.startswith((INBOUND, SEND)):
        return KINDS[WorkTable.TRANSMISSION]
    if lane.startswith((OUTBOUND, DISPATCH)):
        return KINDS[WorkTable.DELIVERY]
    known = f"{INBOUND}, {SEND}, {OUTBOUND} or {DISPATCH}"
    raise ValueError(f"lane {lane[:80]!r}: want a name that begins with {known}")


@cache
def claiming(table: WorkTable) -> Executable:
    """Take a batch: parameters of_lane, worker, now, batch_limit; rows as `Claim` wants them after its table."""
    kind = KINDS[table]
    rows = kind.rows
    batch = (
        select(rows.c.id, rows.c.lane, rows.c.ordering_key, rows.c.seq, rows.c.state)
        .where(rows.c.lane == _LANE, _due(kind, rows), not_(_waits(kind, rows)))
        .order_by(rows.c.seq)
        .limit(_LIMIT)
        .with_for_update(skip_locked=True)
        .cte("batch")
    )
    # A row passed over because someone else had it locked still blocks its key, as does one claimed in between.
    earlier = rows.alias("passed_over")
    overlooked = exists().where(
        earlier.c.lane == batch.c.lane,
        earlier.c.ordering_key.is_not(None),
        earlier.c.ordering_key == batch.c.ordering_key,
        earlier.c.seq < batch.c.seq,
        _state_in(earlier, kind.blocking),
        earlier.c.id.not_in(select(batch.c.id)),
    )
    free = select(batch.c.id, batch.c.state).where(not_(overlooked)).cte("free")
    return (
        update(rows)
        .where(rows.c.id == free.c.id)
        .values(
            state=case((rows.c.state.in_((SENDING, AWAITING)), SENDING), else_=WORKING),
            claim_no=rows.c.claim_no + 1,
            attempts=rows.c.attempts + 1,
            claimed_by=_WORKER,
        )
        .returning(
            rows.c.id,
            rows.c.lane,
            rows.c.claim_no,
            rows.c.ordering_key,
            rows.c.seq,
            rows.c.attempts,
            rows.c.crashes,
            free.c.state.label("state_before"),
        )
    )


@cache
def updating(table: WorkTable, columns: tuple[str, ...]) -> Executable:
    """Write some columns of a claimed row: parameters of `mine`, and `to_...` for each column."""
    return update(KINDS[table].rows).where(mine(table)).values({name: bindparam(f"to_{name}") for name in columns})


@cache
def postponing(table: WorkTable) -> Executable:
    """Let a claimed row go until `at_next`, for `why`; one that had begun to send stays `sending`."""
    rows = KINDS[table].rows
    state = case((rows.c.state == SENDING, SENDING), else_=RETRYING)
    values: dict[str, Any] = {
        "state": state,
        "next_at": bindparam("at_next"),
        "reason": bindparam("why"),
        "claimed_by": None,
    }
    return update(rows).where(mine(table)).values(values)


@cache
def putting_back(table: WorkTable) -> Executable:
    """Let a claimed row go that was never begun: parameters of `mine`, and `to_state`."""
    rows = KINDS[table].rows
    values: dict[str, Any] = {
        "state": bindparam("to_state"),
        "claimed_by": None,
        "attempts": rows.c.attempts - 1,
    }
    return update(rows).where(mine(table)).values(values)


@cache
def confirming(table: WorkTable) -> Executable:
    """Lock a claimed row: parameters of `mine`."""
    return select(KINDS[table].rows.c.id).where(mine(table)).with_for_update()


def mine(table: WorkTable) -> ColumnElement[bool]:
    """The fence: parameters my_id, my_claim_no. A row that was let go has no holder: so nothing is written after it."""
    rows = KINDS[table].rows
    ours = (rows.c.id == bindparam("my_id")) & (rows.c.claim_no == bindparam("my_claim_no"))
    return ours & rows.c.claimed_by.is_not(None)


@cache
def finding_due(table: WorkTable) -> Select[Any]:
    """One row that a claim would take, if there is any: parameters of_lane, now."""
    kind = KINDS[table]
    rows = kind.rows
    return _first_due(kind, rows, _LANE)


@cache
def counting_received() -> Select[int]:
    """How many received transmissions wait: through the index of what is due. Parameter: up_to."""
    columns = transmission.c
    some = (
        select(columns.id)
        .where(
            columns.lane.startswith(INBOUND),
            columns.state.in_(
                bindparam(None, (TransmissionState.RECEIVED.value,), literal_execute=True, expanding=True)
            ),
        )
        .limit(bindparam("up_to", type_=Integer))
    )
    return select(func.count()).select_from(some.subquery())


@cache
def finding_lanes(table: WorkTable) -> Select[str]:
    """The lanes with a row that a claim would take: from name to name through the index. Parameter: now."""
    kind = KINDS[table]
    rows = kind.rows
    lanes = (
        select(func.min(rows.c.lane).label("lane")).where(_state_in(rows, kind.claimable)).cte("lanes", recursive=True)
    )
    after = rows.alias("after")
    following = select(func.min(after.c.lane)).where(after.c.lane > lanes.c.lane, _state_in(after, kind.claimable))
    lanes = lanes.union_all(select(following.scalar_subquery()).where(lanes.c.lane.is_not(None)))
    found = _first_due(kind, rows.alias("found"), lanes.c.lane).lateral()
    return select(lanes.c.lane).join(found, true()).where(lanes.c.lane.is_not(None))


def _first_due(kind: Kind, rows: FromClause, lane: ColumnElement[str]) -> Select[Any]:
    """The row a claim on the lane would begin with; ordered and limited, so that it is one look into the index."""
    due = select(rows.c.id).where(rows.c.lane == lane, _due(kind, rows), not_(_waits(kind, rows)))
    return due.order_by(rows.c.seq).limit(1)


def _due(kind: Kind, rows: FromClause) -> ColumnElement[bool]:
    """Waiting, in nobody's hands, and its time has come; written so that the index `..._due` answers it."""
    at = func.coalesce(rows.c.next_at, literal_column("'-infinity'::timestamptz"))
    return _state_in(rows, kind.claimable) & rows.c.claimed_by.is_(None) & (at <= _NOW)


def _waits(kind: Kind, rows: FromClause) -> ColumnElement[bool]:
    """An earlier row of the same key is unfinished or held, and is not itself due.

    An earlier due row does not count: being earlier it is in the same batch, or waits for a third that makes both wait.
    """
    earlier = kind.rows.alias("earlier")
    return exists().where(
        earlier.c.lane == rows.c.lane,
        earlier.c.ordering_key.is_not(None),
        earlier.c.ordering_key == rows.c.ordering_key,
        earlier.c.seq < rows.c.seq,
        _state_in(earlier, kind.blocking),
        not_(_due(kind, earlier)),
    )


def _state_in(rows: FromClause, states: Sequence[str]) -> ColumnElement[bool]:
    """Literal words, not parameters: only so can the planner see that a partial index fits."""
    return rows.c.state.in_(bindparam(None, states, expanding=True, literal_execute=True))
