"""What is read from a partner's TA1, 997 and 999."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.errors import Issue, Position, Severity
from translators.tree import Segment
from translators.x12.acknowledge import AcknowledgmentBuilder, AcknowledgmentTerms
from translators.x12.acknowledge_form import AcknowledgmentForm
from translators.x12.acknowledged import (
    AcknowledgedGroup,
    AcknowledgedInterchange,
    Outcome,
    read_acknowledgment,
    read_note,
)
from translators.x12.guide import GuideLibrary
from translators.x12.model import (
    Delimiters,
    GroupEnd,
    GroupHeader,
    GroupStart,
    InterchangeEnd,
    InterchangeHeader,
    InterchangeNote,
    InterchangeStart,
    ReaderEvent,
    TransactionSet,
)
from translators.x12.reader import ReadOptions, read_x12
from translators.x12.writer import ControlNumbers, write_interchange

VECTORS = Path(__file__).parents[2] / "vectors" / "x12"
ANSWERED = sorted(path.parent for path in VECTORS.glob("ack*/*/out.*.edi"))
FORMS = tuple(AcknowledgmentForm)
AT = datetime(2024, 3, 5, 9, 7, tzinfo=UTC)
HEAD = (
    "ISA*00*          *00*          *ZZ*PARTNER        *ZZ*US             *240305*0907*U*00401*000000005*0*P*>~"
    "GS*FA*PARTNER*US*20240305*0907*6*X*004010~"
)
OF_AK501 = {"A": Outcome.ACCEPTED, "E": Outcome.WITH_ERRORS, "P": Outcome.PARTIAL, "R": Outcome.REJECTED}


def read(data: bytes) -> list[AcknowledgedGroup]:
    """The acknowledgments of a file."""
    found = read_x12([data], guides=GuideLibrary.shipped(), options=ReadOptions(keep_tree=True))
    said = [read_acknowledgment(event) for event in found if isinstance(event, TransactionSet)]
    return [each for each in said if each is not None]


def notes_of(data: bytes) -> list[AcknowledgedInterchange]:
    return [
        read_note(event)
        for event in read_x12([data], guides=GuideLibrary.shipped())
        if isinstance(event, InterchangeNote)
    ]


def said(*segments: str, code: str = "997") -> AcknowledgedGroup:
    """What a partner's acknowledgment with these segments says."""
    body = "".join(f"{segment}~" for segment in segments)
    head = HEAD if code == "997" else HEAD.replace("*U*00401", "*^*00501").replace("004010", "005010")
    file = f"{head}ST*{code}*0001~{body}SE*{len(segments) + 2}*0001~GE*1*6~IEA*1*000000005~"
    (group,) = read(file.encode("ascii"))
    return group


def contradictions(group: AcknowledgedGroup) -> list[str]:
    return [issue.message for issue in group.issues if issue.code == "x12.acknowledged.contradiction"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", sorted(set(ANSWERED)), ids=lambda case: f"{case.parent.name}-{case.name}")
def test_every_golden_answer_reads_back_to_what_it_was_made_from(case: Path, form: AcknowledgmentForm) -> None:
    events = read_x12([(case / "in.edi").read_bytes()], guides=GuideLibrary.shipped(), options=ReadOptions())
    builder = AcknowledgmentBuilder(AcknowledgmentTerms(form=form))
    made = [answer for event in events for answer in builder.take(event)]
    for path in case.glob(f"out.{form.value}.edi"):
        statuses = [status for answer in made for status in answer.group_statuses]
        found = read(path.read_bytes())
        for group, status in zip(found, statuses, strict=True):
            assert group.kind == form.value
            assert group.outcome is OF_AK501[status.code]
            assert (group.received, group.accepted) == (status.received, status.accepted)
            assert contradictions(group) == []
    for path in case.glob("out.ta1.edi"):
        notes = [answer.note for answer in made if answer.note is not None]
        assert [(note.outcome, note.note) for note in notes_of(path.read_bytes())] == [
            (OF_AK501[note.code], note.note) for note in notes
        ]


@pytest.mark.parametrize("version", ["003020", "003050", "004030", "004060VICS", "005020", "007030"])
def test_an_acknowledgment_of_a_version_without_a_guide_is_read_by_the_nearest(version: str) -> None:
    date = "20240305" if version > "004" else "240305"  # GS04 has its century from 004010 on
    head = HEAD.replace("*20240305*0907*6*X*004010", f"*{date}*0907*6*X*{version}")
    file = f"{head}ST*997*0001~AK1*PO*7~AK2*850*0003~AK3*BEG*2**8~AK4*1*353*7*QQ~AK5*R*5~AK9*P*2*2*1~SE*8*0001~"
    data = f"{file}GE*1*6~IEA*1*000000005~".encode("ascii")
    events = list(read_x12([data], guides=GuideLibrary.shipped()))
    assert [str(issue) for event in events for issue in event.issues] == []
    (group,) = read(data)
    assert (group.outcome, [(each.control_number, each.outcome) for each in group.sets]) == (
        Outcome.PARTIAL,
        [("0003", Outcome.REJECTED)],
    )


def test_an_acknowledgment_of_what_is_no_version_is_not_read() -> None:
    head = HEAD.replace("*X*004010", "*X*ABC")
    data = f"{head}ST*997*0001~AK1*PO*7~AK9*A*1*1*1~SE*4*0001~GE*1*6~IEA*1*000000005~".encode("ascii")
    codes = [issue.code for event in read_x12([data], guides=GuideLibrary.shipped()) for issue in event.issues]
    assert codes == ["x12.gs.unsupported_version", "x12.st.unsupported", "x12.gs.unsupported_version"]
    assert read(data) == []


def test_a_note_on_an_element_is_an_issue_at_its_place_in_our_document() -> None:
    segments = ["AK1*PO*12", "AK2*850*0001", "AK3*MEA*5*LDT*8", "AK4*4>1*355*7*QZ", "AK5*R*5", "AK9*R*1*1*0"]
    group = said(*segments)
    assert (group.functional_id, group.control_number, group.version) == ("PO", "12", "")
    (found,) = group.sets
    assert (found.code, found.control_number, found.outcome, found.codes) == ("850", "0001", Outcome.REJECTED, ("5",))
    place = Position(loop="LDT", segment_id="MEA", segment=5, element=4, component=1)
    message = "the partner says AK403 7: not in its code list"
    assert found.issues == [Issue("x12.element.code", message, place, Severity.ERROR, 5, "QZ")]


def test_a_999_says_the_version_the_repetition_and_the_rules_of_an_implementation() -> None:
    group = said(
        "AK1*PO*12*005010VICS",
        "AK2*850*0001*GUIDE-7",
        "IK3*PO1*4**8",
        "CTX*BEG03>PO-1001",
        "IK4*2>>3*380*12*13",
        "IK3*N1*3**I8",
        "IK4*5*639*I6*QZ",
        "IK5*R*5*I5",
        "AK9*R*1*1*0",
        code="999",
    )
    assert (group.kind, group.version) == ("999", "005010VICS")
    (found,) = group.sets
    assert found.convention == "GUIDE-7"
    assert [(issue.code, issue.position.segment, issue.position.repetition) for issue in found.issues] == [
        ("x12.element.too_many_repetitions", 4, 3),
        ("x12.partner.code", 3, None),
        ("x12.partner.segment_missing", 3, None),
    ]


def test_a_segment_in_error_without_a_note_on_an_element_is_one_issue() -> None:
    group = said("AK1*PO*12", "AK2*850*0001", "AK3*PO1*4**8", "AK3*QQQ*5**1", "AK5*E*5", "AK9*E*1*1*1")
    assert [(issue.code, issue.severity) for issue in group.sets[0].issues] == [
        ("x12.acknowledged.segment", Severity.WARNING),
        ("x12.segment.unrecognized", Severity.WARNING),
    ]


def test_codes_of_a_set_and_of_its_group_are_issues() -> None:
    group = said("AK1*PO*12", "AK2*850*0001", "AK5*R*3*13", "AK9*R*2*1*0*5*4")
    assert [issue.code for issue in group.sets[0].issues] == ["x12.se.control_number", "x12.acknowledged.other"]
    assert (group.codes, [issue.code for issue in group.issues]) == (
        ("5", "4"),
        ["x12.ge.set_count", "x12.ge.control_number"],
    )
    assert group.included == 2


@pytest.mark.parametrize(
    ("code", "accepted", "wanted"),
    [("A", 3, Outcome.ACCEPTED), ("E", 3, Outcome.ACCEPTED), ("R", 0, Outcome.REJECTED), ("P", 2, Outcome.UNKNOWN)],
)
def test_a_group_whose_sets_are_not_named_speaks_for_all_of_them_unless_partial(code, accepted, wanted) -> None:
    assert said("AK1*PO*12", f"AK9*{code}*3*3*{accepted}").outcome_of("850", "0001") is wanted


def test_sets_not_named_are_accepted_if_every_rejected_one_is_named() -> None:
    group = said("AK1*PO*12", "AK2*850*0002", "AK5*R*5", "AK9*P*3*3*2")
    assert group.outcome_of("850", "0002") is Outcome.REJECTED
    assert group.outcome_of("850", "0001") is Outcome.ACCEPTED


def test_sets_not_named_are_unknown_if_a_rejected_one_is_not_named() -> None:
    group = said("AK1*PO*12", "AK2*850*0002", "AK5*R*5", "AK9*P*4*4*2")
    assert group.outcome_of("850", "0001") is Outcome.UNKNOWN


@pytest.mark.parametrize("code", "RMWX")
def test_a_rejection_for_security_is_a_rejection(code: str) -> None:
    group = said("AK1*PO*12", "AK2*850*0001", f"AK5*{code}*5", f"AK9*{code}*1*1*0")
    assert group.outcome is group.sets[0].outcome is group.outcome_of("850", "0001") is Outcome.REJECTED


def test_of_two_sets_with_one_number_the_worse_counts() -> None:
    group = said("AK1*PO*12", "AK2*850*0001", "AK5*R*23", "AK2*850*0001", "AK5*A", "AK9*P*2*2*1")
    assert group.outcome_of("850", "0001") is Outcome.REJECTED
    assert contradictions(group) == []


@pytest.mark.parametrize(
    ("segments", "wanted"),
    [
        (["AK9*A*1*1*2"], "AK904 is 2, more than the 1 sets of AK903"),
        (["AK2*850*0001", "AK5*A", "AK2*850*0002", "AK5*A", "AK9*A*1*1*1"], "2 sets are named, more than the 1"),
        (["AK2*850*0001", "AK5*A", "AK9*P*2*2*0"], "1 sets are named as accepted, AK904 is 0"),
        (["AK2*850*0001", "AK5*R*5", "AK9*A*1*1*1"], "1 sets are named as rejected; by AK903 and AK904 there are 0"),
        (["AK9*A*2*2*1"], "the group is accepted, but only 1 of its 2 sets"),
        (["AK9*P*2*2*2"], "the group is accepted in part, and 2 of its 2 sets"),
        (["AK9*R*2*2*1"], "the group is rejected, and 1 of its sets accepted"),
        (["AK2*850*0001", "AK5*A", "AK9*R*1*1*0"], "the group is rejected, and 1 of its sets accepted"),
    ],
)
def test_an_acknowledgment_that_contradicts_itself_is_told(segments: list[str], wanted: str) -> None:
    assert any(wanted in message for message in contradictions(said("AK1*PO*12", *segments)))


def test_a_set_without_its_ak5_is_unknown_and_keeps_its_notes() -> None:
    group = said("AK1*PO*12", "AK2*850*0001", "AK3*QQQ*5**1", "AK9*P*2*2*1")
    assert group.sets[0].outcome is group.outcome_of("850", "0001") is Outcome.UNKNOWN
    assert [issue.code for issue in group.sets[0].issues] == ["x12.segment.unrecognized"]


def test_an_acknowledgment_without_ak9_says_nothing_of_the_group() -> None:
    group = said("AK1*PO*12", "AK2*850*0001", "AK5*A")
    assert group.outcome is Outcome.UNKNOWN
    assert group.outcome_of("850", "0001") is Outcome.ACCEPTED
    assert group.outcome_of("850", "0002") is Outcome.UNKNOWN


def test_another_set_and_one_without_a_tree_are_none() -> None:
    file = (VECTORS / "ack" / "accepted-one-set" / "in.edi").read_bytes()
    assert read(file) == []
    own = (VECTORS / "ack" / "accepted-one-set" / "out.997.edi").read_bytes()
    events = read_x12([own], guides=GuideLibrary.shipped())
    assert [read_acknowledgment(event) for event in events if isinstance(event, TransactionSet)] == [None]


def test_a_ta1_says_which_interchange_and_why() -> None:
    isa = Segment(HEAD.split("~")[0].split("*"), ordinal=1, offset=0)
    header = InterchangeHeader(1, 0, Delimiters(), isa)
    ta1 = Segment(["TA1", "000000077", "240304", "1530", "R", "001"], ordinal=2, offset=106)
    found = read_note(InterchangeNote(header, ta1))
    assert (found.control_number, found.date, found.time) == ("000000077", "240304", "1530")
    assert (found.outcome, found.note) == (Outcome.REJECTED, "001")
    assert [(issue.code, issue.severity) for issue in found.issues] == [("x12.iea.control_number", Severity.ERROR)]


@pytest.mark.parametrize(
    ("note", "code"),
    [("023", "x12.iea.missing"), ("024", "x12.acknowledged.other"), ("031", "x12.acknowledged.other")],
)
def test_a_note_of_a_ta1_says_no_more_than_the_partner_did(note: str, code: str) -> None:
    isa = Segment(HEAD.split("~")[0].split("*"), ordinal=1, offset=0)
    ta1 = Segment(["TA1", "000000077", "240304", "1530", "E", note], ordinal=2, offset=106)
    found = read_note(InterchangeNote(InterchangeHeader(1, 0, Delimiters(), isa), ta1))
    assert [(issue.code, issue.severity) for issue in found.issues] == [(code, Severity.WARNING)]


@pytest.mark.parametrize("code", ["P", "", "M"])
def test_a_ta1_with_another_status_is_unknown(code: str) -> None:
    isa = Segment(HEAD.split("~")[0].split("*"), ordinal=1, offset=0)
    ta1 = Segment(["TA1", "000000077", "240304", "1530", code, "000"], ordinal=2, offset=106)
    found = read_note(InterchangeNote(InterchangeHeader(1, 0, Delimiters(), isa), ta1))
    assert (found.outcome, found.issues) == (Outcome.UNKNOWN, [])


FAULTY = ("x12.element.missing", "x12.segment.unrecognized", "x12.se.control_number", "x12.element.too_long")


@st.composite
def issues(draw: st.DrawFn) -> Issue:
    code = draw(st.sampled_from(FAULTY))
    element = draw(st.integers(1, 20)) if "element" in code else None
    place = Position(segment_id="PO1", segment=draw(st.integers(2, 50)), element=element)
    severity = draw(st.sampled_from(Severity))
    return Issue(code, "made by hypothesis", place, severity, 1, draw(st.none() | st.text("AB*>~ 9", max_size=9)))


@given(
    sets=st.lists(st.lists(issues(), max_size=4), min_size=1, max_size=8),
    form=st.sampled_from(FORMS),
    refused=st.booleans(),
)
def test_whatever_we_answer_reads_back_set_by_set(
    sets: list[list[Issue]], form: AcknowledgmentForm, refused: bool
) -> None:
    isa = HEAD.split("~")[0].split("*")
    header = InterchangeHeader(1, 0, Delimiters(), Segment(isa, ordinal=1, offset=0))
    gs = ["GS", "PO", "PARTNER", "US", "20240305", "0907", "6", "X", "004010"]
    group = GroupHeader(1, 106, Segment(gs, ordinal=1, offset=106))
    events: list[ReaderEvent] = [InterchangeStart(header), GroupStart(header, group)]
    numbers = [f"{number:04d}" for number in range(1, len(sets) + 1)]
    for ordinal, (number, found) in enumerate(zip(numbers, sets, strict=True), 1):
        events.append(TransactionSet(header, group, ordinal, "850", number, 9, 0, 0, None, found))
    bad = sum(any(issue.severity is Severity.ERROR for issue in found) for found in sets)
    trailing = [Issue("x12.ge.set_count", "made by hypothesis", Position())] if refused else []
    events.append(GroupEnd(header, group, len(sets), len(sets), len(sets) - bad, trailing))
    events.append(InterchangeEnd(header, 1, 0, []))
    builder = AcknowledgmentBuilder(AcknowledgmentTerms(form=form))
    (answer,) = [answer for event in events for answer in builder.take(event) if answer.kind == form.value]
    group_numbers = count(7)
    control = ControlNumbers(5, tuple(next(group_numbers) for _ in answer.interchange.groups))
    (read_back,) = read(write_interchange(answer.interchange, numbers=control, at=AT))
    assert contradictions(read_back) == []
    for number, found in zip(numbers, sets, strict=True):
        outcome = Outcome.WITH_ERRORS if found else Outcome.ACCEPTED
        if refused or any(issue.severity is Severity.ERROR for issue in found):
            outcome = Outcome.REJECTED
        if bad == len(sets):
            outcome = Outcome.REJECTED
        assert read_back.outcome_of("850", number) is outcome
