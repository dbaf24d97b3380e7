"""Element 1251 is written as element 1250 before it says."""

from __future__ import annotations

import pytest

from translators.x12.guide import GuideLibrary
from translators.x12.model import Delimiters
from translators.x12.periods import FORMATS, period_fault, period_positions
from translators.x12.quick_checks import checks_of
from translators.x12.validate import find_faults

RELEASE = GuideLibrary.shipped().release("004010")


@pytest.mark.parametrize(
    ("qualifier", "value"),
    [
        ("D8", "20240229"),
        ("D6", "000229"),
        ("DB", "02292024"),
        ("TT", "123126"),
        ("CY", "2026"),
        ("CM", "202612"),
        ("MD", "0229"),
        ("DT", "202601152359"),
        ("RTS", "20260115235959"),
        ("TM", "0000"),
        ("TS", "235959"),
        ("RD8", "20260101-20261231"),
        ("RD6", "260101-261231"),
        ("RD", "01012026-12312026"),
        ("RD4", "2025-2026"),
        ("RD5", "202501-202612"),
        ("RDT", "202601010000-202601012359"),
        ("DTS", "20260101000000-20260101235959"),
        ("RMD", "0101-1231"),
        ("RTM", "0800-1700"),
        ("UN", "when it is ready"),
        ("CD", "JAN2026"),
    ],
)
def test_a_period_in_its_form_is_good(qualifier, value) -> None:
    assert period_fault(qualifier, value) is None


@pytest.mark.parametrize(
    ("qualifier", "value", "code"),
    [
        ("D8", "20260229", "date"),
        ("D8", "260115", "date"),
        ("D8", "20260101-20261231", "date"),
        ("D8", "2026-01-15", "date"),
        ("D8", "２０２６０１１５", "date"),
        ("D6", "20260115", "date"),
        ("DB", "20260115", "date"),
        ("TT", "311226", "date"),
        ("CY", "0000", "date"),
        ("CM", "202613", "date"),
        ("MD", "0230", "date"),
        ("DT", "202601152400", "date"),
        ("RTS", "20260115235960", "date"),
        ("RD8", "20260101", "date"),
        ("RD8", "20260101-20260230", "date"),
        ("RD8", "20260101-20260102-20260103", "date"),
        ("RD8", "2026010120261231", "date"),
        ("RMD", "0101-0001", "date"),
        ("TM", "2400", "time"),
        ("TM", "120000", "time"),
        ("TS", "1200", "time"),
        ("RTM", "0800", "time"),
    ],
)
def test_a_period_in_another_form_is_a_fault_of_date_or_time(qualifier, value, code) -> None:
    found = period_fault(qualifier, value)
    assert found is not None
    assert found[0] == f"x12.element.{code}"
    assert FORMATS[qualifier] in found[1]


@pytest.mark.parametrize("version", ["004010", "005010"])
def test_the_codes_of_the_table_are_codes_of_element_1250(version) -> None:
    release = GuideLibrary.shipped().release(version)
    assert release is not None
    assert set(FORMATS) <= (release.elements["1250"].codes or set())


def test_the_segments_that_hold_periods_are_known_by_their_elements() -> None:
    assert RELEASE is not None
    found = {name: period_positions(guide) for name, guide in RELEASE.segments.items() if period_positions(guide)}
    assert found == {"DMG": (2,), "DTM": (6,), "DTP": (3,), "YNQ": (4,)}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("DTM*011****D8*20260115", []),
        ("DTM*011****RD8*20260115-20260116", []),
        ("DTM*011****D8*20260231", [("x12.element.date", 6, "20260231")]),
        ("DTM*011****TM*2561", [("x12.element.time", 6, "2561")]),
        ("DTM*011****D8", [("x12.element.condition", 6, None)]),
        ("DTM*011****QQ*20260115", [("x12.element.code", 5, "QQ")]),
    ],
)
def test_a_dtm_is_judged_alike_by_both_ways_of_looking(text, wanted) -> None:
    assert RELEASE is not None
    guide = RELEASE.segments["DTM"]
    elements = text.split("*")
    assert [(each.code, each.element, each.value) for each in find_faults(guide, elements, Delimiters())] == wanted
    assert checks_of(guide)[len(elements)](elements) is (not wanted)


def test_the_place_of_a_bad_period_is_its_byte(x12) -> None:
    data = x12.order("BEG*00*SA*PO1**20260115", "DTM*002****D8*20260231", "PO1*1*5*EA*9.25", "CTT*1")
    (issue,) = x12.read(data).issues
    assert (issue.position.segment, issue.position.element) == (3, 6)
    assert issue.position.offset == data.index(b"20260231")
