"""The envelope told lies: every deviation its code, reading goes on, and what was good beside it stays good."""

from __future__ import annotations

import pytest

from translators.x12.codes import FAULTS

GS = "GS*PO*ACME*TRADELANE*20260115*1200*1*X*004010"


@pytest.mark.parametrize(
    ("element", "value", "code", "ta1"),
    [
        ("isa01", "09", "x12.isa.authorization_qualifier", "010"),
        ("isa01", "  ", "x12.isa.authorization_qualifier", "010"),
        ("isa02", "abc\x07      ", "x12.isa.authorization", "011"),
        ("isa03", "02", "x12.isa.security_qualifier", "012"),
        ("isa04", "abc\x07      ", "x12.isa.security", "013"),
        ("isa05", "99", "x12.isa.sender_qualifier", "005"),
        ("isa05", "05", "x12.isa.sender_qualifier", "005"),
        ("isa06", " " * 15, "x12.isa.sender", "006"),
        ("isa07", "zz", "x12.isa.receiver_qualifier", "007"),
        ("isa08", " " * 15, "x12.isa.receiver", "008"),
        ("isa09", "260231", "x12.isa.date", "014"),
        ("isa09", "2601AA", "x12.isa.date", "014"),
        ("isa10", "2400", "x12.isa.time", "015"),
        ("isa10", "12 0", "x12.isa.time", "015"),
        ("isa12", "00307", None, None),
        ("isa12", "00308", "x12.isa.version", "017"),
        ("isa12", "4010 ", "x12.isa.version", "017"),
        ("isa13", "00000001A", "x12.isa.control_number", "018"),
        ("isa13", "000000000", "x12.isa.control_number", "018"),
        ("isa14", "2", "x12.isa.acknowledgment_requested", "019"),
        ("isa15", "X", "x12.isa.usage", "020"),
        ("isa15", "I", None, None),
    ],
)
def test_an_element_of_isa_has_its_own_note_code(x12, order_segments, element, value, code, ta1) -> None:
    data = x12.file(x12.group(x12.set(*order_segments)), isa=x12.isa(**{element: value}))
    seen = x12.read(data)
    assert seen.codes == ([code] if code else [])
    assert seen.interchange.rejected is (code is not None)
    assert seen.sets[0].accepted
    if code:
        assert FAULTS[code].ta1 == ta1
        issue = seen.issues[0]
        assert issue.position.element == int(element.removeprefix("isa"))
        assert data[issue.position.offset :].startswith(value.rstrip().encode() or b" ")


def test_the_faults_of_an_isa_stand_in_its_start_and_in_its_end(x12) -> None:
    seen = x12.read(x12.file(x12.group(), isa=x12.isa(isa15="X")))
    assert [issue.code for issue in seen.events[0].issues] == ["x12.isa.usage"]
    assert [issue.code for issue in seen.interchange.issues] == ["x12.isa.usage"]


@pytest.mark.parametrize(
    ("iea", "codes"),
    [
        ("IEA*2*000000001", ["x12.iea.group_count"]),
        ("IEA*0*000000001", ["x12.iea.group_count"]),
        ("IEA*one*000000001", ["x12.iea.group_count"]),
        ("IEA**000000001", ["x12.iea.group_count"]),
        ("IEA*1*000000002", ["x12.iea.control_number"]),
        ("IEA*1*1", ["x12.iea.control_number"]),
        ("IEA*1", ["x12.iea.control_number"]),
        ("IEA", ["x12.iea.group_count", "x12.iea.control_number"]),
        ("IEA*1*000000001*9", ["x12.iea.control_number"]),
        ("", ["x12.iea.missing"]),
    ],
)
def test_a_false_iea_refuses_the_interchange_and_leaves_its_sets_readable(x12, order_segments, iea, codes) -> None:
    seen = x12.read(x12.file(x12.group(x12.set(*order_segments)), iea=iea))
    assert seen.codes == codes
    assert seen.interchange.rejected
    assert seen.sets[0].accepted


@pytest.mark.parametrize(
    ("gs", "codes"),
    [
        ("GS**ACME*TRADELANE*20260115*1200*1*X*004010", ["x12.gs.unsupported_group"]),
        ("GS*QQ*ACME*TRADELANE*20260115*1200*1*X*004010", ["x12.gs.unsupported_group"]),
        ("GS*PO*A*TRADELANE*20260115*1200*1*X*004010", ["x12.gs.element"]),
        ("GS*PO*ACME**20260115*1200*1*X*004010", ["x12.gs.element"]),
        ("GS*PO*ACME*A VERY LONG RECEIVER*20260115*1200*1*X*004010", ["x12.gs.element"]),
        ("GS*PO*ACME*TRADELANE*260115*1200*1*X*004010", ["x12.gs.element"]),
        ("GS*PO*ACME*TRADELANE*20261315*1200*1*X*004010", ["x12.gs.element"]),
        ("GS*PO*ACME*TRADELANE*20260115*2400*1*X*004010", ["x12.gs.element"]),
        ("GS*PO*ACME*TRADELANE*20260115*12000*1*X*004010", ["x12.gs.element"]),
        ("GS*PO*ACME*TRADELANE*20260115*1200*1*Z*004010", ["x12.gs.element"]),
        ("GS*PO*ACME*TRADELANE*20260115*1200*1A*X*004010", ["x12.gs.control_number"]),
        ("GS*PO*ACME*TRADELANE*20260115*1200*1234567890*X*004010", ["x12.gs.control_number"]),
        ("GS*PO*ACME*TRADELANE*20260115*1200*1*X*004010*9", ["x12.gs.element"]),
        ("GS*PO*ACME*TRADELANE*20260115*120059*1*X*004010", []),
        ("GS*PO*ACME*TRADELANE*20260115*12005999*1*X*004010VICS", []),
    ],
)
def test_a_false_gs_refuses_the_group_and_leaves_its_sets_readable(x12, order_segments, gs, codes) -> None:
    seen = x12.read(x12.file(x12.group(x12.set(*order_segments), gs=gs)))
    wrong_group = ["x12.st.wrong_group"] if codes == ["x12.gs.unsupported_group"] else []
    assert sorted(seen.codes) == sorted(codes + wrong_group)
    assert seen.group.rejected is bool(codes)
    assert not seen.interchange.rejected


@pytest.mark.parametrize(
    ("ge", "codes"),
    [
        ("GE*2*1", ["x12.ge.set_count"]),
        ("GE**1", ["x12.ge.set_count"]),
        ("GE*1*2", ["x12.ge.control_number"]),
        ("GE*1", ["x12.ge.control_number"]),
        ("GE*1*01", []),
        ("GE*01*1", []),
        (None, ["x12.ge.missing"]),
    ],
)
def test_a_false_ge_refuses_the_group(x12, order_segments, ge, codes) -> None:
    group = x12.group(x12.set(*order_segments))
    seen = x12.read(x12.file([*group[:-1], *([ge] if ge else [])]))
    assert seen.codes == codes
    assert seen.group.rejected is bool(codes)
    assert seen.sets[0].accepted
    assert (seen.group.sets_received, seen.group.sets_accepted) == (1, 1)


def test_the_count_of_ge_is_given_as_sent(x12, order_segments) -> None:
    group = x12.group(x12.set(*order_segments))
    assert x12.read(x12.file([*group[:-1], "GE*7*1"])).group.sets_included == 7
    assert x12.read(x12.file([*group[:-1], "GE*x*1"])).group.sets_included is None
    assert x12.read(x12.file(group[:-1])).group.sets_included is None


@pytest.mark.parametrize(
    ("se", "codes"),
    [
        ("SE*6*0001", ["x12.se.segment_count"]),
        ("SE*five*0001", ["x12.se.segment_count"]),
        ("SE**0001", ["x12.se.segment_count"]),
        ("SE*5*0002", ["x12.se.control_number"]),
        ("SE*5*1", ["x12.se.control_number"]),
        ("SE*5", ["x12.se.control_number"]),
        ("SE", ["x12.se.segment_count", "x12.se.control_number"]),
        ("SE*5*0001*9", ["x12.element.too_many"]),
    ],
)
def test_a_late_or_false_se_is_reported_once(x12, order_segments, se, codes) -> None:
    seen = x12.read(x12.file(x12.group(x12.set(*order_segments, se=se))))
    assert seen.codes == codes
    assert seen.issues[0].position.segment == 5
    assert not seen.sets[0].accepted
    assert not seen.group.rejected


@pytest.mark.parametrize(
    ("st", "codes"),
    [
        ("ST**0001", ["x12.st.set_code"]),
        ("ST*85*0001", ["x12.st.set_code"]),
        ("ST*999*0001", ["x12.st.unsupported"]),
        ("ST*855*0001", None),
        ("ST*850*001", ["x12.st.control_number"]),
        ("ST*850*0123456789", ["x12.st.control_number"]),
        ("ST*850*0001*X*Y", ["x12.element.too_many"]),
    ],
)
def test_a_false_st_refuses_the_set(x12, order_segments, st, codes) -> None:
    number = st.split("*")[2]
    seen = x12.read(x12.file(x12.group(x12.set(*order_segments, st=st, se=f"SE*5*{number}"))))
    assert not seen.sets[0].accepted
    if codes is None:
        assert seen.codes[0] == "x12.st.wrong_group"
    else:
        assert seen.codes == codes


def test_a_set_without_st02_is_reported(x12, order_segments) -> None:
    seen = x12.read(x12.file(x12.group(x12.set(*order_segments, st="ST*850", se="SE*5*0001"))))
    assert seen.codes == ["x12.st.control_number", "x12.se.control_number"]


def test_a_set_of_another_group_is_refused_but_only_warned_of_under_an_industrys_guide(x12, order_segments) -> None:
    plain = x12.read(x12.file(x12.group(x12.set(*order_segments), gs=GS.replace("PO", "IN", 1))))
    assert plain.codes == ["x12.st.wrong_group"]
    assert not plain.sets[0].accepted
    suffixed = GS.replace("PO", "SC", 1) + "X357"
    industry = x12.read(x12.file(x12.group(x12.set(*order_segments), gs=suffixed)))
    assert industry.codes == ["x12.st.wrong_group"]
    assert industry.sets[0].accepted


def test_an_st_inside_a_set_ends_it_as_missing_its_se(x12, order_segments) -> None:
    first = x12.set(*order_segments)[:-1]
    second = x12.set(*order_segments, st="ST*850*0002")
    seen = x12.read(x12.file(x12.group(first, second)))
    assert seen.codes == ["x12.se.missing"]
    assert [each.accepted for each in seen.sets] == [False, True]
    assert seen.sets[0].end == seen.sets[1].offset
    assert seen.sets[0].segments == 4


@pytest.mark.parametrize("lost", [("SE",), ("SE", "GE"), ("SE", "GE", "IEA"), ("GE", "IEA"), ("IEA",), ("GE",)])
def test_each_lost_trailer_is_named_and_the_next_interchange_is_read(x12, order_segments, lost) -> None:
    names = {"SE": "x12.se.missing", "GE": "x12.ge.missing", "IEA": "x12.iea.missing"}
    data = x12.order().split(b"~")
    kept = b"~".join(segment for segment in data if segment.split(b"*")[0].decode() not in lost)
    seen = x12.read(kept + x12.order())
    assert seen.codes == [names[each] for each in lost]
    assert seen.sets[-1].accepted
    assert seen.kinds.count("InterchangeEnd") == 2


def test_st02_used_twice_in_a_group_is_23_and_in_two_groups_is_fine(x12, order_segments) -> None:
    one = x12.set(*order_segments)
    seen = x12.read(x12.file(x12.group(one, one, one)))
    assert seen.codes == ["x12.st.duplicate_control_number"] * 2
    assert [each.accepted for each in seen.sets] == [True, False, False]
    assert FAULTS["x12.st.duplicate_control_number"].ak5 == "23"
    other = x12.group(one, gs=GS.replace("*1*X", "*2*X"))
    assert x12.read(x12.file(x12.group(one), other)).codes == []


def test_gs06_used_twice_in_an_interchange_refuses_the_second_group(x12, order_segments) -> None:
    group = x12.group(x12.set(*order_segments))
    seen = x12.read(x12.file(group, group))
    assert seen.codes == ["x12.gs.duplicate_control_number"]
    ends = [event for event in seen.events if type(event).__name__ == "GroupEnd"]
    assert [end.rejected for end in ends] == [False, True]


def test_a_version_without_a_guide_is_refused_on_the_group_and_on_each_set(x12, order_segments) -> None:
    sets = [x12.set(*order_segments), x12.set(*order_segments, st="ST*850*0002")]
    seen = x12.read(x12.file(x12.group(*sets, gs=GS.replace("004010", "007030"))))
    assert seen.codes == ["x12.st.unsupported", "x12.st.unsupported", "x12.gs.unsupported_version"]
    assert [each.has_guide for each in seen.sets] == [False, False]
    assert [each.segments for each in seen.sets] == [5, 5]
    assert seen.group.rejected


def test_a_set_without_a_guide_is_refused_its_envelope_counted_and_its_neighbours_kept(x12, order_segments) -> None:
    unknown = x12.set("ANY*THING~GOES".replace("~", "*"), st="ST*999*0001")
    good = x12.set(*order_segments, st="ST*850*0002")
    seen = x12.read(x12.file(x12.group(unknown, good)))
    assert seen.codes == ["x12.st.unsupported"]
    assert [each.accepted for each in seen.sets] == [False, True]
    assert seen.sets[0].root is None
    short = x12.read(x12.file(x12.group(x12.set("ANY*THING", st="ST*999*0001", se="SE*9*0001"))))
    assert short.codes == ["x12.st.unsupported", "x12.se.segment_count"]


def test_segments_between_sets_refuse_the_group_and_are_reported_once_a_run(x12, order_segments) -> None:
    good = x12.set(*order_segments)
    other = x12.set(*order_segments, st="ST*850*0002")
    stray = ["PO1*1*5*EA*1", "CTT*1", "SE*9*0009"]
    seen = x12.read(x12.file([*x12.group(stray, good)[:-1], *other, *stray, "GE*2*1"]))
    assert seen.codes == ["x12.group.structure", "x12.group.structure"]
    assert seen.group.rejected
    assert [each.accepted for each in seen.sets] == [True, True]


def test_segments_outside_groups_refuse_the_interchange(x12, order_segments) -> None:
    group = x12.group(x12.set(*order_segments))
    for segments, count in ((["ST*850*0001", "SE*2*0001"], 1), (["GE*0*1"], 1), (["PO1*1"], 1)):
        seen = x12.read(x12.file([*segments, *group]))
        assert seen.codes == ["x12.interchange.structure"] * count
        assert seen.interchange.rejected
        assert seen.sets[0].accepted


def test_an_interchange_that_holds_nothing_is_reported(x12) -> None:
    assert x12.read(x12.file()).codes == ["x12.interchange.empty"]
    assert x12.read(x12.file(x12.group())).codes == []


def test_a_ta1_before_the_groups_is_a_note(x12, order_segments) -> None:
    group = x12.group(x12.set(*order_segments))
    seen = x12.read(x12.file(["TA1*000000009*260115*1200*A*000", *group], iea="IEA*1*000000001"))
    assert seen.kinds[:3] == ["InterchangeStart", "InterchangeNote", "GroupStart"]
    assert seen.codes == []
    assert seen.events[1].ta1.element(1) == "000000009"


def test_a_ta1_alone_fills_an_interchange(x12) -> None:
    seen = x12.read(x12.file(["TA1*000000009*260115*1200*R*024"], iea="IEA*0*000000001"))
    assert seen.codes == []
    assert seen.kinds == ["InterchangeStart", "InterchangeNote", "InterchangeEnd"]


@pytest.mark.parametrize(
    "ta1",
    [
        "TA1*9*260115*1200*A*000",
        "TA1*000000009*261315*1200*A*000",
        "TA1*000000009*260115*2500*A*000",
        "TA1*000000009*260115*1200*X*000",
        "TA1*000000009*260115*1200*A*00",
        "TA1*000000009*260115*1200*A",
        "TA1*000000009*260115*1200*A*000*X",
    ],
)
def test_a_false_ta1_is_reported_on_its_note(x12, ta1) -> None:
    seen = x12.read(x12.file([ta1], iea="IEA*0*000000001"))
    assert seen.codes == ["x12.ta1.invalid"]
    assert not seen.interchange.rejected


def test_a_ta1_after_a_group_is_read_with_a_warning(x12, order_segments) -> None:
    group = x12.group(x12.set(*order_segments))
    seen = x12.read(x12.file([*group, "TA1*000000009*260115*1200*A*000"], iea="IEA*1*000000001"))
    assert seen.codes == ["x12.ta1.place"]
    assert not seen.interchange.rejected


def test_isb_and_ise_are_passed_over_with_a_warning(x12, order_segments) -> None:
    group = x12.group(x12.set(*order_segments))
    seen = x12.read(x12.file(["ISB*1", "ISE*1", *group], iea="IEA*1*000000001"))
    assert seen.codes == ["x12.interchange.service"] * 2
    assert not seen.interchange.rejected


def test_a_group_of_a_release_before_the_century_has_a_date_of_six_digits(x12) -> None:
    seen = x12.read(x12.file(x12.group(gs="GS*PO*ACME*TRADELANE*260115*1200*1*X*003050")))
    assert seen.codes == ["x12.gs.unsupported_version"]


def test_every_fault_is_reported_by_a_known_code_and_level(x12) -> None:
    assert all(1 <= fault.level <= 7 for fault in FAULTS.values())
    assert all(code == fault.code and code.startswith("x12.") for code, fault in FAULTS.items())
