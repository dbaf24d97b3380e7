"""Seals are made of links, so that a piece of the chain can be shown without all of its rows.

A chain that was sealed before is sealed anew; where a seal did not fit its row, the new one does not fit either.

Revision: 0013
"""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def upgrade() -> None:
    """Seal every row again."""
    connection = op.get_bind()
    rows = connection.execute(
        sa.text(
            "SELECT s.position, s.seal, a.seq, a.at, a.actor, a.action, a.subject, a.subject_id, a.detail"
            " FROM audit_seal s LEFT JOIN audit a ON a.seq = s.audit_seq ORDER BY s.position"
        )
    ).all()
    before, after = bytes(32), bytes(32)
    for row in rows:
        fits = False
        if row.seq is not None:
            place, fields = struct.pack(">q", row.position), _fields(row)
            fits = hashlib.sha256(before + place + fields).digest() == row.seal
            after = hashlib.sha256(after + hashlib.sha256(place + fields).digest()).digest()
        if not fits:
            after = hashlib.sha256(b"did not fit" + row.seal).digest()
        before = bytes(row.seal)
        connection.execute(
            sa.text("UPDATE audit_seal SET seal = :seal WHERE position = :position"),
            {"seal": after, "position": row.position},
        )
    connection.execute(
        sa.text("UPDATE audit_head SET seal = :seal WHERE position > 0 AND seal = :before"),
        {"seal": after, "before": before},
    )


def _fields(row: Any) -> bytes:
    parts = [struct.pack(">qq", row.seq, (row.at - _EPOCH) // timedelta(microseconds=1))]
    for value in (row.actor, row.action, row.subject, row.subject_id, row.detail):
        encoded = value.encode("utf-8")
        parts += [struct.pack(">I", len(encoded)), encoded]
    return b"".join(parts)
