"""Lineage: every value knows its map line, and the segment, element and bytes it came from."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.catalog import SHIPPED, MapCatalog
from mappings.engine import MapContext, run
from translators.x12.guide import GuideLibrary
from translators.x12.model import TransactionSet
from translators.x12.reader import ReadOptions, read_x12

CATALOG = MapCatalog([SHIPPED])
BEG = "BEG*00*SA*4500012**20260302"


def places(mapped: Any, path: str) -> list[tuple[Any, ...]]:
    return [(held.name, held.segment, held.element) for held in mapped.lineage[path].sources]


def test_a_value_names_its_rule_and_its_element(workspace: Any, x12: Any, smallest: str) -> None:
    mapped = workspace.run(smallest, x12(BEG, "PO1*1*12*EA", "PO1*2*7*EA"))
    found = mapped.lineage["lines[1].qty"]
    assert (found.file, found.line, found.rule) == ("trial/850.in/map.yaml", 7, "num(PO102)")
    assert places(mapped, "lines[1].qty") == [("PO102", 4, 2)]
    assert places(mapped, "number") == [("BEG03", 2, 3)]
    assert places(mapped, "currency") == [("agreement.currency", None, None)]


def test_the_bytes_named_are_the_bytes_of_the_value(workspace: Any, x12: Any, smallest: str) -> None:
    content = (
        b"ISA*00*          *00*          *ZZ*NORTHSIDE      *ZZ*TRADELANE      "
        b"*260302*0915*U*00401*000000007*0*P*>~\r\n"
        b"GS*PO*NORTHSIDE*TRADELANE*20260302*0915*17*X*004010~\r\nST*850*0001~\r\n"
        b"BEG*00*SA*4500012**20260302~\r\nPO1*1*12*EA*9.5~\r\nPO1*2*345*CA~\r\nSE*5*0001~\r\nGE*1*17~\r\nIEA*1*000000007~\r\n"
    )
    (source,) = [
        event
        for event in read_x12([content], guides=GuideLibrary.shipped(), options=ReadOptions(keep_tree=True))
        if isinstance(event, TransactionSet)
    ]
    mapped = workspace.run(smallest, source)
    found = {
        path: content[held.sources[0].start : held.sources[0].end]
        for path, held in mapped.lineage.items()
        if held.sources[0].segment
    }
    assert found == {
        "number": b"4500012",
        "date": b"20260302",
        "lines[0].qty": b"12",
        "lines[0].unit": b"EA",
        "lines[1].qty": b"345",
        "lines[1].unit": b"CA",
    }


def test_a_value_of_several_elements_names_them_all(workspace: Any, x12: Any, with_rules: Any) -> None:
    rules = "contract: concat(BEG03, '/', REF[VR].02)\nnotes: all(N9/MSG.01)\nrelease: ('fixed' if true else none)"
    source = x12(BEG, "REF*VR*7", "N9*L1*X", "MSG*one", "MSG*two", "PO1*1*12*EA")
    mapped = workspace.run(with_rules(order=rules, lines="base_qty: num(PO102) * num(PO102)"), source)
    assert places(mapped, "contract") == [("BEG03", 2, 3), ("REF02", 3, 2)]
    assert places(mapped, "notes") == [("MSG01", 5, 1), ("MSG01", 6, 1)]
    assert places(mapped, "release") == []
    assert places(mapped, "lines[0].base_qty") == [("PO102", 7, 2), ("PO102", 7, 2)]


def test_a_choice_names_what_was_chosen(workspace: Any, x12: Any, with_rules: Any) -> None:
    rules = "contract: REF[CT].02 or REF[VR].02\nrelease: BEG03 if REF[CT] else BEG02"
    lines = "sku: pair('VN', 'VC')\ndescription: first(PID05)"
    source = x12(BEG, "REF*VR*7", "PO1*1*12*EA***UP*012345678905*VC*C-1", "PID*F****Hammer")
    mapped = workspace.run(with_rules(order=rules, lines=lines), source)
    assert places(mapped, "contract") == [("REF02", 3, 2)]
    assert places(mapped, "release") == [("BEG02", 2, 2)]
    assert places(mapped, "lines[0].sku") == [("PO109", 4, 9)]
    assert places(mapped, "lines[0].description") == [("PID05", 5, 5)]


def test_what_is_not_there_has_no_lineage(workspace: Any, x12: Any, with_rules: Any) -> None:
    mapped = workspace.run(with_rules(order="contract: BEG06\nship_to.name: N1[ST].02"), x12())
    assert set(mapped.lineage) == {"number", "date", "currency", "lines[0].qty", "lines[0].unit"}
    assert len(mapped.lineage) == 5
    assert "contract" not in mapped.lineage


def test_parts_within_parts_have_their_own_paths(workspace: Any, x12: Any, with_rules: Any) -> None:
    more = "lines(PO1).references(REF):\n  type!: REF01\n  value: REF02\n"
    source = x12(BEG, "PO1*1*12*EA", "PO1*2*1*EA", "REF*VR*a", "REF*DP*b")
    mapped = workspace.run(with_rules(more=more), source)
    assert places(mapped, "lines[1].references[1].value") == [("REF02", 6, 2)]
    assert mapped.lineage["lines[1].references[1].value"].line == 11
    assert "lines[0].references[0].value" not in mapped.lineage


def test_lineage_is_plain_data_for_programs(workspace: Any, x12: Any, smallest: str) -> None:
    found = workspace.run(smallest, x12()).lineage["lines[0].qty"].as_json()
    assert found["file"] == "trial/850.in/map.yaml"
    assert found["sources"] == [{"name": "PO102", "segment": 3, "element": 2, "start": 204, "end": 206}]


def every_path(value: Any, prefix: str = "") -> set[str]:
    """The path of every value in a canonical JSON form that is not a part itself."""
    if isinstance(value, dict):
        return {
            path for name, held in value.items() for path in every_path(held, f"{prefix}.{name}" if prefix else name)
        }
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {path for at, held in enumerate(value) for path in every_path(held, f"{prefix}[{at}]")}
    return {prefix}


word = st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -", min_size=1, max_size=10).filter(
    lambda s: s == s.strip()
)


@settings(max_examples=40, deadline=None)
@given(
    lines=st.lists(
        st.tuples(st.integers(1, 99999), st.sampled_from(["EA", "CA", "DZ"]), word, word), min_size=1, max_size=5
    ),
    number=word,
    store=word,
)
def test_every_value_of_any_order_has_a_lineage_that_holds(lines: Any, number: str, store: str) -> None:
    body = [f"BEG*00*SA*{number}**20260302", f"N1*ST*{store}*92*{store}"]
    for at, (qty, unit, sku, text) in enumerate(lines, 1):
        body += [f"PO1*{at}*{qty}*{unit}*1.5**VN*{sku}", f"PID*F****{text}"]
    body.append(f"CTT*{len(lines)}")
    content = (
        "ISA*00*          *00*          *ZZ*NORTHSIDE      *ZZ*TRADELANE      *260302*0915*U*00401*000000007*0*P*>~"
        "GS*PO*NORTHSIDE*TRADELANE*20260302*0915*17*X*004010~ST*850*0001~"
        + "".join(segment + "~" for segment in body)
        + f"SE*{len(body) + 2}*0001~GE*1*17~IEA*1*000000007~"
    ).encode()
    (source,) = [
        event
        for event in read_x12([content], guides=GuideLibrary.shipped(), options=ReadOptions(keep_tree=True))
        if isinstance(event, TransactionSet)
    ]
    mapped = run(CATALOG.find("base/850.in"), source, MapContext.around(source, agreement={"currency": "USD"}))
    assert mapped.issues == ()
    (order,) = mapped.documents
    assert set(mapped.lineage) == every_path(json.loads(order.to_json_bytes())) - {"schema"}
    for at, (qty, unit, sku, text) in enumerate(lines):
        for name, sent in (("qty", str(qty)), ("partner_data.unit", unit), ("sku", sku), ("description", text)):
            (held,) = mapped.lineage[f"lines[{at}].{name}"].sources
            assert content[held.start : held.end].decode() == sent
