"""A buyer in tests, whose orders come in and to whom answers, ship notices and invoices go out from canonical JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select

from gateway.model import Environment
from gateway.pipeline.handing_in import Handed
from gateway.pipeline.outbound_terms import Choices
from gateway.store import relatives
from gateway.store.tables import control_number, delivery, exception
from tests.gateway.inbound_line import Line, group, interchange, order

MAP_855 = """\
extends: base/855.out
partner: buyer
origin: purchase_order/v1
emit:
  BAK06: origin.number
"""


def buyer_profile(*, answer_map: str = "base/855.out", more: str = "", keys: str = "") -> str:
    """A buyer; `more` are keys of its outbound agreements, `keys` of the profile."""
    rest = f", {more}" if more else ""
    return (
        "name: A buyer\n"
        "identifiers:\n  - {qualifier: ZZ, id: BUYER}\n"
        f"sftp:\n  - user: buyer\n{keys}"
        "agreements:\n"
        '  - {document: "850", direction: in, map: base/850.in, deliver_to: [erp], currency: USD}\n'
        f'  - {{document: "855", direction: out, map: {answer_map}{rest}}}\n'
        f'  - {{document: "856", direction: out, map: base/856.out{rest}}}\n'
        f'  - {{document: "810", direction: out, map: base/810.out{rest}}}\n'
    )


def write_map(home: Path, text: str = MAP_855, *, name: str = "buyer/855.out") -> None:
    """A map of the workspace."""
    folder = home / "mappings" / "maps" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "map.yaml").write_text(text)


def answer(number: str, **more: Any) -> dict[str, Any]:
    """The seller's answer to an order."""
    return {
        "schema": "order_acknowledgment/v1",
        "purpose": "original",
        "answer": "accepted",
        "order_number": number,
        "order_date": "2026-11-20",
        "date": "2026-11-21",
        "currency": "USD",
        **more,
    }


def notice(number: str, shipment: str = "SHIP-1") -> dict[str, Any]:
    """A shipment of one order."""
    item = {"number": "1", "qty": "24", "unit": "EA", "buyer_item": "A-20415"}
    return {
        "schema": "ship_notice/v1",
        "purpose": "original",
        "shipment_id": shipment,
        "date": "2026-11-22",
        "time": "10:30:00",
        "orders": [{"order_number": number, "items": [item]}],
    }


def bill(number: str, shipment: str = "SHIP-1", invoice: str = "INV-1") -> dict[str, Any]:
    """An invoice of one order and shipment."""
    line = {"number": "1", "qty": "24", "unit": "EA", "price": "12.5", "buyer_item": "A-20415"}
    return {
        "schema": "invoice/v1",
        "purpose": "original",
        "number": invoice,
        "date": "2026-11-23",
        "currency": "USD",
        "total": "300",
        "order_number": number,
        "shipment_id": shipment,
        "lines": [line],
    }


class Seller:
    """Hands documents in for the buyer, on a line."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.orders = 0

    def gets_order(self, number: str, *, receiver: str = "TRADELANE", sender: str = "BUYER") -> dict[str, Any]:
        """An order of the buyer comes in; its life."""
        self.orders += 1
        content = interchange([group([order(number)])], sender=sender, receiver=receiver, control=f"{self.orders:09}")
        return self.line.sent(content, account="buyer", name=f"order-{self.orders}.edi")

    def hands_in(self, document: dict[str, Any] | bytes, **how: Any) -> Handed:
        """Hand one document in; nothing is worked yet."""
        content = document if isinstance(document, bytes) else orjson.dumps(document)
        given: dict[str, Any] = {
            "filename": "doc.json",
            "partner": "buyer",
            "environment": Environment.LIVE,
            "at": self.line.clock.now(),
            "choices": Choices(ourselves="us"),
            **how,
        }
        with self.line.store.begin() as conn:
            return self.line.gateway.hand_in("cli").take(conn, content, **given)

    def sends(self, document: dict[str, Any], **how: Any) -> Handed:
        """Hand one document in and work everything."""
        handed = self.hands_in(document, **how)
        self.line.run()
        return handed

    def delivery(self, handed: Handed) -> dict[str, Any]:
        """The delivery of what was handed in."""
        with self.line.store.begin() as conn:
            row = conn.execute(select(delivery).where(delivery.c.document_id == handed.document_id)).mappings().one()
        return {str(name): value for name, value in row.items()}

    def open_exceptions(self) -> list[str]:
        """Their codes, sorted."""
        with self.line.store.begin() as conn:
            return sorted(conn.execute(select(exception.c.code).where(exception.c.state == "open")).scalars())

    def numbers_used(self) -> list[tuple[str, str]]:
        """Of ours: kind and number, sorted."""
        columns = control_number.c
        with self.line.store.begin() as conn:
            rows = conn.execute(select(columns.kind, columns.number).where(columns.direction == "out"))
            return sorted((row.kind, row.number) for row in rows)

    def family(self, id: UUID) -> list[dict[str, Any]]:
        """Everything a document belongs with."""
        with self.line.store.begin() as conn:
            return relatives.family(conn, [id])
