"""One set to many documents, pairs in a segment, conditions of blocks, parts that are no lists, blocks dropped."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.work_done import lines_run
from translators.datafile import LoadError
from translators.tree import Segment

BEG = "BEG*00*SA*4500012**20260302"
STORES = (
    BEG,
    "PO1*1*12*EA*9.5**VN*A",
    "SDQ*EA*92*S1*5*S2*7",
    "PO1*2*4*EA*2**VN*B",
    "SDQ*EA*92*S2*3",
    "SDQ*EA*92*S3*1",
    "CTT*2",
)
EACH_STORE = """\
map: x12/850@004010 -> purchase_order/v1
emit each: PO1/SDQ(03 step 2) by SDQ03
order:
  number!: BEG03
  release: each
  date!: date(BEG05)
  currency!: agreement.currency
lines(each):
  number: PO101
  qty!: num(SDQ04)
  unit!: SDQ01
  price: num(PO104)
  sku: parent.PO107
"""


def test_one_set_becomes_a_document_for_each_store(workspace: Any, x12: Any) -> None:
    found = workspace.run(EACH_STORE, x12(*STORES))
    assert found.issues == ()
    assert [
        (order.release, [(line.number, line.sku, line.qty) for line in order.lines]) for order in found.documents
    ] == [("S1", [("1", "A", 5)]), ("S2", [("1", "A", 7), ("2", "B", 3)]), ("S3", [("2", "B", 1)])]


def test_every_document_has_a_lineage_of_its_own(workspace: Any, x12: Any) -> None:
    found = workspace.run(EACH_STORE, x12(*STORES))
    places = [
        [(path, held.segment, held.element) for path in ("release", "lines[0].qty") for held in lineage[path].sources]
        for lineage in found.lineages
    ]
    assert places == [
        [("release", 4, 3), ("lines[0].qty", 4, 4)],
        [("release", 4, 5), ("lines[0].qty", 4, 6)],
        [("release", 7, 3), ("lines[0].qty", 7, 4)],
    ]


def test_one_bad_pair_is_one_issue_and_no_document_is_made(workspace: Any, x12: Any) -> None:
    source = x12(*STORES)
    segment = next(held for held in source.root.walk() if held.id == "SDQ")
    segment.elements[6] = "x"
    found = workspace.run(EACH_STORE, source)
    assert [(issue.code, issue.position.segment, issue.position.element) for issue in found.issues] == [
        ("map.number.unreadable", 4, 6)
    ]
    assert found.documents == ()


def test_a_pair_without_its_store_is_an_issue(workspace: Any, x12: Any) -> None:
    source = x12(*STORES)
    segment = next(held for held in source.root.walk() if held.id == "SDQ")
    segment.elements[5] = ""
    found = workspace.run(EACH_STORE, source)
    assert [(issue.code, issue.position.segment, issue.position.element) for issue in found.issues] == [
        ("map.required.missing", 4, 5)
    ]


def test_the_cost_of_many_documents_is_linear(workspace: Any, x12: Any) -> None:
    text = EACH_STORE + "  description: first(REF[VR].02)\n"

    def cost(stores: int) -> int:
        source = x12(*STORES)
        loop = next(held for held in source.root.loops if held.id == "PO1")
        loop.segments += [Segment(["REF", "VR", "x"], ordinal=9, offset=0)] * stores
        loop.segments += [Segment(["SDQ", "EA", "92", f"N{n}", "1"], ordinal=9, offset=0) for n in range(stores)]
        assert len(workspace.run(text, source).documents) == stores + 3
        return lines_run(lambda: workspace.run(text, source))

    assert cost(1000) - cost(10) < 12 * (cost(100) - cost(10))


def test_a_document_may_be_made_of_each_loop(workspace: Any, x12: Any) -> None:
    text = """\
map: x12/850@004010 -> purchase_order/v1
emit each: PO1
order:
  number!: concat(BEG03, '-', PO101)
  date!: date(BEG05)
  currency!: agreement.currency
lines(SDQ(03 step 2)):
  qty!: num(SDQ04)
  unit!: SDQ01
"""
    found = workspace.run(text, x12(*STORES))
    assert [(order.number, [line.qty for line in order.lines]) for order in found.documents] == [
        ("4500012-1", [5, 7]),
        ("4500012-2", [3, 1]),
    ]


def test_a_block_is_made_from_what_stands_around_its_own(workspace: Any, x12: Any) -> None:
    text = """\
map: x12/850@004010 -> purchase_order/v1
emit each: PO1/SDQ(03 step 2)
order:
  number!: concat(BEG03, '-', SDQ03)
  date!: date(BEG05)
  currency!: agreement.currency
references(parent.parent.REF[!DP]):
  type!: REF01
  value: REF02
lines(parent.PID):
  qty!: num(SDQ04)
  unit!: SDQ01
  description: PID05
"""
    source = x12(BEG, "REF*VR*7", "REF*DP*8", "REF*CO*9", "PO1*1*3*EA", "PID*F****Red", "SDQ*EA*92*S1*1*S2*2",
                 "PO1*2*4*EA", "PID*F****Blue", "PID*F****Green", "SDQ*EA*92*S1*4")  # fmt: skip
    found = workspace.run(text, source)
    assert [issue.message for issue in found.issues] == []
    assert [[held.value for held in order.references] for order in found.documents] == [["7", "9"]] * 3
    lines = [[(line.qty, line.description) for line in order.lines] for order in found.documents]
    assert lines == [[(1, "Red")], [(2, "Red")], [(4, "Blue"), (4, "Green")]]
    assert [held.element for held in found.documents and found.lineage["references[1].value"].sources] == [2]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("parent.REF", "there is no loop around this one"),
        ("REF.02", "want the loop or segment the block is made from"),
        ("ancestor(HL[O])/REF", "want the loop or segment the block is made from"),
    ],
)
def test_a_block_of_what_is_not_around_it_is_a_fault(source: str, message: str, workspace: Any, smallest: str) -> None:
    workspace.write("trial/850.in", smallest + f"references({source}):\n  type!: REF01\n")
    with pytest.raises(LoadError, match=re.escape(message)):
        workspace.catalog().find("trial/850.in")


def test_the_pairs_of_a_segment_are_parts_of_a_block(workspace: Any, x12: Any, with_rules: Any) -> None:
    more = "lines(PO1).schedule(each SDQ(03 step 2)):\n  qty!: num(SDQ04)\n  unit!: SDQ01\n  location: SDQ03\n"
    (order,) = workspace.run(with_rules(more=more), x12(*STORES)).documents
    assert [[(held.location, held.qty, held.unit) for held in line.schedule] for line in order.lines] == [
        [("S1", 5, "EA"), ("S2", 7, "EA")],
        [("S2", 3, "EA"), ("S3", 1, "EA")],
    ]


def test_a_block_leaves_out_what_does_not_meet_its_condition(workspace: Any, x12: Any, with_rules: Any) -> None:
    text = with_rules(order="total: sum(lines.qty)", lines="if: num(PO102) > 4")
    (order,) = workspace.run(text, x12(*STORES)).documents
    assert [line.qty for line in order.lines] == [12]
    assert order.total == 12
    bad = x12(*STORES)
    next(held for held in bad.root.walk() if held.id == "PO1").elements[2] = "x"
    assert [issue.code for issue in workspace.run(text, bad).issues] == ["map.number.unreadable"]


def test_a_part_that_is_no_list_may_be_a_block(workspace: Any, x12: Any, with_rules: Any) -> None:
    more = "ship_to(N1[ST]):\n  name: N102\n  address.city: N401\n"
    source = x12(BEG, "N1*ST*Store 7", "N4*Ames", "N1*BY*Head Office", "PO1*1*12*EA")
    found = workspace.run(with_rules(more=more), source)
    (order,) = found.documents
    assert (order.ship_to.name, order.ship_to.address.city) == ("Store 7", "Ames")
    assert [held.name for held in found.lineage["ship_to.address.city"].sources] == ["N401"]
    twice = x12(BEG, "N1*ST*Store 7", "N1*ST*Store 8", "PO1*1*12*EA")
    (issue,) = workspace.run(with_rules(more=more), twice).issues
    assert (issue.code, issue.position.segment, issue.rule.field) == ("map.reference.several", 4, "ship_to")


def test_an_extending_map_drops_a_block_with_all_in_it(workspace: Any, x12: Any, smallest: str) -> None:
    block = "lines(PO1).schedule(SDQ(03 step 2)):\n  qty!: num(SDQ04)\n  unit!: SDQ01\n"
    workspace.write("one/850.in", smallest + block)
    (order,) = workspace.run("extends: one/850.in\nlines.schedule: omit\n", x12(*STORES)).documents
    assert [line.schedule for line in order.lines] == [(), ()]


FAULTS = [
    ("emit each: PO1/SDQ(03 step 2) by SDQ03\n", "emit each: PO1/SDQQ by SDQ03\n", 2, 16, "SDQQ is no reference"),
    ("by SDQ03\n", "by num(SDQ04)\n", 2, 34, "want a text to group by"),
    ("emit each: PO1/SDQ(03 step 2) by SDQ03\n", "", 4, 12, "each is the value of emit each"),
    ("num(SDQ04)", "num(SDQ05)", 10, 13, "past the window, which ends with element 04"),
    ("SDQ(03 step 2)", "SDQ(99 step 2)", 2, 16, "SDQ has 23 elements"),
    ("SDQ(03 step 2)", "SDQ(03 stp 2)", 2, 23, "want 'step'"),
    ("order:\n", "order:\n  if: BEG03\n", 4, 3, "a document has no condition"),
    ("map: x12", "like: base/850.in\nmap: x12", 1, 7, "like is for maps that read a canonical document"),
]


@pytest.mark.parametrize(("old", "new", "line", "column", "message"), FAULTS)
def test_a_fault_of_many_documents_is_told_at_its_place(
    old: str, new: str, line: int, column: int, message: str, workspace: Any
) -> None:
    assert old in EACH_STORE
    workspace.write("trial/850.in", EACH_STORE.replace(old, new, 1))
    with pytest.raises(LoadError) as caught:
        workspace.catalog().find("trial/850.in")
    found = [(fault.place.line, fault.place.column, fault.message) for fault in caught.value.faults]
    assert any(held[:2] == (line, column) and message in held[2] for held in found), found
