"""What is to be replayed: deliveries and transmissions by ids, or by what they have in common."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.types import ARRAY, DateTime, Integer, Text, Uuid


@dataclass(frozen=True, slots=True)
class Selection:
    """What is to be replayed: by ids (of transmissions, documents or deliveries), or by what all of it has in common.

    Args:
        group: the fingerprint of an exception group: what its open exceptions themselves are about, and what stands
            still of those that a person closed.
    """

    ids: tuple[UUID, ...] = ()
    partner: str | None = None
    kind: str | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    group: str | None = None

    @property
    def says_nothing(self) -> bool:
        """Whether it would be everything there is."""
        told = (self.partner, self.kind, self.state, self.since, self.until, self.group)
        return not self.ids and all(one is None for one in told)


@dataclass(frozen=True, slots=True)
class Replayable:
    """What may be replayed: a delivery (to `destination`), a transmission, or the exception about an unread record."""

    subject: str
    id: UUID
    partner: str | None
    name: str
    state: str
    at: datetime
    destination: str = ""


def _statement(sql: str) -> Any:
    return text(sql).bindparams(
        bindparam("ids", type_=ARRAY(Uuid)),
        bindparam("partner", type_=Text),
        bindparam("kind", type_=Text),
        bindparam("state", type_=Text),
        bindparam("since", type_=DateTime(timezone=True)),
        bindparam("until", type_=DateTime(timezone=True)),
        bindparam("group", type_=Text),
        bindparam("most", type_=Integer),
    )


_DELIVERIES = _statement("""
    SELECT v.id, d.partner, d.kind || ' ' || trim('|' FROM d.identity) || ' to ' || v.destination AS name, v.state,
           v.created_at AS at, v.destination
      FROM delivery v JOIN document d ON d.id = v.document_id
     WHERE d.direction = 'in'
       AND (:ids IS NULL OR v.id = ANY(:ids) OR d.id = ANY(:ids) OR d.transmission_id = ANY(:ids))
       AND (:partner IS NULL OR d.partner = :partner) AND (:kind IS NULL OR d.kind = :kind)
       AND (:state IS NULL OR v.state = :state)
       AND (:since IS NULL OR v.created_at >= :since) AND (:until IS NULL OR v.created_at < :until)
       AND (:group IS NULL OR EXISTS (
                SELECT FROM exception e
                 WHERE e.fingerprint = :group
                   AND (e.state = 'open' OR v.state IN ('rejected', 'uncertain', 'quarantined'))
                   AND (e.delivery_id = v.id OR e.delivery_id IS NULL AND e.document_id = d.id)))
     ORDER BY v.seq LIMIT :most
""")
_SENT = _statement("""
    SELECT t.id, t.partner, t.filename AS name, t.state, t.received_at AS at, '' AS destination
      FROM transmission t
     WHERE t.direction = 'out'
       AND (:ids IS NULL OR t.id = ANY(:ids) OR EXISTS (
                SELECT FROM transaction_set s JOIN document_source c ON c.transaction_set_id = s.id
                  JOIN document d ON d.id = c.document_id LEFT JOIN delivery v ON v.document_id = d.id
                 WHERE s.transmission_id = t.id AND d.direction = 'out'
                   AND (d.id = ANY(:ids) OR d.transmission_id = ANY(:ids) OR v.id = ANY(:ids))))
       AND (:partner IS NULL OR t.partner = :partner) AND (:state IS NULL OR t.state = :state)
       AND (:kind IS NULL OR EXISTS (
                SELECT FROM transaction_set s JOIN document_source c ON c.transaction_set_id = s.id
                  JOIN document d ON d.id = c.document_id WHERE s.transmission_id = t.id AND d.kind = :kind))
       AND (:since IS NULL OR t.received_at >= :since) AND (:until IS NULL OR t.received_at < :until)
       AND (:group IS NULL OR EXISTS (
                SELECT FROM exception e
                 WHERE e.fingerprint = :group AND e.transmission_id = t.id
                   AND (e.state = 'open' OR t.state IN ('refused', 'uncertain', 'quarantined'))))
     ORDER BY t.received_at, t.id LIMIT :most
""")
_RECEIVED = _statement("""
    SELECT t.id, t.partner, t.filename AS name, t.state, t.received_at AS at, '' AS destination
      FROM transmission t
     WHERE t.direction = 'in'
       AND (:ids IS NULL OR t.id = ANY(:ids) OR EXISTS (
                SELECT FROM document d LEFT JOIN delivery v ON v.document_id = d.id
                 WHERE d.transmission_id = t.id AND (d.id = ANY(:ids) OR v.id = ANY(:ids))))
       AND (:partner IS NULL OR t.partner = :partner) AND (:state IS NULL OR t.state = :state)
       AND (:kind IS NULL OR EXISTS (SELECT FROM document d WHERE d.transmission_id = t.id AND d.kind = :kind))
       AND (:since IS NULL OR t.received_at >= :since) AND (:until IS NULL OR t.received_at < :until)
       AND (:group IS NULL OR EXISTS (
                SELECT FROM exception e LEFT JOIN document d ON d.id = e.document_id
                  LEFT JOIN delivery v ON v.id = e.delivery_id LEFT JOIN document o ON o.id = v.document_id
                 WHERE e.fingerprint = :group AND t.id IN (e.transmission_id, d.transmission_id, o.transmission_id)
                   AND (e.state = 'open' OR NOT EXISTS (
                           SELECT FROM exception other WHERE other.fingerprint = :group AND other.state = 'open'))))
     ORDER BY t.received_at, t.id LIMIT :most
""")


_UNREAD = _statement("""
    SELECT e.id, CAST(NULL AS text) AS partner, u.record AS name, 'unread' AS state, e.opened_at AS at,
           u.source AS destination
      FROM unread_record u JOIN exception e ON e.id = u.exception_id
     WHERE e.state = 'open' AND :partner IS NULL AND :kind IS NULL
       AND (:ids IS NULL OR e.id = ANY(:ids)) AND (:state IS NULL OR :state = 'unread')
       AND (:since IS NULL OR e.opened_at >= :since) AND (:until IS NULL OR e.opened_at < :until)
       AND (:group IS NULL OR e.fingerprint = :group)
     ORDER BY e.opened_at, e.id LIMIT :most
""")


def deliveries(conn: Connection, wanted: Selection, *, most: int) -> list[Replayable]:
    """Deliveries of partners' documents to business systems, in the order they were made."""
    return _found(conn, _DELIVERIES, "delivery", wanted, most)


def sent(conn: Connection, wanted: Selection, *, most: int) -> list[Replayable]:
    """Transmissions of ours, oldest first."""
    return _found(conn, _SENT, "transmission", wanted, most)


def received(conn: Connection, wanted: Selection, *, most: int) -> list[Replayable]:
    """Transmissions that came, from partners or handed in, oldest first."""
    return _found(conn, _RECEIVED, "transmission", wanted, most)


def unread(conn: Connection, wanted: Selection, *, most: int) -> list[Replayable]:
    """What business systems have and could not be read, each by the exception about it, oldest first."""
    return _found(conn, _UNREAD, "exception", wanted, most)


def _found(conn: Connection, statement: Any, subject: str, wanted: Selection, most: int) -> list[Replayable]:
    asked = {
        "ids": list(wanted.ids) or None,
        "partner": wanted.partner,
        "kind": wanted.kind,
        "state": wanted.state,
        "since": wanted.since,
        "until": wanted.until,
        "group": wanted.group,
        "most": most,
    }
    rows = conn.execute(statement, asked)
    return [Replayable(subject, row.id, row.partner, row.name, row.state, row.at, row.destination) for row in rows]
