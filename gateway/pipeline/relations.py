"""Relations: which documents belong together by their business keys (850-855-856-810, 204-990-214-210 ...)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from gateway.model import Direction, Environment
from gateway.store import Connection, relatives
from gateway.store.relatives import Relative
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
        "remittance": (Relation("invoice", "pays", "invoice_number"),),
        "tender_response": (Relation("load_tender", "answers", "shipment_id"),),
        "shipment_status": (Relation("load_tender", "reports", "shipment_id"),),
        "freight_invoice": (Relation("load_tender", "bills", "shipment_id"),),
    }
)
"""Kind of a document -> what it may belong with. Source: mapping design, `origin`; architecture, document_link."""

_ORDERS = "purchase_order"
_BEFORE_OTHERS = frozenset(one.kind for several in RELATIONS.values() for one in several if one.same_way)
"""Kinds that a document of the same way, and so of the same file, may belong with."""


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
    found = _belonging(conn, document, partner=partner, environment=environment, direction=direction)
    return [Related(row.id, relation.name, relation.kind, _read(row)) for relation, row in found]


@dataclass(frozen=True, slots=True)
class Answering:
    """A document that takes effect, to be linked."""

    id: UUID
    document: Document
    partner: str
    environment: Environment


def links_of(conn: Connection, documents: Sequence[Answering], *, direction: Direction) -> list[tuple[UUID, UUID, str]]:
    """What documents that came together belong with: those in the store, and those before them that go the same way.

    Returns:
        (from, to, how it belongs) of each link.
    """
    if all(one.document.kind not in RELATIONS for one in documents):
        return []
    links: dict[tuple[UUID, UUID, str], None] = {}
    here: dict[tuple[str, Environment, str, str, str], list[UUID]] = {}
    for one in documents:
        kind, keys = one.document.kind, one.document.business_keys()
        found = _belonging(conn, one.document, partner=one.partner, environment=one.environment, direction=direction)
        links |= dict.fromkeys((one.id, row.id, relation.name) for relation, row in found)
        for relation in RELATIONS.get(kind, ()) if here else ():
            for key in keys:
                if relation.same_way and key.name == relation.key:
                    beside = here.get((one.partner, one.environment, relation.kind, key.name, key.value), ())
                    links |= dict.fromkeys((one.id, id, relation.name) for id in beside)
        if kind in _BEFORE_OTHERS:
            for key in keys:
                here.setdefault((one.partner, one.environment, kind, key.name, key.value), []).append(one.id)
    return list(links)


def _belonging(
    conn: Connection, document: Document, *, partner: str, environment: Environment, direction: Direction
) -> Iterator[tuple[Relation, Relative]]:
    relations = RELATIONS.get(document.kind, ())
    keys = document.business_keys() if relations else []
    for relation in relations:
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
            if relation.kind == _ORDERS and releases and _read(row).identity[1] not in releases:
                continue
            yield relation, row


def _read(row: Relative) -> Document:
    return model_named(row.schema).from_json_bytes(row.canonical)
