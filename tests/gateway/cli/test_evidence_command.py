"""`tradelane evidence`: a pack by the end of an id."""

from __future__ import annotations

from pathlib import Path

from gateway.evidence.verify import main
from tests.gateway.cli.conftest import Workspace, objects
from tests.gateway.inbound_line import file_of


def test_a_pack_is_written_for_a_document_and_verifies(workspace: Workspace, tmp_path: Path) -> None:
    life = workspace.line.sent(file_of("PO-1"))
    key = tmp_path / "gateway.pem"
    key.write_text(workspace("audit", "key").stdout)
    pack = tmp_path / "pack.zip"
    made = objects(workspace("evidence", life["documents"][0]["id"], "-o", pack, "--json"))[0]
    assert made["transmission"] == life["transmission"]["id"]
    assert main([str(pack), "--key", str(key)]) == 0
    again = workspace("evidence", life["transmission"]["id"], "-o", tmp_path / "people.zip")
    assert made["sha256"][:8] not in again.stdout  # another moment was signed
    assert "rows of the audit log" in again.stdout


def test_an_id_of_nothing_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    refused = workspace("evidence", "ffffffffffff", "-o", tmp_path / "pack.zip")
    assert refused.exit_code == 1
    assert not (tmp_path / "pack.zip").exists()
