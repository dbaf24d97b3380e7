"""Route: a document becomes one delivery per destination; its keys are fixed here, before anything is sent."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gateway.model import DeliveryState, Environment
from gateway.pipeline.translate import MadeDocument
from gateway.ports import new_id
from gateway.routing import Facts, Routes


def deliveries_of(
    item: MadeDocument, *, in_flight: Mapping[str, int], routes: Routes | None = None, staged: bool, at: datetime
) -> list[dict[str, Any]]:
    """The delivery rows of a document that takes effect.

    Args:
        item: a settled document.
        in_flight: destination -> how many requests it may see at a time (its number of lanes).
        routes: the rules that say where it goes; where left out, its agreement does.
        staged: the transmission is not read to its end yet.
        at: the moment, aware.
    """
    ordering_key = _ordering_key(item) if item.agreement.ordered else None
    rows = []
    facts = Facts.of(item.document, partner=item.agreement.partner, entity=item.entity, environment=item.environment)
    chosen = (routes or Routes()).choose(facts, item.agreement.deliver_to)
    # A test document is shown as it would have gone to live systems; a live one is nothing for a system for tests.
    shown_only = chosen.withheld if item.environment is Environment.TEST else ()
    for destination in (*chosen.destinations, *shown_only):
        reference = _reference(item, destination)
        spread = zlib.crc32((ordering_key or reference).encode()) % in_flight[destination]
        if destination in shown_only:
            state = DeliveryState.TEST
        else:
            state = DeliveryState.STAGED if staged else DeliveryState.READY
        rows.append(
            {
                "id": new_id(),
                "document_id": item.id,
                "destination": destination,
                "state": state,
                "reference": reference,
                "request_key": new_id().hex,
                "created_at": at,
                "lane": f"out:{destination}#{spread}",
                "ordering_key": ordering_key,
            }
        )
    return rows


def _reference(item: MadeDocument, destination: str) -> str:
    """What the business system knows the document by: the same for the same identity and revision, always.

    Source: delivery design, "Two keys"; never made from control numbers.
    """
    parts = (
        item.agreement.partner,
        item.document.kind,
        item.environment.value,
        item.identity,
        str(item.revision),
        destination,
    )
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def _ordering_key(item: MadeDocument) -> str:
    """What keeps its order: everything about one business number of one partner."""
    return f"{item.agreement.partner}:{item.document.identity[0]}"
