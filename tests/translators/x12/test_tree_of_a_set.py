"""The tree of a set: every segment once, in its loop, where the file has it."""

from __future__ import annotations

import pytest

from translators.x12.reader import ReadOptions

SEGMENTS = (
    "BEG*00*SA*PO1**20260115", "REF*DP*100**PO>1234", "N1*BY*ACME*92*0001", "N3*1 MAIN", "N4*TOWN*IL*62701",
    "N1*ST*ACME", "PO1*1*5*EA*9.25**UP*012345678905", "PID*F****WIDGET", "PO1*2*6*EA*1", "N1*ST*SHOP*92*W7", "CTT*2",
    "AMT*TT*52.25",
)  # fmt: skip


def shape(loop):
    return [loop.id, [segment.id for segment in loop.segments], [shape(each) for each in loop.loops]]


def test_segments_and_loops_stand_as_the_guide_nests_them(x12) -> None:
    seen = x12.read(x12.order(*SEGMENTS))
    assert seen.codes == []
    assert shape(seen.sets[0].root) == [
        "850",
        ["ST", "BEG", "REF", "SE"],
        [
            ["N1", ["N1", "N3", "N4"], []],
            ["N1", ["N1"], []],
            ["PO1", ["PO1"], [["PID", ["PID"], []]]],
            ["PO1", ["PO1"], [["N1", ["N1"], []]]],
            ["CTT", ["CTT", "AMT"], []],
        ],
    ]


def test_walking_the_tree_gives_the_segments_of_the_file_with_their_offsets(x12) -> None:
    data = x12.order(*SEGMENTS)
    (found,) = x12.read(data).sets
    segments = list(found.root.walk())
    assert [segment.ordinal for segment in segments] == list(range(1, found.segments + 1))
    for segment in segments:
        text = "*".join(segment.elements).encode()
        assert data[segment.offset : segment.offset + len(text) + 1] == text + b"~"
        for number in range(1, len(segment.elements)):
            start, end = segment.element_range(number)
            assert data[start:end].decode() == segment.element(number)
    assert data[found.offset : found.end] == b"".join(b"*".join(map(str.encode, s.elements)) + b"~" for s in segments)


@pytest.mark.parametrize("segment", ["QQQ*1", "N3*LATE", "BIG*20260115*1", "CUR*BY*USD"])
def test_a_segment_out_of_place_stays_in_the_tree(x12, segment) -> None:
    (found,) = x12.read(x12.order(SEGMENTS[0], "CUR*BY*USD", segment, "PO1*1*5*EA*1", "CTT*1")).sets
    assert not found.accepted
    assert [each.id for each in found.root.walk()].count(segment.split("*")[0]) == 1 + segment.startswith("CUR")


def test_no_tree_is_made_unless_asked_for_and_the_issues_are_the_same(x12) -> None:
    data = x12.order(*SEGMENTS[:3], "QQQ*1", "PO1*1*x*EA*1")
    with_tree, without = x12.read(data), x12.read(data, options=ReadOptions())
    assert without.sets[0].root is None
    assert with_tree.issues == without.issues
    assert without.issues


def test_the_same_file_reads_the_same_however_it_is_chunked(x12) -> None:
    data = x12.order(*SEGMENTS) + b"\r\n" + x12.order(*SEGMENTS[:2], "QQQ*1") + b"stray"
    whole = x12.read(data)
    for size in (1, 2, 7, 100, 106, 107):
        parts = x12.read([data[at : at + size] for at in range(0, len(data), size)])
        assert parts.kinds == whole.kinds
        assert parts.issues == whole.issues
        assert [(each.offset, each.end) for each in parts.sets] == [(each.offset, each.end) for each in whole.sets]


@pytest.mark.parametrize("lines", [700, 1500, 4000])
def test_a_set_longer_than_the_window_reads_as_one(x12, lines) -> None:
    body = [f"PO1*{number}*5*EA*9.25**UP*{number:012d}" for number in range(1, lines + 1)]
    data = x12.order(SEGMENTS[0], *body, f"CTT*{lines}")
    seen = x12.read(data)
    assert seen.codes == []
    (found,) = seen.sets
    assert found.segments == lines + 4
    assert all(data[s.offset : s.offset + len(s.id)] == s.id.encode() for s in found.root.walk())
