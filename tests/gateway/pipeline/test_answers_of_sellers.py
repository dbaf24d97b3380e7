"""What partners answer documents of ours with is linked to them by business key: 855, 856, 810, 820 that come in."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.pipeline.outbound_terms import Choices
from tests.gateway.inbound_line import Line, group, interchange
from tests.gateway.outbound_line import Seller, bill
from tests.gateway.pipeline.conftest import LineMaker

PROFILE = """\
name: A seller
identifiers:
  - {qualifier: ZZ, id: SELLER}
sftp:
  - user: buyer
agreements:
  - {document: order, direction: out, syntax: csv, map: base/csv-order.out}
  - {document: bill, direction: out, syntax: csv, map: base/csv-invoice.out}
  - {document: "855", direction: in, map: base/855.in, deliver_to: [erp], currency: USD}
  - {document: "820", direction: in, map: base/820.in, deliver_to: [erp], currency: USD}
  - {document: notice, direction: in, syntax: csv, map: base/csv-despatch.in, deliver_to: [erp], file: {name: "n*"}}
  - {document: invoice, direction: in, syntax: csv, map: base/csv-invoice.in, deliver_to: [erp], file: {name: "i*"}}
"""
NOTICE = (
    b"shipment,notice_date,shipped,expected,carrier,tracking,ship_to,order_number,line,sku,gtin,qty,unit,lot\n"
    b"SH-1,2026-03-19,,,,,,PO-1,1,A,,12,EA,\n"
)
INVOICE = (
    b"invoice,invoice_date,due_date,currency,order_number,bill_to,total,tax_total,line,sku,description,qty,unit,price,"
    b"amount\nI-1,2026-03-21,,EUR,PO-1,,114,,1,A,,12,EA,9.5,114\n"
)


@pytest.fixture
def buyer(make_line: LineMaker) -> Seller:
    """We, who buy from the partner of the account `buyer`."""
    return Seller(make_line(buyer=PROFILE))


def order(number: str) -> dict[str, Any]:
    return {
        "schema": "purchase_order/v1",
        "purpose": "original",
        "number": number,
        "date": "2026-03-02",
        "currency": "EUR",
        "lines": [{"number": "1", "qty": "12", "unit": "EA", "price": "9.5", "sku": "A"}],
    }


def comes(line: Line, code: str, functional_id: str, *segments: str) -> dict[str, Any]:
    """A set of the partner's comes in."""
    inside = [[f"ST*{code}*0001", *segments, f"SE*{len(segments) + 2}*0001"]]
    content = interchange([group(inside, functional_id=functional_id)], sender="SELLER")
    return line.sent(content, account="buyer", name=f"{code}.edi")


def links(life: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """kind -> what it does to which kind, of a whole family."""
    kinds = {row["id"]: row["kind"] for row in life["family"]}
    return {
        row["kind"]: sorted((link["relation"], kinds[link["to"]]) for link in row["links"]) for row in life["family"]
    }


def test_an_answer_in_x12_is_linked_to_our_order(buyer: Seller) -> None:
    handed = buyer.sends(order("PO-1"), choices=Choices(ourselves="us"))
    assert buyer.delivery(handed)["state"] == "delivered"
    life = comes(buyer.line, "855", "PR", "BAK*00*AD*PO-1*20260302*****20260303", "CTT*0")
    assert life["exceptions"] == []
    assert links(life) == {"purchase_order": [], "order_acknowledgment": [("answers", "purchase_order")]}
    other = comes(buyer.line, "855", "PR", "BAK*00*AD*PO-9*20260302*****20260303", "CTT*0")
    assert other["family"] == []


def test_a_notice_and_an_invoice_in_csv_are_linked_to_our_order(buyer: Seller) -> None:
    buyer.sends(order("PO-1"), choices=Choices(ourselves="us"))
    buyer.line.sent(NOTICE, account="buyer", name="n.csv")
    life = buyer.line.sent(INVOICE, account="buyer", name="i.csv")
    assert links(life) == {
        "purchase_order": [],
        "ship_notice": [("ships", "purchase_order")],
        "invoice": [("bills", "purchase_order")],
    }


def test_a_payment_is_linked_to_the_invoices_it_is_for(buyer: Seller) -> None:
    for number in ("INV-1", "INV-2", "INV-3"):
        buyer.sends(bill("PO-1", invoice=number))
    life = comes(
        buyer.line,
        "820",
        "RA",
        "BPR*I*600*C*CHK************20260305",
        "TRN*1*TRACE-1",
        "ENT*1",
        "RMR*IV*INV-1**300",
        "RMR*IV*INV-2**300",
    )
    assert life["exceptions"] == []
    [paid] = [row for row in life["family"] if row["kind"] == "remittance"]
    names = {row["id"]: row["identity"] for row in life["family"]}
    assert sorted((link["relation"], names[link["to"]].split("|")[0]) for link in paid["links"]) == [
        ("pays", "INV-1"),
        ("pays", "INV-2"),
    ]


def test_a_change_is_linked_to_the_order_of_the_same_file(make_line: LineMaker) -> None:
    profile = PROFILE + '  - {document: "850", direction: in, map: base/850.in, deliver_to: [erp], currency: USD}\n'
    profile += '  - {document: "860", direction: in, map: base/860.in, deliver_to: [erp], currency: USD}\n'
    line = make_line(buyer=profile)
    first = ["ST*850*0001", "BEG*00*SA*PO-7**20260302", "PO1*1*24*EA*12.5*PE*VN*A", "CTT*1", "SE*5*0001"]
    second = ["ST*860*0001", "BCH*04*SA*PO-7**1*20260302****20260303", "POC*1*AI*24*0*EA*12.5*PE*VN*A", "SE*4*0001"]
    content = interchange(
        [group([first], control="17"), group([second], control="18", functional_id="PC")], sender="SELLER"
    )
    life = line.sent(content, account="buyer")
    assert life["exceptions"] == []
    assert links(life) == {"purchase_order": [], "order_change": [("changes", "purchase_order")]}
