"""Upgrading the database beside nodes that work: older ones are in the way, or let out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from alembic import command
from sqlalchemy import create_engine, text

from gateway.errors import StoreRefused
from gateway.ports import SystemClock
from gateway.presence import Presence
from gateway.store import nodes, schema
from gateway.store.engine import Store, open_any, open_store
from gateway.store.nodes import NodeFacts
from gateway.store.schema import alembic_config, program_schema
from gateway.upgrading import planned, upgrade
from tests.waiting import wait_until

BEFORE = "0023"
"""The first schema with a floor; the newest one bears its programs."""
WITHIN = 60.0


@pytest.fixture
def older(empty_database_url: str) -> Iterator[Store]:
    """A database of a schema before this program's."""
    engine = create_engine(empty_database_url)
    with engine.connect() as connection:
        command.upgrade(alembic_config(connection), BEFORE)
        connection.commit()
    engine.dispose()
    opened = open_any(empty_database_url, connections=6)
    yield opened
    opened.close()


@contextmanager
def node(store: Store, name: str, *, knows: str) -> Iterator[Event]:
    """A node that is alive, of a program that knows this schema; it ends when what is yielded is set."""
    ends = Event()
    presence = Presence(store, NodeFacts(name, schema=knows), SystemClock())
    thread = Thread(target=presence.run, args=(ends,))
    thread.start()
    try:
        wait_until(lambda: presence.arrived, within=WITHIN)
        yield ends
    finally:
        ends.set()
        thread.join()


def revision(store: Store) -> tuple[str | None, str | None]:
    with store.begin() as conn:
        found = schema.found(conn)
    return found.revision, found.floor


def test_nodes_that_can_work_on_the_new_schema_are_in_nobodys_way(older: Store) -> None:
    with node(older, "a", knows=schema.floor_of(program_schema())), node(older, "b", knows="9999"):
        plan = planned(older.url)
        assert (plan.found.revision, plan.wanted, plan.needed, plan.in_the_way) == (BEFORE, program_schema(), True, ())
        upgrade(older.url, make_way=False)
    assert revision(older)[0] == program_schema()
    open_store(older.url).close()


def test_a_node_that_cannot_is_a_reason_to_refuse(older: Store) -> None:
    with node(older, "old", knows="0020"), node(older, "silent", knows=""):
        with pytest.raises(StoreRefused, match=r"these nodes are older: old, silent; stop them, or .* --stop-older"):
            upgrade(older.url, make_way=False)
        assert revision(older) == (BEFORE, BEFORE)


def test_a_node_that_died_is_in_nobodys_way(older: Store) -> None:
    with older.begin() as conn:
        nodes.arrive(conn, NodeFacts("killed", schema="0020"), now=SystemClock().now())
    assert planned(older.url).in_the_way == ()


def test_older_nodes_are_let_out_before_anything_changes(older: Store) -> None:
    lines: list[str] = []
    with older.begin() as conn:
        conn.execute(text("UPDATE schema_floor SET compatible_from = '0020'"))
    with node(older, "old", knows="0020") as ends:

        def told(line: str) -> None:
            lines.append(line)
            if not ends.is_set():
                assert revision(older) == (BEFORE, schema.floor_of(program_schema()))
                ends.set()  # as a node does that sees the floor above it

        upgrade(older.url, make_way=True, told=told, within=WITHIN)
    assert lines == ["waiting for old to end", "old has ended"]
    assert revision(older)[0] == program_schema()


def test_where_older_nodes_do_not_end_nothing_is_changed(older: Store) -> None:
    with node(older, "stubborn", knows="0020"):
        with pytest.raises(StoreRefused, match="not ended within 0 s: stubborn; nothing was changed"):
            upgrade(older.url, make_way=True, within=0)
        assert revision(older) == (BEFORE, BEFORE)


def test_there_is_nothing_to_do_where_the_schema_is_the_newest(fresh_store: Store) -> None:
    with node(fresh_store, "old", knows="0020"):
        plan = upgrade(fresh_store.url, make_way=False)
    assert not plan.needed


def test_a_node_is_told_once_that_the_database_is_no_longer_for_it(fresh_store: Store) -> None:
    told: list[str] = []
    leads: list[str] = []
    presence = Presence(
        fresh_store,
        NodeFacts("n", schema=program_schema()),
        SystemClock(),
        leads=lambda: leads,
        refused=lambda error: told.append(str(error)),
    )
    presence.arrive()
    presence.beat()
    assert told == []
    with fresh_store.begin() as conn:
        conn.execute(text("UPDATE schema_floor SET compatible_from = '9999'"))
    for led in ("sweep", "schedules"):
        leads.append(led)  # what changed is told at once, and the schema looked at
        presence.beat()
    presence.leave()
    presence.release()
    assert len(told) == 1
    assert "for programs that know schema 9999" in told[0]
