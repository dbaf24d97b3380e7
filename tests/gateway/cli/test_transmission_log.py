"""`log`, `show`, `search` and `audit verify` on a workspace's database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from gateway.store import destinations
from tests.gateway.cli.conftest import Workspace, objects, process
from tests.gateway.inbound_line import file_of, group, interchange, order

HOSTILE = "\x1b[2J[red]po[/red]\n.edi"


def test_the_log_lists_the_newest_first_and_can_be_narrowed(workspace: Workspace) -> None:
    first = workspace.line.sent(file_of("PO-1"))
    second = workspace.line.sent(b"no X12", name="garbage.txt")
    rows = objects(workspace("log", "--json"))
    assert [row["filename"] for row in rows] == ["garbage.txt", "997_000000017_000000001.edi", "po.edi"]
    assert rows[-1] | {"state": "processed", "sets": 1, "sets_accepted": 1, "partner": "acme"} == rows[-1]
    parked = objects(workspace("log", "--state", "parked", "--json"))
    assert [(row["id"], row["open_exceptions"]) for row in parked] == [(second["transmission"]["id"], 1)]
    mine = objects(workspace("log", "--partner", "acme", "--direction", "in", "--json"))
    assert [row["id"] for row in mine] == [first["transmission"]["id"]]
    assert len(objects(workspace("log", "--limit", "1", "--json"))) == 1
    assert "garbage.txt" in workspace("log").stdout


def test_show_prints_the_whole_life_by_any_id_or_its_end(workspace: Workspace) -> None:
    life = workspace.line.sent(file_of("PO-1"))
    workspace.line.audit_holds()
    id = life["transmission"]["id"]
    document = life["documents"][0]
    for wanted in (id, id[-12:], document["id"], document["deliveries"][0]["id"]):
        [found] = objects(workspace("show", wanted, "--json"))
        assert found["transmission"]["id"] == id
    assert set(found) == {
        "transmission",
        "interchanges",
        "issues",
        "documents",
        "answers",
        "family",
        "exceptions",
        "files",
        "keys",
        "audit",
    }
    told = workspace("show", id).stdout
    for word in ("po.edi", "processed", "000000017", "PO-1", "erp", "delivered", "answered by 997", "sealed as 1"):
        assert word in told


def test_show_says_since_when_it_is_tried_when_again_and_what_is_held_behind_it(workspace: Workspace) -> None:
    sets = [order("PO-1"), order("PO-1", purpose="05", qty="25", st02="0002")]
    id = workspace.line.drop(interchange([group(sets)]))
    workspace.line.lane_work().run("in:acme:flow")
    with workspace.line.store.begin() as conn:
        first = conn.execute(text("SELECT id FROM delivery ORDER BY seq LIMIT 1")).scalar_one()
        conn.execute(
            text("UPDATE delivery SET state = 'retrying', next_at = '2026-03-01T12:34:56Z' WHERE id = :id"),
            {"id": first},
        )
        conn.execute(
            text(
                "INSERT INTO attempt (id, delivery_id, number, worker, outcome, detail, started_at, ended_at) VALUES"
                " (gen_random_uuid(), :id, 1, 'w', 'retry', 'locked', '2026-03-01T10:00:00Z', '2026-03-01T10:00:01Z')"
            ),
            {"id": first},
        )
        destinations.failed(conn, "erp", at=workspace.line.clock.now(), reason="down")
        destinations.pause(
            conn, "erp", until=datetime(2026, 3, 2, tzinfo=UTC), at=workspace.line.clock.now(), reason="down"
        )
    told = workspace("show", str(id)).stdout
    assert "tried since 2026-03-01T10:00:00, next try at 2026-03-01T12:34:56" in told
    assert "held behind purchase_order PO-1  retrying" in told
    assert told.count("erp is paused until 2026-03-02T00:00:00") == 2


def test_show_of_an_answer_says_what_it_answers(workspace: Workspace) -> None:
    life = workspace.line.sent(file_of("PO-1"))
    answer = life["interchanges"][0]["acknowledgments"][0]["transmission_id"]
    [found] = objects(workspace("show", answer, "--json"))
    assert [(one["kind"], one["transmission_id"]) for one in found["answers"]] == [("997", life["transmission"]["id"])]
    assert "answers interchange 000000017 with 997 A" in workspace("show", answer).stdout


def test_show_of_what_is_not_there_or_not_the_only_one(workspace: Workspace) -> None:
    workspace.line.sent(file_of("PO-1"))
    assert workspace("show", "ffffffff").exit_code == 1
    several = workspace("show", "0")
    assert several.exit_code == 1
    assert "give more of it" in several.stderr


def test_search_finds_by_number_beginning_and_end(workspace: Workspace) -> None:
    id = workspace.line.sent(file_of("PO-4711"))["transmission"]["id"]
    for key in ("PO-4711", "PO-47*", "*711", "000000017", "po.edi"):
        rows = objects(workspace("search", key, "--json"))
        assert {row["transmission_id"] for row in rows} == {id}, key
    assert "PO-4711" in workspace("search", "PO-4711").stdout
    nothing = workspace("search", "PO-9*")
    assert (nothing.exit_code, nothing.stdout) == (1, "")


def test_audit_verify_holds_until_somebody_alters_a_row(workspace: Workspace) -> None:
    workspace.line.sent(file_of("PO-1"))
    assert workspace.line.audit_holds()
    [report] = objects(workspace("audit", "verify", "--json"))
    assert report["ok"] is True
    assert report["rows"] == report["sealed"] > 0
    assert report["faults"] == []
    with workspace.line.store.begin() as conn:
        conn.execute(text("UPDATE audit SET actor = 'somebody else' WHERE seq = 1"))
    broken = workspace("audit", "verify", "--json")
    assert broken.exit_code == 1
    [report] = objects(broken)
    assert {"kind": "changed", "seq": 1, "position": 1} in report["faults"]
    assert "the chain is broken" in workspace("audit", "verify").stdout


def test_hostile_names_and_values_do_nothing_to_a_terminal(workspace: Workspace) -> None:
    id = workspace.line.sent(file_of("PO-1", sender="[bold]\x1b[2J"), name=HOSTILE)["transmission"]["id"]
    for result in (workspace("log"), workspace("show", id), workspace("search", HOSTILE), workspace("search", "\x1b")):
        assert "\x1b" not in result.stdout + result.stderr
    assert "\\x1b[2J[red]po[/red]\\n.edi" in workspace("show", id).stdout.replace("\n", "")


def test_a_workspace_that_is_not_there_ends_in_one_line(tmp_path: Path) -> None:
    done = process("log", "--home", tmp_path / "none", home=tmp_path, TRADELANE_DATABASE_URL="")
    assert done.returncode == 2
    assert "there is no workspace" in done.stderr
    assert "Traceback" not in done.stderr
