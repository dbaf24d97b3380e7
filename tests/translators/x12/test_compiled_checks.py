"""The quick check of a segment never passes what the slow path faults, and passes what is plainly good."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translators.x12.guide import CompositeGuide, ElementGuide, GuideLibrary, SegmentGuide, SegmentUse
from translators.x12.model import Delimiters
from translators.x12.overlay import read_overlay
from translators.x12.quick_checks import NONE_PASSES, checks_of
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


def passes(guide: SegmentGuide, elements: list[str]) -> bool:
    return checks_of(guide)[len(elements)](elements)


def sample(element: ElementGuide | CompositeGuide, pick: int) -> str:
    """A good value; of a composite its first component, which may not do alone."""
    if isinstance(element, CompositeGuide):
        return sample(element.components[0].element, pick)
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
        if choice == 0:
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
    if passes(guide, elements):
        assert find_faults(guide, elements, MARKS) == []


@settings(max_examples=1500, deadline=None)
@given(segments())
def test_what_has_no_fault_passes_the_quick_check_unless_it_is_rare(found) -> None:
    guide, elements = found
    rare = any(value.startswith("-") or value in ("20240229", "é") for value in elements)
    if not rare and find_faults(guide, elements, MARKS) == []:
        assert passes(guide, elements)


@pytest.mark.parametrize("guide", SEGMENTS[len(OVERLAID) * 19 :], ids=lambda guide: guide.id)
def test_a_segment_with_every_element_sent_is_judged_alike_both_ways(guide) -> None:
    elements = [guide.id, *(sample(use.element, 3) for use in guide.elements)]
    assert passes(guide, elements) == (find_faults(guide, elements, MARKS) == [])


@pytest.mark.parametrize("guide", SEGMENTS[len(OVERLAID) * 19 :], ids=lambda guide: guide.id)
def test_a_segment_cut_after_each_of_its_elements_is_judged_alike_both_ways(guide) -> None:
    values = [sample(use.element, 3) for use in guide.elements]
    for length in range(len(values) + 1):
        elements = [guide.id, *values[:length]]
        assert passes(guide, elements) == (find_faults(guide, elements, MARKS) == []), elements


def test_a_composite_of_one_component_passes_where_that_is_enough() -> None:
    segments = RELEASES[0].segments
    assert passes(segments["MEA"], ["MEA", "PD", "WT", "100", "LB"])
    assert not passes(segments["MEA"], ["MEA", "PD", "WT", "100", "L#"])


def test_no_length_that_a_segment_cannot_have_passes_or_is_kept() -> None:
    checks = checks_of(RELEASES[0].segments["PO4"])
    size = len(RELEASES[0].segments["PO4"].elements)
    assert not any(checks[length](["PO4", *["1"] * (length - 1)]) for length in (1, size + 2, 500, 100_000))
    assert set(checks) <= set(range(2, size + 2))


def test_a_step_that_goes_the_slow_way_passes_nothing() -> None:
    assert not any(NONE_PASSES[length]([""] * length) for length in range(1, 30))


def test_one_table_of_checks_serves_every_set_that_uses_the_segment() -> None:
    assert checks_of(SEGMENTS[0]) is checks_of(SEGMENTS[0])
