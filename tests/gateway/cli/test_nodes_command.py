"""`tradelane nodes`, and what `doctor` says of nodes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, update

from gateway.store import nodes, work
from gateway.store.engine import Store
from gateway.store.nodes import NodeFacts
from gateway.store.tables import node
from gateway.store.vault_marks import leave_mark
from tests.gateway.cli.conftest import Tradelane, Workspace, objects
from tests.gateway.work_rows import START, add_deliveries


def arrive(store: Store, name: str, *, version: str = "1", schema: str = "0020", vault: str | None = None) -> None:
    with store.begin() as conn:
        nodes.arrive(conn, NodeFacts(name, ("sftp", "worker"), version, schema, 2, vault), now=START)
    stay_alive(store)


def stay_alive(store: Store) -> None:
    """The last sign of life lies ahead: however long the test takes, nobody falls silent by itself."""
    with store.begin() as conn:
        conn.execute(update(node).values(heartbeat_at=func.now() + timedelta(hours=1)))


def wrong(tradelane: Tradelane, store: Store) -> dict[str, dict[str, Any]]:
    found = tradelane("doctor", "--json", env={"TRADELANE_DATABASE_URL": store.url})
    return {item["name"]: item for item in objects(found) if not item["ok"]}


def test_nodes_are_listed_with_what_they_run_lead_and_hold(workspace: Workspace, fresh_store: Store) -> None:
    assert "no node has run lately" in workspace("nodes").stdout
    arrive(fresh_store, "ware-house.1")
    arrive(fresh_store, "gone.2")
    add_deliveries(fresh_store, "out:erp#0", 2)
    with fresh_store.begin() as conn:
        work.claim(conn, "out:erp#0", worker="ware-house.1/x", now=START)
        nodes.beat(conn, NodeFacts("ware-house.1", ("sftp", "worker"), "1", "0020", 2), leads=["sweep"])
        nodes.leave(conn, "gone.2", now=START)
    stay_alive(fresh_store)
    first, second = objects(workspace("nodes", "--json"))
    assert (first["name"], first["state"], first["rows"], first["lanes"]) == ("ware-house.1", "alive", 2, ["out:erp#0"])
    assert (first["roles"], first["leads"], first["since"]) == (["sftp", "worker"], ["sweep"], None)
    assert (second["name"], second["state"]) == ("gone.2", "stopped")
    assert second["since"] is not None
    shown = workspace("nodes").stdout
    for text in ("ware-house.1", "sftp, worker", "2 rows", "sweep", "stopped"):
        assert text in shown


def test_doctor_tells_of_a_silent_node_with_rows_in_hand(tradelane: Tradelane, fresh_store: Store) -> None:
    arrive(fresh_store, "silent")
    add_deliveries(fresh_store, "out:erp#0", 3)
    with fresh_store.begin() as conn:
        work.claim(conn, "out:erp#0", worker="silent/x", now=START)
    assert wrong(tradelane, fresh_store) == {}
    with fresh_store.begin() as conn:
        conn.execute(update(node).values(heartbeat_at=func.now() - timedelta(minutes=1)))
    found = wrong(tradelane, fresh_store)
    assert set(found) == {"node silent"}
    assert "with 3 rows in hand" in found["node silent"]["found"]
    assert "start one with the role worker" in found["node silent"]["todo"]


def test_doctor_tells_of_nodes_of_different_versions_and_schemas(tradelane: Tradelane, fresh_store: Store) -> None:
    arrive(fresh_store, "old", version="1.0", schema="0019")
    arrive(fresh_store, "new", version="1.1", schema="0020")
    found = wrong(tradelane, fresh_store)
    assert {name: item["found"] for name, item in found.items()} == {
        "versions of nodes": "1.0, 1.1",
        "schemas of nodes": "0019, 0020",
    }
    with fresh_store.begin() as conn:
        nodes.leave(conn, "old", now=START)
    assert wrong(tradelane, fresh_store) == {}


def test_doctor_refuses_a_folder_of_large_payloads_that_not_all_nodes_share(
    tradelane: Tradelane, fresh_store: Store, tmp_path: Path
) -> None:
    arrive(fresh_store, "here", vault=leave_mark(tmp_path / "vault", "here"))
    assert wrong(tradelane, fresh_store) == {}
    arrive(fresh_store, "there", vault=leave_mark(tmp_path / "elsewhere", "there"))
    found = wrong(tradelane, fresh_store)
    assert {name: item["found"] for name, item in found.items()} == {"vault": "not the folder of there"}
    assert str(tmp_path / "vault") in found["vault"]["todo"]
