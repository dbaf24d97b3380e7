"""What maps mean: references and scopes, no lucky choice, absent and bad values, extending, one cause and one issue."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mappings.catalog import SHIPPED, MapCatalog
from mappings.engine import MapContext, run
from translators.tree import Loop, Segment

BEG = "BEG*00*SA*4500012**20260302*CONTRACT-9"
PO1 = "PO1*1*12*EA*9.5**VN*AB-100"
PARTIES = (
    "N1*ST*Store 42*92*0042",
    "N3*12 Field Road",
    "N4*Ames*IA*50010*US",
    "N1*BY*Head office*9*0001",
    "N3*1 Main Street",
    "N4*Boone*IA*50036*US",
)

REFERENCES: list[tuple[str, tuple[str, ...], object]] = [
    ("BEG03", (), "4500012"),
    ("BEG07", (), None),
    ("REF[VR].02", ("REF*DP*038", "REF*VR*77"), "77"),
    ("REF[01=VR].02", ("REF*DP*038", "REF*VR*77"), "77"),
    ("REF[02=77].01", ("REF*DP*038", "REF*VR*77"), "VR"),
    ("REF[VR,02=78].02", ("REF*VR*77", "REF*VR*78"), "78"),
    ("REF[VR].02", ("REF*DP*038",), None),
    ("REF[!VR].02", ("REF*VR*77", "REF*DP*038"), "038"),
    ("REF[!VR].02", ("REF*VR*77",), None),
    ("REF[!VR,!DP].02", ("REF*VR*77", "REF*DP*038", "REF*IA*9"), "9"),
    ("REF[VR,02!=77].02", ("REF*VR*77", "REF*VR*78", "REF*DP*1"), "78"),
    ("REF[03!=x].02", ("REF*DP*038",), "038"),
    ("REF[!VR][#2].02", ("REF*DP*1", "REF*VR*77", "REF*IA*2"), "2"),
    ("N1[!ST]/N4.01", PARTIES, "Boone"),
    ("pair(PER[BD], 'EM')", ("PER*IC*A*TE*1", "PER*BD*B*TE*2*EM*b@x.example"), "b@x.example"),
    ("pair(PER[BD], 'FX', 'TE')", ("PER*BD*B*EM*b@x.example*TE*2",), "2"),
    ("pair(N1[ST]/PER, 'TE')", ("N1*ST*Store", "PER*IC*A*TE*1", "N1*BY*Us", "PER*IC*B*TE*2"), "1"),
    ("pair(PER[BD], 'TE')", (), None),
    ("DTM[!002].02", ("DTM*002*20260401", "DTM*010*20260402"), "20260402"),
    ("REF[#2].02", ("REF*DP*038", "REF*VR*77"), "77"),
    ("REF[2].02", ("REF*DP*038", "REF*VR*77"), "77"),
    ("REF[#3].02", ("REF*DP*038", "REF*VR*77"), None),
    ("REF[VR][#2].02", ("REF*VR*77", "REF*DP*1", "REF*VR*78"), "78"),
    ("REF[VR][2].02", ("REF*VR*77", "REF*DP*1", "REF*VR*78"), "78"),
    ("REF04.02", ("REF*DP*038**VR>77",), "77"),
    ("REF04.04", ("REF*DP*038**VR>77",), None),
    ("N1[BY]/N4.01", PARTIES, "Boone"),
    ("N1[03=9]/N4.01", PARTIES, "Boone"),
    ("N1[BT]/N4.01", PARTIES, None),
    ("N1[ST]/N401", PARTIES, "Ames"),
    ("CTT/AMT[TT].02", (), None),
    ("'fixed' if N1[ST] else 'none'", PARTIES, "fixed"),
    ("'fixed' if N1[BT] else none", PARTIES, None),
    ("'both' if N1[ST] and N1[BY] else 'one'", PARTIES, "both"),
    ("'no' if not N1[SE] else 'yes'", PARTIES, "no"),
    ("REF[VR].02 or REF[DP].02 or 'x'", ("REF*DP*038",), "038"),
    ("REF[VR].02 or 'x'", (), "x"),
    ("'one' if count(N1) == 1 else 'two' if count(N1) == 2 else 'more'", PARTIES, "two"),
    ("'late' if date(BEG05) > date(DTM[002].02) else 'early'", ("DTM*002*20260401",), "early"),
    ("'late' if date(BEG05) > date(DTM[002].02) else 'early'", (), "early"),
    ("'same' if REF[VR].02 == REF[DP].02 else 'other'", ("REF*VR*A", "REF*DP*A"), "same"),
    ("'absent' if REF[VR].02 == none else 'there'", (), "absent"),
    ("'there' if REF[VR].02 != none else 'absent'", ("REF*VR*A",), "there"),
    ("'a' if BEG01 == '00' and (BEG02 == 'NE' or BEG02 == 'SA') else 'b'", (), "a"),
    ("env.GS03", (), "TRADELANE"),
    ("env.ISA06", (), "NORTHSIDE"),
    ("env.ISA13", (), "000000007"),
    ("env.ST02", (), "0001"),
    ("ST02", (), "0001"),
    ("file.name", (), "order.edi"),
    ("agreement.region or 'none'", (), "none"),
    ("agreement.currency", (), "USD"),
]


@pytest.mark.parametrize(("expression", "segments", "value"), REFERENCES)
def test_a_reference_finds(expression: str, segments: tuple[str, ...], value: object, value_of: Any, x12: Any) -> None:
    assert value_of(expression, x12(BEG, *segments, PO1, "CTT*1")) == value


SEVERAL: list[tuple[str, tuple[str, ...]]] = [
    ("REF[VR].02", ("REF*VR*77", "REF*VR*77")),
    ("REF02", ("REF*VR*77", "REF*DP*78")),
    ("N1[ST].04", (*PARTIES, "N1*ST*Other*92*0043")),
    ("N1[ST]/N4.01", (*PARTIES, "N1*ST*Other*92*0043")),
    ("N1[ST]/N3[#1].01", (*PARTIES, "N1*ST*Other*92*0043")),
    ("REF[VR].03 or REF[VR].02", ("REF*VR*77", "REF*VR*78")),
    ("'a' if REF[VR].02 == '78' else 'b'", ("REF*VR*77", "REF*VR*78")),
]


@pytest.mark.parametrize(("expression", "segments"), SEVERAL)
def test_several_segments_for_a_plain_reference_are_one_issue(
    expression: str, segments: tuple[str, ...], value_of: Any, x12: Any
) -> None:
    assert value_of(expression, x12(BEG, *segments, PO1)) == ["map.reference.several"]


def test_a_name_is_looked_up_in_the_innermost_loop_that_has_it(workspace: Any, x12: Any, with_rules: Any) -> None:
    lines = "description: DTM[002].02\nsku: parent.DTM[002].02\nbuyer_item: BEG03\nprice_basis: parent.BEG02"
    source = x12(BEG, "DTM*002*20260316", PO1, "DTM*002*20260401", "PO1*2*1*EA")
    first, second = workspace.run(with_rules(lines=lines), source).documents[0].lines
    assert (first.description, first.sku) == ("20260401", "20260316")
    assert (second.description, second.sku) == (None, "20260316")
    assert (first.buyer_item, first.price_basis) == ("4500012", "SA")


def test_a_block_within_a_block_sees_its_own_segment_first(workspace: Any, x12: Any, with_rules: Any) -> None:
    more = "lines(PO1).schedule(SCH):\n  qty!: num(SCH01)\n  unit!: PO103\n  location: parent.PO101\n"
    source = x12(
        BEG, PO1, "SCH*5*EA***002*20260401", "SCH*7*EA***002*20260402", "PO1*2*1*CA", "SCH*1*EA***002*20260401"
    )
    first, second = workspace.run(with_rules(more=more), source).documents[0].lines
    assert [(part.qty, part.unit, part.location) for part in first.schedule] == [(5, "EA", "1"), (7, "EA", "1")]
    assert [(part.qty, part.unit, part.location) for part in second.schedule] == [(1, "CA", "2")]


def test_a_block_may_be_made_from_picked_loops_or_segments(workspace: Any, x12: Any, with_rules: Any) -> None:
    more = "references(REF[VR]):\n  type!: REF01\n  value: REF02\n  description: BEG03\n"
    source = x12(BEG, "REF*VR*1", "REF*DP*2", "REF*VR*3", PO1)
    (order,) = workspace.run(with_rules(more=more), source).documents
    assert [(held.value, held.description) for held in order.references] == [("1", "4500012"), ("3", "4500012")]


def test_a_field_sums_over_the_parts_of_a_block(workspace: Any, x12: Any, with_rules: Any) -> None:
    text = with_rules(order="total: sum(lines.qty)", more="assert:\n  - sum: sum(lines.qty) == num(CTT02)\n")
    good = workspace.run(text, x12(BEG, PO1, "PO1*2*1.5*EA", "CTT*2*13.5"))
    assert good.documents[0].total == Decimal("13.5")
    bad = workspace.run(text, x12(BEG, PO1, "PO1*2*1.5*EA", "CTT*2*13.6"))
    assert [(issue.code, issue.rule.field) for issue in bad.issues] == [("map.assert.failed", "sum")]


def test_a_bad_value_is_one_issue_wherever_it_is_used(workspace: Any, x12: Any, with_rules: Any) -> None:
    text = with_rules(
        order="total: sum(lines.qty)",
        lines="base_qty: num(PO102) * 2\npack: num(PO102)\ndescription: ('big' if num(PO102) > 10 else 'small')",
        more="assert:\n  - sum: sum(lines.qty) == 12\n  - count: count(lines) == 1\n",
    )
    source = x12(BEG, PO1)
    source.root.loops[0].segments[0].elements[2] = "twelve"
    mapped = workspace.run(text, source)
    assert [(issue.code, issue.position.element) for issue in mapped.issues] == [("map.number.unreadable", 2)]
    assert mapped.documents == ()


def test_a_bad_first_choice_is_not_passed_over(value_of: Any, x12: Any) -> None:
    source = x12(BEG, "REF*VR*soon", "REF*DP*20260401", PO1)
    assert value_of("date(REF[VR].02) or date(REF[DP].02)", source, field="requested") == ["map.date.unreadable"]


def test_a_branch_that_is_not_taken_is_not_read(value_of: Any, x12: Any) -> None:
    source = x12(BEG, "REF*VR*soon", PO1)
    assert value_of("date(BEG05) if BEG05 else date(REF[VR].02)", source, field="requested") is not None
    assert value_of("date(BEG05) or date(REF[VR].02)", source, field="requested") is not None


def test_a_value_read_in_a_branch_is_read_again_outside_it(workspace: Any, x12: Any, with_rules: Any) -> None:
    rules = "total: num(REF[DP].02) if REF[VR].02 == 'x' else none\ncontract: ('got' if num(REF[DP].02) == 3 else 'no')"
    (order,) = workspace.run(with_rules(order=rules), x12(BEG, "REF*VR*y", "REF*DP*3", PO1)).documents
    assert (order.total, order.contract) == (None, "got")


def test_every_missing_required_value_is_an_issue_at_its_place(workspace: Any, x12: Any, with_rules: Any) -> None:
    text = with_rules(order="contract!: REF[CT].02\ntotal!: num(CTT02)", lines="price!: num(PO104)")
    mapped = workspace.run(text, x12(BEG, "PO1*1*12*EA", "PO1*2*1*EA*3", "CTT*2"))
    assert [
        (issue.code, issue.rule.field, issue.position.segment, issue.position.element) for issue in mapped.issues
    ] == [
        ("map.required.missing", "contract", 1, None),
        ("map.required.missing", "lines.price", 3, 4),
        ("map.required.missing", "total", 5, 2),
    ]


def test_what_the_model_requires_is_required_without_a_mark(workspace: Any, x12: Any, smallest: str) -> None:
    mapped = workspace.run(smallest.replace("currency!", "currency"), x12(), agreement={"other": "x"})
    assert [(issue.code, issue.rule.field) for issue in mapped.issues] == [("map.required.missing", "currency")]


def test_what_the_model_refuses_is_an_issue_where_it_came_from(workspace: Any, x12: Any, with_rules: Any) -> None:
    source = x12(BEG, "PO1*1*12*EA***UP*12345", "PO1*2*1*EA***UP*012345678905")
    (issue,) = workspace.run(with_rules(lines="gtin: pair('UP')"), source).issues
    assert (issue.code, issue.position.segment, issue.position.element, issue.value) == (
        "map.value.invalid",
        3,
        7,
        "12345",
    )
    assert "lines[0].gtin" in issue.message
    assert issue.rule.field == "lines.gtin"


def test_an_issue_names_rule_file_and_line_and_the_place_in_the_document(
    workspace: Any, x12: Any, with_rules: Any
) -> None:
    source = x12(BEG, PO1, "PID*F****Hammer", "PO1*2*x*EA")
    source.root.loops[1].segments[0].elements[2] = "x"
    (issue,) = workspace.run(with_rules(), source).issues
    position = issue.position
    assert (position.interchange, position.group, position.set, position.loop) == (1, 1, 1, "PO1")
    assert (position.segment_id, position.segment, position.element) == ("PO1", 5, 2)
    assert issue.as_json()["map"] == {"file": "trial/850.in/map.yaml", "line": 7, "field": "lines.qty"}
    assert "trial/850.in/map.yaml line 7" in issue.message


def test_a_partners_value_is_cut_and_escaped_in_messages(workspace: Any, x12: Any, with_rules: Any) -> None:
    source = x12(BEG, "REF*VR*x", PO1)
    source.root.segments[2].elements[2] = "\x1b[31m" + "9" * 500
    (issue,) = workspace.run(with_rules(order="total: num(REF[VR].02)"), source).issues
    assert "\x1b" not in issue.message
    assert len(issue.message) < 400
    assert len(issue.value or "") == 505


def test_asserts_that_do_not_hold_are_issues_with_their_name(workspace: Any, x12: Any, with_rules: Any) -> None:
    more = "assert:\n  - release is absent: not BEG04\n  - contract is there: BEG06 != none\n"
    more += "  - two lines: count(lines) == 2\n"
    mapped = workspace.run(with_rules(more=more), x12("BEG*00*SA*1*R1*20260302", PO1))
    assert {issue.rule.field for issue in mapped.issues} == {"two lines", "contract is there", "release is absent"}


def test_a_refused_value_of_the_agreement_names_its_rule(workspace: Any, x12: Any, smallest: str) -> None:
    (issue,) = workspace.run(smallest, x12(), agreement={"currency": "dollars"}).issues
    assert (issue.code, issue.rule.field, issue.value) == ("map.value.invalid", "currency", "dollars")
    assert (issue.position.set, issue.position.segment) == (1, None)


def test_the_lines_of_an_order_without_any_are_told_as_missing(workspace: Any, x12: Any, smallest: str) -> None:
    source = x12()
    source.root.loops = []
    (issue,) = workspace.run(smallest, source).issues
    assert issue.code == "map.value.invalid"
    assert "lines" in issue.message


def test_the_envelope_is_a_mapping_of_its_elements(x12: Any) -> None:
    env = MapContext.around(x12()).env
    assert (env["ISA06"], env["GS08"], env["ST01"], env.get("GS99"), env.get("BEG01")) == (
        "NORTHSIDE",
        "004010",
        "850",
        "",
        None,
    )
    assert len(env) == len(list(env)) == 16 + 8 + 2


def test_values_of_the_agreement_that_do_not_read_are_told_each(workspace: Any, x12: Any, with_rules: Any) -> None:
    rules = (
        "total: num(agreement.limit)\nrequested: date(agreement.day)\ncontract: ('x' if num(agreement.other) else none)"
    )
    values = {"currency": "USD", "limit": "much", "day": "soon", "other": "many"}
    mapped = workspace.run(with_rules(order=rules), x12(), agreement=values)
    assert {(issue.rule.field, issue.value) for issue in mapped.issues} == {
        ("total", "much"),
        ("requested", "soon"),
        ("contract", "many"),
    }
    assert any("agreement.limit is much; want a number" in issue.message for issue in mapped.issues)


def test_a_division_by_zero_names_the_rule_and_no_innocent_value(workspace: Any, x12: Any, with_rules: Any) -> None:
    rule = "price: round(num(PO102) / num(PO401), 2)"
    (issue,) = workspace.run(with_rules(lines=rule), x12(BEG, PO1, "PO4*0")).issues
    assert (issue.code, issue.value, issue.position.segment) == ("map.number.division", None, 3)
    assert "round(num(PO102) / num(PO401), 2) has no result; want a divisor that is not zero" in issue.message


def test_a_sum_that_needs_too_many_digits_is_an_issue(workspace: Any, x12: Any, with_rules: Any) -> None:
    text = with_rules(order="total: sum(lines.base_qty)", lines="base_qty: num(PO105) * num(PO105) * num(PO105)")
    source = x12(BEG, PO1, "PO1*2*1*EA")
    source.root.loops[0].segments[0].elements[5] = "9" * 33
    source.root.loops[1].segments[0].elements += ["", "0." + "0" * 30 + "1"]
    assert [issue.code for issue in workspace.run(text, source).issues] == ["map.number.inexact"]


def test_rounding_to_more_digits_than_are_kept_is_an_issue(workspace: Any, x12: Any, with_rules: Any) -> None:
    number = "num(REF[VR].02)"
    rule = f"total: round({number} * {number} * {number}, 12)"
    mapped = workspace.run(with_rules(order=rule), x12(BEG, "REF*VR*" + "9" * 30, PO1))
    assert [issue.code for issue in mapped.issues] == ["map.number.inexact"]


# extending


def test_an_extending_map_states_only_what_differs(workspace: Any, x12: Any, with_rules: Any) -> None:
    workspace.write(
        "one/850.in",
        with_rules(
            order="contract: BEG06\nrelease: BEG04",
            lines="description: code(PO103, 'uom')\nsku!: pair('VN')",
            more="tables:\n  uom: {EA: each, CA: case}\nassert:\n  - never: false\n  - two: count(lines) == 2\n",
        ),
    )
    text = """\
extends: one/850.in
partner: acme
tables:
  uom: {EA: piece, BX: box, CA: omit}
order:
  contract: omit
  release: ('R1' if true else none)
lines:
  sku: pair('IN')
assert:
  - never: omit
  - two: count(lines) == 1
"""
    mapped = workspace.run(text, x12(BEG, "PO1*1*12*EA***IN*4711"))
    (order,) = mapped.documents
    assert (order.contract, order.release) == (None, "R1")
    assert (order.lines[0].description, order.lines[0].sku) == ("piece", "4711")
    case = workspace.run(text, x12(BEG, "PO1*1*12*CA***IN*4711"))
    assert [issue.code for issue in case.issues] == ["map.code.unknown"]


def test_a_field_stays_required_until_the_map_says_otherwise(workspace: Any, x12: Any, with_rules: Any) -> None:
    workspace.write("one/850.in", with_rules(lines="sku!: pair('VN')"))
    strict = workspace.run("extends: one/850.in\nlines:\n  sku: pair('IN')\n", x12())
    assert [issue.code for issue in strict.issues] == ["map.required.missing"]
    relaxed = workspace.run("extends: one/850.in\nlines:\n  sku?: pair('IN')\n", x12())
    assert relaxed.documents[0].lines[0].sku is None


def test_an_extending_map_may_add_blocks_and_change_sources(workspace: Any, x12: Any, with_rules: Any) -> None:
    workspace.write("one/850.in", with_rules(more="references(REF[VR]):\n  type!: REF01\n  value: REF02\n"))
    text = "extends: one/850.in\nreferences(REF[DP]):\n  description: BEG03\nlines.references(REF):\n  type!: REF01\n"
    source = x12(BEG, "REF*VR*1", "REF*DP*2", PO1, "REF*ZZ*3")
    (order,) = workspace.run(text, source).documents
    assert [(held.type, held.value, held.description) for held in order.references] == [("DP", "2", "4500012")]
    assert [held.type for held in order.lines[0].references] == ["ZZ"]


# the map as a whole


def test_the_revision_follows_the_meaning_and_not_the_layout(workspace: Any, smallest: str) -> None:
    workspace.write("one/850.in", smallest)
    workspace.write("two/850.in", "# said again\n" + smallest.replace("  qty!: num", "  qty!:      num"))
    workspace.write("three/850.in", smallest.replace("num(PO102)", "num(PO102, implied=2)"))
    workspace.write("four/850.in", "extends: one/850.in\n")
    catalog = workspace.catalog()
    one, two, three, four = (catalog.find(f"{name}/850.in").revision for name in ("one", "two", "three", "four"))
    assert one == two == four
    assert one != three
    assert len(one) == 64


def test_a_folder_named_first_hides_the_shipped_map_of_the_same_name(workspace: Any, smallest: str) -> None:
    workspace.write("acme/850.in", smallest)
    catalog = workspace.catalog()
    assert catalog.find("acme/850.in").partner is None
    assert MapCatalog([SHIPPED]).find("acme/850.in").partner == "acme"
    assert catalog.names() == MapCatalog([SHIPPED]).names()


def test_what_a_map_reads_of_the_agreement_is_known(workspace: Any, with_rules: Any) -> None:
    workspace.write("trial/850.in", with_rules(order="contract: agreement.contract"))
    assert workspace.catalog().find("trial/850.in").agreement_names == {"currency", "contract"}


def test_another_set_or_one_without_a_tree_is_an_issue(workspace: Any, x12: Any, smallest: str) -> None:
    workspace.write("trial/850.in", smallest)
    compiled = workspace.catalog().find("trial/850.in")
    source = x12()
    source.code = "810"
    assert [issue.code for issue in run(compiled, source, MapContext()).issues] == ["map.source.mismatch"]
    source.code, source.root = "850", None
    assert [issue.code for issue in run(compiled, source, MapContext()).issues] == ["map.source.mismatch"]


def test_a_tree_without_its_mandatory_segments_is_issues_and_no_crash(workspace: Any, x12: Any) -> None:
    source = x12()
    source.root = Loop("850", [Segment(["ST"], ordinal=1, offset=0)])
    line = Loop("PO1", [Segment(["PO1"], ordinal=2, offset=3)])
    source.root.loops.append(line)
    mapped = run(MapCatalog([SHIPPED]).find("base/850.in"), source, MapContext())
    assert {issue.code for issue in mapped.issues} == {"map.required.missing"}
    assert {issue.rule.field for issue in mapped.issues if issue.rule} == {
        "number",
        "purpose",
        "date",
        "currency",
        "lines.qty",
        "lines.unit",
        "lines.sku",
    }


def test_a_program_has_no_builtins_but_three(workspace: Any, smallest: str) -> None:
    workspace.write("trial/850.in", smallest)
    function = workspace.catalog().find("trial/850.in").runner.function
    assert set(function.__builtins__) == {"bool", "len", "reversed"}


def test_a_text_of_the_map_never_becomes_program(workspace: Any, x12: Any, with_rules: Any) -> None:
    nasty = "'); import os; os.abort();#\\n{x}%s"
    rule = "contract: concat('" + nasty.replace("'", "''") + "', BEG03)"
    (order,) = workspace.run(with_rules(order=rule), x12()).documents
    assert order.contract == nasty + "4500012"
