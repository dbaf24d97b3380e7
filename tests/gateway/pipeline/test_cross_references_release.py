"""An unknown id holds a document, in or out; the row that is added lets it go, once, and nothing else."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.store import cross_references
from mappings.cross_references import CrossReference
from tests.gateway.inbound_line import codes, file_of, segments_of
from tests.gateway.outbound_line import Seller, answer, buyer_profile, write_map
from tests.gateway.pipeline.conftest import LineMaker

MAP_850 = """\
extends: base/850.in
partner: acme
lines:
  sku: xref(pair('IN', 'BP'), 'item')
"""
MAP_855 = """\
extends: base/855.out
partner: buyer
emit:
  BAK08: xref(seller_order, 'our-order')
"""


@pytest.fixture
def seller(make_line: LineMaker, tmp_path: Path) -> Seller:
    write_map(tmp_path, MAP_850, name="acme/850.in")
    write_map(tmp_path, MAP_855)
    return Seller(make_line(buyer=buyer_profile(answer_map="buyer/855.out")))


def add(seller: Seller, *rows: CrossReference) -> int:
    seller.line.clock.advance(timedelta(minutes=1))
    with seller.line.store.begin() as conn:
        return cross_references.put(conn, rows, by="test", at=seller.line.clock.now())


def release(seller: Seller) -> None:
    seller.line.gateway.releasing().run()
    seller.line.run()


def test_an_order_with_an_unknown_item_waits_for_its_row(seller: Seller) -> None:
    id = seller.line.sent(file_of("PO-1"))["transmission"]["id"]
    assert seller.open_exceptions() == ["map.xref.unknown"]
    assert seller.line.erp() == []
    add(seller, CrossReference("item", "SOMETHING-ELSE", "X"))
    release(seller)
    assert (seller.open_exceptions(), seller.line.erp()) == (["map.xref.unknown"], [])
    add(seller, CrossReference("item", "A-20415", "OUR-1", partner="acme"))
    release(seller)
    [order] = seller.line.erp()
    assert (order["number"], order["lines"][0]["sku"]) == ("PO-1", "OUR-1")
    assert seller.open_exceptions() == []
    release(seller)
    assert len(seller.line.erp()) == 1
    life = seller.line.life(id)
    assert [one["identity"] for one in life["documents"]] == ["PO-1|"]
    assert "transmission.mapped_again" in [row["action"] for row in life["audit"]]


def test_only_the_sets_that_were_held_are_mapped_again(seller: Seller) -> None:
    add(seller, CrossReference("item", "A-20415", "OUR-1"))
    held = file_of("PO-1", "PO-2").replace(b"A-20415", b"B-1", 1)
    seller.line.sent(held)
    assert seller.line.numbers() == ["PO-2"]
    add(seller, CrossReference("item", "B-1", "OUR-2"))
    release(seller)
    assert seller.line.numbers() == ["PO-1", "PO-2"]


def test_a_row_of_another_partner_or_another_day_lets_nothing_go(seller: Seller) -> None:
    seller.line.sent(file_of("PO-1"))
    add(seller, CrossReference("item", "A-20415", "OUR-1", partner="globex"))
    release(seller)
    add(seller, CrossReference("item", "A-20415", "OUR-1", last=date(2025, 12, 31)))
    release(seller)
    assert (seller.line.erp(), seller.open_exceptions()) == ([], ["map.xref.unknown"])


def test_a_document_of_ours_waits_for_its_row_too(seller: Seller) -> None:
    handed = seller.sends(answer("PO-1", seller_order="S-1"))
    assert seller.delivery(handed)["state"] == "rejected"
    assert codes(seller.line.life(handed.transmission_id)["issues"]) == ["map.xref.unknown"]
    add(seller, CrossReference("our-order", "S-1", "9001", partner="buyer"))
    release(seller)
    assert seller.delivery(handed)["state"] == "delivered"
    assert seller.open_exceptions() == []
    [content] = seller.line.out("buyer").values()
    assert "BAK*00*AD*PO-1*20261120****9001*20261121" in segments_of(content)


def test_a_partners_row_comes_before_one_for_all_and_days_count(seller: Seller) -> None:
    changed = add(
        seller,
        CrossReference("item", "A-20415", "FOR-ALL"),
        CrossReference("item", "A-20415", "OLD", "acme", last=date(2025, 12, 31)),
        CrossReference("item", "A-20415", "NEW", "acme", first=date(2026, 1, 1)),
    )
    assert changed == 3
    seller.line.sent(file_of("PO-1"))
    assert [order["lines"][0]["sku"] for order in seller.line.erp()] == ["NEW"]
    assert add(seller, CrossReference("item", "A-20415", "FOR-ALL")) == 0
    assert add(seller, CrossReference("item", "A-20415", "OTHER")) == 1
    assert seller.line.audit_holds()
