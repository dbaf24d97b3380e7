"""What is wrong with a map is told when it is loaded: all of it, each at its line and column."""

from __future__ import annotations

from typing import Any

import pytest

from mappings.catalog import MapCatalog
from mappings.errors import UnknownMap
from translators.datafile import LoadError

SEVEN = """\
map: x12/850@004010 -> purchase_order/v1
tables:
  uom: {EA: EA}
order:
  number!: trim(BEG03)
  date!: date(BEG05, 'YYYYMMDD')
  currency!: CUR2 or agreement.currency
  shipto.code: N1[ST].04
lines(PO1):
  qty!: number(PO102)
  unit!: code(PO103, 'oum')
  price: PO104
  sku: PO126
  description: first(MSG01
"""


def faults_of(workspace: Any, text: str) -> list[tuple[int, int, str]]:
    workspace.write("trial/850.in", text)
    with pytest.raises(LoadError) as caught:
        workspace.catalog().find("trial/850.in")
    return [(fault.place.line, fault.place.column, fault.message) for fault in caught.value.faults]


def test_every_fault_of_a_file_is_told_at_once_at_its_place(workspace: Any) -> None:
    found = faults_of(workspace, SEVEN)
    assert [(line, column) for line, column, _ in found] == [
        (6, 22),
        (7, 14),
        (8, 3),
        (10, 9),
        (11, 22),
        (12, 10),
        (13, 8),
        (14, 27),
    ]
    told = [message for _, _, message in found]
    assert "want one of CCYYMMDD" in told[0]
    assert "CUR2 is no reference" in told[1]
    assert 'did you mean "ship_to"' in told[2]
    assert 'no function "number"' in told[3]
    assert 'did you mean "uom"' in told[4]
    assert "price takes a number; this is a text; num(..) reads a number" in told[5]
    assert "PO1 has 25 elements" in told[6]
    assert "want ',' or ')'" in told[7]


def test_several_faults_of_one_expression_are_all_told(workspace: Any, with_rules: Any) -> None:
    found = faults_of(workspace, with_rules(order="total: num(BEG13) * nmu(XYZ01) + round(BEG03, 2)"))
    assert [column for _, column, _ in found] == [14, 23, 27, 42]


FAULTS: list[tuple[str, int, int, str]] = [
    # rules of the order, line, column, message
    ("contract: XYZ01", 6, 13, "XYZ is no segment of 004010"),
    ("contract: N4.01", 6, 13, "N4 is not here but in loop N1; write N1[..]/N4"),
    ("contract: MSG01", 6, 13, "MSG is not here but in loop N9"),
    ("contract: SDQ01", 6, 13, "SDQ is not here but in loop PO1"),
    ("contract: HL01", 6, 13, "HL is not in set 850"),
    ("contract: N1[ST]/PO4.01", 6, 20, "PO4 is not in loop N1"),
    ("contract: BEG/REF.01", 6, 17, "BEG opens no loop"),
    ("contract: BEG13", 6, 13, "BEG has 12 elements; there is no BEG13"),
    ("contract: BEG03.01", 6, 13, "BEG03 has no components"),
    ("contract: REF04", 6, 13, "REF04 is a composite; name a component"),
    ("contract: REF04.07", 6, 13, "REF04 has 6 components"),
    ("contract: N1[ST]", 6, 13, "names segments; want an element"),
    ("contract: N1[STT].02", 6, 16, "STT is no code of N101"),
    ("contract: N1[!STT].02", 6, 16, "STT is no code of N101"),
    ("contract: N1[ST!].02", 6, 16, "want a code, as ST or 03=2L"),
    ("contract: N1[09=X].02", 6, 16, "N1 has 6 elements, no 09"),
    ("contract: parent.BEG03", 6, 13, "no loop around"),
    ("contract: env.GS09", 6, 13, "env.GS09 is not known"),
    ("contract: file.path", 6, 13, "there is file.name"),
    ("contract: 12", 6, 13, "contract takes a text; this is a number"),
    ("contract: true", 6, 13, "contract takes a text; this is a true or false"),
    ("requested: BEG05", 6, 14, "date(..) reads a date"),
    ("ship_to: N1[ST].02", 6, 3, '"ship_to" has parts'),
    ("ship_to.adress.city: BEG03", 6, 11, 'did you mean "address"'),
    ("contract.x: BEG03", 6, 12, '"contract" has no parts'),
    ("partner_data: BEG03", 6, 3, "takes one more word"),
    ("references: BEG03", 6, 3, "is a list; fill it by a block"),
    ("currency?: CUR02", 6, 3, "filled twice"),
    ("purpose: \"'orignal'\"", 6, 13, 'would not take "orignal"'),
    ("purpose: 'original'", 6, 13, "a text has quotes of its own"),
    ("purpose: code(BEG01, 'purposes')", 6, 24, 'no table "purposes"'),
    ("contract: TD5[1].03", 6, 17, "may be a code of TD501 or a number"),
    ("contract: N1[#1]/N4.01", 6, 13, "at the end of a path only"),
    ("contract: REF[#2][DP].02", 6, 20, "comes last"),
    ("contract: REF[2][3].02", 6, 20, "numbered once"),
    ("contract: first(REF[2].02)", 6, 19, "every segment and the whole element"),
    ("contract: first(REF04.02)", 6, 19, "every segment and the whole element"),
    ("contract: BEG03 if N1 == REF else none", 6, 25, "only single values compare"),
    ("contract: N1[ST] if BEG03 else REF", 6, 20, "not segments"),
    ("contract: N1[ST] or BEG03", 6, 20, "want a value on each side"),
    ("contract: REF or N1", 6, 17, "want a value on each side"),
    ("contract: omit", 6, 13, "nothing is inherited"),
    ("contract: not BEG03", 6, 13, "takes a text; this is a true or false"),
    ("total: date(BEG05) + 1", 6, 10, "found a date; want a number"),
    ("contract:", 6, 3, "want something here"),
    ("contract: [BEG03]", 6, 13, "want one line of text"),
]


@pytest.mark.parametrize(("rule", "line", "column", "message"), FAULTS)
def test_a_faulty_rule_is_told_at_its_place(
    rule: str, line: int, column: int, message: str, workspace: Any, with_rules: Any
) -> None:
    found = faults_of(workspace, with_rules(order=rule))
    assert [(held[0], held[1]) for held in found] == [(line, column)]
    assert message in found[0][2]


WHOLE: list[tuple[str, str, int, int, str]] = [
    # text to replace in the smallest map, by what, line, column, message
    ("map: x12/850@004010 -> purchase_order/v1", "map: x12 850", 1, 6, "is no header"),
    ("purchase_order/v1", "purchase_ordr/v1", 1, 24, 'did you mean "purchase_order/v1"'),
    ("x12/850@004010", "x12/851@004010", 1, 10, "no guide for set 851"),
    ("x12/850@004010", "x12/850@009999", 1, 10, "no guide for set 850 in version 009999"),
    ("x12/850", "edifact/850", 1, 6, "maps read x12"),
    ("order:\n", "ordr:\n", 2, 1, 'did you mean "order"'),
    ("order:\n", "order(BEG):\n", 2, 7, "made from the whole set"),
    ("lines(PO1):", "lines:", 6, 1, "want the loop the block is made from"),
    ("lines(PO1):", "lines(PO2):", 6, 7, "PO2 is no segment"),
    ("lines(PO1):", "lines(N4):", 6, 7, "N4 is not here"),
    ("lines(PO1):", "line(PO1):", 6, 1, 'did you mean "lines"'),
    ("lines(PO1):", "lines(PO1:", 6, 1, "names no block"),
    ("lines(PO1):", "lines(PO1).schedules(SCH):", 6, 1, 'no block "lines" around it'),
    ("  qty!: num(PO102)\n", "", 6, 1, 'cannot be without "qty"'),
    ("  qty!:", "  qty?:", 7, 3, 'can be without "qty"'),
    ("  number!: BEG03\n", "", 2, 1, 'cannot be without "number"'),
    ("order:\n", "partnr: x\norder:\n", 2, 1, 'did you mean "partner"'),
    ("order:\n", "assert: x\norder:\n", 2, 9, "want a list"),
    ("order:\n", "assert:\n  - a: true\n  - a: false\norder:\n", 4, 5, "asserted twice"),
    ("order:\n", "assert:\n  - a: omit\norder:\n", 3, 8, "nothing is inherited"),
    ("order:\n", "tables: {uom: {EA: omit}}\norder:\n", 2, 20, "nothing is inherited"),
    ("order:\n", "tables: {uom: {EA: [x]}}\norder:\n", 2, 20, "want one line of text"),
    ("  unit!: PO103\n", "  unit!: PO103\nlines(CTT):\n  qty: num(CTT02)\n", 9, 1, "stands twice"),
    ("  unit!: PO103\n", "  unit!: PO103\n  unt: PO103\n", 9, 3, 'did you mean "unit"'),
    ("  unit!: PO103\n", "  unit!: PO103\n  sku: pair('UPP')\n", 9, 13, "UPP is no qualifier of PO1"),
    ("  unit!: PO103\n", "  unit!: PO103\n  sku: PO1/PID.05\n", 9, 12, "leave PO1/ out"),
    ("  unit!: PO103\n", "  unit!: PO103\nlines(PO1).references(BEG):\n  type: BEG01\n", 9, 23, "not inside the block"),
    ("  unit!: PO103\n", "  unit!: PO103\nreferences(REF[#2]):\n  type: REF01\n", 9, 12, "made from every instance"),
    ("  unit!: PO103\n", "  unit!: PO103\nnumber(REF):\n  type: REF01\n", 9, 1, 'no block "number"'),
    ("lines(PO1):", "lines(PO1)" + ".a(SCH)" * 8 + ":", 6, 1, "nested deeper than 8"),
    ("order:\n", "assert:\n  - a: num(BEG03)\norder:\n", 3, 8, "an assert is true or false; this is a number"),
    ("order:\n", "tables: x\norder:\n", 2, 9, "want tables"),
    ("order:\n", "tables:\n  uom: EA\norder:\n", 3, 8, "want the codes of table uom"),
    ("order:\n", "extends: base/850.inn\norder:\n", 2, 10, 'no map "base/850.inn"; did you mean "base/850.in"?'),
    ("order:\n", "order:\n  number!: BEG03\n", 4, 3, "stands twice"),
]


@pytest.mark.parametrize(("old", "new", "line", "column", "message"), WHOLE)
def test_a_fault_of_the_whole_is_told_at_its_place(
    old: str, new: str, line: int, column: int, message: str, workspace: Any, smallest: str
) -> None:
    assert old in smallest
    found = faults_of(workspace, smallest.replace(old, new, 1))
    assert (line, column) in [(held[0], held[1]) for held in found]
    assert any(message in held[2] for held in found)


def test_dropping_what_is_not_inherited_is_told(workspace: Any, smallest: str) -> None:
    workspace.write("one/850.in", smallest)
    found = faults_of(workspace, "extends: one/850.in\norder:\n  contract: omit\n  number: BEG03\n")
    assert found == [(3, 13, "nothing is inherited here that could be dropped")]


def test_dropping_what_the_document_cannot_be_without_is_told(workspace: Any, smallest: str) -> None:
    workspace.write("one/850.in", smallest)
    ((_, _, message),) = faults_of(workspace, "extends: one/850.in\norder:\n  number: omit\n")
    assert 'order cannot be without "number"' in message


def test_a_map_that_names_no_ends_is_told(workspace: Any) -> None:
    workspace.write("one/850.in", "order:\n  number: BEG03\n")
    assert faults_of(workspace, "extends: one/850.in\n")


def test_a_quoted_rule_has_exact_columns_too(workspace: Any, with_rules: Any) -> None:
    assert [held[:2] for held in faults_of(workspace, with_rules(order='contract: "trim(XYZ01)"'))] == [(6, 19)]


def test_a_folded_rule_is_told_where_it_begins(workspace: Any, with_rules: Any) -> None:
    text = with_rules(order="contract: >-\n  trim(\n  XYZ01)")
    assert [held[:2] for held in faults_of(workspace, text)] == [(6, 13)]


def test_the_faults_of_a_base_map_are_told_once_for_all_that_extend_it(workspace: Any, smallest: str) -> None:
    workspace.write("base2/850.in", smallest.replace("BEG03", "BEG33"))
    workspace.write("one/850.in", "extends: base2/850.in\n")
    workspace.write("two/850.in", "extends: base2/850.in\norder:\n  contract: BEG44\n")
    faults = MapCatalog([workspace.folder]).load_all()
    assert [(fault.place.file.split("/")[-3], fault.place.line) for fault in faults] == [("base2", 3), ("two", 3)]


def test_extends_that_goes_round_is_refused(workspace: Any) -> None:
    workspace.write("one/850.in", "extends: two/850.in\n")
    workspace.write("two/850.in", "extends: one/850.in\n")
    with pytest.raises(LoadError, match=r"goes round: one/850\.in -> two/850\.in -> one/850\.in"):
        workspace.catalog().find("one/850.in")


def test_extends_goes_four_maps_deep_and_no_deeper(workspace: Any, smallest: str) -> None:
    workspace.write("m0/850.in", smallest)
    for depth in range(1, 6):
        workspace.write(f"m{depth}/850.in", f"extends: m{depth - 1}/850.in\n")
    assert workspace.catalog().find("m4/850.in").name == "m4/850.in"
    with pytest.raises(LoadError, match="deeper than 4"):
        workspace.catalog().find("m5/850.in")


@pytest.mark.parametrize(
    "name", ["nobody/850.in", "../etc/850.in", "base", "base/850.in/x", "", "/etc/passwd", "base/.."]
)
def test_a_name_that_is_no_map_is_told(name: str, workspace: Any) -> None:
    with pytest.raises(UnknownMap):
        workspace.catalog().find(name)


def test_a_file_that_is_no_map_at_all_is_told(workspace: Any) -> None:
    for text in ("", "- a\n", "\x00", "a: &x 1\n", "order: {}\n"):
        assert faults_of(workspace, text)


def test_an_expression_of_a_megabyte_is_refused(workspace: Any, with_rules: Any) -> None:
    text = with_rules(order="contract: " + "BEG03 or " * 115_000 + "BEG03")
    (found,) = faults_of(workspace, text)
    assert "characters; at most" in found[2]
