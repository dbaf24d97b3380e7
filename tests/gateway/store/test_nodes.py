"""Nodes as the store knows them: their signs of life, their end, and what they have in hand."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from gateway.errors import StoreUnavailable
from gateway.store import nodes, work
from gateway.store.engine import Store
from gateway.store.nodes import DEAD_AFTER, FORGOTTEN_AFTER, SILENT_AFTER, NodeFacts, NodeState, NodeView
from gateway.store.tables import node
from gateway.store.vault_marks import has_mark, leave_mark
from tests.gateway.work_rows import START, add_deliveries, add_transmission, row_of

MOMENT = timedelta(seconds=1)


def silent_for(store: Store, name: str, span: timedelta) -> None:
    with store.begin() as conn:
        conn.execute(update(node).where(node.c.name == name).values(heartbeat_at=node.c.heartbeat_at - span))


def arrive(store: Store, *names: str) -> None:
    with store.begin() as conn:
        for name in names:
            nodes.arrive(conn, NodeFacts(name), now=START)


def seen(store: Store) -> dict[str, NodeView]:
    with store.begin() as conn:
        return {one.name: one for one in nodes.listed(conn)}


def test_a_node_name_has_no_slash(store: Store) -> None:
    with store.begin() as conn, pytest.raises(ValueError, match="slash"):
        nodes.arrive(conn, NodeFacts("a/b"), now=START)


def test_a_node_is_listed_with_what_it_says_and_has_in_hand(fresh_store: Store) -> None:
    add_deliveries(fresh_store, "out:erp#0", 2)
    add_transmission(fresh_store, "in:acme")
    with fresh_store.begin() as conn:
        facts = NodeFacts("one", ("sftp", "worker"), "1.2", "0020", 3, "mark")
        nodes.arrive(conn, facts, now=START)
        nodes.beat(conn, facts, leads=["sweep", "schedules"])
        nodes.arrive(conn, NodeFacts("one2"), now=START)
        work.claim(conn, "out:erp#0", worker="one/a", now=START)
        work.claim(conn, "in:acme", worker="one/b", now=START)
    found = seen(fresh_store)
    one = found["one"]
    assert (one.state, one.roles, one.version, one.schema, one.workers, one.vault) == (
        NodeState.ALIVE,
        ["sftp", "worker"],
        "1.2",
        "0020",
        3,
        "mark",
    )
    assert (one.leads, one.lanes, one.rows, one.since) == (["schedules", "sweep"], ["in:acme", "out:erp#0"], 3, None)
    assert (found["one2"].rows, found["one2"].leads) == (0, [])


def test_a_node_is_silent_before_it_is_dead(fresh_store: Store) -> None:
    arrive(fresh_store, "late")
    silent_for(fresh_store, "late", SILENT_AFTER - MOMENT)
    assert seen(fresh_store)["late"].state is NodeState.ALIVE
    silent_for(fresh_store, "late", 2 * MOMENT)
    assert seen(fresh_store)["late"].state is NodeState.SILENT
    with fresh_store.begin() as conn:
        assert nodes.bury_dead(conn, now=START) == {}


def test_only_a_node_silent_for_thirty_seconds_is_buried_and_gives_back_what_it_has(fresh_store: Store) -> None:
    (row,) = add_deliveries(fresh_store, "out:erp#1", 1)
    arrive(fresh_store, "alive", "silent")
    with fresh_store.begin() as conn:
        work.claim(conn, "out:erp#1", worker="silent/a", now=START)
    silent_for(fresh_store, "silent", DEAD_AFTER + MOMENT)
    silent_for(fresh_store, "alive", DEAD_AFTER - 2 * MOMENT)
    with fresh_store.begin() as conn:
        buried = nodes.bury_dead(conn, now=START)
    assert {name: given.lanes for name, given in buried.items()} == {"silent": ("out:erp#1",)}
    assert (row_of(fresh_store, row).state, row_of(fresh_store, row).crashes) == ("ready", 0)
    found = seen(fresh_store)
    assert found["silent"].state is NodeState.DEAD
    assert found["silent"].since is not None
    assert found["silent"].rows == 0
    assert found["alive"].since is None
    with fresh_store.begin() as conn:
        assert nodes.bury_dead(conn, now=START) == {}  # the dead are not buried twice


def test_a_wrong_clock_of_a_node_kills_nobody(fresh_store: Store) -> None:
    arrive(fresh_store, "right")
    with fresh_store.begin() as conn:
        assert nodes.bury_dead(conn, now=START + timedelta(days=365 * 30)) == {}
        assert nodes.bury_dead(conn, now=START - timedelta(days=365 * 30)) == {}


def test_a_node_that_was_taken_for_dead_and_speaks_again_is_alive(fresh_store: Store) -> None:
    arrive(fresh_store, "sleeper")
    silent_for(fresh_store, "sleeper", DEAD_AFTER + MOMENT)
    with fresh_store.begin() as conn:
        nodes.bury_dead(conn, now=START)
    began = seen(fresh_store)["sleeper"].started_at
    with fresh_store.begin() as conn:
        nodes.beat(conn, NodeFacts("sleeper"))
    found = seen(fresh_store)["sleeper"]
    assert (found.state, found.since, found.started_at) == (NodeState.ALIVE, None, began)


def test_a_node_that_left_is_stopped_until_it_comes_again(fresh_store: Store) -> None:
    arrive(fresh_store, "guest", "other")
    with fresh_store.begin() as conn:
        nodes.beat(conn, NodeFacts("guest"), leads=["sweep"])
        nodes.leave(conn, "guest", now=START)
    gone = seen(fresh_store)["guest"]
    assert (gone.state, gone.leads) == (NodeState.STOPPED, [])
    assert list(seen(fresh_store)) == ["other", "guest"]
    arrive(fresh_store, "guest")
    back = seen(fresh_store)["guest"]
    assert (back.state, back.since) == (NodeState.ALIVE, None)
    assert back.started_at > gone.started_at


def test_ended_nodes_are_forgotten_after_a_week(fresh_store: Store) -> None:
    arrive(fresh_store, "alive", "lately", "long-ago")
    with fresh_store.begin() as conn:
        for name in ("lately", "long-ago"):
            nodes.leave(conn, name, now=START)
        conn.execute(
            update(node).where(node.c.name == "long-ago").values(ended_at=node.c.ended_at - FORGOTTEN_AFTER - MOMENT)
        )
        silent = update(node).where(node.c.name == "alive")
        conn.execute(silent.values(heartbeat_at=node.c.heartbeat_at - 2 * FORGOTTEN_AFTER))
        assert nodes.forget_ended(conn) == 1
        assert conn.execute(select(node.c.name).order_by(node.c.name)).scalars().all() == ["alive", "lately"]


def test_a_mark_in_the_vault_tells_the_same_folder_from_another(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    mark = leave_mark(ours, "../../etc/node")
    assert has_mark(ours, "../../etc/node", mark)
    assert not has_mark(theirs, "../../etc/node", mark)
    again = leave_mark(ours, "../../etc/node")
    assert not has_mark(ours, "../../etc/node", mark)  # of an earlier life
    assert has_mark(ours, "../../etc/node", again)
    assert {path.parent for path in tmp_path.rglob("*") if path.is_file()} == {ours / "nodes"}


def test_a_mark_that_the_disk_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "vault").write_text("no folder")
    with pytest.raises(StoreUnavailable, match="disk says"):
        leave_mark(tmp_path / "vault", "n")
