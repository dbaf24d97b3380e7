"""Maps that make XML, JSON and delimited text: order, pruning, blocks, values, lineage, what their formats refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mappings.engine import MapContext, Mapped, run
from translators.canonical.purchase_order import PurchaseOrder
from translators.datafile import LoadError

ORDER = {
    "schema": "purchase_order/v1",
    "number": "45",
    "date": "2026-07-01",
    "currency": "EUR",
    "notes": ["a", "b"],
    "ship_to": {"code": "7", "name": "B & C", "address": {"city": "Hull"}},
    "lines": [
        {"number": "1", "qty": "10.50", "unit": "EA", "price": "2", "sku": "A"},
        {"number": "2", "qty": "1", "unit": "XCS", "sku": "=B"},
    ],
}
XML_MAP = """\
map: purchase_order/v1 -> xml/Order
namespaces: {"": "urn:o", c: "urn:c"}
emit:
  c:Number!: number
  c:Date: date
  Note: notes
  Line: here
  Party[@role=buyer]/Name: buyer.name
  Party[@role=shipTo]/Name: ship_to.name
  Party[@role=shipTo]/Scheme: ('GLN')
  Total/@currency: currency
Line(lines):
  "@no": number
  c:Qty!: qty
  c:Qty/@unit: unit
  Price: price
  Price/@currency: parent.currency
"""
JSON_MAP = """\
map: purchase_order/v1 -> json/order
emit:
  number!: number
  ship_to/name: ship_to.name
  buyer/name: buyer.name
  buyer/kind: ('company')
  notes: notes
  rush: release == 'R'
lines(lines):
  qty!: qty
  sku: sku
  date: parent.date
"""
CSV_MAP = """\
map: purchase_order/v1 -> csv/orders
emit:
  po!: number
  day: date
row(lines):
  sku: sku
  qty!: qty
"""
LAYOUT = """\
delimiter: semicolon
group_by: [po]
columns:
  po: {header: PO}
  day: {per: document, type: date DD.MM.CCYY}
  sku: {length: 1-5}
  qty: {type: number, decimal: comma}
"""


class Trial:
    def __init__(self, workspace: Any) -> None:
        self.workspace = workspace

    def compiled(self, text: str, layout: str | None = None) -> Any:
        path = self.workspace.write("trial/order.out", text)
        if layout is not None:
            (path.parent / "orders.layout.yaml").write_text(layout, encoding="utf-8")
        return self.workspace.catalog().find("trial/order.out")

    def run(self, text: str, order: dict[str, Any] = ORDER, layout: str | None = None) -> Mapped:
        document = PurchaseOrder.from_json_bytes(json.dumps(order).encode())
        return run(self.compiled(text, layout), document, MapContext(agreement={"currency": "USD"}))

    def text(self, text: str, order: dict[str, Any] = ORDER, layout: str | None = None) -> str:
        found = self.run(text, order, layout)
        assert found.issues == ()
        return found.documents[0].content.decode()

    def faults(self, text: str, layout: str | None = None) -> list[str]:
        with pytest.raises(LoadError) as caught:
            self.compiled(text, layout)
        return [f"{fault.place.line}:{fault.place.column} {fault.message}" for fault in caught.value.faults]


@pytest.fixture
def trial(workspace: Any) -> Trial:
    return Trial(workspace)


def test_xml_stands_in_the_order_of_the_map_with_blocks_where_they_are_said_to(trial) -> None:
    assert (
        trial.text(XML_MAP)
        == """\
<?xml version='1.0' encoding='UTF-8'?>
<Order xmlns="urn:o" xmlns:c="urn:c">
  <c:Number>45</c:Number>
  <c:Date>2026-07-01</c:Date>
  <Note>a</Note>
  <Note>b</Note>
  <Line no="1">
    <c:Qty unit="EA">10.5</c:Qty>
    <Price currency="EUR">2</Price>
  </Line>
  <Line no="2">
    <c:Qty unit="XCS">1</c:Qty>
  </Line>
  <Party role="shipTo">
    <Name>B &amp; C</Name>
    <Scheme>GLN</Scheme>
  </Party>
  <Total currency="EUR"/>
</Order>
"""
    )


def test_a_doctype_is_written_where_the_map_has_one(trial) -> None:
    written = trial.text(XML_MAP.replace("emit:", "doctype: http://x/o.dtd\nemit:", 1))
    assert '\n<!DOCTYPE Order SYSTEM "http://x/o.dtd">\n' in written


def test_json_has_numbers_truths_arrays_and_nothing_of_constants_alone(trial) -> None:
    assert json.loads(trial.text(JSON_MAP)) == {
        "number": "45",
        "ship_to": {"name": "B & C"},
        "notes": ["a", "b"],
        "rush": False,
        "lines": [
            {"qty": 10.5, "sku": "A", "date": "2026-07-01"},
            {"qty": 1, "sku": "=B", "date": "2026-07-01"},
        ],
    }
    one = {**ORDER, "lines": ORDER["lines"][:1], "notes": ["a"]}
    assert [type(json.loads(trial.text(JSON_MAP, one))[name]) for name in ("lines", "notes")] == [list, list]


def test_rows_are_written_by_the_layout_and_neutralised(trial) -> None:
    assert trial.text(CSV_MAP, layout=LAYOUT) == "PO;day;sku;qty\r\n45;01.07.2026;A;10,5\r\n45;01.07.2026;'=B;1\r\n"


def test_record_types_are_blocks(trial) -> None:
    layout = """\
delimiter: pipe
begins: H
records:
  by: 1
  H: {columns: {kind: {}, number: {}}}
  D: {columns: {kind: {}, sku: {}}}
  T: {columns: {kind: {}, count: {}}}
"""
    text = (
        "map: purchase_order/v1 -> csv/orders\nemit:\n  number!: number\n"
        "D(lines):\n  sku: sku\nT:\n  count: count(lines)\n"
    )
    assert trial.text(text, layout=layout) == "H|45\r\nD|A\r\nD|'=B\r\nT|2\r\n"


def test_a_block_may_be_conditional_counted_and_of_one_part(trial) -> None:
    text = XML_MAP.replace('  "@no": number\n', "  if: unit == 'EA'\n  \"@no\": counter()\n")
    text += "Place(ship_to):\n  Code: code\n"
    written = trial.text(text)
    assert written.count("<Line") == 1
    assert "<Place>\n    <Code>7</Code>" in written
    assert "<Place>" not in trial.text(text, {name: held for name, held in ORDER.items() if name != "ship_to"})


def test_blocks_within_blocks_and_paths(trial) -> None:
    order = {**ORDER, "lines": [{**ORDER["lines"][0], "references": [{"type": "X", "value": "9"}]}]}
    text = XML_MAP.replace("Line: here", "Lines/Line: here").replace("Line(lines)", "Lines/Line(lines)")
    text += 'Lines/Line.Refs/Ref(references):\n  .: value\n  "@type": type\n'
    written = trial.text(text, order)
    assert '<Refs>\n        <Ref type="X">9</Ref>' in written
    assert written.count("<Lines>") == 1


def test_a_required_value_that_is_missing_is_an_issue_with_its_rule(trial) -> None:
    found = trial.run(XML_MAP.replace("c:Date: date", "c:Date!: requested"))
    assert [(issue.code, issue.rule.line) for issue in found.issues] == [("map.required.missing", 5)]
    assert found.documents == ()


@pytest.mark.parametrize(
    ("text", "order", "layout", "told"),
    [
        (CSV_MAP, {**ORDER, "lines": [{**ORDER["lines"][0], "sku": "TOOLONG"}]}, LAYOUT, "at most 5 characters"),
        (XML_MAP, {**ORDER, "ship_to": {"name": "a\x01b"}}, None, "XML cannot hold it"),
    ],
)
def test_what_the_format_refuses_is_an_issue(trial, text, order, layout, told) -> None:
    found = trial.run(text, order, layout)
    assert [issue.code for issue in found.issues] == ["map.value.unfit"]
    assert told in found.issues[0].message
    assert found.documents == ()


def test_lineage_tells_which_field_each_node_is_made_from(trial) -> None:
    lineage = trial.run(XML_MAP).lineage
    assert [source.name for source in lineage["/Line[2]/Qty"].sources] == ["lines[1].qty"]
    assert lineage["/Line[2]/Qty/@unit"].line == 15
    assert [source.name for source in lineage["/Party/Name"].sources] == ["ship_to.name"]


@pytest.mark.parametrize(
    ("text", "layout", "expected"),
    [
        (XML_MAP.replace("c:Number!", "d:Number!"), None, '4:3 no namespace "d"; declare it in namespaces:'),
        (XML_MAP.replace("c:Number!", "parent.Number!"), None,
         "4:3 what is made stands inside its block; leave parent. out"),
        (XML_MAP.replace("@role=buyer", "role=buyer"), None, "8:3 what is made is told apart by [2] or [@name=value]"),
        (XML_MAP.replace("Line: here", "Lime: here"), None, '7:3 there is no block "Lime" to stand here'),
        (XML_MAP.replace("Line(lines)", "Line(lnies)"), None, '12:6 no field "lnies"; did you mean "lines"?'),
        (XML_MAP.replace("Line(lines)", "Lines.Line(lines)"), None, '12:1 there is no block "Lines" around it'),
        (XML_MAP.replace("Total/@currency: currency", "Total/@x: notes"), None,
         "11:13 Total/@x stands once; join(..) the list, or make a block for it"),
        (JSON_MAP.replace("number!", "c:number!"), None,
         "3:3 JSON has neither attributes nor namespaces; want names, as total/amount"),
        (CSV_MAP.replace("day:", "dey:"), LAYOUT,
         '4:3 the document has no column "dey" in layout orders; did you mean "day"?'),
        (CSV_MAP.replace("row(lines)", "rows(lines)"), LAYOUT,
         '5:1 no rows "rows" below the document; did you mean "row"?'),
        (CSV_MAP.replace("sku: sku", "sku: parent.notes"), LAYOUT,
         "6:8 sku stands once; join(..) the list, or make a block for it"),
        (CSV_MAP.replace("emit:", "emit each: lines\nemit:"), LAYOUT,
         "2:12 a map that makes a file makes one of each document"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_when_the_map_is_loaded(trial, text, layout, expected) -> None:
    assert expected in trial.faults(text, layout)


def test_an_attribute_may_stand_on_the_root(trial) -> None:
    written = trial.text(XML_MAP.replace("emit:\n", 'emit:\n  "@id": number\n', 1))
    assert '<Order xmlns="urn:o" xmlns:c="urn:c" id="45">' in written
