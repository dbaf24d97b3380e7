"""What waits for a cross reference that has a row by now: accepted sets without documents, and documents of ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, text

from gateway.store.outbound import RELEASED

UNKNOWN_REFERENCE = "map.xref.unknown"
MAPPED_AGAIN = "transmission.mapped_again"
OVERLAP = timedelta(minutes=1)
"""So much older than the exception a row may be: one that was committed while the document was read was not seen."""

_HELD_SETS = text("""
    SELECT e.id, e.transmission_id FROM exception e JOIN transmission t ON t.id = e.transmission_id
     WHERE e.state = 'open' AND e.code = :code AND e.delivery_id IS NULL AND t.direction = 'in'
       AND EXISTS (SELECT 1 FROM issue i JOIN cross_reference x ON x.value = i.value
                    WHERE i.transmission_id = e.transmission_id AND i.code = :code
                      AND x.added_at > e.opened_at - :overlap AND (x.partner IS NULL OR x.partner = t.partner)
                      AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.subject_id = t.id::text
                                         AND a.action = :mapped_again AND a.at >= x.added_at))
     ORDER BY e.id LIMIT 100
       FOR UPDATE OF e SKIP LOCKED
""")
_SETS = text("""
    SELECT DISTINCT s.id, s.interchange_ordinal, s.group_ordinal, s.ordinal
      FROM transaction_set s JOIN issue i ON i.transaction_set_id = s.id
     WHERE s.transmission_id = :transmission AND s.accepted AND i.stage = 'map' AND i.code = :code
       AND NOT EXISTS (SELECT 1 FROM document_source d WHERE d.transaction_set_id = s.id)
     ORDER BY s.interchange_ordinal, s.group_ordinal, s.ordinal
""")
_HELD_DELIVERIES = text("""
    SELECT v.id AS delivery_id, e.id AS exception_id, v.lane
      FROM exception e JOIN delivery v ON v.id = e.delivery_id JOIN document d ON d.id = v.document_id
     WHERE e.state = 'open' AND e.code = :code AND v.state = 'rejected' AND d.direction = 'out'
       AND EXISTS (SELECT 1 FROM issue i JOIN cross_reference x ON x.value = i.value
                    WHERE i.transmission_id = d.transmission_id AND i.code = :code
                      AND x.added_at > e.opened_at - :overlap AND (x.partner IS NULL OR x.partner = d.partner)
                      AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.subject_id = v.id::text
                                         AND a.action = :released AND a.at >= x.added_at))
     ORDER BY e.id LIMIT 100
       FOR UPDATE OF v SKIP LOCKED
""")


@dataclass(frozen=True, slots=True)
class HeldSets:
    """An open exception, and the sets of its transmission that it holds: (interchange, group, set) -> row."""

    exception_id: UUID
    transmission_id: UUID
    sets: dict[tuple[int, int, int], UUID]


@dataclass(frozen=True, slots=True)
class HeldDelivery:
    """A document of ours that is held, and by which exception."""

    delivery_id: UUID
    exception_id: UUID
    lane: str


def held_sets(conn: Connection) -> Iterator[HeldSets]:
    """Those that a row added since may let go; locked. What each holds is looked up when it is asked for."""
    wanted = {"code": UNKNOWN_REFERENCE, "overlap": OVERLAP, "mapped_again": MAPPED_AGAIN}
    for row in conn.execute(_HELD_SETS, wanted).all():
        asked = {"code": UNKNOWN_REFERENCE, "transmission": row.transmission_id}
        sets = {(one.interchange_ordinal, one.group_ordinal, one.ordinal): one.id for one in conn.execute(_SETS, asked)}
        yield HeldSets(row.id, row.transmission_id, sets)


def held_deliveries(conn: Connection) -> list[HeldDelivery]:
    """Those that a row added since may let go; locked."""
    wanted = {"code": UNKNOWN_REFERENCE, "overlap": OVERLAP, "released": RELEASED}
    rows = conn.execute(_HELD_DELIVERIES, wanted)
    return [HeldDelivery(row.delivery_id, row.exception_id, row.lane) for row in rows]
