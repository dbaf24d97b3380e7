"""What an evidence pack is made of: bytes by their hashes, documents, revisions, a piece of the audit chain."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Text, cast, func, or_, select

from gateway.store.audit_chain import GENESIS, link_of
from gateway.store.tables import (
    acknowledgment,
    as2_message,
    audit,
    audit_seal,
    delivery,
    document,
    document_source,
    interchange,
    map_revision,
    partner_revision,
    payload,
    transaction_set,
    transmission,
)

Row = dict[str, Any]

_AUDITED = (
    audit_seal.c.position,
    *(audit.c[name] for name in ("seq", "at", "actor", "action", "subject", "subject_id", "detail")),
)
"""A row of the audit log with its place in the chain, as `link_of` reads it."""


@dataclass(frozen=True, slots=True)
class KeptBytes:
    """A transmission's bytes: what they are called, and their name in the vault."""

    transmission_id: UUID
    filename: str
    sha256: bytes
    size: int


@dataclass(frozen=True, slots=True)
class ChainPiece:
    """A piece of the audit chain.

    Args:
        position: of the seal before the first link.
        seal: that seal.
        links: one for each position after it.
    """

    position: int
    seal: bytes
    links: tuple[bytes, ...]


def bytes_of(conn: Connection, transmission_id: UUID) -> KeptBytes | None:
    """A transmission's own bytes; None where the vault has them no more.

    Raises:
        LookupError: there is no such transmission.
    """
    row = conn.execute(
        select(transmission.c.filename, transmission.c.payload_sha256, transmission.c.size, payload.c.sha256)
        .outerjoin(payload, payload.c.sha256 == transmission.c.payload_sha256)
        .where(transmission.c.id == transmission_id)
    ).one_or_none()
    if row is None:
        raise LookupError(f"no transmission {transmission_id}")
    return None if row.sha256 is None else KeptBytes(transmission_id, row.filename, row.payload_sha256, row.size)


def answers_to(conn: Connection, transmission_id: UUID) -> list[KeptBytes]:
    """The transmissions that carry acknowledgments of this one's interchanges, ours or the partner's, oldest first."""
    answered = select(func.coalesce(interchange.c.duplicate_of, interchange.c.id)).where(
        interchange.c.transmission_id == transmission_id
    )
    carriers = select(acknowledgment.c.transmission_id).where(acknowledgment.c.interchange_id.in_(answered))
    columns = transmission.c
    rows = conn.execute(
        select(columns.id, columns.filename, columns.payload_sha256, columns.size)
        .join(payload, payload.c.sha256 == columns.payload_sha256)
        .where(columns.id.in_(carriers))
        .order_by(columns.received_at, columns.id)
    )
    return [KeptBytes(row.id, row.filename, row.payload_sha256, row.size) for row in rows]


def documents_in(conn: Connection, transmission_id: UUID) -> list[Row]:
    """The documents a transmission brought, and those of ours that left in it; `canonical` and `lineage` as JSON."""
    inside = (
        select(document_source.c.document_id)
        .join(transaction_set, transaction_set.c.id == document_source.c.transaction_set_id)
        .where(transaction_set.c.transmission_id == transmission_id)
    )
    columns = document.c
    rows = conn.execute(
        select(columns.id, columns.canonical, columns.lineage, columns.map_name, columns.map_revision)
        .where(or_(columns.transmission_id == transmission_id, columns.id.in_(inside)))
        .order_by(columns.created_at, columns.id)
    ).mappings()
    return [{str(name): value for name, value in row.items()} for row in rows]


def as2_of(conn: Connection, transmission_id: UUID) -> Row | None:
    """The AS2 message a transmission came or went as: headers, MICs, the receipt, `size` of the body kept."""
    columns = as2_message.c
    row = (
        conn.execute(
            select(
                columns.direction,
                columns.message_id,
                columns.headers,
                columns.body_sha256,
                columns.mics,
                columns.receipt,
                columns.mdn_status,
                columns.mdn_headers,
                columns.mdn_body,
                columns.verdict,
                columns.tries,
                payload.c.size,
            )
            .outerjoin(payload, payload.c.sha256 == columns.body_sha256)
            .where(columns.transmission_id == transmission_id)
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else {str(name): value for name, value in row.items()}


def map_texts(conn: Connection, revisions: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Row]:
    """(name, revision) -> what the map said: `resolved`, `sources` (None where its files were not kept)."""
    columns = map_revision.c
    found = {}
    for name, revision in revisions:
        row = conn.execute(
            select(columns.resolved, columns.sources).where(columns.map_name == name, columns.revision == revision)
        ).one_or_none()
        if row is not None:
            found[name, revision] = {"resolved": row.resolved, "sources": row.sources}
    return found


def profile_revisions(conn: Connection, partner: str) -> list[Row]:
    """The revisions of a partner's profile, oldest first: when each was seen first, and what it says, where kept."""
    columns = partner_revision.c
    rows = conn.execute(
        select(columns.revision, columns.seen_at, columns.resolved)
        .where(columns.partner == partner)
        .order_by(columns.seen_at, columns.revision)
    )
    return [{"revision": row.revision, "seen_at": row.seen_at.isoformat(), "resolved": row.resolved} for row in rows]


def audit_rows(conn: Connection, transmissions: Collection[UUID], documents: Collection[UUID]) -> list[Row]:
    """Every row of the audit log about these and the documents' deliveries; `position` is None while it is unsealed."""
    about = [str(one) for one in (*transmissions, *documents)]
    sent = select(cast(delivery.c.id, Text)).where(delivery.c.document_id.in_(list(documents)))
    rows = conn.execute(
        select(*_AUDITED)
        .outerjoin(audit_seal, audit_seal.c.audit_seq == audit.c.seq)
        .where(or_(audit.c.subject_id.in_(about), audit.c.subject_id.in_(sent)))
        .order_by(audit_seal.c.position, audit.c.seq)
    ).mappings()
    return [{str(name): value for name, value in row.items()} | {"at": row["at"].isoformat()} for row in rows]


def chain_piece(conn: Connection, first: int, last: int) -> ChainPiece:
    """The links of positions `first` to `last`, and the seal before them.

    Raises:
        LookupError: a row or a seal of the piece is gone.
    """
    before = GENESIS
    if first > 1:
        found = conn.execute(select(audit_seal.c.seal).where(audit_seal.c.position == first - 1)).scalar_one_or_none()
        if found is None:
            raise LookupError(f"the seal at position {first - 1} of the audit chain is gone")
        before = bytes(found)
    rows = conn.execute(
        select(*_AUDITED)
        .join(audit, audit.c.seq == audit_seal.c.audit_seq)
        .where(audit_seal.c.position.between(first, last))
        .order_by(audit_seal.c.position),
        execution_options={"yield_per": 5000},
    )
    links = tuple(link_of(row.position, row) for row in rows)
    if len(links) != last - first + 1:
        raise LookupError(f"of positions {first} to {last} of the audit chain only {len(links)} rows are there")
    return ChainPiece(first - 1, before, links)
