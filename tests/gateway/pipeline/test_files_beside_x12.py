"""XML, JSON and delimited files on the line: identified, read, answered as agreed, mapped, delivered once."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import timedelta
from typing import Any

import orjson
import pytest

from translators.datafile import LoadError
from translators.xmldoc.reader import read_xml

PROFILE = """\
name: Beech
sftp:
  - user: beech
duplicate_window_days: 7
agreements:
  - {document: order, direction: in, syntax: csv, map: base/csv-order.in, deliver_to: [erp], currency: USD,
     file: {name: "orders*.csv", answer: json}}
  - {document: stock, direction: in, syntax: csv, pass_through: true, deliver_to: [erp], file: {name: "stock*"}}
  - {document: ubl-order, direction: in, syntax: xml, map: base/ubl-order.in, deliver_to: [erp], currency: USD,
     file: {root: Order, schema: order.xsd, answer: xml}}
  - {document: cxml-order, direction: in, syntax: xml, map: base/cxml-order.in, deliver_to: [erp],
     file: {root: cXML/Request/OrderRequest}}
  - {document: packed, direction: in, syntax: csv, map: base/csv-order.in, deliver_to: [erp], currency: USD,
     file: {name: "*.zip", archive: zip, answer: json}}
  - {document: packed-ubl, direction: in, syntax: xml, map: base/ubl-order.in, deliver_to: [erp], currency: USD,
     file: {name: "*.gz", archive: gzip, root: Order, answer: json}}
  - {document: plain, direction: in, syntax: json, map: beech/order.in, deliver_to: [erp], file: {answer: csv}}
"""
JSON_MAP = """\
map: json/order -> purchase_order/v1
order: {number!: number, date!: "date(date, 'CCYY-MM-DD')", currency!: currency}
lines(lines): {qty!: num(qty), unit!: unit, sku!: sku}
"""
SCHEMA = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
  targetNamespace="urn:oasis:names:specification:ubl:schema:xsd:Order-2">
  <xs:element name="Order"><xs:complexType><xs:sequence>
    <xs:any processContents="skip" maxOccurs="unbounded"/></xs:sequence></xs:complexType></xs:element></xs:schema>"""
HEADER = b"order_number,order_date,sku,qty,unit\n"
GOOD = HEADER + b"P1,2026-03-02,A,1,EA\nP1,2026-03-02,B,2,EA\nP2,2026-03-02,A,3,EA\n"
UBL = b"""<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"
  xmlns:a="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
  xmlns:b="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"><b:ID>U1</b:ID>
  <b:IssueDate>2026-03-02</b:IssueDate><a:OrderLine><a:LineItem><b:Quantity unitCode="EA">2</b:Quantity>
  </a:LineItem></a:OrderLine></Order>"""


@pytest.fixture
def line(make_line: Any, tmp_path: Any) -> Any:
    folder = tmp_path / "partners" / "profiles" / "beech" / "schemas"
    folder.mkdir(parents=True)
    (folder / "order.xsd").write_text(SCHEMA)
    map_folder = tmp_path / "mappings" / "maps" / "beech" / "order.in"
    map_folder.mkdir(parents=True)
    (map_folder / "map.yaml").write_text(JSON_MAP)
    return make_line(beech=PROFILE)


def sent(line: Any, content: bytes, name: str) -> dict[str, Any]:
    return line.sent(content, account="beech", name=name)


def answer(line: Any) -> bytes:
    (content,) = line.out("beech").values()
    return content


def test_a_csv_file_becomes_orders_and_an_answer_in_json(line) -> None:
    life = sent(line, GOOD, "orders-0302.csv")
    assert (life["transmission"]["state"], life["transmission"]["format"]) == ("processed", "csv")
    assert life["transmission"]["partner"] == "beech"
    assert line.numbers() == ["P1", "P2"]
    told = orjson.loads(answer(line))
    assert (told["status"], told["documents"], told["accepted"], told["rejected"]) == ("accepted", 2, 2, 0)
    assert (told["file"], told["document"]) == ("orders-0302.csv", "order")
    assert "told" not in told
    assert life["exceptions"] == []
    assert [row["syntax"] for row in life["interchanges"]] == ["csv"]
    assert line.files("archive/" + f"{line.clock.now():%Y%m%d}", account="beech").keys() == {"orders-0302.csv"}


def test_a_faulty_document_is_rejected_alone_and_the_answer_says_why(line) -> None:
    life = sent(line, GOOD + b"P3,2026-03-02,A,many,EA\nP4,2026-03-02,A,1,ea\n", "orders.csv")
    assert line.numbers() == ["P1", "P2"]
    told = orjson.loads(answer(line))
    assert (told["status"], told["documents"], told["accepted"], told["rejected"]) == ("partial", 4, 2, 2)
    third, fourth = told["told"]
    assert (third["ordinal"], third["status"]) == (3, "rejected")
    (issue,) = third["issues"]
    assert issue["code"] == "delimited.value.number"
    assert (issue["line"], issue["column"], issue["field"], issue["value"]) == ("5", "17", "qty", "many")
    assert [issue["code"] for issue in fourth["issues"]] == ["map.value.invalid"]
    assert {issue["code"] for issue in life["issues"]} == {"delimited.value.number", "map.value.invalid"}
    assert life["exceptions"] == []


def test_a_file_that_breaks_in_the_middle_delivers_nothing_however_long_it_is(line) -> None:
    rows = b"".join(b"P%d,2026-03-02,A,1,EA\n" % number for number in range(450))
    life = sent(line, HEADER + rows + b"P999,2026-03-02,K\xe4se,1,EA\n", "orders.csv")
    assert line.numbers() == []
    told = orjson.loads(answer(line))
    assert (told["status"], told["accepted"]) == ("rejected", 0)
    assert [issue["code"] for issue in told["told"][-1]["issues"]] == ["delimited.encoding"]
    assert life["transmission"]["state"] == "processed"
    assert not any(row["accepted"] for row in life["interchanges"][0]["sets"])


def test_a_long_file_is_read_in_chunks_and_delivered_when_it_is_whole(line) -> None:
    rows = b"".join(b"P%04d,2026-03-02,A,1,EA\n" % number for number in range(450))
    sent(line, HEADER + rows, "orders.csv")
    assert len(line.numbers()) == 450
    assert orjson.loads(answer(line))["accepted"] == 450


def test_the_same_bytes_again_are_a_duplicate_within_the_window_and_answered_again(line) -> None:
    first = sent(line, GOOD, "orders-1.csv")
    again = sent(line, GOOD, "orders-2.csv")
    assert again["transmission"]["state"] == "duplicate"
    assert again["transmission"]["duplicate_of"] == first["transmission"]["id"]
    assert line.numbers() == ["P1", "P2"]
    one, two = line.out("beech").values()
    assert one == two
    line.clock.advance(timedelta(days=8))
    later = sent(line, GOOD, "orders-3.csv")
    assert later["transmission"]["state"] == "processed"
    assert [row["state"] for row in later["documents"]] == ["duplicate", "duplicate"]
    assert line.numbers() == ["P1", "P2"]


def test_xml_is_held_to_its_schema_and_answered_in_xml(line) -> None:
    sent(line, UBL, "u1.xml")
    assert line.numbers() == ["U1"]
    assert read_xml([answer(line)]).root.attributes["status"] == "accepted"


def test_xml_its_schema_does_not_allow_is_rejected_with_its_place(line) -> None:
    sent(line, b'<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"/>', "u2.xml")
    assert line.numbers() == []
    root = read_xml([answer(line)]).root
    assert (root.attributes["status"], root.attributes["rejected"]) == ("rejected", "1")
    (document,) = root.children
    (issue,) = document.children
    assert (issue.attributes["code"], issue.attributes["line"]) == ("xml.schema", "1")
    assert "Order" in issue.text


def test_a_rejection_nobody_is_told_of_is_a_matter_for_a_person(line) -> None:
    content = b"<cXML><Request><OrderRequest><OrderRequestHeader/></OrderRequest></Request></cXML>"
    life = sent(line, content, "c.xml")
    assert line.out("beech") == {}
    assert {row["code"] for row in life["exceptions"]} == {"map.required.missing", "map.value.invalid"} & {
        row["code"] for row in life["exceptions"]
    }
    assert life["exceptions"]


def test_json_is_answered_in_csv_with_no_cell_that_runs(line) -> None:
    content = b'{"number": "J1", "date": "2026-03-02", "currency": "USD", "lines": [{"qty": 1, "unit": "EA"}]}'
    sent(line, content, "=order.json")
    rows = answer(line).decode().splitlines()
    assert rows[0].startswith("record,file,sha256,document,received_at,status,documents,accepted,rejected")
    assert rows[1].split(",")[:2] == ["file", "'=order.json"]
    assert rows[2].split(",")[:2] == ["issue", "'=order.json"]
    assert "map.required.missing" in rows[2]
    good = sent(line, content.replace(b'"EA"', b'"EA", "sku": "A"'), "order.json")
    assert good["transmission"]["format"] == "json"
    assert line.numbers() == ["J1"]


def test_a_file_that_is_passed_through_is_kept_unread(line) -> None:
    life = sent(line, b"\x00\x01 whatever", "stock.bin")
    assert (life["transmission"]["state"], life["transmission"]["partner"]) == ("processed", "beech")
    assert life["documents"] == []


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (GOOD, "returns.csv", "partner.no_agreement"),
        (b"<Invoice/>", "i.xml", "partner.no_agreement"),
        (b"<Order", "o.xml", "xml.syntax"),
        (b'<!DOCTYPE Order [<!ENTITY x "y">]><Order/>', "o.xml", "xml.doctype"),
        (b"", "orders.csv", "file.empty"),
    ],
)
def test_a_file_nobody_can_place_is_parked_with_its_reason(line, content, name, code) -> None:
    life = sent(line, content, name)
    assert life["transmission"]["state"] == "parked"
    assert [row["code"] for row in life["exceptions"]] == [code]
    assert code in [row["code"] for row in life["issues"]]
    assert line.out("beech") == {}
    assert line.files("error", account="beech").keys() == {name}


def test_a_broken_file_whose_name_fits_one_agreement_is_answered(line) -> None:
    life = sent(line, b"{,}", "o.json")
    assert life["transmission"]["state"] == "processed"
    assert ",json.syntax," in answer(line).decode()


def test_a_partner_without_such_agreements_is_told_that_x12_is_wanted(line) -> None:
    life = line.sent(GOOD, name="orders.csv")
    assert [row["code"] for row in life["exceptions"]] == ["file.unknown"]


def test_test_files_are_read_and_answered_and_never_delivered(line) -> None:
    from sftp.ports import Area

    line.drop(GOOD, account="beech", name="orders.csv", area=Area.TEST)
    line.run()
    assert line.erp() == []
    assert orjson.loads(answer(line))["accepted"] == 2


def test_show_prints_the_documents_of_a_file(line, capsys) -> None:
    from gateway.cli.life import print_life

    print_life(sent(line, GOOD + b"P3,2026-03-02,A,many,EA\n", "orders.csv"))
    text = capsys.readouterr().out
    assert "csv file of beech" in text
    assert "order 3  rejected" in text
    assert "qty is many" in text
    assert "answered by file partial" in text


def zipped(*files: tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return made.getvalue()


def test_the_files_of_an_agreed_archive_are_read_one_after_the_other(line) -> None:
    more = GOOD.replace(b"P1", b"P3").replace(b"P2", b"P4").replace(b",3,EA", b",x,EA")
    life = sent(line, zipped(("../a.csv", GOOD), ("b/b.csv", more)), "batch.zip")
    assert line.numbers() == ["P1", "P2", "P3"]
    told = orjson.loads(answer(line))
    assert (told["documents"], told["rejected"]) == (4, 1)
    assert told["told"][0]["issues"][0]["message"].startswith("b/b.csv: qty is x")
    assert [row["ordinal"] for row in life["interchanges"][0]["sets"]] == [1, 2, 3, 4]


def test_a_bomb_in_an_agreed_archive_delivers_nothing_of_it(line) -> None:
    sent(line, zipped(("a.csv", GOOD), ("bomb.csv", b"0" * 80_000_000)), "batch.zip")
    assert line.numbers() == []
    told = orjson.loads(answer(line))
    assert (told["status"], told["told"][-1]["issues"][0]["code"]) == ("rejected", "archive.ratio")


def test_a_gzip_file_holds_one_document_of_its_agreement(line) -> None:
    sent(line, gzip.compress(UBL), "u1.xml.gz")
    assert line.numbers() == ["U1"]
    sent(line, gzip.compress(b"<Invoice/>"), "u2.xml.gz")
    assert [orjson.loads(content)["status"] for content in line.out("beech").values()].count("rejected") == 1


def test_an_archive_nobody_agreed_on_is_parked_unopened(line) -> None:
    life = sent(line, zipped(("a.csv", GOOD)), "batch.zap")
    assert [row["code"] for row in life["exceptions"]] == ["partner.no_agreement"]
    assert line.numbers() == []


def test_an_agreement_whose_map_reads_another_format_is_a_fault_at_load(make_line) -> None:
    profile = """\
name: Elm
sftp: [{user: elm}]
agreements:
  - {document: order, direction: in, syntax: csv, map: base/ubl-order.in, deliver_to: [erp]}
"""
    with pytest.raises(LoadError, match=r"of syntax csv, and the map base/ubl-order\.in reads xml/Order"):
        make_line(elm=profile)
