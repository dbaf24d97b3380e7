"""Relations: which documents belong together by their business keys (850-855-856-810, 204-990-214-210 ...)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from gateway.model import Direction, Environment
from gateway.store import Connection, relatives
from translators.canonical.common import Document
from translators.canonical.registry import model_named

_OTHER_WAY = {Direction.IN: Direction.OUT, Direction.OUT: Direction.IN}


@dataclass(frozen=True, slots=True)
class Relation:
    """How a document belongs with an earlier one.

    Args:
        kind: of the earlier one.
        name: what the later one does to it.
        key: the business key both have.
        same_way: whether both go the same way; else one is the partner's and one is ours.
    """

    kind: str
    name: str
    key: str
    same_way: bool = False


RELATIONS: Mapping[str, tuple[Relation, ...]] = MappingProxyType(
    {
        "order_acknowledgment": (Relation("purchase_order", "answers", "order_number"),),
        "order_change": (Relation("purchase_order", "changes", "order_number", same_way=True),),
        "ship_notice": (
            Relation("purchase_order", "ships", "order_number"),
            Relation("order_acknowledgment", "follows", "order_number", same_way=True),
        ),
        "invoice": (
            Relation("purchase_order", "bills", "order_number"),
            Relation("ship_notice", "bills", "shipment_id", same_way=True),
        ),
        "credit_memo": (
            Relation("invoice", "credits", "invoice_number", same_way=True),
            Relation("purchase_order", "credits", "order_number"),
        ),
        "receiving_advice": (
            Relation("ship_notice", "receives", "shipment_id"),
            Relation("purchase_order", "receives", "order_number", same_way=True),
        ),
        "warehouse_shipment": (Relation("warehouse_order", "ships", "warehouse_order"),),
        "warehouse_receipt": (Relation("stock_transfer_notice", "receives", "warehouse_order"),),
        "tender_response": (Relation("load_tender", "answers", "shipment_id"),),
        "shipment_status": (Relation("load_tender", "reports", "shipment_id"),),
        "freight_invoice": (Relation("load_tender", "bills", "shipment_id"),),
    }
)
"""Kind of a document -> what it may belong with. Source: mapping design, `origin`; architecture, document_link."""

_ORDERS = "purchase_order"


@dataclass(frozen=True, slots=True)
class Related:
    """An earlier document, and how the one at hand belongs with it."""

    id: UUID
    relation: str
    kind: str
    document: Document


def related(
    conn: Connection, document: Document, *, partner: str, environment: Environment, direction: Direction
) -> list[Related]:
    """The documents that one belongs with, the kinds in the order of RELATIONS.

    Of orders with several releases only that one counts which the document names, where it names one.
    """
    keys = document.business_keys()
    found: list[Related] = []
    for relation in RELATIONS.get(document.kind, ()):
        values = {key.value for key in keys if key.name == relation.key}
        if not values:
            continue
        rows = relatives.named(
            conn,
            partner=partner,
            environment=environment,
            direction=direction if relation.same_way else _OTHER_WAY[direction],
            kind=relation.kind,
            key=relation.key,
            values=values,
        )
        releases = {key.value for key in keys if key.name == "release"}
        for row in rows:
            earlier = model_named(row.schema).from_json_bytes(row.canonical)
            if relation.kind == _ORDERS and releases and earlier.identity[1] not in releases:
                continue
            found.append(Related(row.id, relation.name, relation.kind, earlier))
    return found
