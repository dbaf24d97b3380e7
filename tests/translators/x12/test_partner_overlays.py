"""What a partner's overlay asks for beyond the standard: reported at its place, with the line that states it."""

from __future__ import annotations

from textwrap import dedent

import pytest

from translators.datafile import LoadError
from translators.errors import Severity
from translators.x12.guide import GuideLibrary, SetGuide
from translators.x12.model import TransactionSet
from translators.x12.overlay import read_overlay
from translators.x12.reader import read_x12
from translators.x12.terms import SetTerms

LABEL = "acme/guides/850.in.yaml"
SHIP_TO = "N1*ST*Store 7*92*0007"
BUYER = "N1*BY*Acme*92*0001"
HEAD = "BEG*00*SA*PO1**20260115"
LINE = "PO1*1*5*EA*9.25**UP*012345678905"


def overlay(text: str, *, extends: str = "850@004010") -> SetGuide:
    content = f"extends: {extends}\n{dedent(text)}".encode()
    return read_overlay(content, file="850.in.yaml", label=LABEL, guides=GuideLibrary.shipped())


class Agreed:
    """One guide, agreed for every set."""

    def __init__(self, guide: SetGuide) -> None:
        self._terms = SetTerms(guide)

    def terms(self, interchange, group, set_code) -> SetTerms:
        return self._terms


def issues_of(data: bytes, guide: SetGuide):
    events = read_x12([data], guides=GuideLibrary.shipped(), agreed=Agreed(guide))
    return [issue for event in events if isinstance(event, TransactionSet) for issue in event.issues]


def issues(x12, guide: SetGuide, *segments: str):
    return issues_of(x12.order(*segments), guide)


def told(x12, guide: SetGuide, *segments: str) -> list[tuple[str, int | None, int | None]]:
    return [(issue.code, issue.position.segment, issue.position.element) for issue in issues(x12, guide, *segments)]


def test_a_segment_made_mandatory_is_missed_where_it_does_not_stand(x12) -> None:
    guide = overlay("segments:\n  CUR: mandatory\n")
    assert told(x12, guide, HEAD, "CUR*BY*USD", LINE, "CTT*1") == []
    (issue,) = issues(x12, guide, HEAD, LINE, "CTT*1")
    assert (issue.code, issue.level, issue.severity) == ("x12.partner.segment_missing", 7, Severity.ERROR)
    assert (issue.position.segment, issue.position.segment_id) == (3, "CUR")
    assert f"{LABEL}:3" in issue.message


def test_a_segment_that_is_not_used_is_reported_and_what_follows_is_read_on(x12) -> None:
    guide = overlay("segments:\n  CUR: not used\n  PO1/PID: not used\n")
    found = told(x12, guide, HEAD, "CUR*BY*USD", LINE, "PID*F****Text", "PID*F****More", "CTT*1")
    assert found == [("x12.partner.segment_not_used", at, None) for at in (3, 5, 6)]


def test_a_loop_that_is_not_used_is_reported_once_an_instance(x12) -> None:
    guide = overlay("segments:\n  N1: not used\n")
    found = told(x12, guide, HEAD, SHIP_TO, "N3*Street", BUYER, LINE, "CTT*1")
    assert found == [("x12.partner.segment_not_used", 3, None), ("x12.partner.segment_not_used", 5, None)]


def test_a_limit_lower_than_the_standards_holds(x12) -> None:
    guide = overlay("segments:\n  PO1/PID: {max: 1}\n  N1: {repeat: 1}\n")
    found = told(x12, guide, HEAD, SHIP_TO, BUYER, LINE, "PID*F****Text", "PID*F****More", "CTT*1")
    assert found == [("x12.partner.loop_too_often", at, None) for at in (4, 7)]


@pytest.mark.parametrize(
    ("rule", "beg", "code", "element"),
    [
        ("BEG02: {codes: [SA, NE]}", "BEG*00*DS*PO1**20260115", "x12.partner.code", 2),
        ("BEG02: {codes: [SA, NE]}", "BEG*00*??*PO1**20260115", "x12.element.code", 2),
        ("BEG06: mandatory", "BEG*00*SA*PO1**20260115", "x12.partner.element_missing", 6),
        ("BEG04: not used", "BEG*00*SA*PO1*7*20260115", "x12.partner.element_not_used", 4),
        ("BEG03: {max: 5}", "BEG*00*SA*PO12345**20260115", "x12.partner.length", 3),
        ("BEG03: {max: 5}", "BEG*00*SA*PO1234567890123456789012**20260115", "x12.element.too_long", 3),
        ("BEG03: {min: 5}", "BEG*00*SA*PO1**20260115", "x12.partner.length", 3),
        ("BEG05: mandatory", "BEG*00*SA*PO1", "x12.element.missing", 5),
    ],
)
def test_an_element_is_held_to_the_partners_rule_and_to_the_standard_first(x12, rule, beg, code, element) -> None:
    guide = overlay(f"segments:\n  BEG:\n    elements:\n      {rule}\n")
    (issue,) = issues(x12, guide, beg, LINE, "CTT*1")
    assert (issue.code, issue.position.segment, issue.position.element) == (code, 2, element)
    assert (issue.level == 7) is code.startswith("x12.partner.")
    assert (f"{LABEL}:5" in issue.message) is code.startswith("x12.partner.")


def test_codes_may_be_added(x12) -> None:
    guide = overlay("segments:\n  BEG:\n    elements:\n      BEG02: {codes+: [ZY]}\n")
    assert told(x12, guide, "BEG*00*ZY*PO1**20260115", LINE, "CTT*1") == []
    assert told(x12, guide, "BEG*00*SA*PO1**20260115", LINE, "CTT*1") == []


def test_a_condition_may_be_added(x12) -> None:
    guide = overlay("segments:\n  PO1: {conditions: [P0204]}\n")
    assert told(x12, guide, HEAD, LINE, "CTT*1") == []
    (issue,) = issues(x12, guide, HEAD, "PO1*1*5*EA***UP*012345678905", "CTT*1")
    assert (issue.code, issue.position.element) == ("x12.partner.condition", 4)
    assert f"{LABEL}:3" in issue.message


def test_an_extra_segment_stands_where_it_was_put(x12) -> None:
    guide = overlay("extra:\n  - {segment: NTE, after: PO1/PO3, max: 1}\n  - {segment: NTE, after: N1}\n")
    good = (HEAD, SHIP_TO, "NTE**Hi", "N3*Street", LINE, "NTE**Hi", "CTT*1")
    assert told(x12, guide, *good) == []
    assert told(x12, guide, HEAD, LINE, "NTE**One", "NTE**Two", "CTT*1") == [("x12.partner.segment_too_often", 5, None)]
    assert [code for code, *_ in told(x12, GuideLibrary.shipped().find("850", "004010"), *good)] != []


KINDS = """\
segments:
  N1[ST]: {use: mandatory, repeat: 1}
  N1[ST]/N3: mandatory
  N1[BY]:
    elements:
      N104: {use: mandatory, min: 4, max: 4}
"""


@pytest.mark.parametrize(
    ("segments", "wanted"),
    [
        ((SHIP_TO, "N3*Street"), []),
        ((BUYER, SHIP_TO, "N3*Street"), []),
        ((SHIP_TO, "N3*Street", BUYER), []),
        (("N1*SU*Us", SHIP_TO, "N3*Street", "N1*SU*Us", BUYER, "N1*SU*Us"), []),
        ((BUYER,), [("x12.partner.loop_missing", 4, None)]),
        ((), [("x12.partner.loop_missing", 3, None)]),
        ((SHIP_TO,), [("x12.partner.segment_missing", 4, None)]),
        ((SHIP_TO, BUYER), [("x12.partner.segment_missing", 4, None)]),
        ((SHIP_TO, "N3*A", SHIP_TO, "N3*B"), [("x12.partner.loop_too_often", 5, None)]),
        ((SHIP_TO, "N3*A", BUYER, SHIP_TO, "N3*B"), [("x12.partner.loop_too_often", 6, None)]),
        ((SHIP_TO, "N3*A", "N1*BY*Acme*92*17"), [("x12.partner.length", 5, 4)]),
        ((SHIP_TO, "N3*A", "N1*BY*Acme"), [("x12.partner.element_missing", 5, 4)]),
        ((SHIP_TO, "N3*A", "N1*SU*Us*92*17"), []),
    ],
)
def test_loops_told_apart_by_qualifier_stand_in_any_order_each_with_its_own_rules(x12, segments, wanted) -> None:
    assert told(x12, overlay(KINDS), HEAD, *segments, LINE, "CTT*1") == wanted


def test_segments_told_apart_by_qualifier_are_counted_afresh_in_every_loop(x12) -> None:
    guide = overlay("segments:\n  PO1/REF[VN]: mandatory\n  PO1/REF[DP]: {max: 1}\n  PO1/REF: {max: 3}\n")

    def found(*lines: tuple[str, ...]):
        body = [segment for line in lines for segment in (LINE, *line)]
        return told(x12, guide, HEAD, *body, f"CTT*{len(lines)}")

    assert found(("REF*VN*1", "REF*DP*1"), ("REF*DP*1", "REF*VN*1", "REF*IA*1")) == []
    assert found(("REF*VN*1",), ()) == [("x12.partner.segment_missing", 6, None)]
    assert found(("REF*DP*1",), ("REF*VN*1",)) == [("x12.partner.segment_missing", 5, None)]
    assert found(("REF*DP*1", "REF*VN*1", "REF*DP*2")) == [("x12.partner.segment_too_often", 6, None)]
    four = ("REF*VN*1", "REF*IA*1", "REF*IA*2", "REF*IA*3")
    assert found(four) == [("x12.partner.segment_too_often", 7, None)]
    assert found(four[:3], four[:3]) == []


def test_a_standards_mandatory_loop_is_missed_once_though_told_apart(x12) -> None:
    guide = overlay("segments:\n  HL[S]: {repeat: 1}\n", extends="856@004010")
    st, gs = "ST*856*0001", "GS*SH*ACME*TRADELANE*20260115*1200*1*X*004010"

    def found(*segments: str):
        data = x12.file(x12.group(x12.set(*segments, st=st), gs=gs))
        return [issue.code for issue in issues_of(data, guide) if not issue.code.startswith("x12.hl.")]

    bsn = "BSN*00*S1*20260115*1200"
    assert found(bsn) == ["x12.segment.missing"]
    assert found(bsn, "HL*1**S", "HL*2*1*O", "HL*3*2*I") == []
    assert found(bsn, "HL*1**S", "HL*2*1*O", "HL*3**S") == ["x12.partner.loop_too_often"]


def test_every_other_kind_may_be_left_out(x12) -> None:
    guide = overlay("segments:\n  N1: not used\n  N1[ST]: mandatory\n")
    assert told(x12, guide, HEAD, SHIP_TO, LINE, "CTT*1") == []
    assert told(x12, guide, HEAD, SHIP_TO, BUYER, LINE, "CTT*1") == [("x12.partner.segment_not_used", 4, None)]


def test_a_mandatory_segment_may_be_made_optional(x12) -> None:
    guide = overlay("segments:\n  BEG: optional\n")
    assert told(x12, guide, LINE, "CTT*1") == []


def test_a_component_has_rules_too(x12) -> None:
    guide = overlay("segments:\n  PO1/MEA:\n    elements:\n      MEA04-01: {codes: [EA]}\n")
    assert told(x12, guide, HEAD, LINE, "MEA*WT*G*1*EA", "CTT*1") == []
    assert told(x12, guide, HEAD, LINE, "MEA*WT*G*1*LB", "CTT*1") == [("x12.partner.code", 4, 4)]


def test_what_an_overlay_does_not_speak_of_is_as_in_the_standard(x12, order_segments) -> None:
    guide = overlay("segments:\n  N1[ST]/N4: mandatory\n")
    standard = GuideLibrary.shipped().find("850", "004010")
    assert told(x12, guide, *order_segments) == []
    bad = ("BEG*00*SA", "N1*ST", "PO1*1*x", "ZZZ*1", "CTT*1")
    assert [f for f in told(x12, guide, *bad) if not f[0].startswith("x12.partner")] == told(x12, standard, *bad)


FAULTY = """\
extends: 850@004010
colour: red
segments:
  BGE: mandatory
  PO4: mandatory
  BEG: not used
  CUR: manditory
  N1[STT]: mandatory
  CTP[AA]/N1: mandatory
  N1[ST|BY]: mandatory
  N1[ST]: {max: 3, repeat: 2}
  PO1:
    repeat: none
    elements:
      PO199: mandatory
      PO103: {codes: [EAA]}
      PO104: {min: 9, max: 3}
      PO108: {codes+: [TOOLONG]}
    conditions: [Z0102, P0199]
  DTM:
    elements:
      DTM02: {max: 6}
extra:
  - {segment: NTF, after: PO1/PID}
  - {segment: NTE}
"""


def test_every_mistake_is_told_at_once_with_its_line_and_column() -> None:
    with pytest.raises(LoadError) as caught:
        read_overlay(FAULTY.encode(), file="850.in.yaml", label=LABEL, guides=GuideLibrary.shipped())
    found = [str(fault) for fault in caught.value.faults]
    wanted = [
        ("2:1", 'no key "colour"'),
        ("4:3", 'did you mean "BEG"'),
        ("5:3", "it stands in"),
        ("6:8", "the standard makes it mandatory"),
        ("7:8", 'did you mean "mandatory"'),
        ("8:3", '"STT" is no code of N101'),
        ("9:3", "CTP"),
        ("11:3", "the qualifier ST stands in two different lists"),
        ("11:28", "say the same"),
        ("13:13", "want a whole number"),
        ("15:7", 'no element "PO199"'),
        ("16:23", '"EAA" is no code of PO103'),
        ("17:7", "would be 9 to 3 long"),
        ("18:24", "cannot be a code of PO108"),
        ("19:18", '"Z0102" is no condition'),
        ("19:25", "past PO125"),
        ("22:20", "is a date"),
        ("24:15", 'no segment "NTF"'),
        ("25:5", "needs the keys segment and after"),
    ]
    for (place, words), fault in zip(wanted, found, strict=True):
        assert fault.startswith(f"850.in.yaml:{place}: "), fault
        assert words in fault


@pytest.mark.parametrize(
    ("extends", "said"),
    [
        ("", "needs extends"),
        ("extends: 850\n", "needs extends"),
        ("extends: 8500@004010\n", "needs extends"),
        ("extends: 859@004010\n", 'did you mean "8[56]'),
        ("extends: 850@004011\n", 'did you mean "004010"'),
    ],
)
def test_an_overlay_extends_a_guide_there_is(extends, said) -> None:
    with pytest.raises(LoadError, match=said):
        read_overlay(f"{extends}segments: {{}}\n".encode(), file="f.yaml", label="f", guides=GuideLibrary.shipped())


def test_the_standards_guide_is_left_as_it_was() -> None:
    standard = GuideLibrary.shipped().find("850", "004010")
    merged = overlay(KINDS)
    assert merged is not standard
    assert (merged.overlay, standard.overlay) == (LABEL, "")
    assert all(use.qualifier is None and use.ruling is None for use in standard.root.walk())
