"""What a delivery that waits is waiting for: an earlier one of its ordering key, or the end of a pause."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, text

from gateway.store.work_statements import KINDS, WorkTable

_KIND = KINDS[WorkTable.DELIVERY]
_WAITING = text("""
    SELECT v.id, s.paused_until, e.id AS behind, e.state, d.kind, d.identity
      FROM delivery v
      LEFT JOIN destination_state s ON s.destination = v.destination
      LEFT JOIN LATERAL (
            SELECT o.id, o.state, o.document_id FROM delivery o
             WHERE o.lane = v.lane AND o.ordering_key = v.ordering_key AND o.seq < v.seq AND o.state IN :blocking
             ORDER BY o.seq LIMIT 1) e ON true
      LEFT JOIN document d ON d.id = e.document_id
     WHERE v.document_id IN (SELECT id FROM document WHERE transmission_id = :transmission) AND v.state IN :waiting
""").bindparams(
    bindparam("blocking", _KIND.blocking, expanding=True, literal_execute=True),
    bindparam("waiting", _KIND.claimable, expanding=True, literal_execute=True),
)


def held_behind(conn: Connection, transmission_id: UUID) -> dict[str, dict[str, Any]]:
    """What the waiting deliveries of a transmission's documents wait for, beside their own time.

    Returns:
        delivery -> `behind` (the earlier delivery's `id`, `state`, and its document's `kind` and `identity`, or None)
        and `paused_until` (None where the destination is not paused); ready for JSON.
    """
    found: dict[str, dict[str, Any]] = {}
    for row in conn.execute(_WAITING, {"transmission": transmission_id}):
        behind = None
        if row.behind is not None:
            behind = {"id": str(row.behind), "state": row.state, "kind": row.kind, "identity": row.identity}
        paused = None if row.paused_until is None else row.paused_until.isoformat()
        found[str(row.id)] = {"behind": behind, "paused_until": paused}
    return found
