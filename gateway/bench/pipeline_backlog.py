"""The backlog that `bench pipeline` works beside: deliveries as routing makes them, each put off by a day."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gateway.bench.pipeline_home import DESTINATIONS, destination
from gateway.model import DeliveryState
from gateway.ports import new_id
from gateway.store import deliveries
from gateway.store.engine import Store

PUT_OFF = timedelta(days=1)
ROWS_AT_ONCE = 1_000


def put_off(store: Store, count: int, *, documents: Sequence[UUID], in_flight: int, at: datetime) -> None:
    """Queue deliveries that were tried once, as many to each destination, through the store's own door.

    Args:
        store: where.
        count: how many.
        documents: that are there; the deliveries are theirs, in turn.
        in_flight: the number of lanes of each destination.
        at: the moment they were made at; they are due a day after it.
    """
    for first in range(0, count, ROWS_AT_ONCE):
        numbers = range(first, min(first + ROWS_AT_ONCE, count))
        with store.begin() as conn:
            deliveries.add_rows(conn, [_row(number, documents, in_flight=in_flight, at=at) for number in numbers])


def _row(number: int, documents: Sequence[UUID], *, in_flight: int, at: datetime) -> dict[str, Any]:
    key, name = f"bench:{number}", destination(number % DESTINATIONS)
    return {
        "id": new_id(),
        "document_id": documents[number % len(documents)],
        "destination": name,
        "state": DeliveryState.RETRYING,
        "reference": f"bench-{new_id().hex}",
        "request_key": new_id().hex,
        "created_at": at,
        "next_at": at + PUT_OFF,
        "lane": f"out:{name}#{zlib.crc32(key.encode()) % in_flight}",
        "ordering_key": key,
        "attempts": 1,
    }
