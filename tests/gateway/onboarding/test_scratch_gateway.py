"""The scratch gateway routes as the workspace does, into folders of its own."""

from __future__ import annotations

from pathlib import Path

from gateway.onboarding.scratch import scratch
from tests.gateway.inbound_line import file_of

SETTINGS = """\
destinations:
  erp: {kind: folder, path: /nowhere/erp}
  west: {kind: folder, path: /nowhere/west}
  trial: {kind: folder, path: /nowhere/trial, environment: test}
"""
ROUTING = """\
rules:
  - {name: trials, when: {environment: test}, deliver_to: [trial]}
  - {name: west, when: {partner: [acme]}, deliver_to: [west], also_agreed: true}
"""


def test_rules_of_the_workspace_decide_where_documents_go(tmp_path: Path) -> None:
    (tmp_path / "tradelane.yaml").write_text(SETTINGS)
    (tmp_path / "routing.yaml").write_text(ROUTING)
    with scratch(tmp_path) as on:
        id = on.receive(file_of("PO-1"), account="acme", filename="po.edi")
        folder = on.gateway.settings.home
        [document] = on.life(id)["documents"]
        delivered = {one["destination"]: one["state"] for one in document["deliveries"]}
        files = {name: len(list((folder / f"to-{name}").glob("[!.]*"))) for name in ("erp", "west")}
    assert delivered == {"erp": "delivered", "west": "delivered"}
    assert files == {"erp": 1, "west": 1}
    assert not Path("/nowhere").exists()
