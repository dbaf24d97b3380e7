"""The tree of HL01 and HL02: what a good one makes, and where a bad one is told of."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translators.errors import Severity
from translators.tree import Loop, Segment
from translators.x12.codes import FAULTS
from translators.x12.document_rules import hierarchy_rules
from translators.x12.guide import GuideError, GuideLibrary
from translators.x12.hierarchy import HierarchyRule, HierarchyWatch, hierarchy
from translators.x12.model import TransactionSet
from translators.x12.reader import ReadOptions, read_x12

ISA = "ISA*00*          *00*          *ZZ*ACME           *ZZ*TRADELANE      *260115*1200*U*00401*000000001*0*P*>"
SHAPES = {
    "0001": {"S": "O", "O": "TP", "T": "P", "P": "I", "I": ""},
    "0002": {"S": "O", "O": "I", "I": "P", "P": ""},
    "0003": {"S": "TP", "T": "P", "P": "O", "O": "I", "I": ""},
    "0004": {"S": "O", "O": "I", "I": ""},
}
"""BSN05 -> level -> the levels that may stand under it."""


@dataclass(frozen=True)
class Level:
    """One HL; `parent` is an index in the list, None for the root."""

    name: str
    parent: int | None
    level: str


def ship_notice(code: str, lines: list[str]) -> TransactionSet:
    body = ["ST*856*0001", f"BSN*00*SHIP-1*20260115*1200*{code}".rstrip("*"), *lines]
    text = [ISA, "GS*SH*ACME*TRADELANE*20260115*1200*1*X*004010", *body, f"SE*{len(body) + 1}*0001", "GE*1*1"]
    data = "".join(f"{each}~" for each in [*text, "IEA*1*000000001"]).encode()
    events = read_x12([data], guides=GuideLibrary.shipped(), options=ReadOptions(keep_tree=True))
    return next(event for event in events if isinstance(event, TransactionSet))


def hl_lines(levels: list[Level]) -> list[str]:
    above = {each.parent for each in levels}
    return [
        f"HL*{each.name}*{'' if each.parent is None else levels[each.parent].name}*{each.level}*{int(at in above)}"
        for at, each in enumerate(levels)
    ]


def errors(found: TransactionSet) -> list[tuple[str, int | None, int | None]]:
    return [
        (issue.code, issue.position.segment, issue.position.element)
        for issue in found.issues
        if issue.severity is Severity.ERROR
    ]


@st.composite
def trees(draw: st.DrawFn) -> tuple[str, list[Level]]:
    """A tree of a shape, each HL after its parent, in any order otherwise, with numbers or names for HL01."""
    code = draw(st.sampled_from(sorted(SHAPES)))
    shape = SHAPES[code]
    numbered = draw(st.booleans())
    levels = [Level("1" if numbered else "A0", None, "S")]
    for at in range(1, draw(st.integers(3, 25))):
        parent = draw(st.sampled_from([at for at, each in enumerate(levels) if shape[each.level]]))
        level = draw(st.sampled_from(shape[levels[parent].level]))
        levels.append(Level(str(at + 1) if numbered else f"A{at * 7 % 100}", parent, level))
    return code, levels


@settings(max_examples=150, deadline=None)
@given(trees())
def test_a_tree_of_a_known_shape_has_no_issue_and_is_made_by_hl02(case) -> None:
    code, levels = case
    found = ship_notice(code, hl_lines(levels))
    assert found.issues == []
    assert found.root is not None
    top = hierarchy(found.root)
    made = {node.loop.segments[0].element(1): node for node in top.walk() if node is not top}
    assert len(made) == len(levels)
    for each in levels:
        node = made[each.name]
        assert node.level == each.level
        above = node.parent
        assert above is (top if each.parent is None else made[levels[each.parent].name])
        assert above is not None
        assert node in above.children


@settings(max_examples=250, deadline=None)
@given(trees(), st.data())
def test_one_hl_changed_is_found_at_that_hl_and_nowhere_else(case, data) -> None:
    code, levels = case
    at = data.draw(st.integers(1, len(levels) - 1), label="which HL")
    lines = hl_lines(levels)
    name, parent, level, children = lines[at].split("*")[1:]
    match data.draw(st.sampled_from(["orphan", "cycle", "level", "duplicate", "no parent"]), label="what"):
        case "orphan":
            lines[at], wanted = f"HL*{name}*ZZ9*{level}*{children}", ("x12.hl.unknown_parent", at + 3, 2)
        case "cycle":
            below = {at}
            for index, each in enumerate(levels):
                if each.parent in below:
                    below.add(index)
            other = levels[data.draw(st.sampled_from(sorted(below)))].name
            lines[at], wanted = f"HL*{name}*{other}*{level}*{children}", ("x12.hl.cycle", at + 3, 2)
        case "level":
            lines[at], wanted = f"HL*{name}*{parent}*S*{children}", ("x12.hl.level", at + 3, 3)
        case "duplicate":
            at = max(index for index in range(len(levels)) if all(each.parent != index for each in levels))
            _, parent, level, children = lines[at].split("*")[1:]
            other = levels[data.draw(st.integers(0, at - 1))].name
            lines[at], wanted = f"HL*{other}*{parent}*{level}*{children}", ("x12.hl.duplicate_id", at + 3, 1)
        case _:
            lines[at], wanted = f"HL*{name}**{level}*{children}", ("x12.hl.level", at + 3, 2)
    assert errors(ship_notice(code, lines)) == [wanted]


@settings(max_examples=60, deadline=None)
@given(trees(), st.randoms(use_true_random=False))
def test_in_whatever_order_the_lines_come_the_tree_is_the_same(case, random) -> None:
    code, levels = case
    lines = hl_lines(levels)
    random.shuffle(lines)
    found = ship_notice(code, lines)
    assert {issue.code for issue in found.issues} <= {"x12.hl.later_parent"}
    assert found.root is not None
    parents = {
        node.loop.segments[0].element(1): node.parent.loop.segments[0].element(1)
        for node in hierarchy(found.root).walk()
        if node.parent is not None and node.parent.level
    }
    assert parents == {each.name: levels[each.parent].name for each in levels if each.parent is not None}


def test_a_parent_that_stands_later_is_one_warning_at_the_child() -> None:
    found = ship_notice("0004", ["HL*1**S", "HL*3*2*I", "HL*2*1*O"])
    assert [(each.code, each.position.segment, each.position.element) for each in found.issues] == [
        ("x12.hl.later_parent", 4, 2)
    ]
    assert found.accepted


def test_a_fault_is_placed_at_the_byte_of_its_element() -> None:
    found = ship_notice("0004", ["HL*100**S", "HL*200*100*O", "HL*300*999*I*0"])
    (issue,) = found.issues
    assert issue.value == "999"
    assert issue.position.offset == found.offset + len("ST*856*0001~BSN*00*SHIP-1*20260115*1200*0004~HL*100**S~") + len(
        "HL*200*100*O~HL*300*"
    )


def test_levels_are_not_judged_by_a_shape_that_is_not_known() -> None:
    found = ship_notice("0010", ["HL*1**I", "HL*2*1*S"])
    assert found.issues == []


def test_a_pack_has_no_place_where_the_shape_is_said_to_be_without() -> None:
    assert errors(ship_notice("0004", ["HL*1**S", "HL*2*1*O", "HL*3*2*P"])) == [("x12.hl.level", 5, 3)]


def test_where_no_shape_is_said_the_one_that_fits_best_judges() -> None:
    lines = ["HL*1**S", "HL*2*1*O", "HL*3*2*I", "HL*4*3*P", "HL*5*2*P"]
    (issue,) = ship_notice("", lines).issues
    assert (issue.code, issue.position.segment) == ("x12.hl.level", 7)
    assert "standard-pack" in issue.message


def test_two_cycles_are_told_of_one_by_one() -> None:
    found = ship_notice("0001", ["HL*1**S", "HL*2*3*O", "HL*3*2*P", "HL*4*4*O", "HL*5*3*I"])
    assert errors(found) == [("x12.hl.cycle", 4, 2), ("x12.hl.cycle", 6, 2)]


def test_an_hl_in_a_cycle_hangs_under_the_set() -> None:
    found = ship_notice("0001", ["HL*1**S", "HL*2*3*O", "HL*3*2*P", "HL*4*9*O"])
    assert found.root is not None
    top = hierarchy(found.root)
    assert len(list(top.walk())) == 5
    assert {node.level for node in top.children} >= {"S", "O"}


def test_a_set_without_hl_has_a_tree_of_itself() -> None:
    root = Loop("850", [Segment(["ST", "850", "0001"], ordinal=1, offset=0)])
    assert hierarchy(root).children == []


def test_ten_thousand_levels_deep_is_read_and_walked() -> None:
    depth = 10_000
    lines = ["HL*1**S", *[f"HL*{at}*{at - 1}*K" for at in range(2, depth + 1)]]
    found = ship_notice("0001", lines)
    assert found.issues == []
    assert found.root is not None
    top = hierarchy(found.root)
    assert sum(1 for _ in top.walk()) == depth + 1
    assert "children" not in repr(top)


def test_a_chain_told_from_its_end_is_looked_at_once() -> None:
    depth = 10_000
    lines = ["HL*1**S", *[f"HL*{at}*{at - 1}*K" for at in range(depth, 1, -1)]]
    found = ship_notice("0001", lines)
    assert {issue.code for issue in found.issues} == {"x12.hl.later_parent", "x12.issues.capped"}


def test_a_hundred_thousand_hl_are_held_in_a_few_bytes_each() -> None:
    watch = HierarchyWatch(HierarchyRule())
    note = watch.notes["HL"]
    tracemalloc.start()
    try:
        for at in range(1, 100_001):
            note(["HL", str(at), str(at - 1) if at > 1 else "", "I"], at + 2, at * 20, 1)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 6_000_000
    assert list(watch.faults()) == []


@pytest.mark.parametrize("text", ["[]", "{", '{"856": {"roots": 1}}', '{"856": 7}'])
def test_a_broken_table_of_shapes_is_said_to_be_one(tmp_path, text) -> None:
    path = tmp_path / "hierarchies.json"
    path.write_text(text)
    with pytest.raises(GuideError, match=r"hierarchies\.json"):
        hierarchy_rules(path)


def test_a_broken_hierarchy_is_of_level_six_and_has_no_code_in_a_997() -> None:
    (issue,) = ship_notice("0004", ["HL*1**S", "HL*2*7*O"]).issues
    row = FAULTS[issue.code]
    assert issue.level == 6
    assert (row.ak3, row.ak4, row.ak5) == (None, None, None)


def test_a_fault_at_an_element_that_was_not_sent_is_told_at_the_end_of_its_hl() -> None:
    found = ship_notice("0001", ["HL*1**S", "HL*"])
    (fault,) = [issue for issue in found.issues if issue.code == "x12.hl.roots"]
    # HL* is the last segment before SE: its end is the byte before that of the terminator before SE
    assert (fault.position.element, fault.position.offset) == (2, found.end - len("~SE*5*0001~"))
