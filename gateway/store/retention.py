"""Retention: what is past its days and free to go is purged; its row stays, with hash, size and dates.

A tombstone keeps the names: file name, hash, size, identities, business keys, states, acknowledgments, the audit log.
The bytes, the canonical documents with their lineage, the issues (they quote values) and the AS2 headers and receipts
go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, bindparam, delete, select, text, update
from sqlalchemy.types import DateTime, Integer, Text

from gateway.store import audit, locks
from gateway.store.tables import as2_message, document, issue, mailbox_file, transmission

ACKNOWLEDGMENT = "acknowledgment"
"""The kind of what carries TA1, 997, 999, 824 or an acknowledgment document."""


@dataclass(frozen=True, slots=True)
class KeepRule:
    """How many days what is of this partner and kind is kept; None: of any."""

    partner: str | None
    kind: str | None
    days: int


@dataclass(frozen=True, slots=True)
class Policy:
    """How long things are kept. The most specific rule counts: partner and kind, partner, kind, and else `days`.

    What is of several kinds is kept for the longest of their times, and nothing shorter than its partner's window for
    duplicates.

    Args:
        windows: partner -> days in which the same bytes again are a duplicate.
    """

    days: int
    rules: tuple[KeepRule, ...] = ()
    windows: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class PastItsDays:
    """A transmission that is past its days; `kept_for` says why it stays all the same, and is None where it goes."""

    id: UUID
    partner: str | None
    kinds: tuple[str, ...]
    filename: str
    size: int
    received_at: datetime
    days: int
    kept_for: str | None


_PAST = """
    WITH rule AS (SELECT * FROM json_to_recordset(CAST(:rules AS json)) AS r (partner text, kind text, days int)),
         duplicates AS (SELECT * FROM json_to_recordset(CAST(:windows AS json)) AS w (partner text, days int)),
         old AS (
            SELECT t.*, greatest(
                       coalesce(
                           (SELECT max(coalesce(
                                (SELECT days FROM rule WHERE rule.partner = t.partner AND rule.kind = k.kind),
                                (SELECT days FROM rule WHERE rule.partner = t.partner AND rule.kind IS NULL),
                                (SELECT days FROM rule WHERE rule.partner IS NULL AND rule.kind = k.kind),
                                :days)) FROM unnest(kinds.found) AS k (kind)),
                           (SELECT days FROM rule WHERE rule.partner = t.partner AND rule.kind IS NULL),
                           :days),
                       coalesce((SELECT days FROM duplicates WHERE duplicates.partner = t.partner), 0)) AS kept_days,
                   kinds.found AS kinds
              FROM transmission t
             CROSS JOIN LATERAL (SELECT coalesce(array_agg(DISTINCT one.kind ORDER BY one.kind), '{}') AS found FROM (
                    SELECT d.kind FROM document d WHERE d.transmission_id = t.id
                    UNION SELECT d.kind FROM transaction_set s
                            JOIN document_source c ON c.transaction_set_id = s.id
                            JOIN document d ON d.id = c.document_id WHERE s.transmission_id = t.id
                    UNION SELECT 'acknowledgment' FROM acknowledgment a WHERE a.transmission_id = t.id) one) kinds
             WHERE t.purged_at IS NULL AND t.received_at < :oldest)
    SELECT t.id, t.partner, t.kinds, t.filename, t.size, t.received_at, t.kept_days AS days, CASE
           WHEN EXISTS (SELECT FROM legal_hold h WHERE h.lifted_at IS NULL AND (h.transmission_id = t.id
                            OR h.partner = t.partner OR EXISTS (
                                SELECT FROM business_key b
                                 WHERE b.transmission_id = t.id AND b.value = h.business_key)))
               THEN 'a legal hold'
           WHEN t.state NOT IN ('processed', 'duplicate', 'parked', 'collected', 'withdrawn', 'sent', 'refused')
               THEN 'it is not at its end: ' || t.state
           WHEN EXISTS (SELECT FROM exception e LEFT JOIN delivery v ON v.id = e.delivery_id
                          LEFT JOIN document d ON d.id = coalesce(e.document_id, v.document_id)
                         WHERE e.state = 'open' AND (e.transmission_id = t.id OR d.transmission_id = t.id))
               THEN 'an open exception'
           WHEN EXISTS (SELECT FROM document d JOIN delivery v ON v.document_id = d.id
                         WHERE d.transmission_id = t.id AND v.state NOT IN ('delivered', 'cancelled', 'test'))
               THEN 'a document that is not delivered'
           WHEN EXISTS (SELECT FROM expected_acknowledgment x
                         WHERE x.state IN ('waiting', 'overdue') AND (x.transmission_id = t.id OR x.transmission_id IN (
                                SELECT s.transmission_id FROM document d
                                  JOIN document_source c ON c.document_id = d.id
                                  JOIN transaction_set s ON s.id = c.transaction_set_id
                                 WHERE d.transmission_id = t.id)))
               THEN 'an acknowledgment that the partner owes'
           WHEN EXISTS (SELECT FROM interchange i JOIN acknowledgment a ON a.interchange_id = i.id
                          JOIN transmission o ON o.id = a.transmission_id
                         WHERE i.transmission_id = t.id AND a.direction = 'out'
                           AND o.state NOT IN ('collected', 'withdrawn', 'sent', 'refused'))
             OR EXISTS (SELECT FROM as2_message m JOIN transmission o ON o.id = m.mdn_transmission_id
                         WHERE m.transmission_id = t.id
                           AND o.state NOT IN ('collected', 'withdrawn', 'sent', 'refused'))
               THEN 'an acknowledgment of ours that the partner does not have'
           END AS kept_for
      FROM old t
     WHERE t.received_at < CAST(:now AS timestamptz) - t.kept_days * interval '1 day'
"""
_PARAMETERS = (
    bindparam("rules", type_=Text),
    bindparam("windows", type_=Text),
    bindparam("days", type_=Integer),
    bindparam("oldest", type_=DateTime(timezone=True)),
    bindparam("now", type_=DateTime(timezone=True)),
)
_ALL = text(f"{_PAST} ORDER BY t.received_at, t.id").bindparams(*_PARAMETERS)
_NEXT = text(
    f"SELECT * FROM ({_PAST}) past WHERE kept_for IS NULL ORDER BY received_at, id LIMIT :most"  # noqa: S608 ours
).bindparams(*_PARAMETERS, bindparam("most", type_=Integer))
_LOCK = text("SELECT sha256 FROM payload WHERE sha256 = ANY(:names) ORDER BY sha256 FOR UPDATE")
_DROP = text("""
    DELETE FROM payload p WHERE p.sha256 = ANY(:names)
       AND NOT EXISTS (SELECT FROM transmission t WHERE t.payload_kept = p.sha256)
       AND NOT EXISTS (SELECT FROM mailbox_file f WHERE f.payload_sha256 = p.sha256)
       AND NOT EXISTS (SELECT FROM as2_message m WHERE m.body_sha256 = p.sha256)
    RETURNING p.size
""")


@dataclass(frozen=True, slots=True)
class Purged:
    """What one purge took away: how many transmissions, and how many bytes the vault no longer has."""

    transmissions: int = 0
    freed: int = 0


def past_their_days(conn: Connection, policy: Policy, *, now: datetime) -> list[PastItsDays]:
    """Everything that is past its days, oldest first, with why some of it stays."""
    return [_past(row) for row in conn.execute(_ALL, _asked(policy, now))]


def purge(conn: Connection, policy: Policy, *, by: str, now: datetime, most: int) -> Purged:
    """Purge what is past its days and free to go, up to `most` transmissions; each is audited."""
    locks.hold(conn, locks.RETENTION)  # a hold that is placed from now on waits for our end
    found = [_past(row) for row in conn.execute(_NEXT, {**_asked(policy, now), "most": most})]
    locked = _locked(conn, [one.id for one in found])
    names: set[bytes] = set()
    for one in found:
        if one.id in locked:
            names |= _purge_one(conn, one, locked[one.id], by=by, at=now)
    conn.execute(_LOCK, {"names": sorted(names)})  # who names these bytes just now has ended before the next look
    freed = [row.size for row in conn.execute(_DROP, {"names": sorted(names)})]
    return Purged(len(locked), sum(freed))


def _locked(conn: Connection, ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Those that nobody works or purges at this moment."""
    columns = transmission.c
    rows = conn.execute(
        select(columns.id, columns.payload_sha256, columns.state)
        .where(columns.id.in_(list(ids)), columns.purged_at.is_(None))
        .order_by(columns.id)
        .with_for_update(skip_locked=True)
    )
    return {row.id: row for row in rows}


def _purge_one(conn: Connection, found: PastItsDays, row: Any, *, by: str, at: datetime) -> set[bytes]:
    """Take the content of one transmission away; the names of bytes that may go."""
    names = {bytes(row.payload_sha256)}
    message = conn.execute(
        select(as2_message.c.body_sha256).where(as2_message.c.transmission_id == found.id)
    ).scalar_one_or_none()
    if message is not None:
        names.add(bytes(message))
    gone = conn.execute(
        update(document)
        .where(document.c.transmission_id == found.id)
        .values(canonical={}, lineage={}, purged_at=at)
        .returning(document.c.id, document.c.content_sha256)
    ).all()
    conn.execute(
        update(as2_message)
        .where(as2_message.c.transmission_id == found.id)
        .values(headers=[], body_sha256=None, mdn_headers=None, mdn_body=None)
    )
    conn.execute(delete(issue).where(issue.c.transmission_id == found.id))
    lay = conn.execute(
        delete(mailbox_file).where(mailbox_file.c.transmission_id == found.id).returning(mailbox_file.c.payload_sha256)
    )
    names |= {bytes(name) for name in lay.scalars()}
    conn.execute(update(transmission).where(transmission.c.id == found.id).values(purged_at=at))
    audit.record(
        conn,
        at=at,
        actor=by,
        action="transmission.purged",
        subject="transmission",
        subject_id=str(found.id),
        detail={
            "sha256": bytes(row.payload_sha256).hex(),
            "size": found.size,
            "received_at": found.received_at.isoformat(),
            "days": found.days,
            "as2_body_sha256": None if message is None else bytes(message).hex(),
            "documents": {str(one.id): bytes(one.content_sha256).hex() for one in gone},
        },
    )
    return names


def _asked(policy: Policy, now: datetime) -> dict[str, object]:
    rules = [{"partner": rule.partner, "kind": rule.kind, "days": rule.days} for rule in policy.rules]
    windows = [{"partner": key, "days": days} for key, days in sorted((policy.windows or {}).items())]
    shortest = min([policy.days, *(rule.days for rule in policy.rules)])
    return {
        "rules": orjson.dumps(rules).decode(),
        "windows": orjson.dumps(windows).decode(),
        "days": policy.days,
        "oldest": now - timedelta(days=shortest),
        "now": now,
    }


def _past(row: Any) -> PastItsDays:
    return PastItsDays(
        row.id, row.partner, tuple(row.kinds), row.filename, row.size, row.received_at, row.days, row.kept_for
    )
