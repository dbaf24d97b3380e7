"""Documents of ours on their way to partners: what a dispatch needs of them, and letting held ones go again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, text, update

from gateway.model import DeliveryState, Direction, Environment, ExceptionState
from gateway.store import audit, exceptions
from gateway.store.tables import delivery, document, exception
from gateway.store.work import Claim
from gateway.store.work_statements import DISPATCH

RELEASED = "delivery.released"
"""In the audit log: it was held for a person, and is due again."""


@dataclass(frozen=True, slots=True)
class DocumentToDispatch:
    """A claimed delivery with its document; `canonical` is JSON, `choices` as they were handed in."""

    claim: Claim
    document_id: UUID
    transmission_id: UUID | None
    partner: str
    environment: Environment
    kind: str
    schema: str
    canonical: bytes
    choices: Mapping[str, str] | None


_LOAD = text("""
    SELECT v.id, v.document_id, v.choices, d.transmission_id, d.partner, d.environment, d.kind, d.schema,
           CAST(d.canonical AS text) AS canonical
      FROM delivery v JOIN document d ON d.id = v.document_id
      JOIN unnest(CAST(:ids AS uuid[]), CAST(:claim_nos AS int[])) AS mine (id, claim_no)
        ON v.id = mine.id AND v.claim_no = mine.claim_no AND v.claimed_by IS NOT NULL
       FOR UPDATE OF v
""")


def load(conn: Connection, claims: Sequence[Claim]) -> list[DocumentToDispatch]:
    """Those of the claimed deliveries that are still ours, in the order of `claims`, locked."""
    asked = {"ids": [claim.id for claim in claims], "claim_nos": [claim.claim_no for claim in claims]}
    rows = {row.id: row for row in conn.execute(_LOAD, asked)}
    return [
        DocumentToDispatch(
            claim=claim,
            document_id=row.document_id,
            transmission_id=row.transmission_id,
            partner=row.partner,
            environment=Environment(row.environment),
            kind=row.kind,
            schema=row.schema,
            canonical=row.canonical.encode(),
            choices=row.choices,
        )
        for claim in claims
        if (row := rows.get(claim.id)) is not None
    ]


def note_map(
    conn: Connection, document_id: UUID, name: str, revision: str, *, lineage: Mapping[str, list[Any]]
) -> None:
    """By which map a document of ours was rendered, and where each value of what was made came from."""
    conn.execute(
        update(document)
        .where(document.c.id == document_id, document.c.direction == Direction.OUT)
        .values(map_name=name, map_revision=revision, lineage=dict(lineage))
    )


def let_go(conn: Connection, delivery_id: UUID, *, by: str, at: datetime) -> None:
    """A document of ours that is held is due again: the cause may be gone. Its lane must be woken."""
    columns = delivery.c
    conn.execute(
        update(delivery)
        .where(columns.id == delivery_id, columns.state == DeliveryState.REJECTED, columns.lane.startswith(DISPATCH))
        .values(state=DeliveryState.READY, finished_at=None, next_at=None, reason=None)
    )
    audit.record(
        conn,
        at=at,
        actor=by,
        action=RELEASED,
        subject="delivery",
        subject_id=str(delivery_id),
        detail={},
    )


def cancel_held(conn: Connection, document_id: UUID, *, at: datetime) -> None:
    """A later revision stands in for what was held of the same identity: that is not sent any more."""
    newer = document.alias("newer")
    wanted = (
        select(delivery.c.id, exception.c.id.label("exception_id"))
        .join(document, document.c.id == delivery.c.document_id)
        .join(
            newer,
            (newer.c.partner == document.c.partner)
            & (newer.c.direction == document.c.direction)
            & (newer.c.kind == document.c.kind)
            & (newer.c.environment == document.c.environment)
            & (newer.c.identity == document.c.identity)
            & (newer.c.revision > document.c.revision),
        )
        .outerjoin(exception, (exception.c.delivery_id == delivery.c.id) & (exception.c.state == ExceptionState.OPEN))
        .where(newer.c.id == document_id, delivery.c.state == DeliveryState.REJECTED)
        .with_for_update(of=delivery)
    )
    for row in conn.execute(wanted).all():
        conn.execute(
            update(delivery)
            .where(delivery.c.id == row.id)
            .values(state=DeliveryState.CANCELLED, finished_at=at, reason="a later revision was handed in")
        )
        audit.record(
            conn,
            at=at,
            actor="gateway",
            action=f"delivery.{DeliveryState.CANCELLED.value}",
            subject="delivery",
            subject_id=str(row.id),
            detail={"for": str(document_id)},
        )
        if row.exception_id is not None:
            exceptions.resolve(conn, row.exception_id, by="gateway", at=at)
