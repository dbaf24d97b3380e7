"""`audit verify`, `checkpoint` and `key`: what an auditor runs."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from gateway.evidence.verify import public_key, read_checkpoint
from tests.gateway.cli.conftest import Workspace, objects
from tests.gateway.inbound_line import file_of


def test_a_checkpoint_finds_a_log_that_was_begun_anew(workspace: Workspace, tmp_path: Path) -> None:
    workspace.line.sent(file_of("PO-1"))
    kept, key = tmp_path / "kept.checkpoint", tmp_path / "kept.pem"
    assert workspace("audit", "checkpoint", "-o", kept).exit_code == 0
    key.write_text(workspace("audit", "key").stdout)
    good = workspace("audit", "verify", "--checkpoint", kept, "--key", key, "--json")
    assert good.exit_code == 0
    assert objects(good)[0]["checkpoint"] == read_checkpoint(kept.read_text()).position > 0
    with workspace.line.store.begin() as conn:
        conn.execute(text("TRUNCATE audit, audit_seal RESTART IDENTITY"))
        conn.execute(
            text("UPDATE audit_head SET position = 0, settled_seq = 0, seal = decode(repeat('00', 32), 'hex')")
        )
    assert workspace("audit", "verify").exit_code == 0
    bad = workspace("audit", "verify", "--checkpoint", kept, "--json")
    assert bad.exit_code == 1
    assert [fault["kind"] for fault in objects(bad)[0]["faults"]] == ["truncated"]


def test_a_checkpoint_is_printed_where_there_is_no_place_for_it(workspace: Workspace) -> None:
    workspace.line.sent(file_of("PO-1"))
    printed = workspace("audit", "checkpoint").stdout
    assert read_checkpoint(printed).key == public_key(workspace("audit", "key").stdout)


def test_a_checkpoint_goes_to_the_folder_of_the_settings(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "tradelane.yaml").write_text("audit: {checkpoints: kept}\n")
    found = objects(workspace("audit", "checkpoint", "--json"))[0]
    assert Path(found["file"]).parent == tmp_path / "kept"
    assert read_checkpoint(Path(found["file"]).read_text()).position == found["position"]


def test_a_key_without_a_checkpoint_is_no_question(workspace: Workspace, tmp_path: Path) -> None:
    assert workspace("audit", "verify", "--key", tmp_path / "any.pem").exit_code == 1


def test_bytes_that_were_changed_are_named(workspace: Workspace) -> None:
    workspace.line.sent(file_of("PO-1"))
    good = workspace("audit", "verify", "--payloads", "--json")
    assert (good.exit_code, objects(good)[0]["damaged"]) == (0, {})
    assert objects(good)[0]["payloads"] == 2
    with workspace.line.store.begin() as conn:
        changed = "UPDATE payload SET body = set_byte(body, 200, 1) WHERE body LIKE 'ISA%ACME  %' RETURNING sha256"
        names = [bytes(name).hex() for name in conn.execute(text(changed)).scalars()]
    bad = workspace("audit", "verify", "--payloads", "--json")
    assert bad.exit_code == 1
    assert sorted(objects(bad)[0]["damaged"]) == sorted(names) != []
    assert "not as they were put in" in workspace("audit", "verify", "--payloads").stdout
