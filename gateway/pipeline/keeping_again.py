"""Keeping again: documents made of an earlier transmission are written, routed, and told where they are held."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from gateway.model import DeliveryState, DocumentState
from gateway.pipeline.inbound import InboundLine
from gateway.pipeline.route import deliveries_of
from gateway.pipeline.translate import MadeDocument, document_row, link_rows
from gateway.ports import new_id
from gateway.store import Connection, deliveries, documents, exceptions, transmissions
from translators.errors import Issue


def keep_again(
    line: InboundLine, conn: Connection, made: Sequence[MadeDocument], *, transmission_id: UUID, at: datetime
) -> set[str]:
    """Write settled documents with their sources, keys and deliveries; the lanes that have due rows now."""
    documents.add_rows(
        conn,
        documents=[document_row(item, transmission_id=transmission_id, staged=False, at=at) for item in made],
        sources=[{"document_id": item.id, "transaction_set_id": item.transaction_set_id} for item in made],
        links=link_rows(conn, made),
    )
    routed = [
        row
        for item in made
        if item.takes_effect
        for row in deliveries_of(item, in_flight=line.in_flight, routes=line.routes, staged=False, at=at)
    ]
    deliveries.add_rows(conn, routed)
    for item in made:
        keys = [(key.name, key.value) for key in item.document.business_keys()]
        transmissions.add_business_keys(conn, keys, transmission_id=transmission_id, document_id=item.id)
        if item.state is DocumentState.HELD:
            exceptions.open_exception(
                conn,
                id=new_id(),
                at=at,
                code=exceptions.CONTRADICTS,
                reason=item.reason or "",
                group=exceptions.contradiction(item.partner, item.document.kind),
                transmission_id=transmission_id,
                document_id=item.id,
            )
    documents.supersede(conn, [item.id for item in made if item.takes_effect and item.revision > 1])
    return {row["lane"] for row in routed if row["state"] is DeliveryState.READY}


def tell_issues(
    conn: Connection, issues: Sequence[Issue], *, transmission_id: UUID, partner: str, at: datetime
) -> None:
    """Still held: told anew in the matter it was in, so that it is tried again for what is added from now on."""
    first = issues[0]
    known = exceptions.group_of(conn, transmission_id, first.code)
    more = f" (and {len(issues) - 1} more)" if len(issues) > 1 else ""
    exceptions.open_exception(
        conn,
        id=new_id(),
        at=at,
        code=first.code,
        reason=f"{first.message} ({first.position}){more}",
        group=known or exceptions.fingerprint(partner, first.code),
        transmission_id=transmission_id,
    )
