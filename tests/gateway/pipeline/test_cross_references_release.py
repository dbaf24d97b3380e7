"""An unknown id holds a document, in or out; the row that is added lets it go, once, and nothing else."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select

from gateway.store import cross_references, exception_groups
from gateway.store.tables import alert
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


def test_a_row_that_was_added_while_the_order_was_read_lets_it_go(seller: Seller) -> None:
    """It was committed after the order's own look at the table, and its moment is before the exception's."""
    seller.line.sent(file_of("PO-1"))
    seller.line.clock.advance(-timedelta(seconds=90))
    add(seller, CrossReference("item", "A-20415", "OUR-1"))  # half a minute before
    seller.line.clock.advance(timedelta(seconds=31))
    release(seller)
    assert seller.line.numbers() == ["PO-1"]


def test_a_document_of_ours_was_looked_for_while_its_row_was_added(seller: Seller) -> None:
    handed = seller.sends(answer("PO-1", seller_order="S-1"))
    seller.line.clock.advance(-timedelta(seconds=90))
    add(seller, CrossReference("our-order", "S-1", "9001", partner="buyer"))
    seller.line.clock.advance(timedelta(seconds=31))
    release(seller)
    assert seller.delivery(handed)["state"] == "delivered"


def test_a_row_that_does_not_help_is_tried_once_and_told_once(seller: Seller) -> None:
    id = seller.line.sent(file_of("PO-1"))["transmission"]["id"]
    handed = seller.sends(answer("PO-1", seller_order="S-1"))
    add(seller, CrossReference("another-table", "A-20415", "X"), CrossReference("another-table", "S-1", "X"))
    for _ in range(3):
        release(seller)
        seller.line.clock.advance(timedelta(seconds=5))
    again = [row for row in seller.line.life(id)["audit"] if row["action"] == "transmission.mapped_again"]
    assert len(again) == 1
    with seller.line.store.begin() as conn:
        told = conn.execute(select(alert.c.event).where(alert.c.code == "map.xref.unknown").order_by(alert.c.at))
        groups = exception_groups.listed(conn, now=seller.line.clock.now(), state=None)
    assert list(told.scalars()) == ["opened", "opened", "resolved", "opened"]  # ours was on its way again in between
    assert [group.open for group in groups] == [1, 1]
    assert seller.delivery(handed)["attempts"] == 2
    assert seller.open_exceptions() == ["map.xref.unknown", "map.xref.unknown"]


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


CSV_MAP = """\
extends: base/csv-order.in
partner: acme
lines:
  sku: xref(sku, 'item')
"""
CSV_ORDERS = "  - {document: csv-order, direction: in, syntax: csv, map: acme/csv-order.in, deliver_to: [erp],\n"
CSV_FILE = (
    b"order_number,order_date,sku,qty,unit\n"
    b"PO-1,2026-03-02,A-20415,1,EA\nPO-2,2026-03-02,OTHER,2,EA\nPO-3,2026-03-02,OTHER,many,EA\n"
)


@pytest.fixture
def csv_seller(make_line: LineMaker, tmp_path: Path) -> Seller:
    write_map(tmp_path, CSV_MAP, name="acme/csv-order.in")
    rest = "     currency: USD, file: {answer: json}}\n"
    return Seller(make_line(buyer=f"name: A buyer\nsftp: [{{user: buyer}}]\nagreements:\n{CSV_ORDERS}{rest}"))


def test_a_document_of_a_file_is_accepted_and_waits_for_its_row(csv_seller: Seller) -> None:
    add(csv_seller, CrossReference("item", "OTHER", "OUR-2"))
    life = csv_seller.line.sent(CSV_FILE, account="buyer", name="o.csv")
    assert csv_seller.line.numbers() == ["PO-2"]
    assert codes(life["exceptions"]) == ["map.xref.unknown"]
    [told] = map(orjson.loads, csv_seller.line.out("buyer").values())
    assert (told["status"], told["accepted"], told["rejected"]) == ("partial", 2, 1)
    assert [one["ordinal"] for one in told["told"]] == [3]
    add(csv_seller, CrossReference("item", "A-20415", "OUR-1"))
    release(csv_seller)
    assert csv_seller.line.numbers() == ["PO-1", "PO-2"]
    assert csv_seller.open_exceptions() == []
    release(csv_seller)
    assert len(csv_seller.line.erp()) == 2
    assert len(csv_seller.line.out("buyer")) == 1
    [first] = [order for order in csv_seller.line.erp() if order["number"] == "PO-1"]
    assert first["lines"][0]["sku"] == "OUR-1"


def test_a_file_without_an_agreement_any_more_stays_held(csv_seller: Seller, make_line: LineMaker) -> None:
    csv_seller.line.sent(CSV_FILE, account="buyer", name="o.csv")
    again = Seller(make_line(buyer="name: A buyer\nsftp: [{user: buyer}]\n"))
    add(again, CrossReference("item", "A-20415", "OUR-1"))
    release(again)
    assert again.line.erp() == []
    assert again.open_exceptions() == ["partner.no_agreement"]
