"""A node without workers: present as long as it serves, not ready once it stops, gone when the schema is not for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.errors import StoreRefused
from gateway.serving import Running, running
from gateway.settings import DATABASE_URL
from gateway.store import nodes, schema
from gateway.store.engine import Store
from gateway.store.nodes import NodeState, NodeView
from tests.waiting import wait_until

WITHIN = 60.0


@pytest.fixture
def home(tmp_path: Path, fresh_store: Store, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(DATABASE_URL, fresh_store.url)
    (tmp_path / "tradelane.yaml").write_text("samples: false\noperations: {host: 127.0.0.1, port: 0}\n")
    return tmp_path


@pytest.fixture
def served(home: Path) -> Iterator[Running]:
    with running(home, roles=["poller"]) as found:
        yield found


def only_node(store: Store) -> NodeView | None:
    with store.begin() as conn:
        found = nodes.listed(conn)
    assert len(found) <= 1
    return found[0] if found else None


def test_it_is_present_while_it_serves_and_stopped_afterwards(home: Path, fresh_store: Store) -> None:
    with running(home, roles=["poller"]):
        node = wait_until(lambda: only_node(fresh_store), within=WITHIN)
        assert (node.state, node.roles, node.workers) == (NodeState.ALIVE, ["poller"], 0)
        assert node.schema == schema.program_schema()
        assert node.version
    ended = only_node(fresh_store)
    assert ended is not None
    assert (ended.name, ended.state) == (node.name, NodeState.STOPPED)


def test_a_node_that_was_told_to_stop_is_not_ready_and_runs_to_its_end(served: Running) -> None:
    assert served.operations is not None
    host, port = served.operations.address
    with httpx.Client(base_url=f"http://{host}:{port}", trust_env=False) as client:
        assert client.get("/readyz").status_code == 200
        served.stop.set()
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200


def test_it_stops_and_says_why_when_the_database_is_no_longer_for_it(served: Running, fresh_store: Store) -> None:
    wait_until(lambda: only_node(fresh_store), within=WITHIN)
    with fresh_store.begin() as conn:
        schema.keep_floor(conn, "99999")
    wait_until(served.stop.is_set, within=WITHIN, what="its end")
    assert ["for programs that know schema 99999" in str(error) for error in served.refused] == [True]


def test_it_does_not_start_on_a_database_that_is_not_for_it(home: Path, fresh_store: Store) -> None:
    with fresh_store.begin() as conn:
        schema.keep_floor(conn, "99999")
    with pytest.raises(StoreRefused, match="must not work on it: upgrade Tradelane"), running(home, roles=["poller"]):
        pass
