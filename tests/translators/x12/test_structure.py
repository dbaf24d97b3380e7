"""The order of segments and loops: each AK304 code at its place, and reading that goes on."""

from __future__ import annotations

import pytest

from translators.x12.codes import FAULTS

BEG = "BEG*00*SA*PO1**20260115"
PO1 = "PO1*1*5*EA*9.25"
CTT = "CTT*1"


def found(seen):
    return [
        (issue.code, issue.position.segment_id, issue.position.segment, issue.position.loop) for issue in seen.issues
    ]


@pytest.mark.parametrize(
    ("segments", "wanted", "ak3"),
    [
        # 1 unrecognized: no segment of 004010 has the id
        ((BEG, "QQQ*1", PO1, CTT), ("x12.segment.unrecognized", "QQQ", 3, None), "1"),
        ((BEG, "beg*1", PO1, CTT), ("x12.segment.unrecognized", "beg", 3, None), "1"),
        # 2 unexpected: N3 has no place but in loop N1
        ((BEG, "N3*1 MAIN ST", PO1, CTT), ("x12.segment.unexpected", "N3", 3, None), "2"),
        # 3 missing, reported where the next segment stands
        ((PO1, CTT), ("x12.segment.missing", "BEG", 2, None), "3"),
        ((BEG, "CTT*0"), ("x12.segment.missing", "PO1", 3, "PO1"), "3"),
        ((BEG,), ("x12.segment.missing", "PO1", 3, "PO1"), "3"),
        ((BEG, "LM*10", PO1, CTT), ("x12.segment.missing", "LQ", 4, "LM"), "3"),
        # 4 loop over its maximum: SAC loop of the heading, 25
        ((BEG, *["SAC*C*D240***500"] * 26, PO1, CTT), ("x12.loop.too_many", "SAC", 28, "SAC"), "4"),
        # 5 segment over its maximum: CUR once, PER three times, N2 of loop N1 twice
        ((BEG, "CUR*BY*USD", "CUR*BY*EUR", PO1, CTT), ("x12.segment.too_many", "CUR", 4, None), "5"),
        ((BEG, *["PER*BD*JANE"] * 4, PO1, CTT), ("x12.segment.too_many", "PER", 6, None), "5"),
        ((BEG, "N1*BY*X", *["N2*Y"] * 3, PO1, CTT), ("x12.segment.too_many", "N2", 6, "N1"), "5"),
        ((BEG, BEG, PO1, CTT), ("x12.segment.too_many", "BEG", 3, None), "5"),
        # 6 not part of the set: BIG is the invoice's
        ((BEG, "BIG*20260115*1", PO1, CTT), ("x12.segment.not_in_set", "BIG", 3, None), "6"),
        # 7 out of order
        ((BEG, "DTM*010*20260201", "REF*DP*1", PO1, CTT), ("x12.segment.sequence", "REF", 4, None), "7"),
        ((BEG, "N1*BY*X", "N4*TOWN*IL", "N3*1 MAIN", PO1, CTT), ("x12.segment.sequence", "N3", 5, "N1"), "7"),
        ((BEG, PO1, "CTT*2", PO1), ("x12.segment.sequence", "PO1", 5, "CTT"), "7"),
    ],
)
def test_a_segment_out_of_place_is_reported_once_with_its_code(x12, segments, wanted, ak3) -> None:
    seen = x12.read(x12.order(*segments))
    assert found(seen) == [wanted]
    assert FAULTS[wanted[0]].ak3 == ak3
    assert FAULTS[wanted[0]].ak5 == "5"


def test_a_missing_segment_is_located_where_it_was_found_missing(x12) -> None:
    data = x12.order(PO1, CTT)
    issue = x12.read(data).issues[0]
    assert issue.position.offset == data.index(b"PO1*")


def test_several_segments_missing_at_one_place_are_each_reported(x12) -> None:
    assert found(x12.read(x12.order())) == []
    seen = x12.read(x12.file(x12.group(x12.set())))
    assert found(seen) == [
        ("x12.segment.missing", "BEG", 2, None),
        ("x12.segment.missing", "PO1", 2, "PO1"),
    ]


def test_elements_of_a_segment_that_is_too_many_or_late_are_still_checked(x12) -> None:
    seen = x12.read(x12.order(BEG, "CUR*BY*USD", "CUR*BY*E", PO1, CTT))
    assert seen.codes == ["x12.segment.too_many", "x12.element.too_short"]


def test_counters_begin_again_with_each_loop(x12) -> None:
    first = ["N1*BY*X", "N2*Y", "N2*Z", "N3*1", "N3*2"]
    assert x12.read(x12.order(BEG, *first, *first, *first, PO1, CTT)).codes == []


def test_counters_begin_again_with_each_loop_round_it(x12) -> None:
    # Loop SAC may stand 25 times in each PO1.
    line = [PO1, *["SAC*C*D240***500"] * 25]
    assert x12.read(x12.order(BEG, *line, *line, "CTT*2")).codes == []


def test_a_segment_belongs_to_the_nearest_loop_that_has_a_place_for_it(x12) -> None:
    seen = x12.read(x12.order(BEG, "REF*DP*1", "N1*BY*X", "REF*IA*2", PO1, "REF*VN*3", "N1*ST*Y", "REF*IA*4", CTT))
    assert seen.codes == []
    root = seen.sets[0].root
    (heading_party,), (line,) = ([each for each in root.loops if each.id == name] for name in ("N1", "PO1"))
    assert [segment.element(2) for segment in root.segments if segment.id == "REF"] == ["1"]
    assert [segment.element(2) for segment in heading_party.segments if segment.id == "REF"] == ["2"]
    assert [segment.element(2) for segment in line.segments if segment.id == "REF"] == ["3"]
    assert [segment.element(2) for segment in line.loops[0].segments if segment.id == "REF"] == ["4"]


def test_ls_and_le_bound_a_loop(x12) -> None:
    bounded = [PO1, "LS*LDT", "LDT*AF*5*DA", "QTY*21*5", "LDT*AF*9*DA", "LE*LDT"]
    seen = x12.read(x12.order(BEG, *bounded, CTT))
    assert seen.codes == []
    (line,) = (loop for loop in seen.sets[0].root.loops if loop.id == "PO1")
    (scheduled,) = line.loops
    assert [segment.id for segment in scheduled.segments] == ["LS", "LE"]
    assert [loop.id for loop in scheduled.loops] == ["LDT", "LDT"]
    lost = x12.read(x12.order(BEG, *bounded[:-1], CTT))
    assert found(lost) == [("x12.segment.missing", "LE", 8, "LS")]


def test_the_hierarchy_of_a_ship_notice_is_a_run_of_loops(x12) -> None:
    segments = [
        "BSN*00*SHIP1*20260115*1200", "HL*1**S", "TD1*CTN*2", "HL*2*1*O", "PRF*PO1", "HL*3*2*I", "LIN*1*UP*012345",
        "SN1*1*5*EA", "CTT*3",
    ]  # fmt: skip
    data = x12.file(x12.group(x12.set(*segments, st="ST*856*0001"), gs="GS*SH*ACME*TRADELANE*20260115*1200*1*X*004010"))
    seen = x12.read(data)
    assert seen.codes == []
    assert [loop.id for loop in seen.sets[0].root.loops] == ["HL", "HL", "HL"]


def test_reading_goes_on_after_each_fault_of_order(x12) -> None:
    seen = x12.read(x12.order(BEG, "QQQ*1", "N3*X", "DTM*010*20260230", "REF*DP*1", PO1, CTT))
    assert [issue.position.segment for issue in seen.issues] == [3, 4, 5, 6]
    assert seen.sets[0].segments == 9
