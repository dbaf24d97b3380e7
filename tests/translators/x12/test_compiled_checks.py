"""The quick check of a segment never passes what the slow path faults, and passes what is plainly good."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translators.x12.compiler import compiled_check
from translators.x12.guide import ElementGuide, GuideLibrary, SegmentGuide, SegmentUse
from translators.x12.model import Delimiters
from translators.x12.overlay import read_overlay
from translators.x12.validate import find_faults

RELEASES = [GuideLibrary.shipped().release(version) for version in ("004010", "005010")]
OVERLAY = b"""extends: 850@004010
segments:
  BEG:
    elements:
      BEG02: {codes: [SA, NE]}
      BEG04: not used
      BEG06: mandatory
      BEG03: {min: 3, max: 7}
  PER:
    elements: {PER01: optional, PER02: mandatory, PER03: {codes+: [ZQ]}}
  PO1:
    elements: {PO101: mandatory, PO104: {max: 5}}
    conditions: [P0204, R0608, E0911]
  CUR:
    elements: {CUR03: not used, CUR04: mandatory, CUR07: not used}
"""
MERGED = read_overlay(OVERLAY, file="overlay", label="overlay", guides=GuideLibrary.shipped())
OVERLAID = [
    use.segment for use in MERGED.root.walk() if isinstance(use, SegmentUse) and use.segment.standard is not None
]
SEGMENTS = OVERLAID * 20 + [
    release.segments[name] for release in RELEASES if release for name in sorted(release.segments)
]
MARKS = Delimiters()

ODD_VALUES = [
    "",
    "0",
    "1",
    "A",
    "ZZ",
    "-1",
    "1.5",
    ".",
    "-",
    "20260230",
    "20240229",
    "2400",
    "1200",
    "é",
    "9" * 40,
    "00",
]


def sample(element: ElementGuide, pick: int) -> str:
    """A good value."""
    if element.codes:
        return sorted(element.codes)[pick % len(element.codes)]
    match element.type:
        case "DT":
            return "20260115"[-element.max :]
        case "TM":
            return "1200"
        case "R" | "N0" | "N1" | "N2":
            return "7" * max(element.min, min(element.max, 1 + pick % 5))
        case _:
            return "X" * max(element.min, min(element.max, 1 + pick % 12))


@st.composite
def segments(draw) -> tuple[SegmentGuide, list[str]]:
    guide = draw(st.sampled_from(SEGMENTS))
    values = []
    for use in guide.elements[: draw(st.integers(0, len(guide.elements)))]:
        choice = draw(st.integers(0, 5))
        if choice == 0 or not isinstance(use.element, ElementGuide):
            values.append("")
        elif choice == 1:
            values.append(draw(st.sampled_from(ODD_VALUES)))
        else:
            values.append(sample(use.element, draw(st.integers(0, 50))))
    return guide, [guide.id, *values]


@settings(max_examples=1500, deadline=None)
@given(segments())
def test_what_the_quick_check_passes_has_no_fault(found) -> None:
    guide, elements = found
    if compiled_check(guide)(elements):
        assert find_faults(guide, elements, MARKS) == []


@settings(max_examples=1500, deadline=None)
@given(segments())
def test_what_has_no_fault_passes_the_quick_check_unless_it_is_rare(found) -> None:
    guide, elements = found
    rare = any(value.startswith("-") or value in ("20240229", "é") for value in elements)
    if not rare and find_faults(guide, elements, MARKS) == []:
        assert compiled_check(guide)(elements)


@pytest.mark.parametrize("guide", SEGMENTS[len(OVERLAID) * 19 :], ids=lambda guide: guide.id)
def test_a_segment_with_every_plain_element_sent_is_judged_alike_both_ways(guide) -> None:
    elements = [guide.id]
    for use in guide.elements:
        elements.append(sample(use.element, 3) if isinstance(use.element, ElementGuide) else "")
    while elements[-1] == "":
        elements.pop()
    assert compiled_check(guide)(elements) == (find_faults(guide, elements, MARKS) == [])


def test_one_check_serves_every_set_that_uses_the_segment() -> None:
    assert compiled_check(SEGMENTS[0]) is compiled_check(SEGMENTS[0])
