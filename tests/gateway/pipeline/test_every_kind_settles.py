"""What a document is to those before it is found alike for every kind: by its identity, purpose and content alone."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from gateway.model import DocumentState, Environment
from gateway.pipeline.route import deliveries_of
from gateway.pipeline.translate import MadeDocument, document_row, settle
from gateway.ports import new_id
from gateway.store import documents
from gateway.store.engine import Store
from gateway.store.tables import document as table
from mappings.engine import Mapped
from partners.model import Agreement, Direction
from tests.canonical_documents import Shape, random_document
from tests.gateway.work_rows import START, add_transmission
from translators.canonical.common import Document, Purpose
from translators.canonical.registry import CANONICAL

AGREEMENT = Agreement(partner="acme", document="any", direction=Direction.IN, deliver_to=("erp",))


class NoLineage:
    """The lineage of a document that no map made."""

    def compact(self) -> tuple[Any, ...]:
        return ()


def made(document: Document) -> MadeDocument:
    mapped = Mapped((document,), (), (NoLineage(),), "none", "0")
    return MadeDocument(new_id(), document, AGREEMENT, Environment.LIVE, "us", (1, 1), new_id(), mapped)


def received(store: Store, *found: Document) -> list[MadeDocument]:
    """Settle documents one by one, each in a transmission of its own, as if nothing else were in it."""
    items = []
    for document in found:
        transmission = add_transmission(store, "in:acme:flow")
        item = made(document)
        with store.begin() as conn:
            settle(conn, [item], transmission_id=transmission)
            documents.add_rows(
                conn, documents=[document_row(item, transmission_id=transmission, staged=False, at=START)]
            )
            if item.takes_effect and item.revision > 1:
                documents.supersede(conn, [item.id])
        items.append(item)
    return items


@pytest.mark.parametrize("name", sorted(CANONICAL))
def test_the_same_again_is_a_duplicate_and_a_replacement_a_revision(store: Store, name: str) -> None:
    first = random_document(CANONICAL[name], "settled", Shape(density=1.0)).model_copy(
        update={"purpose": Purpose.ORIGINAL}
    )
    again = first.model_copy(update={"purpose": Purpose.DUPLICATE})
    other = first.model_copy(update={"partner_data": {"changed": "yes"}})
    replaced = other.model_copy(update={"purpose": Purpose.REPLACEMENT})
    cancelled = first.model_copy(update={"purpose": Purpose.CANCELLATION})
    items = received(store, first, again, other, replaced, cancelled)
    assert [(item.state, item.revision) for item in items] == [
        (DocumentState.ACTIVE, 1),
        (DocumentState.DUPLICATE, 1),
        (DocumentState.HELD, 1),
        (DocumentState.ACTIVE, 2),
        (DocumentState.ACTIVE, 3),
    ]
    assert items[1].duplicate_of == items[0].id
    with store.begin() as conn:
        rows = conn.execute(select(table.c.id, table.c.state).where(table.c.kind == first.kind))
        states = {row.id: row.state for row in rows}
    assert [states[item.id] for item in items] == ["superseded", "duplicate", "held", "superseded", "active"]


@pytest.mark.parametrize("name", sorted(CANONICAL))
def test_a_delivery_is_known_by_identity_and_revision_and_ordered_by_the_business_number(name: str) -> None:
    document = random_document(CANONICAL[name], "delivered")
    rows = [
        deliveries_of(made(one), in_flight={"erp": 4}, staged=False, at=START)[0]
        for one in (document, document.model_copy(update={"partner_data": {"changed": "yes"}}))
    ]
    assert rows[0]["reference"] == rows[1]["reference"]
    assert rows[0]["ordering_key"] == f"acme:{document.identity[0]}"


def test_an_order_its_change_and_its_answer_keep_their_order() -> None:
    number = {"number": lambda rng: "PO-1", "order_number": lambda rng: "PO-1"}
    keys = {
        deliveries_of(
            made(random_document(CANONICAL[name], 1, Shape(number))), in_flight={"erp": 4}, staged=False, at=START
        )[0]["ordering_key"]
        for name in ("purchase_order/v1", "order_change/v1", "order_acknowledgment/v1")
    }
    assert keys == {"acme:PO-1"}
