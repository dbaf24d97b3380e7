"""What readiness says of agreements: which need a map and destinations, and that what passes through goes nowhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from partners.readiness import readiness


def test_what_passes_through_is_said_to_be_delivered_nowhere(profiles: Any) -> None:
    profiles.write(
        "acme/profile.yaml",
        """\
        name: Acme
        sftp: [{user: acme}]
        agreements:
          - {document: "850", direction: in, map: acme/850.in, deliver_to: [erp, wms]}
          - {document: "860", direction: in, pass_through: true}
        """,
    )
    registry = profiles.load()
    checks = readiness(
        registry.partners["acme"],
        ourselves=(),
        carriers=(),
        maps=("acme/850.in",),
        destinations=("erp",),
        at=datetime(2026, 1, 5, tzinfo=UTC),
    )
    found = {check.name: (check.ok, check.found, check.todo) for check in checks if check.name[:3] in ("850", "860")}
    assert found == {
        "850 in any version: map": (True, "acme/850.in", ""),
        "850 in any version: destinations": (False, "erp, wms", "configure the destination wms in tradelane.yaml"),
        "860 in any version: pass_through": (True, "answered and kept; without a map nothing is delivered", ""),
    }
