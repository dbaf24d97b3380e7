"""Idempotency keys: what was sent under one is one transmission, however often it is sent."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select

from gateway.store.rows import Target, insert_rows
from gateway.store.tables import idempotency_key


class KnownRequest(NamedTuple):
    """What was sent under a key, and what it became."""

    request_sha256: bytes
    transmission_id: UUID


def find(conn: Connection, *, account: str, key: str) -> KnownRequest | None:
    """What an account sent under this key before."""
    columns = idempotency_key.c
    row = conn.execute(
        select(columns.request_sha256, columns.transmission_id).where(columns.account == account, columns.key == key)
    ).one_or_none()
    return None if row is None else KnownRequest(bytes(row.request_sha256), row.transmission_id)


def remember(
    target: Target, *, account: str, key: str, request_sha256: bytes, transmission_id: UUID, at: datetime
) -> None:
    """Keep what is sent under this key. Of two at the same moment the commit of one fails with StoreConflict."""
    row = {
        "account": account,
        "key": key,
        "request_sha256": request_sha256,
        "transmission_id": transmission_id,
        "created_at": at,
    }
    insert_rows(target, idempotency_key, [row])
