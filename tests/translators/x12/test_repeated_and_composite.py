"""Repeated elements from 00402 on, and composites: faults by component and repetition, at their byte."""

from __future__ import annotations

import pytest

from translators.x12.guide import GuideLibrary

ISA_5010 = {"isa11": "^", "isa12": "00501"}
GS_5010 = "GS*PO*ACME*TRADELANE*20260115*1200*1*X*005010"


def read(x12, *segments: str):
    body = x12.set("BEG*00*SA*PO1**20260115", *segments, "PO1*1*5*EA*9.25", "CTT*1")
    data = x12.file(x12.group(body, gs=GS_5010), isa=x12.isa(**ISA_5010))
    return data, x12.read(data)


def placed(seen):
    return [
        (each.code, each.position.element, each.position.component, each.position.repetition) for each in seen.issues
    ]


def test_an_element_that_may_stand_once_is_refused_at_its_second_repetition(x12) -> None:
    data, seen = read(x12, "N1*ST*ONE^TWO^THREE")
    assert placed(seen) == [("x12.element.too_many_repetitions", 2, None, 2)]
    assert seen.issues[0].position.offset == data.index(b"TWO")
    assert seen.issues[0].value == "TWO"


def test_a_repetition_separator_that_is_not_declared_is_text(x12) -> None:
    assert x12.read(x12.order("BEG*00*SA*PO^1**20260115", "PO1*1*5*EA*9.25", "CTT*1")).codes == []


def test_the_guides_of_005010_have_an_element_that_repeats_and_each_repetition_is_judged(x12) -> None:
    release = GuideLibrary.shipped().release("005010")
    assert release is not None
    repeating = [
        (name, use.position) for name, guide in release.segments.items() for use in guide.elements if use.repeat > 1
    ]
    assert repeating


@pytest.mark.parametrize(
    ("segment", "wanted"),
    [
        ("REF*DP*1**PO>1234", []),
        ("REF*DP*1**PO", [("x12.element.missing", 4, 2, None)]),
        ("REF*DP*1**??>1234", [("x12.element.code", 4, 1, None)]),
        ("REF*DP*1**PO>1234>BM", [("x12.element.condition", 4, 4, None)]),
        ("REF*DP*1**PO>1234>BM>5>DP>6>X", [("x12.element.too_many_components", 4, 7, None)]),
        ("REF*DP*1**PO>1234>", [("x12.element.trailing_separators", 4, 3, None)]),
        ("REF*DP*1>2", [("x12.element.character", 2, None, None)]),
    ],
)
def test_a_fault_in_a_composite_names_its_component(x12, segment, wanted) -> None:
    seen = x12.read(x12.order("BEG*00*SA*PO1**20260115", segment, "PO1*1*5*EA*9.25", "CTT*1"))
    assert placed(seen) == wanted


def test_a_thousand_repetitions_are_one_fault(x12) -> None:
    _, seen = read(x12, "N1*ST*" + "^".join(["X"] * 1000))
    assert [each[0] for each in placed(seen)] == ["x12.element.too_many_repetitions"]
