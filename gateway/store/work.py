"""Rows as work: claiming a lane's due rows in order, writing with a fence, and letting go again.

Inbound lanes (`in:...`) and send lanes (`send:...`) hold rows of `transmission`, outbound lanes (`out:...`) rows of
`delivery`. Whoever works a row holds its claim number; every claim and every taking back raises it, so the writes of a
worker that was overtaken are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Executable, select

from gateway.errors import Overtaken
from gateway.store import destinations, work_statements
from gateway.store.work_statements import KINDS, SENDING, WORKING, WorkTable


@dataclass(frozen=True, slots=True)
class Claim:
    """One row that is ours to work, as long as nobody has overtaken us.

    Attributes:
        table: where the row is kept.
        claim_no: the fence; every later write of ours carries it.
        attempts: how often it has been tried, this time included.
        crashes: how many workers it has brought down.
        state: where the row stood before the claim; `sending` asks for recovery: find out before sending again.
    """

    table: WorkTable
    id: UUID
    lane: str
    claim_no: int
    ordering_key: str | None
    seq: int
    attempts: int
    crashes: int
    state: str


def claim(conn: Connection, lane: str, *, worker: str, now: datetime, limit: int = 20) -> list[Claim]:
    """Take up to `limit` due rows of a lane, in order.

    A row whose ordering key has an earlier unfinished or held row is left, unless that row is in the same batch before
    it; a row without an ordering key waits for no other. Commit at once: the rows then belong to `worker`.
    """
    kind = work_statements.kind_of(lane)
    values = {"of_lane": lane, "worker": worker, "now": now, "batch_limit": limit}
    taken = conn.execute(work_statements.claiming(kind.name), values)
    claims = [Claim(kind.name, *row) for row in taken]
    return sorted(claims, key=lambda one: one.seq)


def guarded_update(conn: Connection, claim: Claim, **values: Any) -> None:
    """Write plain values to a claimed row, if it is still ours; any state but `working` and `sending` ends the claim.

    Raises:
        Overtaken: it was given to someone else, or we have let it go already; roll back and write nothing.
    """
    if values.get("state", WORKING) not in (WORKING, SENDING):
        values.setdefault("claimed_by", None)
    parameters = {f"to_{name}": value for name, value in values.items()}
    _write(conn, claim, work_statements.updating(claim.table, tuple(sorted(values))), parameters)


def confirm(conn: Connection, claim: Claim) -> None:
    """Lock a claimed row for the rest of the transaction, so that nobody can overtake us inside it.

    Raises:
        Overtaken: it was given to someone else.
    """
    if conn.execute(work_statements.confirming(claim.table), _fence(claim)).one_or_none() is None:
        raise _overtaken(claim)


def release(
    conn: Connection, claim: Claim, *, state: str, next_at: datetime | None = None, reason: str | None = None
) -> None:
    """Let a claimed row go in `state`; before `next_at` it is not due. `sending` may be released and claimed again.

    Raises:
        Overtaken: it was given to someone else.
    """
    guarded_update(conn, claim, state=state, next_at=next_at, reason=reason, claimed_by=None)


def postpone(conn: Connection, claim: Claim, *, next_at: datetime, reason: str) -> None:
    """The world was broken: try again at `next_at`. A row that had begun to send stays `sending`.

    Raises:
        Overtaken: it was given to someone else.
    """
    _write(conn, claim, work_statements.postponing(claim.table), {"at_next": next_at, "why": reason})


def put_back(conn: Connection, claims: Sequence[Claim]) -> None:
    """Return claims that were never begun to where they stood; those overtaken meanwhile are passed over."""
    for one in claims:
        conn.execute(work_statements.putting_back(one.table), _fence(one) | {"to_state": one.state})
    destinations.answer_lost(conn, {one.lane for one in claims})


def is_open(conn: Connection, claim: Claim) -> bool:
    """Whether a row still stands in the way of later ones of its ordering key."""
    kind = KINDS[claim.table]
    found = conn.execute(select(kind.rows.c.state).where(kind.rows.c.id == claim.id)).scalar_one_or_none()
    return found in kind.blocking


def still_held(conn: Connection, claims: Sequence[Claim]) -> list[Claim]:
    """Those of one batch's `claims` whose row is still in the hands of that very claim."""
    if not claims:
        return []
    rows = KINDS[claims[0].table].rows
    ids = [one.id for one in claims]
    held = conn.execute(select(rows.c.id, rows.c.claim_no).where(rows.c.id.in_(ids), rows.c.claimed_by.is_not(None)))
    numbers = {row.id: row.claim_no for row in held}
    return [one for one in claims if numbers.get(one.id) == one.claim_no]


def more_due(conn: Connection, lane: str, now: datetime) -> bool:
    """Whether a claim on the lane would find anything."""
    if destinations.is_paused(conn, lane, now=now):
        return False
    kind = work_statements.kind_of(lane)
    return conn.execute(work_statements.finding_due(kind.name), {"of_lane": lane, "now": now}).one_or_none() is not None


def due_lanes(conn: Connection, now: datetime) -> list[str]:
    """The lanes that have a row to be worked now. Costs by the number of lanes, not of rows."""
    closed = destinations.closed(conn, now=now)
    return [
        lane
        for table in WorkTable
        for lane in conn.execute(work_statements.finding_lanes(table), {"now": now}).scalars()
        if destinations.destination_of(lane) not in closed
    ]


def first_due(conn: Connection, lane: str, *, now: datetime) -> UUID | None:
    """The row a claim on this lane would begin with now."""
    statement = work_statements.finding_due(work_statements.kind_of(lane).name)
    found: UUID | None = conn.execute(statement, {"of_lane": lane, "now": now}).scalar_one_or_none()
    return found


def received_waiting(conn: Connection, *, up_to: int) -> int:
    """How many received transmissions wait for a worker, counted no further than `up_to`."""
    return conn.execute(work_statements.counting_received(), {"up_to": up_to}).scalar_one()


def _write(conn: Connection, claim: Claim, statement: Executable, parameters: dict[str, Any]) -> None:
    if conn.execute(statement, parameters | _fence(claim)).rowcount != 1:
        raise _overtaken(claim)


def _fence(claim: Claim) -> dict[str, Any]:
    return {"my_id": claim.id, "my_claim_no": claim.claim_no}


def _overtaken(claim: Claim) -> Overtaken:
    return Overtaken(f"{claim.table} {claim.id}: claim {claim.claim_no} has ended")
