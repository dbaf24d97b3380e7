"""Documents of ours leave as XML, JSON and delimited files: named, batched, once, by the line that X12 takes."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.cli.life import print_life
from gateway.model import Environment
from gateway.pipeline.outbound_terms import Choices
from gateway.store.tables import document
from tests.gateway.inbound_line import codes
from tests.gateway.outbound_line import Seller, answer, bill, notice
from tests.gateway.pipeline.conftest import LineMaker
from translators.xmldoc.reader import read_xml

SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
  targetNamespace="urn:oasis:names:specification:ubl:schema:xsd:OrderResponse-2">
  <xs:element name="OrderResponse"><xs:complexType><xs:sequence>
    <xs:any processContents="skip" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element></xs:schema>"""
STRICT = SCHEMA.replace('maxOccurs="unbounded"', 'maxOccurs="2"')
JSON_MAP = """\
map: ship_notice/v1 -> json/notice
emit:
  shipment!: shipment_id
  date!: date
orders(orders):
  order!: order_number
"""


def ubl_answer(number: str) -> dict[str, Any]:
    """The seller's answer to an order, with the two parties that UBL cannot do without."""
    return answer(number, seller={"name": "House Ltd."}, buyer={"name": "A buyer"})


def profile(*, invoice: str = "", response: str = "", keys: str = "") -> str:
    """A buyer that takes UBL answers, ship notices in JSON and invoices as CSV; `keys` are of the profile."""
    return (
        f"name: A buyer\ntime_zone: Asia/Tokyo\nsftp:\n  - user: buyer\n{keys}"
        "agreements:\n"
        "  - {document: response, direction: out, syntax: xml, map: base/ubl-response.out, currency: USD"
        f"{response}}}\n"
        "  - {document: notice, direction: out, syntax: json, map: buyer/notice.out}\n"
        f"  - {{document: invoice, direction: out, syntax: csv, map: base/csv-invoice.out{invoice}}}\n"
    )


@pytest.fixture
def make_seller(make_line: LineMaker, tmp_path: Path) -> Any:
    folder = tmp_path / "mappings" / "maps" / "buyer" / "notice.out"
    folder.mkdir(parents=True)
    (folder / "map.yaml").write_text(JSON_MAP)
    schemas = tmp_path / "partners" / "profiles" / "buyer" / "schemas"
    schemas.mkdir(parents=True)
    (schemas / "loose.xsd").write_text(SCHEMA)
    (schemas / "strict.xsd").write_text(STRICT)
    return lambda **how: Seller(make_line(buyer=profile(**how)))


def test_a_document_leaves_as_xml_and_uses_no_control_number(make_seller) -> None:
    seller = make_seller()
    handed = seller.sends(ubl_answer("PO-1"))
    ((name, content),) = seller.line.out("buyer").items()
    assert re.fullmatch(r"response_[0-9a-f]{12}\.xml", name)
    root = read_xml([content]).root
    assert root.name == "{urn:oasis:names:specification:ubl:schema:xsd:OrderResponse-2}OrderResponse"
    assert b"<cac:OrderReference><cbc:ID>PO-1</cbc:ID>" in re.sub(rb">\s+<", b"><", content)
    assert seller.numbers_used() == []
    delivery = seller.delivery(handed)
    assert delivery["state"] == "delivered"
    life = seller.line.life(delivery["external_ref"])
    assert (life["transmission"]["format"], life["transmission"]["state"]) == ("xml", "ready")
    [interchange] = life["interchanges"]
    assert (interchange["syntax"], interchange["sender_id"], interchange["receiver_id"]) == ("xml", "us", "buyer")
    [one] = interchange["sets"]
    assert (one["code"], one["accepted"]) == ("response", True)
    assert content[one["start_offset"] : one["end_offset"]].startswith(b"<OrderResponse")
    assert ("order_number", "PO-1") in {(row["name"], row["value"]) for row in life["keys"]}
    assert interchange["awaited"] == []
    assert seller.open_exceptions() == []


def test_a_document_leaves_as_json(make_seller) -> None:
    seller = make_seller()
    seller.sends(notice("PO-1"))
    [content] = seller.line.out("buyer").values()
    assert orjson.loads(content) == {"shipment": "SHIP-1", "date": "2026-11-22", "orders": [{"order": "PO-1"}]}


def test_the_same_document_again_leaves_no_second_file(make_seller) -> None:
    seller = make_seller()
    seller.sends(ubl_answer("PO-1"))
    again = seller.sends(ubl_answer("PO-1"))
    assert again.state == "duplicate"
    assert len(seller.line.out("buyer")) == 1


def test_each_csv_document_has_a_file_of_its_own_unless_agreed_otherwise(make_seller) -> None:
    seller = make_seller()
    for number in ("I-1", "I-2"):
        seller.hands_in(bill("PO-1", invoice=number))
    seller.line.run()
    contents = list(seller.line.out("buyer").values())
    assert [content.count(b"\r\n") for content in contents] == [2, 2]


def test_rows_of_several_documents_share_a_file_where_agreed(make_seller) -> None:
    seller = make_seller(invoice=', batch: {documents: 2, every: 1h}, file: {name: "inv {date}-{time}.csv"}')
    seller.line.clock.advance(timedelta(minutes=1))
    handed = [seller.hands_in(bill(f"PO-{number}", invoice=f"I-{number}")) for number in (1, 2, 3)]
    seller.line.run()
    assert seller.line.out("buyer") == {}
    seller.line.clock.advance(timedelta(hours=1))
    seller.line.run()
    first, second = sorted(seller.line.out("buyer").values())
    assert first.splitlines()[1:] == [
        b"I-1,2026-11-23,,USD,PO-1,,300,,1,,,24,EA,12.5,",
        b"I-2,2026-11-23,,USD,PO-2,,300,,1,,,24,EA,12.5,",
    ]
    assert b"I-3" in second
    refs = [seller.delivery(one)["external_ref"] for one in handed]
    assert (refs[0] == refs[1], refs[1] == refs[2]) == (True, False)
    [interchange] = seller.line.life(refs[0])["interchanges"]
    assert [row["ordinal"] for row in interchange["sets"]] == [1, 2]
    spans = [first[row["start_offset"] : row["end_offset"]] for row in interchange["sets"]]
    assert [span[:3] for span in spans] == [b"I-1", b"I-2"]


def test_a_file_is_called_as_agreed_in_the_partners_zone_and_never_over_another(make_seller) -> None:
    seller = make_seller(invoice=', file: {name: "INV {key}_{date}.csv"}')
    for _ in range(2):
        seller.sends(bill("PO-1", invoice="I/1"))
        seller.sends({**bill("PO-1", invoice="I/1"), "purpose": "replacement", "total": "301"})
    day = f"{seller.line.clock.now() + timedelta(hours=9):%Y%m%d}"
    assert sorted(seller.line.out("buyer")) == [f"INV I_1_{day}-2.csv", f"INV I_1_{day}.csv"]


def test_a_test_document_is_called_one(make_seller) -> None:
    seller = make_seller()
    handed = seller.sends(bill("PO-1"), environment=Environment.TEST)
    [name] = seller.line.out("buyer")
    assert re.fullmatch(r"TEST_invoice_[0-9a-f]{12}\.csv", name)
    life = seller.line.life(seller.delivery(handed)["external_ref"])
    assert (life["transmission"]["environment"], life["interchanges"][0]["usage"]) == ("test", "T")


def test_the_agreed_encoding_holds_and_what_it_cannot_hold_is_held(make_seller) -> None:
    seller = make_seller(invoice=", file: {encoding: latin-1}")
    bills = [bill("PO-1", invoice=number) for number in ("I-1", "I-2")]
    bills[0]["lines"][0]["description"] = "K\u00e4se"
    bills[1]["lines"][0]["description"] = "\u20ac 5"
    good, bad = (seller.sends(one) for one in bills)
    [content] = seller.line.out("buyer").values()
    assert "K\u00e4se".encode("latin-1") in content
    assert (seller.delivery(good)["state"], seller.delivery(bad)["state"]) == ("delivered", "rejected")
    assert codes(seller.line.life(bad.transmission_id)["issues"]) == ["map.value.unfit"]


def test_xml_that_its_agreed_schema_does_not_allow_stays_here(make_seller) -> None:
    good = make_seller(response=", file: {schema: loose.xsd}")
    assert good.delivery(good.sends(ubl_answer("PO-1")))["state"] == "delivered"
    bad = make_seller(response=", file: {schema: strict.xsd}")
    handed = bad.sends(ubl_answer("PO-2"))
    assert bad.delivery(handed)["state"] == "rejected"
    assert set(codes(bad.line.life(handed.transmission_id)["issues"])) == {"xml.schema"}
    assert len(bad.line.out("buyer")) == 1
    assert bad.open_exceptions() == ["xml.schema"]


def test_documents_a_layout_cannot_tell_apart_leave_one_by_one(make_seller, tmp_path: Path) -> None:
    folder = tmp_path / "mappings" / "maps" / "buyer" / "whole.out"
    folder.mkdir(parents=True)
    (folder / "map.yaml").write_text(
        "map: invoice/v1 -> csv/whole\nemit:\n  number!: number\nrow(lines):\n  qty!: qty\n"
    )
    (folder / "whole.layout.yaml").write_text(
        "delimiter: comma\ndocument: file\ncolumns: {number: {per: document}, qty: {}}\n"
    )
    seller = make_seller(invoice=", batch: {documents: 5}")
    path = tmp_path / "partners" / "profiles" / "buyer" / "profile.yaml"
    path.write_text(path.read_text().replace("base/csv-invoice.out", "buyer/whole.out"))
    seller = Seller(type(seller.line)(seller.line.store, seller.line.home))
    handed = [seller.hands_in(bill("PO-1", invoice=number)) for number in ("I-1", "I-2")]
    seller.line.run()
    assert [seller.delivery(one)["state"] for one in handed] == ["delivered", "delivered"]
    assert sorted(content for content in seller.line.out("buyer").values()) == [
        b"number,qty\r\nI-1,24\r\n",
        b"number,qty\r\nI-2,24\r\n",
    ]


def test_the_answer_to_a_file_comes_from_whom_of_us_it_was_for(make_line: LineMaker) -> None:
    orders = "document: order, direction: in, syntax: csv, map: base/csv-order.in, deliver_to: [erp], currency: USD"
    response = "document: response, direction: out, syntax: xml, map: base/ubl-response.out"
    agreed = f"  - {{{orders}, ourselves: eu}}\n  - {{{response}}}\n"
    line = make_line(buyer=f"name: A buyer\nsftp: [{{user: buyer}}]\nagreements:\n{agreed}")
    seller = Seller(line)
    line.sent(b"order_number,order_date,sku,qty,unit\r\nPO-1,2026-03-02,A,1,EA\r\n", account="buyer", name="o.csv")
    handed = seller.sends(ubl_answer("PO-1"), choices=Choices())
    [interchange] = line.life(seller.delivery(handed)["external_ref"])["interchanges"]
    assert interchange["sender_id"] == "eu"
    assert [row["kind"] for row in seller.family(handed.document_id)] == ["purchase_order", "order_acknowledgment"]
    other = seller.sends(ubl_answer("PO-2"), choices=Choices())
    assert codes(issue.as_json() for issue in other.issues) == ["outbound.ourselves"]


def test_show_tells_of_a_file_of_ours(make_seller, capsys: pytest.CaptureFixture[str]) -> None:
    seller = make_seller()
    handed = seller.sends(bill("PO-1"))
    print_life(seller.line.life(seller.delivery(handed)["external_ref"]))
    text = capsys.readouterr().out
    assert "csv file for buyer" in text
    assert "invoice 1  sent" in text


def test_the_row_of_a_document_says_by_which_map_it_left(make_seller) -> None:
    seller = make_seller()
    handed = seller.sends(bill("PO-1"))
    with seller.line.store.begin() as conn:
        row = conn.execute(document.select().where(document.c.id == handed.document_id)).mappings().one()
    assert (row["map_name"], len(row["map_revision"])) == ("base/csv-invoice.out", 64)
