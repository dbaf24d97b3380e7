"""Maps that read XML, JSON and delimited text: paths, picks, namespaces, columns, places, faults at load."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from mappings.engine import MapContext, Mapped, run
from mappings.files import read_documents
from tests.work_done import lines_run
from translators.datafile import LoadError

XML_MAP = """\
map: xml/Order -> purchase_order/v1
namespaces: {"": "urn:o", c: "urn:c"}
order:
  number!: c:Number
  date!: date(c:Date, 'CCYY-MM-DD')
  currency!: Total/@currency or agreement.currency
lines(Lines/Line):
  number: "@no"
  qty!: num(Qty)
  unit!: Qty/@unit
"""
XML = b"""<Order xmlns="urn:o" xmlns:c="urn:c">
 <c:Number> 45 </c:Number><c:Date>2026-07-01</c:Date><Total currency="EUR">7</Total>
 <Party role="buyer"><Name>Beech</Name></Party><Party role="seller"><Name>Sorrel</Name></Party>
 <Lines><Line no="1"><Qty unit="EA">10</Qty><Note>a</Note><Note>b</Note></Line>
 <Line no="2"><Qty unit="XCS">2.5</Qty></Line></Lines>
</Order>"""
JSON_MAP = """\
map: json/order -> purchase_order/v1
order:
  number!: number
  date!: date(date, 'CCYY-MM-DD')
  currency!: total/currency or agreement.currency
lines(lines):
  qty!: num(qty)
  unit!: unit
"""
JSON = b"""{"number": "45", "date": "2026-07-01", "total": {"currency": "EUR"},
 "lines": [{"qty": 10, "unit": "EA"}, {"qty": 2.50, "unit": "XCS", "tags": ["x", "y"]}]}"""
CSV_MAP = """\
map: csv/orders -> purchase_order/v1
order:
  number!: po
  date!: date(day, 'CCYY-MM-DD')
  currency!: agreement.currency
lines(row):
  qty!: num(qty)
  unit!: unit
  sku: sku
"""
LAYOUT = """\
delimiter: comma
group_by: [po]
columns:
  po: {}
  day: {per: document}
  sku: {}
  qty: {type: number}
  unit: {}
"""
CSV = b"po,day,sku,qty,unit\n45,2026-07-01,A,10,EA\n45,2026-07-01,B,2.5,XCS\n"
RECORDS_MAP = """\
map: csv/orders -> purchase_order/v1
order:
  number!: number
  date!: date(day)
  currency!: agreement.currency
lines(D):
  qty!: num(qty)
  unit!: unit
assert:
  - rows are counted: count(lines) == num(T/count)
"""
RECORDS = """\
delimiter: pipe
begins: H
records:
  by: 1
  H: {columns: {kind: {}, number: {}, day: {}}}
  D: {columns: {kind: {}, qty: {}, unit: {}}}
  T: {columns: {kind: {}, count: {}}}
"""


class Trial:
    """Maps tried on one file."""

    def __init__(self, workspace: Any) -> None:
        self.workspace = workspace

    def compiled(self, text: str, layout: str | None) -> Any:
        path = self.workspace.write("trial/order.in", text)
        if layout is not None:
            (path.parent / "orders.layout.yaml").write_text(layout, encoding="utf-8")
        return self.workspace.catalog().find("trial/order.in")

    def run(self, text: str, content: bytes, layout: str | None = None) -> Mapped:
        compiled = self.compiled(text, layout)
        (read,) = read_documents(compiled, [content])
        assert read.accepted, read.issues
        return run(compiled, read.root, MapContext(file={"name": "f"}, agreement={"currency": "USD"}))

    def faults(self, text: str, layout: str | None = None) -> list[str]:
        with pytest.raises(LoadError) as caught:
            self.compiled(text, layout)
        return [f"{fault.place.line}:{fault.place.column} {fault.message}" for fault in caught.value.faults]


@pytest.fixture
def trial(workspace: Any) -> Trial:
    return Trial(workspace)


def with_rule(text: str, rule: str) -> str:
    """The map with one more rule of the order."""
    return text.replace("  number!:", f"  {rule}\n  number!:", 1)


def facts(found: Mapped) -> Iterable[tuple[str, str]]:
    return [(issue.code, str(issue.position)) for issue in found.issues]


def test_xml_is_read_by_paths_with_namespaces(trial) -> None:
    (order,) = trial.run(XML_MAP, XML).documents
    assert (order.number, order.date.isoformat(), order.currency) == ("45", "2026-07-01", "EUR")
    assert [(line.number, line.qty, line.unit) for line in order.lines] == [
        ("1", Decimal(10), "EA"),
        ("2", Decimal("2.5"), "XCS"),
    ]


def test_json_is_read_by_names(trial) -> None:
    (order,) = trial.run(JSON_MAP, JSON).documents
    assert (order.number, order.currency, [line.qty for line in order.lines]) == ("45", "EUR", [10, Decimal("2.50")])


def test_rows_are_read_by_columns(trial) -> None:
    (order,) = trial.run(CSV_MAP, CSV, LAYOUT).documents
    assert (order.number, order.currency) == ("45", "USD")
    assert [(line.sku, line.qty, line.unit) for line in order.lines] == [("A", 10, "EA"), ("B", Decimal("2.5"), "XCS")]


def test_record_types_are_read_as_blocks_and_by_path(trial) -> None:
    (order,) = trial.run(RECORDS_MAP, b"H|45|20260701\nD|10|EA\nD|2|EA\nT|2\n", RECORDS).documents
    assert (order.number, [line.qty for line in order.lines]) == ("45", [10, 2])
    found = trial.run(RECORDS_MAP, b"H|45|20260701\nD|10|EA\nT|2\n", RECORDS)
    assert facts(found) == [("map.assert.failed", "element 2, line 3, column 3, byte 24, count")]


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("contract: Party[@role=seller]/Name", "Sorrel"),
        ("contract: Party[@role='seller']/Name", "Sorrel"),
        ("contract: Party[@role!=seller]/Name", "Beech"),
        ("contract: Party[Name=Sorrel]/@role", "seller"),
        ("contract: Party[2]/Name", "Sorrel"),
        ("contract: Party[3]/Name", None),
        ("contract: Party[#1]/Name", "Beech"),
        ("contract: first(Party/Name)", "Beech"),
        ("contract: last(Party/Name)", "Sorrel"),
        ("contract: join(Party/Name, ' + ')", "Beech + Sorrel"),
        ("contract: join(Lines/Line/@no, ',')", "1,2"),
        ("contract: Nothing/Below or Total", "7"),
        ("contract: ('two' if count(Party) == 2 else 'other')", "two"),
        ("contract: ('two' if count(Lines/Line/@no) == 2 else 'other')", "two"),
        ("contract: ('sum' if sum(Lines/Line/Qty) == 12.5 else 'other')", "sum"),
        ("contract: ./Total", "7"),
        ("contract: file.name", "f"),
    ],
)
def test_a_path_picks_what_it_says(trial, rule, value) -> None:
    found = trial.run(with_rule(XML_MAP, rule), XML)
    assert found.issues == ()
    assert found.documents[0].contract == value


def test_json_arrays_of_texts_and_odd_names_are_read(trial) -> None:
    text = with_rule(JSON_MAP, "contract: ./käse-id").replace("  qty!:", "  description: join(tags, '+')\n  qty!:")
    (order,) = trial.run(text, JSON.replace(b'"date"', '"käse-id": "x1", "none": null, "date"'.encode())).documents
    assert (order.contract, order.lines[1].description) == ("x1", "x+y")
    assert trial.run(with_rule(JSON_MAP, "contract: ./none or total/nothing"), JSON).documents[0].contract is None


def test_a_block_sees_its_own_node_and_by_parent_what_is_around(trial) -> None:
    text = XML_MAP.replace('  number: "@no"\n', "  number: parent.parent.c:Number\n  notes: all(Note)\n")
    (order,) = trial.run(text, XML).documents
    assert [(line.number, line.notes) for line in order.lines] == [("45", ("a", "b")), ("45", ())]
    text = XML_MAP + "lines(Lines/Line).references(Note):\n  type!: .\n  value: parent.Qty\n"
    (order,) = trial.run(text, XML).documents
    assert [(one.type, one.value) for one in order.lines[0].references] == [("a", "10"), ("b", "10")]


def test_a_column_is_looked_up_in_the_row_and_then_in_the_document(trial) -> None:
    (order,) = trial.run(
        CSV_MAP.replace("  sku: sku", "  sku: po + '/' + sku").replace("po + '/' + sku", "concat(po, '/', sku)"),
        CSV,
        LAYOUT,
    ).documents
    assert [line.sku for line in order.lines] == ["45/A", "45/B"]
    (order,) = trial.run(with_rule(CSV_MAP, "contract: row[sku=B]/unit"), CSV, LAYOUT).documents
    assert order.contract == "XCS"


def test_several_nodes_are_no_lucky_choice(trial) -> None:
    found = trial.run(with_rule(XML_MAP, "contract: Party/Name"), XML)
    (issue,) = found.issues
    assert (issue.code, issue.position.offset) == ("map.reference.several", XML.index(b"<Name>Sorrel"))
    assert found.documents == ()
    found = trial.run(with_rule(CSV_MAP, "contract: row/sku"), CSV, LAYOUT)
    assert [issue.code for issue in found.issues] == ["map.reference.several"]


def place_of(content: bytes, marker: bytes) -> tuple[int, int, int]:
    """Line, column and byte of the only place where the marker stands; the content is ASCII."""
    assert content.count(marker) == 1
    at = content.index(marker)
    return content[:at].count(b"\n") + 1, at - content[:at].rfind(b"\n"), at


@pytest.mark.parametrize(
    ("text", "content", "layout", "code", "marker", "path"),
    [
        (XML_MAP, XML.replace(b">10<", b">ten<"), None, "map.number.unreadable", b'<Qty unit="EA"', "Qty"),
        (XML_MAP, XML.replace(b' unit="EA"', b""), None, "map.required.missing", b"<Qty>", "Qty/@unit"),
        (XML_MAP, XML.replace(b"07-01", b"02-30"), None, "map.date.unreadable", b"<c:Date>", "Date"),
        (JSON_MAP, JSON.replace(b": 10", b": 1e400"), None, "map.number.unreadable", b"1e400", "qty"),
        (CSV_MAP, CSV.replace(b",XCS", b",?"), LAYOUT, "map.value.invalid", b"?", "unit"),
        (CSV_MAP, b"po,sku,qty,unit\n45,A,10,EA\r\n", LAYOUT, "map.required.missing", b"\r\n", "day"),
    ],
)
def test_a_fault_points_into_the_file(trial, text, content, layout, code, marker, path) -> None:
    found = trial.run(text, content, layout)
    (issue,) = found.issues
    assert issue.code == code
    position = issue.position
    assert (position.line, position.column, position.offset) == place_of(content, marker)
    assert position.path == path
    assert found.documents == ()


def test_lineage_names_bytes_line_and_column(trial) -> None:
    found = trial.run(XML_MAP, XML)
    (source,) = found.lineage["lines[1].qty"].sources
    assert XML[source.start : source.end] == b'<Qty unit="XCS">2.5'
    assert (source.name, source.line, source.column) == ("Qty", 5, 15)
    found = trial.run(CSV_MAP, CSV, LAYOUT)
    (source,) = found.lineage["lines[1].qty"].sources
    assert CSV[source.start : source.end] == b"2.5"
    assert (source.name, source.line, source.column) == ("qty", 3, 17)
    (source,) = found.lineage["number"].sources
    assert CSV[source.start : source.end] == b"45"


def test_one_document_of_each_part_of_a_file(trial) -> None:
    text = "map: xml/Orders -> purchase_order/v1\nemit each: Order\n" + XML_MAP.partition("\n")[2].replace(
        '"urn:o"', '""'
    )
    text = text.replace('namespaces: {"": "", c: "urn:c"}\n', "").replace("c:", "")
    order = XML.replace(b' xmlns="urn:o" xmlns:c="urn:c"', b"").replace(b"c:", b"")
    content = b"<Orders>" + order + order.replace(b"45", b"46") + b"</Orders>"
    found = trial.run(text, content)
    assert [order.number for order in found.documents] == ["45", "46"]


def test_another_document_than_the_map_reads_is_one_issue(trial) -> None:
    compiled = trial.compiled(XML_MAP, None)
    for content in (b"<Order/>", b"<Invoice xmlns='urn:o'/>"):
        (read,) = read_documents(compiled, [content])
        assert [issue.code for issue in run(compiled, read.root, MapContext()).issues] == ["map.source.mismatch"]
    compiled = trial.compiled(JSON_MAP, None)
    (read,) = read_documents(compiled, [b"[]"])
    assert [issue.code for issue in run(compiled, read.root, MapContext()).issues] == ["map.source.mismatch"]


@pytest.mark.parametrize(
    ("text", "layout", "expected"),
    [
        (XML_MAP.replace("c:Number", "d:Number"), None, '4:12 no namespace "d"; declare it in namespaces:'),
        (XML_MAP.replace("c:Number", "@d:id").replace("!: @", '!: "@').replace(":id", ':id"'), None,
         '4:13 no namespace "d"; declare it in namespaces:'),
        (XML_MAP.replace("c:Number", "c:Number[x]"), None,
         "4:21 found 'x' in brackets; want [2], [@unit=EA] or [type=A]"),
        (XML_MAP.replace("c:Number", "c:Number[2][@a=b]"), None,
         "4:24 the number of the instance comes last, as line[type=A][2]"),
        (XML_MAP.replace("c:Number", "parent.c:Number"), None,
         "4:12 there is no block around this one; leave parent. out"),
        (XML_MAP.replace("(Lines/Line)", "(Lines/@x)"), None,
         "7:7 want the path of what the block is made from, as cac:OrderLine"),
        (XML_MAP.replace("namespaces:", "namespaces: [a]\nx:"), None, "2:13 namespaces wants a word for each name"),
        (JSON_MAP.replace("number!: number", "number!: number/@x"), None, "3:12 JSON has no attributes; write x"),
        (JSON_MAP.replace("number!: number", "number!: a:number"), None,
         "3:12 a:number has a prefix, and there are no namespaces here"),
        (JSON_MAP + "namespaces: {}\n", None, "9:1 namespaces says nothing to json/order -> purchase_order/v1"),
        (CSV_MAP.replace("!: po", "!: poo"), LAYOUT, '3:12 no column "poo" in layout orders; did you mean "po"?'),
        (CSV_MAP.replace("!: po", "!: sku"), LAYOUT,
         "3:12 sku is a column of the rows; read it in a block, as lines(row)"),
        (CSV_MAP.replace("(row)", "(rows)"), LAYOUT, '6:7 no rows "rows" below the document; did you mean "row"?'),
        (CSV_MAP.replace("!: po", "!: row/sqty"), LAYOUT, '3:16 row has no column "sqty"; did you mean "qty"?'),
        (CSV_MAP.replace("!: po", "!: row[skux=A]/qty"), LAYOUT, '3:12 row has no column "skux"; did you mean "sku"?'),
        (CSV_MAP.replace("!: po", "!: po/@x"), LAYOUT, "3:12 columns have no @; write x"),
        (CSV_MAP, None, "1:10 there is no layout orders.layout.yaml beside the map"),
        (CSV_MAP, "delimiter: tab\n", "1:1 want either columns (rows of one type) or records (rows of several)"),
        (RECORDS_MAP.replace("(D)", "(H)"), RECORDS, '6:7 no rows "H" below the document; there is D, T'),
        (CSV_MAP.replace("num(qty)", "pair('A')"), LAYOUT, "7:9 pair is not known for this source"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_when_the_map_is_loaded(trial, text, layout, expected) -> None:
    assert expected in trial.faults(text, layout)


def test_a_layout_is_part_of_the_maps_revision(trial) -> None:
    before = trial.compiled(CSV_MAP, LAYOUT).revision
    assert trial.compiled(CSV_MAP, LAYOUT.replace("sku: {}", "sku: {required: yes}")).revision != before
    assert trial.compiled(CSV_MAP, LAYOUT).revision == before


def test_ten_times_the_lines_take_about_ten_times_the_work(trial) -> None:
    text = XML_MAP.replace('  number: "@no"\n', "  number: parent.parent.c:Number\n")
    compiled = trial.compiled(text, None)
    line = b'<Line no="1"><Qty unit="EA">10</Qty></Line>'
    head, _, tail = XML.partition(b"<Lines>")

    def cost(lines: int) -> int:
        content = head + b"<Lines>" + line * lines + b"</Lines></Order>"
        (read,) = read_documents(compiled, [content])
        context = MapContext(agreement={"currency": "USD"})
        assert len(run(compiled, read.root, context).documents[0].lines) == lines
        return lines_run(lambda: run(compiled, read.root, context))

    assert tail
    assert cost(1_000) < 12 * cost(100)
