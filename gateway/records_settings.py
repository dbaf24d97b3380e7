"""`audit` of tradelane.yaml: where checkpoints of the audit log are written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from partners.fields import Fields

AUDIT_KEYS = ("checkpoints", "every")
"""What `audit` may say."""


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """Where checkpoints are written, and how often; None where nobody asked for any."""

    checkpoints: Path | None = None
    every: timedelta = timedelta(days=1)


def read_audit(outer: Fields, *, home: Path) -> AuditSettings:
    """Read `audit`."""
    found = outer.mapping("audit")
    usual = AuditSettings()
    if found is None:
        return usual
    fields = Fields(found, of="audit", known=AUDIT_KEYS, faults=outer.faults)
    path = fields.text("checkpoints")
    return AuditSettings(home / path if path else None, fields.span("every", default=usual.every))
