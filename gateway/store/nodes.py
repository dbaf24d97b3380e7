"""Nodes: each a parent of worker processes that says every few seconds that it is alive.

A node's death blames no row: power cuts and kills hit innocent ones. A row that kills its worker is blamed by the
parent that survives it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from gateway.store.crashes import GivenBack, give_back_node
from gateway.store.tables import node

DEAD_AFTER = timedelta(seconds=30)


def arrive(conn: Connection, name: str, *, now: datetime) -> GivenBack:
    """A node starts: whatever an earlier life of the same name left in hand goes back to its lanes.

    Raises:
        ValueError: the name has a slash; workers are named `node/worker`.
    """
    if "/" in name or not name:
        raise ValueError(f"node name {name[:80]!r}: want a name without a slash")
    row = insert(node).values(name=name, started_at=now, heartbeat_at=now)
    conn.execute(row.on_conflict_do_update(index_elements=["name"], set_={"started_at": now, "heartbeat_at": now}))
    return give_back_node(conn, name, now=now, blame=False)


def beat(conn: Connection, name: str, *, now: datetime) -> None:
    """The node is alive."""
    row = insert(node).values(name=name, started_at=now, heartbeat_at=now)
    conn.execute(row.on_conflict_do_update(index_elements=["name"], set_={"heartbeat_at": now}))


def leave(conn: Connection, name: str, *, now: datetime) -> GivenBack:
    """The node ends in order, or is known to be dead; its workers' rows, if any are left, go back unblamed."""
    conn.execute(delete(node).where(node.c.name == name))
    return give_back_node(conn, name, now=now, blame=False)


def bury_dead(conn: Connection, *, now: datetime, older_than: timedelta = DEAD_AFTER) -> dict[str, GivenBack]:
    """Give back what nodes hold that have not been heard of for so long, and forget them; by name of node."""
    silent = conn.execute(
        select(node.c.name).where(node.c.heartbeat_at < now - older_than).with_for_update(skip_locked=True)
    )
    buried = {}
    for name in silent.scalars().all():
        buried[name] = give_back_node(conn, name, now=now, blame=False)
        conn.execute(delete(node).where(node.c.name == name))
    return buried
