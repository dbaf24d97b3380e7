"""`retention preview|run` and `hold add|remove|list`."""

from __future__ import annotations

from sqlalchemy import text

from tests.gateway.cli.conftest import Workspace, objects
from tests.gateway.inbound_line import file_of


def old_order(workspace: Workspace) -> str:
    """An order of long ago that is done with; its id."""
    life = workspace.line.sent(file_of("PO-1"))
    with workspace.line.store.begin() as conn:
        conn.execute(text("UPDATE transmission SET received_at = received_at - interval '9 years'"))
        conn.execute(text("UPDATE transmission SET state = 'collected' WHERE direction = 'out'"))
    id: str = life["transmission"]["id"]
    return id


def test_what_is_held_stays_and_the_rest_is_purged(workspace: Workspace) -> None:
    id = old_order(workspace)
    held = objects(workspace("hold", "add", id, "--reason", "case 17", "--json"))[0]["id"]
    [hold] = objects(workspace("hold", "list", "--json"))
    assert (hold["id"], hold["transmission_id"], hold["reason"]) == (held, id, "case 17")
    rows = {row["id"]: row["kept_for"] for row in objects(workspace("retention", "preview", "--json"))}
    assert rows[id] == "a legal hold"
    assert "1 past their days stay for a legal hold" in workspace("retention", "preview").stdout
    assert objects(workspace("retention", "run", "--json"))[0]["transmissions"] == 1
    assert workspace("hold", "remove", held[-12:], "--reason", "settled").exit_code == 0
    assert objects(workspace("hold", "list", "--json")) == []
    assert objects(workspace("retention", "run", "--json"))[0]["transmissions"] == 1
    assert objects(workspace("show", id, "--json"))[0]["transmission"]["purged_at"] is not None
    assert "purged" in workspace("show", id).stdout


def test_a_hold_needs_one_thing_and_a_reason(workspace: Workspace) -> None:
    assert workspace("hold", "add", "--partner", "acme").exit_code == 2
    assert workspace("hold", "add", "--reason", "x").exit_code == 2
    assert workspace("hold", "add", "--partner", "acme", "--key", "PO-1", "--reason", "x").exit_code == 2
    assert workspace("hold", "add", "--partner", "nobody", "--reason", "x").exit_code == 1
    assert workspace("hold", "remove", "ffffffffffff", "--reason", "x").exit_code == 1
