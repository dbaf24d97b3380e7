"""Nodes: each says every few seconds that it is alive, what it runs and what it leads; its end is kept for a while.

Signs of life are stamped and compared by the database's clock, so that no node is taken for dead because its own clock
or another's is wrong. A node's death blames no row: power cuts and kills hit innocent ones. A row that kills its worker
is blamed by the parent that survives it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, Update, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from gateway.model import NodeEnding
from gateway.store.crashes import GivenBack, give_back_node
from gateway.store.tables import node

DEAD_AFTER = timedelta(seconds=30)
SILENT_AFTER = timedelta(seconds=15)
"""Three signs of life are missing: shown as such, and nothing done yet."""
FORGOTTEN_AFTER = timedelta(days=7)

_NOW = func.clock_timestamp()
_IN_HAND = text("""
    SELECT split_part(claimed_by, '/', 1) AS node, count(*) AS rows, array_agg(DISTINCT lane ORDER BY lane) AS lanes
      FROM (SELECT claimed_by, lane FROM transmission
             WHERE claimed_by IS NOT NULL AND state IN ('working', 'sending')
             UNION ALL
            SELECT claimed_by, lane FROM delivery
             WHERE claimed_by IS NOT NULL AND state IN ('working', 'sending')) held
     GROUP BY 1
""")


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What a node says of itself.

    Attributes:
        name: the same after a restart, without a slash.
        roles: what it runs.
        version: of the program.
        schema: of the database, as far as the program knows it.
        workers: worker processes it keeps.
        vault: the mark of the folder in which it keeps large payloads.
    """

    name: str
    roles: tuple[str, ...] = ()
    version: str = ""
    schema: str = ""
    workers: int = 0
    vault: str | None = None


class NodeState(StrEnum):
    """How a node is."""

    ALIVE = "alive"
    SILENT = "silent"
    """It has missed some signs of life, and is not given up yet."""
    STOPPED = "stopped"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node, for people.

    Attributes:
        since: when it ended; None while it has not.
        leads: what only one node does at a time and this one does, as of its last sign of life.
        lanes: of which it has rows in hand.
        rows: that it has in hand.
    """

    name: str
    state: NodeState
    roles: list[str]
    version: str
    schema: str
    workers: int
    vault: str | None
    started_at: datetime
    heartbeat_at: datetime
    since: datetime | None
    leads: list[str]
    lanes: list[str]
    rows: int


def arrive(conn: Connection, facts: NodeFacts, *, now: datetime) -> GivenBack:
    """A node starts: whatever an earlier life of the same name left in hand goes back to its lanes.

    Raises:
        ValueError: the name has a slash; workers are named `node/worker`.
    """
    if "/" in facts.name or not facts.name:
        raise ValueError(f"node name {facts.name[:80]!r}: want a name without a slash")
    _tell(conn, facts, leads=(), arrives=True)
    return give_back_node(conn, facts.name, now=now, blame=False)


def beat(conn: Connection, facts: NodeFacts, *, leads: Collection[str] = ()) -> None:
    """The node is alive, whatever others took it for."""
    _tell(conn, facts, leads=leads, arrives=False)


def leave(conn: Connection, name: str, *, now: datetime) -> GivenBack:
    """The node ends in order; its workers' rows, if any are left, go back unblamed."""
    conn.execute(_ended(NodeEnding.STOPPED).where(node.c.name == name))
    return give_back_node(conn, name, now=now, blame=False)


def bury_dead(conn: Connection, *, now: datetime, older_than: timedelta = DEAD_AFTER) -> dict[str, GivenBack]:
    """Give back what nodes hold that have not been heard of for so long; by name of node."""
    silent = conn.execute(
        select(node.c.name)
        .where(node.c.ending.is_(None), node.c.heartbeat_at < _NOW - older_than)
        .with_for_update(skip_locked=True)
    )
    buried = {}
    for name in silent.scalars().all():
        buried[name] = give_back_node(conn, name, now=now, blame=False)
        conn.execute(_ended(NodeEnding.DEAD).where(node.c.name == name))
    return buried


def forget_ended(conn: Connection, *, older_than: timedelta = FORGOTTEN_AFTER) -> int:
    """Forget nodes that ended so long ago; how many."""
    return conn.execute(delete(node).where(node.c.ended_at < _NOW - older_than)).rowcount


def listed(conn: Connection) -> list[NodeView]:
    """Every node there is or was not long ago, those that have not ended first."""
    held = {row.node: row for row in conn.execute(_IN_HAND)}
    silent = (node.c.heartbeat_at < _NOW - SILENT_AFTER).label("silent")
    rows = conn.execute(select(node, silent).order_by(node.c.ended_at.desc().nulls_first(), node.c.name)).all()
    views = []
    for row in rows:
        mine = held.get(row.name)
        going = NodeState.SILENT if row.silent else NodeState.ALIVE
        views.append(
            NodeView(
                name=row.name,
                state=going if row.ending is None else NodeState(row.ending),
                roles=row.roles,
                version=row.version,
                schema=row.schema,
                workers=row.workers,
                vault=row.vault,
                started_at=row.started_at,
                heartbeat_at=row.heartbeat_at,
                since=row.ended_at,
                leads=row.leads if row.ending is None else [],
                lanes=[] if mine is None else mine.lanes,
                rows=0 if mine is None else mine.rows,
            )
        )
    return views


def schemas(conn: Connection) -> dict[str, str]:
    """The newest schema each node knows that has not ended; "" of one that does not say."""
    rows = conn.execute(select(node.c.name, node.c.schema).where(node.c.ending.is_(None)).order_by(node.c.name))
    return {row.name: row.schema for row in rows}


def lock_name(name: str) -> str:
    """The SessionLock that a node holds as long as it lives."""
    return f"node:{name}"


def _tell(conn: Connection, facts: NodeFacts, *, leads: Collection[str], arrives: bool) -> None:
    said = {
        "heartbeat_at": _NOW,
        "roles": list(facts.roles),
        "version": facts.version,
        "schema": facts.schema,
        "workers": facts.workers,
        "vault": facts.vault,
        "leads": sorted(leads),
        "ended_at": None,
        "ending": None,
    }
    row = insert(node).values(name=facts.name, started_at=_NOW, **said)
    kept = {**said, "started_at": _NOW} if arrives else said
    conn.execute(row.on_conflict_do_update(index_elements=["name"], set_=kept))


def _ended(ending: NodeEnding) -> Update:
    return update(node).values(ended_at=_NOW, ending=ending, leads=[])
