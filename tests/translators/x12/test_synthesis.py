"""Samples made from guides are valid, and broken ones are broken where they say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

import pytest

from translators.errors import Issue
from translators.x12.guide import GuideLibrary, SetGuide
from translators.x12.hierarchy import hierarchy
from translators.x12.model import (
    Delimiters,
    GroupHeader,
    GroupStart,
    InterchangeHeader,
    InterchangeStart,
    TransactionSet,
)
from translators.x12.overlay import read_overlay
from translators.x12.reader import ReadOptions, read_x12
from translators.x12.synthesis import sample_interchange, sample_set
from translators.x12.synthesis_faults import break_sample
from translators.x12.terms import SetTerms
from translators.x12.writer import ControlNumbers, write_interchange

GUIDES = GuideLibrary.shipped()
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def _every_set() -> Iterator[tuple[str, str]]:
    for version in GUIDES.versions:
        release = GUIDES.release(version)
        assert release is not None
        for code in release.codes:
            yield version, code


def _guide(code: str, version: str = "004010") -> SetGuide:
    found = GUIDES.find(code, version)
    assert found is not None
    return found


def _file(guide: SetGuide, *, seed: int, density: float, sets: int = 1, delimiters: Delimiters | None = None) -> bytes:
    sample = sample_interchange(guide, sets=sets, seed=seed, density=density, delimiters=delimiters)
    return write_interchange(sample, numbers=ControlNumbers(1, (1,)), at=AT)


def _issues(content: bytes) -> list[Issue]:
    events = read_x12([content], guides=GUIDES)
    return [issue for event in events if not isinstance(event, InterchangeStart | GroupStart) for issue in event.issues]


@pytest.mark.parametrize(("version", "code"), list(_every_set()))
def test_a_sample_of_any_set_has_no_fault_and_no_warning(version: str, code: str) -> None:
    for seed, density in enumerate((0.0, 0.1, 0.3, 0.6)):
        assert _issues(_file(_guide(code, version), seed=seed, density=density)) == []


@pytest.mark.parametrize("code", ["850", "856", "810", "214", "940"])
def test_a_sample_with_everything_that_may_stand_has_no_fault(code: str) -> None:
    assert _issues(_file(_guide(code), seed=7, density=1.0)) == []


def test_a_sample_stays_valid_under_a_partners_delimiters() -> None:
    marks = Delimiters(element="|", component="<", segment="\x1c", repetition="!", line_end="\r\n")
    content = _file(_guide("850", "005010"), seed=3, density=0.4, delimiters=marks)
    assert content[3:4] == b"|"
    assert b"\x1c\r\n" in content
    assert _issues(content) == []


OVERLAY = b"""extends: 850@004010
segments:
  CUR: mandatory
  N1[BY]: mandatory
  N1[ST]: {use: mandatory, repeat: 1}
  N1[ST]/N4: mandatory
  PO1/N1: not used
  PO1/PID: {max: 1}
  PO1/REF[VN]: mandatory
  PO1: {conditions: [P0204]}
  BEG:
    elements:
      BEG01: {codes: ["00", "05"]}
      BEG07: not used
  PO1/MEA:
    elements:
      MEA04-01: {codes: [EA]}
extra:
  - {segment: NTE, after: PO1/PO3, max: 1}
"""


class _Agreed:
    """One partner's guide for every set."""

    def __init__(self, guide: SetGuide) -> None:
        self._terms = SetTerms(guide)

    def terms(self, interchange: InterchangeHeader, group: GroupHeader, set_code: str) -> SetTerms:
        return self._terms


def test_a_sample_keeps_to_a_partners_overlay() -> None:
    guide = read_overlay(OVERLAY, file="850.in.yaml", label="acme/guides/850.in.yaml", guides=GUIDES)
    for seed, density in enumerate((0.0, 0.1, 0.3, 0.6) * 2):
        content = _file(guide, seed=seed, density=density)
        found = [event.issues for event in read_x12([content], guides=GUIDES, agreed=_Agreed(guide))]
        assert found == [[]] * len(found)
        assert b"~\nCUR*" in content
        assert b"N1*ST*" in content


def test_the_same_seed_makes_the_same_file_and_another_one_another() -> None:
    guide = _guide("850")
    assert _file(guide, seed=1, density=0.3) == _file(guide, seed=1, density=0.3)
    assert _file(guide, seed=1, density=0.3) != _file(guide, seed=2, density=0.3)


def test_the_thinnest_sample_holds_what_is_mandatory_and_no_more() -> None:
    segments = [list(segment) for segment in sample_set(_guide("850"), Random(1), density=0).segments]
    # X12 004010 850: BEG, and PO1 once; of BEG 01 02 03 05 are mandatory, of PO1 none, and no empty segment is written
    assert [segment[0] for segment in segments] == ["BEG", "PO1"]
    assert [bool(element) for element in segments[0][1:]] == [True, True, True, False, True]
    assert sum(bool(element) for element in segments[1][1:]) == 1


def test_an_856_comes_in_several_shapes_of_one_tree() -> None:
    shapes = set()
    for seed in range(12):
        (found,) = [
            event
            for event in read_x12(
                [_file(_guide("856"), seed=seed, density=0.1)], guides=GUIDES, options=ReadOptions(keep_tree=True)
            )
            if isinstance(event, TransactionSet)
        ]
        assert found.root is not None
        top = hierarchy(found.root)
        assert [node.level for node in top.children] == ["S"]
        shapes.add(tuple(sorted({(node.parent.level, node.level) for node in top.walk() if node.parent})))
    assert len(shapes) > 3


def test_counts_of_a_sample_are_those_of_its_lines() -> None:
    for seed in range(20):
        segments = [list(segment) for segment in sample_set(_guide("850"), Random(seed), density=0.9).segments]
        totals = [segment for segment in segments if segment[0] == "CTT"]
        lines = [segment for segment in segments if segment[0] == "PO1"]
        assert [segment[1] for segment in totals] in ([], [str(len(lines))])


@pytest.mark.parametrize("code", ["850", "856", "810", "204", "997"])
def test_planted_faults_are_told_where_they_were_planted(code: str) -> None:
    guide, marks = _guide(code), Delimiters(line_end="\n")
    content = _file(guide, seed=5, density=0.3, sets=10, delimiters=marks)
    broken, faults = break_sample(content, guide, delimiters=marks, count=10, seed=5)
    told = {
        (issue.code, issue.position.set, issue.position.segment, issue.position.segment_id, issue.position.element)
        for issue in _issues(broken)
    }
    planted = {(fault.code, fault.set, fault.segment, fault.segment_id, fault.element) for fault in faults}
    assert len({fault.code for fault in faults}) >= 8
    assert [fault.set for fault in faults] == list(range(1, 11))
    assert planted <= told


def test_nothing_is_planted_where_nothing_was_asked_for() -> None:
    marks = Delimiters()
    content = _file(_guide("850"), seed=5, density=0.3, delimiters=marks)
    assert break_sample(content, _guide("850"), delimiters=marks, count=0) == (content, [])
