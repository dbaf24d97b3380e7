"""Reading the audit log as it grows: what was sealed after a place in the chain, with the transmission it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text

_HEAD = text("SELECT position FROM audit_head")
# A document's or delivery's row does not name its transmission; where it was purged or is no UUID, there is none.
_SEALED = text("""
    SELECT s.position, a.at, a.actor, a.action, a.subject, a.subject_id, a.detail,
           CASE WHEN a.subject = 'transmission' THEN a.subject_id ELSE d.transmission_id::text END AS transmission
      FROM audit_seal s
      JOIN audit a ON a.seq = s.audit_seq
      LEFT JOIN delivery v ON v.id = CASE WHEN a.subject = 'delivery' THEN a.subject_id::uuid END
      LEFT JOIN document d
        ON d.id = coalesce(v.document_id, CASE WHEN a.subject = 'document' THEN a.subject_id::uuid END)
     WHERE s.position > :after ORDER BY s.position LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class Change:
    """One sealed row of the audit log.

    Args:
        transmission: whose change it is, as text; None where it is no transmission's.
    """

    position: int
    at: datetime
    actor: str
    action: str
    subject: str
    subject_id: str
    detail: dict[str, Any]
    transmission: str | None


def head(conn: Connection) -> int:
    """How far the chain reaches; 0 where it is empty."""
    return int(conn.execute(_HEAD).scalar_one_or_none() or 0)


def sealed_after(conn: Connection, position: int, *, most: int) -> list[Change]:
    """What was sealed after a position, in order."""
    rows = conn.execute(_SEALED, {"after": position, "most": most})
    return [
        Change(
            row.position,
            row.at,
            row.actor,
            row.action,
            row.subject,
            row.subject_id,
            orjson.loads(row.detail),
            row.transmission,
        )
        for row in rows
    ]
