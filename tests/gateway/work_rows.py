"""Rows of work for tests: transmissions and deliveries in the states that matter, with nothing else around them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from gateway.ports import new_id
from gateway.store.engine import Store
from gateway.store.tables import delivery, document, payload, transmission

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def add_transmission(store: Store, lane: str, *, key: str | None = None, **values: Any) -> UUID:
    """One received transmission; `values` override its columns."""
    made = new_id()
    sha256 = hashlib.sha256(b"x").digest()
    with store.begin() as conn:
        if conn.execute(select(payload.c.sha256).where(payload.c.sha256 == sha256)).one_or_none() is None:
            conn.execute(insert(payload).values(sha256=sha256, size=1, body=b"x", stored_at=START))
        conn.execute(
            insert(transmission).values(
                **{
                    "id": made,
                    "direction": "in",
                    "environment": "live",
                    "state": "received",
                    "channel": "cli",
                    "filename": "po.edi",
                    "payload_sha256": sha256,
                    "size": 1,
                    "received_at": START,
                    "lane": lane,
                    "ordering_key": key,
                    **values,
                }
            )
        )
    return made


def add_delivery(store: Store, lane: str, *, key: str | None = None, **values: Any) -> UUID:
    """One ready delivery of a document of its own; `values` override its columns."""
    made = new_id()
    document_id = new_id()
    with store.begin() as conn:
        conn.execute(insert(document).values(**_document(document_id)))
        conn.execute(insert(delivery).values(**(_delivery(made, document_id, lane, key) | {"state": "ready"} | values)))
    return made


def add_deliveries(store: Store, lane: str, count: int, *, key: str | None = None, **values: Any) -> list[UUID]:
    """Many ready deliveries of one document, in one transaction."""
    document_id = new_id()
    made = [new_id() for _ in range(count)]
    with store.begin() as conn:
        conn.execute(insert(document).values(**_document(document_id)))
        rows = [_delivery(one, document_id, lane, key) | {"state": "ready"} | values for one in made]
        conn.execute(insert(delivery), rows)
    return made


def row_of(store: Store, row_id: UUID) -> Any:
    """The delivery or transmission of this id, as it stands."""
    with store.begin() as conn:
        for table in (delivery, transmission):
            found = conn.execute(select(table).where(table.c.id == row_id)).one_or_none()
            if found is not None:
                return found
    raise LookupError(row_id)


def states(store: Store, ids: list[UUID]) -> list[str]:
    """The states of rows, in the order asked."""
    return [row_of(store, one).state for one in ids]


def _document(document_id: UUID) -> dict[str, Any]:
    return {
        "id": document_id,
        "kind": "purchase_order",
        "schema": "purchase_order/v1",
        "partner": "acme",
        "environment": "live",
        "state": "active",
        "identity": str(document_id),
        "purpose": "original",
        "revision": 1,
        "content_sha256": document_id.bytes,
        "canonical": {},
        "lineage": {},
        "map_name": "base",
        "map_revision": "1",
        "created_at": START,
    }


def _delivery(made: UUID, document_id: UUID, lane: str, key: str | None) -> dict[str, Any]:
    return {
        "id": made,
        "document_id": document_id,
        "destination": "erp",
        "reference": str(made),
        "request_key": str(made),
        "created_at": START,
        "lane": lane,
        "ordering_key": key,
    }
