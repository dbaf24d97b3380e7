"""The worked outbound examples of docs/maps.md do what the text says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mappings.engine import MapContext, run
from translators.canonical.order_acknowledgment import OrderAcknowledgment
from translators.canonical.purchase_order import PurchaseOrder
from translators.canonical.ship_notice import ShipNotice

DOCS = Path(__file__).parents[2] / "docs" / "maps.md"


def example(header: str) -> str:
    """The example of the documentation that begins with this map line."""
    found = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    return next(str(text) for text in found if text.startswith(f"map: {header}\n"))


def made(workspace: Any, name: str, text: str, document: Any, origin: Any = None) -> list[str]:
    workspace.write(name, text)
    mapped = run(workspace.catalog().find(name), document, MapContext(origin=origin))
    assert [issue.message for issue in mapped.issues] == []
    return ["*".join(segment) for segment in mapped.documents[0].segments]


def test_the_example_of_an_855_answers_an_order(workspace: Any) -> None:
    order = PurchaseOrder.model_validate_json(
        '{"number": "77", "date": "2026-03-02", "currency": "USD", "partner_data": {"department": "038"},'
        '"lines": [{"number": "1", "qty": "12", "unit": "XCS", "partner_data": {"unit": "CA"}}]}'.replace('"12"', "12"),
        strict=False,
    )
    answer = OrderAcknowledgment.model_validate_json(
        '{"answer": "accepted", "order_number": "77", "order_date": "2026-03-02", "currency": "USD",'
        '"ship_to": {"name": "Store", "code_type": "92", "code": "42", "address": {"city": "Ames"}},'
        '"lines": [{"number": "1", "qty": 12, "unit": "XCS", "sku": "A", "description": "Nails",'
        '"answers": [{"answer": "accepted", "qty": 12, "unit": "CA"}]}]}',
        strict=False,
    )
    text = example("order_acknowledgment/v1 -> x12/855@004010")
    assert made(workspace, "trial/855.out", text, answer, order) == [
        "BAK*00*AD*77*20260302",
        "REF*DP*038",
        "N1*ST*Store*92*42",
        "N4*Ames",
        "PO1*1*12*CA***VN*A",
        "PID*F****Nails",
        "ACK*IA*12*CA",
        "CTT*1",
    ]


def test_the_example_of_an_856_is_a_tree_of_hl(workspace: Any) -> None:
    notice = ShipNotice.model_validate_json(
        '{"shipment_id": "S1", "date": "2026-03-05", "time": "09:15", "bill_of_lading": "B7",'
        '"carrier": {"code": "UPSN"}, "ship_to": {"code_type": "92", "code": "42"}, "orders": ['
        '{"order_number": "77", "packs": ['
        '{"sscc": "001000000000000017", "items": [{"number": "1", "sku": "A", "qty": 5, "unit": "EA"}]},'
        '{"sscc": "001000000000000024", "items": [{"sku": "B", "qty": 2, "unit": "EA"}]}]}]}',
        strict=False,
    )
    text = example("ship_notice/v1 -> x12/856@004010")
    assert made(workspace, "trial/856.out", text, notice) == [
        "BSN*00*S1*20260305*0915",
        "HL*1**S*1",
        "TD5**2*UPSN",
        "REF*BM*B7",
        "N1*ST**92*42",
        "HL*2*1*O*1",
        "PRF*77",
        "HL*3*2*P*1",
        "MAN*GM*001000000000000017",
        "HL*4*3*I*0",
        "LIN*1*VN*A",
        "SN1**5*EA",
        "HL*5*2*P*1",
        "MAN*GM*001000000000000024",
        "HL*6*5*I*0",
        "LIN**VN*B",
        "SN1**2*EA",
    ]
    unpacked = notice.model_copy(update={"orders": (notice.orders[0].model_copy(
        update={"packs": (), "items": notice.orders[0].packs[0].items}),)})  # fmt: skip
    assert made(workspace, "trial/856.out", text, unpacked)[5:] == [
        "HL*2*1*O*1",
        "PRF*77",
        "HL*3*2*I*0",
        "LIN**VN*A",
        "SN1**5*EA",
    ]
