"""`tradelane db`: what schema the database has, and its upgrade; no other command changes it."""

from __future__ import annotations

import pytest
from alembic import command
from sqlalchemy import create_engine

from gateway.ports import SystemClock
from gateway.store import nodes
from gateway.store.engine import open_any
from gateway.store.locks import SessionLock
from gateway.store.nodes import NodeFacts
from gateway.store.schema import alembic_config, program_schema
from tests.gateway.cli.conftest import Tradelane, objects


@pytest.fixture
def older_url(empty_database_url: str) -> str:
    """A database of a schema before this program's."""
    engine = create_engine(empty_database_url)
    with engine.connect() as connection:
        command.upgrade(alembic_config(connection), "0023")
        connection.commit()
    engine.dispose()
    return empty_database_url


def test_an_older_database_is_told_of_and_upgraded_by_one_command_alone(tradelane: Tradelane, older_url: str) -> None:
    env = {"TRADELANE_DATABASE_URL": older_url}
    [found] = objects(tradelane("db", "status", "--json", env=env))
    assert (found["schema"], found["program"], found["needed"]) == ("0023", program_schema(), True)
    refused = tradelane("log", env=env)
    assert "run tradelane db upgrade" in str(refused.exception)
    [doctor] = [item for item in objects(tradelane("doctor", "--json", env=env)) if not item["ok"]]
    assert "run tradelane db upgrade" in doctor["todo"]
    shown = tradelane("db", "status", env=env)
    assert (shown.exit_code, "wanted: tradelane db upgrade" in shown.stdout) == (1, True)
    [done] = objects(tradelane("db", "upgrade", "--json", env=env))
    assert done == {"from": "0023", "to": program_schema()}
    assert tradelane("log", env=env).exit_code == 0
    assert tradelane("db", "status", env=env).exit_code == 0
    assert "there was nothing to do" in tradelane("db", "upgrade", env=env).stdout


def test_an_older_node_is_in_the_way_until_it_has_ended(tradelane: Tradelane, older_url: str) -> None:
    env = {"TRADELANE_DATABASE_URL": older_url}
    store = open_any(older_url)
    life = SessionLock(store, nodes.lock_name("old"))
    assert life.held()
    with store.begin() as conn:
        nodes.arrive(conn, NodeFacts("old", schema="0020"), now=SystemClock().now())
    assert "too old to work on it then: node old" in tradelane("db", "status", env=env).stdout
    refused = tradelane("db", "upgrade", env=env)
    assert "these nodes are older: old" in str(refused.exception)
    life.release()
    assert "upgraded from schema 0023" in tradelane("db", "upgrade", "--stop-older", env=env).stdout
    store.close()


def test_a_new_database_is_given_its_schema_by_the_first_command(tradelane: Tradelane, empty_database_url: str) -> None:
    env = {"TRADELANE_DATABASE_URL": empty_database_url}
    [found] = objects(tradelane("db", "status", "--json", env=env))
    assert (found["schema"], found["needed"]) == (None, True)
    assert tradelane("nodes", env=env).exit_code == 0
    assert tradelane("db", "status", env=env).exit_code == 0
