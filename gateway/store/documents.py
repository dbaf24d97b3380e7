"""Documents: the business objects, their identity and revisions, and what they were made from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, select, update

from gateway.model import Direction, DocumentState, Environment
from gateway.store.rows import Target, insert_rows
from gateway.store.tables import (
    business_key,
    delivery,
    document,
    document_link,
    document_source,
    transaction_set,
    transmission,
)
from gateway.store.tables import exception as exception_table

Row = dict[str, Any]

IDENTITY_LOCK = 0x7472_6964
"""Class of the advisory locks under which documents find out about earlier ones of their identity."""


@dataclass(frozen=True, slots=True)
class LatestRevision:
    """The newest revision of one identity that counts (neither a duplicate nor held).

    `staged_in` is the transmission that is just being read and may still take it back.
    """

    id: UUID
    revision: int
    content_sha256: bytes
    staged_in: UUID | None = None


def latest_revisions(
    conn: Connection,
    *,
    partner: str,
    kind: str,
    environment: Environment,
    identities: Iterable[str],
    direction: Direction = Direction.IN,
) -> dict[str, LatestRevision]:
    """identity -> its newest revision, for those identities that exist.

    Until the transaction ends nobody else finds out about the same partner's documents of this kind: of two that bring
    the same identity at once, the second waits and then sees the first.
    """
    columns = document.c
    scope = f"{partner}\x1f{kind}\x1f{environment.value}\x1f{direction.value}"
    conn.execute(select(func.pg_advisory_xact_lock(IDENTITY_LOCK, func.hashtext(scope))))
    rows = conn.execute(
        select(
            columns.identity,
            columns.id,
            columns.revision,
            columns.content_sha256,
            columns.state,
            columns.transmission_id,
        )
        .where(
            columns.partner == partner,
            columns.direction == direction,
            columns.kind == kind,
            columns.environment == environment,
            columns.identity.in_(list(identities)),
            columns.state.not_in([DocumentState.DUPLICATE, DocumentState.HELD]),
        )
        .order_by(columns.identity, columns.revision)
    )
    found = {}
    for row in rows:
        staged_in = row.transmission_id if row.state == DocumentState.STAGED else None
        found[row.identity] = LatestRevision(row.id, row.revision, row.content_sha256, staged_in)
    return found


def add_rows(
    target: Target, *, documents: Sequence[Row], sources: Sequence[Row] = (), links: Sequence[Row] = ()
) -> None:
    """Insert prepared documents with their sources and links."""
    for table, rows in ((document, documents), (document_source, sources), (document_link, links)):
        insert_rows(target, table, rows)


def activate_staged(conn: Connection, transmission_id: UUID) -> None:
    """The trailers were read: the staged documents of this transmission count, older revisions are superseded."""
    columns = document.c
    active = conn.execute(
        update(document)
        .where(columns.transmission_id == transmission_id, columns.state == DocumentState.STAGED)
        .values(state=DocumentState.ACTIVE)
        .returning(columns.id, columns.revision)
    ).all()
    supersede(conn, [row.id for row in active if row.revision > 1])


def supersede(conn: Connection, ids: Sequence[UUID]) -> None:
    """These documents are the newest of their identities: the active revisions before them are superseded."""
    if not ids:
        return
    newer = document.alias("newer")
    conn.execute(
        update(document)
        .where(
            newer.c.id.in_(ids),
            document.c.partner == newer.c.partner,
            document.c.direction == newer.c.direction,
            document.c.kind == newer.c.kind,
            document.c.environment == newer.c.environment,
            document.c.identity == newer.c.identity,
            document.c.revision < newer.c.revision,
            document.c.state == DocumentState.ACTIVE,
        )
        .values(state=DocumentState.SUPERSEDED)
    )


def remove(conn: Connection, ids: Sequence[UUID]) -> None:
    """Remove documents that never took effect, with everything that hangs on them."""
    if ids:
        conn.execute(delete(exception_table).where(exception_table.c.document_id.in_(ids)))
        conn.execute(delete(delivery).where(delivery.c.document_id.in_(ids)))
        conn.execute(delete(document_source).where(document_source.c.document_id.in_(ids)))
        conn.execute(delete(business_key).where(business_key.c.document_id.in_(ids)))
        conn.execute(delete(document).where(document.c.id.in_(ids)))


def made_by(conn: Connection, map_name: str, *, limit: int) -> list[Row]:
    """The newest documents a map made of transaction sets, those of one file together.

    Returns:
        id, kind, partner, identity, canonical, the set's place (interchange_ordinal, group_ordinal, ordinal), and
        filename and payload_sha256 of the transmission.
    """
    columns, sets, sent = document.c, transaction_set.c, transmission.c
    newest = (
        select(columns.id)
        .where(columns.map_name == map_name, columns.purged_at.is_(None))
        .order_by(columns.created_at.desc(), columns.id.desc())
    ).limit(limit)
    rows = conn.execute(
        select(
            columns.id,
            columns.kind,
            columns.partner,
            columns.identity,
            columns.canonical,
            sets.interchange_ordinal,
            sets.group_ordinal,
            sets.ordinal,
            sent.filename,
            sent.payload_sha256,
        )
        .select_from(document)
        .join(document_source, document_source.c.document_id == columns.id)
        .join(transaction_set, sets.id == document_source.c.transaction_set_id)
        .join(transmission, sent.id == sets.transmission_id)
        .where(columns.id.in_(newest))
        .order_by(sent.payload_sha256, sent.filename, columns.created_at.desc(), columns.id.desc())
    )
    return [dict(row._mapping) for row in rows]


def lineages(conn: Connection, id: UUID) -> list[Row]:
    """The documents with this id, or that came or were handed in in the transmission with it, with their lineage.

    Returns:
        id, kind, identity, direction, map_name, and lineage: path -> [map file, line, [[source name, segment ordinal,
        element, first byte, byte after the last], ...]]; of ours the paths are those of what was last sent.
    """
    columns = document.c
    rows = conn.execute(
        select(columns.id, columns.kind, columns.identity, columns.direction, columns.map_name, columns.lineage)
        .where((columns.id == id) | (columns.transmission_id == id))
        .order_by(columns.created_at, columns.id)
    )
    return [dict(row._mapping) for row in rows]


def load_for_delivery(conn: Connection, document_id: UUID) -> Row:
    """The columns a delivery needs: kind, schema, partner, environment, identity, revision, canonical."""
    columns = document.c
    row = conn.execute(
        select(
            columns.id,
            columns.kind,
            columns.schema,
            columns.partner,
            columns.environment,
            columns.identity,
            columns.revision,
            columns.canonical,
        ).where(columns.id == document_id)
    ).one()
    return dict(row._mapping)
