"""Documents that belong together by a business key, the links between them, and whom a document was addressed to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, select

from gateway.model import Direction, DocumentState, Environment
from gateway.store.control_numbers import Party
from gateway.store.rows import Target, insert_rows
from gateway.store.tables import (
    business_key,
    document,
    document_link,
    document_source,
    interchange,
    transaction_set,
    transmission,
)

MOST_STEPS = 6
"""Links that are followed from a document to those it belongs with."""


@dataclass(frozen=True, slots=True)
class Relative:
    """A document that another may belong with; `canonical` is its JSON."""

    id: UUID
    schema: str
    identity: str
    canonical: bytes


def named(
    conn: Connection,
    *,
    partner: str,
    environment: Environment,
    direction: Direction,
    kind: str,
    key: str,
    values: Collection[str],
) -> list[Relative]:
    """The active documents of one kind that any of these values of a business key finds, in the order they came."""
    columns = document.c
    found = (
        select(columns.id, columns.schema, columns.identity, columns.canonical)
        .where(
            columns.id.in_(
                select(business_key.c.document_id).where(
                    business_key.c.name == key, business_key.c.value.in_(list(values))
                )
            ),
            columns.partner == partner,
            columns.environment == environment,
            columns.direction == direction,
            columns.kind == kind,
            columns.state == DocumentState.ACTIVE,
            columns.purged_at.is_(None),
        )
        .order_by(columns.id)
    )
    return [Relative(row.id, row.schema, row.identity, orjson.dumps(row.canonical)) for row in conn.execute(found)]


def link(target: Target, from_document: UUID, to: Sequence[tuple[UUID, str]]) -> None:
    """Note what a document belongs with, and how; what is noted already stays."""
    rows = [{"from_document": from_document, "to_document": id, "relation": relation} for id, relation in to]
    insert_rows(target, document_link, rows, keep=True)


def addressed_to(conn: Connection, document_id: UUID) -> Party | None:
    """ISA07 and ISA08 of the interchange a document came in; None where it came in none."""
    row = conn.execute(
        select(interchange.c.receiver_qualifier, interchange.c.receiver_id)
        .join(
            transaction_set,
            (transaction_set.c.transmission_id == interchange.c.transmission_id)
            & (transaction_set.c.interchange_ordinal == interchange.c.ordinal),
        )
        .join(document_source, document_source.c.transaction_set_id == transaction_set.c.id)
        .where(document_source.c.document_id == document_id)
        .limit(1)
    ).one_or_none()
    return None if row is None else (row.receiver_qualifier, row.receiver_id)


def family(conn: Connection, ids: Collection[UUID]) -> list[dict[str, Any]]:
    """Every document that is linked to one of these, over any of them, with how; these themselves among them.

    Returns:
        Rows of JSON, in the order the documents came: `id`, `kind`, `direction`, `identity`, `revision`, `state`,
        `transmission_id` and `filename` of what brought it, `sent` (of ours: the transmissions that it left in, with
        what the partner said of the set), and `links`, each with `relation` and the id it leads `to`. None where
        nothing is linked.
    """
    known: set[UUID] = set(ids)
    newest = set(known)
    links: dict[tuple[UUID, UUID, str], None] = {}
    for _ in range(MOST_STEPS):
        rows = conn.execute(
            select(document_link).where(
                document_link.c.from_document.in_(newest) | document_link.c.to_document.in_(newest)
            )
        ).all()
        links |= dict.fromkeys((row.from_document, row.to_document, row.relation) for row in rows)
        newest = {id for row in rows for id in (row.from_document, row.to_document)} - known
        if not newest:
            break
        known |= newest
    if not links:
        return []
    columns = document.c
    found = conn.execute(
        select(
            columns.id,
            columns.kind,
            columns.direction,
            columns.identity,
            columns.revision,
            columns.state,
            columns.transmission_id,
            columns.created_at,
            transmission.c.filename,
        )
        .outerjoin(transmission, transmission.c.id == columns.transmission_id)
        .where(columns.id.in_(known))
        .order_by(columns.created_at, columns.id)
    )
    sent = _sent(conn, known)
    return [
        {
            "id": str(row.id),
            "kind": row.kind,
            "direction": row.direction,
            "identity": row.identity,
            "revision": row.revision,
            "state": row.state,
            "transmission_id": None if row.transmission_id is None else str(row.transmission_id),
            "filename": row.filename,
            "created_at": row.created_at.isoformat(),
            "sent": sent.get(row.id, []),
            "links": [{"relation": relation, "to": str(to)} for origin, to, relation in links if origin == row.id],
        }
        for row in found
    ]


def _sent(conn: Connection, ids: Collection[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """document -> the transmissions of ours it left in."""
    rows = conn.execute(
        select(
            document_source.c.document_id,
            transmission.c.id,
            transmission.c.filename,
            transmission.c.state,
            transaction_set.c.outcome,
        )
        .join(transaction_set, transaction_set.c.id == document_source.c.transaction_set_id)
        .join(transmission, transmission.c.id == transaction_set.c.transmission_id)
        .where(document_source.c.document_id.in_(ids), transmission.c.direction == Direction.OUT)
        .order_by(transmission.c.received_at, transmission.c.id)
    )
    found: dict[UUID, list[dict[str, Any]]] = {}
    for row in rows:
        told = {
            "transmission_id": str(row.id),
            "filename": row.filename,
            "state": row.state,
            "outcome": row.outcome,
        }
        found.setdefault(row.document_id, []).append(told)
    return found
