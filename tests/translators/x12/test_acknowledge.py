"""What the acknowledgment builder answers to events made by hand."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from translators.errors import Issue, Position, Severity
from translators.tree import Loop, Segment
from translators.x12.acknowledge import (
    AcknowledgmentBuilder,
    AcknowledgmentPolicy,
    AcknowledgmentTerms,
    Answer,
    GroupStatus,
    InterchangeStatus,
)
from translators.x12.model import (
    Delimiters,
    GroupEnd,
    GroupHeader,
    GroupStart,
    InterchangeEnd,
    InterchangeHeader,
    InterchangeNote,
    InterchangeStart,
    Stray,
    TransactionSet,
)
from translators.x12.writer import ControlNumbers, write_interchange

AT = datetime(2024, 3, 5, 9, 7, tzinfo=UTC)
ISA = ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", "BUYER", "01", "987654321"]
ISA += ["240304", "1530", "U", "00401", "000000077", "0", "P", ">"]


def fault(code: str, *where: object, value: str | None = None, warning: bool = False) -> Issue:
    """An issue at (segment ordinal, segment id, element, component)."""
    names = ("segment", "segment_id", "element", "component")
    position = Position(**dict(zip(names, where, strict=False)))  # type: ignore[arg-type]
    severity = Severity.WARNING if warning else Severity.ERROR
    return Issue(code, "made by hand", position, severity, 1, value)


@dataclass
class Group:
    """A group to feed: its sets as (ST01, ST02, issues)."""

    sets: list[tuple[str, str, list[Issue]]] = field(default_factory=lambda: [("850", "0001", [])])
    issues: list[Issue] = field(default_factory=list)
    gs: tuple[str, ...] = ("PO", "BUYERAPP", "SELLERAPP", "20240304", "1530", "12", "X", "004010")
    included: int | None = None


def header(isa: list[str] | None = None, delimiters: Delimiters | None = None) -> InterchangeHeader:
    segment = Segment(isa or ISA, ordinal=1, offset=0)
    return InterchangeHeader(1, 0, delimiters or Delimiters(), segment)


def isa_with(**changed: str) -> list[str]:
    """ISA with elements changed, as `e13="..."`."""
    elements = list(ISA)
    for name, value in changed.items():
        elements[int(name[1:])] = value
    return elements


def answers(
    *groups: Group,
    terms: AcknowledgmentTerms | None = None,
    isa: InterchangeHeader | None = None,
    issues: tuple[Issue, ...] = (),
    note: bool = False,
) -> list[Answer]:
    """Feed one interchange and collect what comes out, all of it at the end."""
    head = isa or header()
    builder = AcknowledgmentBuilder(terms)
    found: list[Answer] = []
    found += builder.take(InterchangeStart(head, list(issues)))
    if note:
        ta1 = Segment(["TA1", "000000001", "240304", "1530", "A", "000"], ordinal=1, offset=0)
        found += builder.take(InterchangeNote(head, ta1))
    for number, group in enumerate(groups, 1):
        gs = GroupHeader(number, 0, Segment(["GS", *group.gs], ordinal=1, offset=0))
        found += builder.take(GroupStart(head, gs, list(group.issues)))
        accepted = 0
        for ordinal, (code, control_number, set_issues) in enumerate(group.sets, 1):
            one = TransactionSet(head, gs, ordinal, code, control_number, 9, 0, 0, None, set_issues)
            accepted += one.accepted
            found += builder.take(one)
        received = len(group.sets)
        included = received if group.included is None else group.included
        found += builder.take(GroupEnd(head, gs, included, received, accepted, list(group.issues)))
    assert found == []
    return builder.take(InterchangeEnd(head, len(groups), 0, list(issues)))


def lines(found: list[Answer], kind: str = "997") -> list[str]:
    """The segments of the one answer of a kind, between GS and GE (997) or ISA and IEA (TA1), ST and SE left out."""
    (answer,) = [answer for answer in found if answer.kind == kind]
    return body(answer)


def body(answer: Answer) -> list[str]:
    delimiters = answer.interchange.delimiters
    text = sent(answer)
    segments = [line.strip("\r\n") for line in text.split(delimiters.segment)]
    return [line for line in segments if line[:2] in ("AK", "TA")]


def sent(answer: Answer) -> str:
    numbers = ControlNumbers(5, tuple(range(6, 6 + len(answer.interchange.groups))))
    return write_interchange(answer.interchange, numbers=numbers, at=AT).decode("latin-1")


def test_a_clean_group_is_accepted_and_sent_back_with_everything_swapped() -> None:
    (answer,) = answers(Group())
    assert sent(answer) == (
        "ISA*00*          *00*          *01*987654321      *ZZ*BUYER          *240305*0907*U*00401*000000005*0*P*>~"
        "GS*FA*SELLERAPP*BUYERAPP*20240305*0907*6*X*004010~"
        "ST*997*0001~AK1*PO*12~AK2*850*0001~AK5*A~AK9*A*1*1*1~SE*6*0001~"
        "GE*1*6~IEA*1*000000005~"
    )
    assert answer.kind == "997"
    assert answer.group_statuses == [GroupStatus(1, "PO", "12", "A", 1, 1)]
    assert answer.note is None
    assert answer.about.control_number == "000000077"


def test_delimiters_line_end_usage_and_version_are_mirrored() -> None:
    delimiters = Delimiters("|", ":", "'", "^", "\r\n")
    isa = header(isa_with(e12="00501", e15="T"), delimiters)
    gs = ("PO", "BUYERAPP", "SELLERAPP", "20240304", "1530", "12", "X", "005010X231A1")
    (answer,) = answers(Group(gs=gs), isa=isa)
    text = sent(answer)
    assert text[103:108] == "|:'\r\n"
    assert text[82:89] == "^|00501"
    assert "|T|" in text[:106]
    assert "|X|005010'\r\n" in text


def test_a_repetition_separator_is_not_mirrored_where_the_version_has_none() -> None:
    (answer,) = answers(Group(), isa=header(delimiters=Delimiters(repetition="^")))
    assert answer.interchange.delimiters == Delimiters()


def test_all_groups_of_an_interchange_are_answered_in_one_group_of_one_interchange() -> None:
    second = Group(gs=("IN", "BUYERAPP", "SELLERAPP", "20240304", "1530", "13", "X", "004010VICS"), sets=[])
    (answer,) = answers(Group(), second)
    (group,) = answer.interchange.groups
    assert len(group.sets) == 2
    assert body(answer) == ["AK1*PO*12", "AK2*850*0001", "AK5*A", "AK9*A*1*1*1", "AK1*IN*13", "AK9*A*0*0*0"]
    assert [status.ordinal for status in answer.group_statuses] == [1, 2]


def test_groups_of_other_parties_or_releases_cannot_share_a_group() -> None:
    older = Group(gs=("PO", "BUYERAPP", "SELLERAPP", "20240304", "1530", "13", "X", "003050"))
    other = Group(gs=("PO", "STORES", "SELLERAPP", "20240304", "1530", "14", "X", "004010"))
    (answer,) = answers(Group(), older, other)
    found = [(group.receiver, group.version) for group in answer.interchange.groups]
    assert found == [("BUYERAPP", "004010"), ("BUYERAPP", "003050"), ("STORES", "004010")]


def test_a_group_with_good_and_bad_sets_is_partly_accepted() -> None:
    bad = [fault("x12.element.code", 5, "PO1", 3, value="QQ")]
    found = answers(Group([("850", "0001", []), ("850", "0002", bad), ("850", "0003", [])]))
    assert lines(found) == [
        "AK1*PO*12",
        "AK2*850*0001",
        "AK5*A",
        "AK2*850*0002",
        "AK3*PO1*5**8",
        "AK4*3*355*7*QQ",
        "AK5*R*5",
        "AK2*850*0003",
        "AK5*A",
        "AK9*P*3*3*2",
    ]


def test_a_group_of_bad_sets_only_is_rejected() -> None:
    bad = [fault("x12.se.segment_count")]
    found = answers(Group([("850", "0001", bad), ("850", "0002", bad)]))
    assert lines(found)[-1] == "AK9*R*2*2*0"
    assert lines(found).count("AK5*R*4") == 2


def test_warnings_alone_accept_with_errors_noted() -> None:
    noted = [fault("x12.element.too_long", 3, "REF", 2, value="A" * 31, warning=True)]
    found = answers(Group([("850", "0001", noted)]))
    assert lines(found)[2:] == ["AK3*REF*3**8", "AK4*2*127*5*" + "A" * 31, "AK5*E*5", "AK9*E*1*1*1"]


def test_a_set_passed_through_unread_is_accepted_plainly() -> None:
    found = answers(Group([("850", "0001", [fault("x12.st.unsupported", warning=True)])]))
    assert lines(found)[1:] == ["AK2*850*0001", "AK5*A", "AK9*A*1*1*1"]


def test_what_the_997_has_no_code_for_is_not_in_it() -> None:
    quiet = [fault("x12.balance.count", 7, "CTT", 1, value="3"), fault("partner.rule", 2, "BEG", 1)]
    quiet.append(fault("x12.element.trailing_separators", 2, "BEG", warning=True))
    assert lines(answers(Group([("850", "0001", quiet)])))[1:] == ["AK2*850*0001", "AK5*A", "AK9*A*1*1*1"]


def test_the_faults_of_a_segment_stand_together_one_ak3_for_each_kind() -> None:
    bad = [
        fault("x12.element.missing", 6, "PO1", 2),
        fault("x12.segment.missing", 4, "N1"),
        fault("x12.segment.sequence", 6, "PO1"),
        fault("x12.element.condition", 6, "PO1", 3),
    ]
    assert lines(answers(Group([("850", "0001", bad)])))[2:] == [
        "AK3*N1*4**3",
        "AK3*PO1*6**8",
        "AK4*2*330*1",
        "AK4*3*355*2",
        "AK3*PO1*6**7",
        "AK5*R*5",
        "AK9*R*1*1*0",
    ]


def test_codes_of_a_set_are_distinct_ascending_and_at_most_five() -> None:
    codes = ["se.control_number", "se.segment_count", "se.control_number", "st.control_number"]
    codes += ["st.wrong_group", "segment.unrecognized", "st.duplicate_control_number"]
    bad = [fault(f"x12.{code}", 3, "ZZZ") for code in codes]
    found = lines(answers(Group([("850", "0001", bad)])))
    assert "AK5*R*3*4*5*6*7" in found


def test_a_segment_fault_without_a_code_of_its_own_still_gives_its_set_a_reason() -> None:
    bad = [fault("x12.segment.too_large", 4, "MSG")]
    assert lines(answers(Group([("850", "0001", bad)])))[2:4] == ["AK3*MSG*4**8", "AK5*R*5"]


def test_a_component_is_told_apart_and_its_number_is_that_of_the_component() -> None:
    bad = [fault("x12.element.too_long", 8, "MEA", 4, 1, value="EACH")]
    assert "AK4*4>1*355*5*EACH" in lines(answers(Group([("850", "0001", bad)])))


def test_a_composite_as_a_whole_and_an_unknown_segment_have_no_element_number() -> None:
    bad = [fault("x12.element.missing", 8, "MEA", 4), fault("x12.element.too_many", 9, "ZZZ", 4, value="A")]
    found = lines(answers(Group([("850", "0001", bad)])))
    assert "AK4*4**1" in found
    assert "AK4*4**3*A" in found


@pytest.mark.parametrize(
    ("value", "copied"),
    [
        ("B" * 120, "*" + "B" * 99),
        ("a>b", ""),
        ("a*b", ""),
        ("a~b", ""),
        ("a\x07b", ""),
        ("10 €", ""),
        ("M\xfcller", ""),
        ("   ", ""),
        ("AB  ", "*AB"),
        ("", ""),
    ],
)
def test_a_bad_value_is_copied_cut_or_left_out(value: str, copied: str) -> None:
    bad = [fault("x12.element.too_long", 3, "REF", 2, value=value)]
    assert f"AK4*2*127*5{copied}" in lines(answers(Group([("850", "0001", bad)])))


def test_a_repetition_separator_in_a_bad_value_leaves_it_out() -> None:
    isa = header(isa_with(e12="00501"), Delimiters(repetition="!"))
    bad = [fault("x12.element.too_long", 3, "REF", 2, value="A!B")]
    assert "AK4*2*127*5" in lines(answers(Group([("850", "0001", bad)]), isa=isa))


def test_codes_of_a_later_release_are_told_in_those_of_004010() -> None:
    bad = [fault("x12.element.too_many_components", 8, "MEA", 4, value="A")]
    assert "AK4*4**3*A" in lines(answers(Group([("850", "0001", bad)])))
    gs = ("PO", "BUYERAPP", "SELLERAPP", "20240304", "1530", "12", "X", "005010")
    isa = header(isa_with(e12="00501"))
    assert "AK4*4**13*A" in lines(answers(Group([("850", "0001", bad)], gs=gs), isa=isa))


def test_more_than_99_faults_of_a_segment_take_another_ak3() -> None:
    bad = [fault("x12.element.character", 4, "SLN", 1, 1, value=str(number)) for number in range(100)]
    found = lines(answers(Group([("850", "0001", bad)])))
    assert found[2] == found[102] == "AK3*SLN*4**8"
    assert found[103].endswith("*6*99")


@pytest.mark.parametrize(
    ("where", "ak3"),
    [
        ((5, "X"), "AK3*X *5**1"),
        ((5, "POXX"), "AK3*POX*5**1"),
        ((5, "\x01\x02"), None),
        ((5, ""), None),
        ((1_000_000, "PO1"), None),
        ((999_999, "PO1"), "AK3*PO1*999999**1"),
    ],
)
def test_a_segment_ak3_cannot_name_is_told_by_ak5_alone(where: tuple[int, str], ak3: str | None) -> None:
    found = lines(answers(Group([("850", "0001", [fault("x12.segment.unrecognized", *where)])])))
    assert found[2:-1] == ([ak3] if ak3 else []) + ["AK5*R*5"]


def test_an_element_ak4_cannot_number_leaves_only_its_ak3() -> None:
    found = lines(answers(Group([("850", "0001", [fault("x12.element.too_many", 5, "PO1", 100, value="A")])])))
    assert found[2:4] == ["AK3*PO1*5**8", "AK5*R*5"]


@pytest.mark.parametrize(
    ("sent_as", "ak2"),
    [
        (("850", "1"), "AK2*850*1   "),
        (("850", ""), "AK2*850*0000"),
        (("850", "1234567890"), "AK2*850*123456789"),
        (("", "0001"), "AK2*000*0001"),
        (("85\x00", "0001"), "AK2*000*0001"),
    ],
)
def test_a_set_badly_named_is_answered_as_well_as_ak2_can(sent_as: tuple[str, str], ak2: str) -> None:
    assert ak2 in lines(answers(Group([(*sent_as, [fault("x12.st.control_number", 1, "ST", 2)])])))


def test_a_refused_set_without_a_guide_says_so() -> None:
    found = lines(answers(Group([("998", "0001", [fault("x12.st.unsupported", 1, "ST", 1, value="998")])])))
    assert found == ["AK1*PO*12", "AK2*998*0001", "AK5*R*1", "AK9*R*1*1*0"]


@pytest.mark.parametrize(("code", "ak905"), [("gs.unsupported_group", "1"), ("gs.unsupported_version", "2")])
def test_a_group_refused_unread_names_no_set(code: str, ak905: str) -> None:
    sets = [("850", "0001", []), ("850", "0002", [fault("x12.st.unsupported")])]
    found = answers(Group(sets, [fault(f"x12.{code}")]))
    assert lines(found) == ["AK1*PO*12", f"AK9*R*2*2*0*{ak905}"]


def test_a_group_refused_for_its_trailer_calls_no_set_accepted() -> None:
    noted = [fault("x12.element.too_long", 3, "REF", 2, value="A" * 31, warning=True)]
    sets = [("850", "0001", []), ("850", "0002", [fault("x12.se.missing")]), ("850", "0003", noted)]
    found = answers(Group(sets, [fault("x12.ge.set_count")], included=4))
    assert lines(found) == ["AK1*PO*12", "AK2*850*0002", "AK5*R*2", "AK9*R*4*3*0*5"]
    assert found[0].group_statuses == [GroupStatus(1, "PO", "12", "R", 3, 0)]


def test_the_other_faults_of_a_group_have_their_codes() -> None:
    bad = ["ge.missing", "ge.control_number", "gs.element", "gs.duplicate_control_number"]
    found = answers(Group(issues=[fault(f"x12.{code}") for code in bad], included=-1))
    assert lines(found)[-1] == "AK9*R*1*1*0*3*4*6"


def test_a_warning_about_a_group_accepts_it_with_errors_noted() -> None:
    found = answers(Group(issues=[fault("x12.ge.set_count", warning=True)], included=2))
    assert lines(found)[-1] == "AK9*E*2*1*1*5"


@pytest.mark.parametrize("number", ["A12", "1234567890", ""])
def test_a_group_number_ak1_cannot_hold_is_zero_there(number: str) -> None:
    gs = ("PO", "BUYERAPP", "SELLERAPP", "20240304", "1530", number, "X", "004010")
    found = answers(Group(gs=gs, issues=[fault("x12.gs.control_number", 1, "GS", 6)]))
    assert lines(found) == ["AK1*PO*0", "AK9*R*1*1*0*6"]


def test_a_group_ak1_cannot_name_is_told_by_a_ta1() -> None:
    gs = ("", "BUYERAPP", "SELLERAPP", "20240304", "1530", "12", "X", "004010")
    found = answers(Group(gs=gs, issues=[fault("x12.gs.unsupported_group", 1, "GS", 1)]), Group())
    assert lines(found, "TA1") == ["TA1*000000077*240304*1530*E*024"]
    assert len(lines(found)) == 4


def test_application_codes_that_cannot_be_copied_give_way_to_the_ids_of_the_interchange() -> None:
    gs = ("PO", "", "SEL>LER", "20240304", "1530", "12", "X", "4010")
    (answer,) = answers(Group(gs=gs))
    (group,) = answer.interchange.groups
    assert (group.sender, group.receiver, group.version) == ("987654321", "BUYER", "004010")


@pytest.mark.parametrize(
    ("terms", "kinds"),
    [
        (AcknowledgmentTerms(), ["997"]),
        (AcknowledgmentTerms(functional=AcknowledgmentPolicy.ON_ERROR), []),
        (AcknowledgmentTerms(functional=AcknowledgmentPolicy.NEVER), []),
        (AcknowledgmentTerms(interchange=AcknowledgmentPolicy.ALWAYS), ["TA1", "997"]),
    ],
)
def test_a_clean_interchange_is_answered_as_the_terms_say(terms: AcknowledgmentTerms, kinds: list[str]) -> None:
    assert [answer.kind for answer in answers(Group(), terms=terms)] == kinds


def test_on_error_answers_the_groups_with_errors_only() -> None:
    terms = AcknowledgmentTerms(functional=AcknowledgmentPolicy.ON_ERROR)
    gs = ("PO", "BUYERAPP", "SELLERAPP", "20240304", "1530", "13", "X", "004010")
    found = answers(Group(), Group([("850", "0001", [fault("x12.se.missing")])], gs=gs), terms=terms)
    assert lines(found)[0] == "AK1*PO*13"
    assert [status.ordinal for status in found[0].group_statuses] == [2]


def test_a_sender_who_asks_gets_his_ta1() -> None:
    asked = header(isa_with(e14="1"))
    found = answers(Group(), isa=asked)
    assert lines(found, "TA1") == ["TA1*000000077*240304*1530*A*000"]
    assert found[0].note == InterchangeStatus("A", "000")
    assert sent(found[0]).endswith("~TA1*000000077*240304*1530*A*000~IEA*0*000000005~")
    never = AcknowledgmentTerms(interchange=AcknowledgmentPolicy.NEVER)
    assert [answer.kind for answer in answers(Group(), isa=asked, terms=never)] == ["997"]


def test_a_refused_interchange_gets_a_ta1_and_no_997() -> None:
    (answer,) = answers(Group(), issues=(fault("x12.iea.control_number"),))
    assert body(answer) == ["TA1*000000077*240304*1530*R*001"]
    assert answer.note == InterchangeStatus("R", "001")


def test_of_several_faults_the_first_error_is_told() -> None:
    issues = (fault("x12.isa.date", warning=True), fault("x12.file.stray_text"), fault("x12.iea.group_count"))
    issues += (fault("x12.iea.control_number"),)
    assert lines(answers(issues=issues), "TA1") == ["TA1*000000077*240304*1530*R*021"]


def test_a_warning_about_the_interchange_accepts_it_with_errors_noted() -> None:
    found = answers(Group(), issues=(fault("x12.iea.group_count", warning=True),))
    assert [answer.kind for answer in found] == ["TA1", "997"]
    assert lines(found, "TA1") == ["TA1*000000077*240304*1530*E*021"]


def test_a_refusal_without_a_note_code_is_invalid_content() -> None:
    assert lines(answers(issues=(fault("x12.segment.empty"),)), "TA1") == ["TA1*000000077*240304*1530*R*024"]


def test_a_ta1_holds_zeros_for_what_it_cannot_copy() -> None:
    isa = header(isa_with(e9="2403", e10="15:3", e13="ABC"))
    found = answers(isa=isa, issues=(fault("x12.isa.control_number"),))
    assert lines(found, "TA1") == ["TA1*000000000*000000*0000*R*018"]


@pytest.mark.parametrize("kept", [True, False])
def test_acknowledgments_are_never_answered(kept: bool) -> None:
    asked = header(isa_with(e14="1"))
    always = AcknowledgmentTerms(AcknowledgmentPolicy.ALWAYS, AcknowledgmentPolicy.ALWAYS)
    refused = () if kept else (fault("x12.iea.missing"),)
    gs = ("FA", "BUYERAPP", "SELLERAPP", "20240304", "1530", "12", "X", "004010")
    acknowledgments = Group([("997", "0001", [fault("x12.se.missing")])], [fault("x12.ge.missing")], gs)
    assert answers(acknowledgments, isa=asked, terms=always, issues=refused) == []
    assert answers(note=True, isa=asked, terms=always, issues=refused) == []


def test_a_document_beside_acknowledgments_is_answered() -> None:
    gs = ("FA", "BUYERAPP", "SELLERAPP", "20240304", "1530", "11", "X", "004010")
    found = answers(Group([("997", "0001", [])], gs=gs), Group(), note=True)
    assert lines(found) == ["AK1*PO*12", "AK2*850*0001", "AK5*A", "AK9*A*1*1*1"]


def test_text_outside_an_interchange_is_not_answered() -> None:
    builder = AcknowledgmentBuilder()
    assert builder.take(Stray([fault("x12.file.empty")])) == []


@pytest.mark.parametrize(
    "sent_with",
    [
        Delimiters(element="*", component="*"),
        Delimiters(element="A"),
        Delimiters(segment=" "),
        Delimiters(component="-"),
        Delimiters(element="é"),
        Delimiters(element="\n"),
        Delimiters(component="\xa0"),
    ],
)
def test_delimiters_that_cannot_be_mirrored_give_way_to_good_ones(sent_with: Delimiters) -> None:
    isa = header(isa_with(e6="BUY-ER"), sent_with)
    (answer,) = answers(isa=isa, issues=(fault("x12.isa.component_separator"),))
    assert answer.interchange.delimiters == Delimiters()
    assert body(answer) == ["TA1*000000077*240304*1530*R*027"]


def test_a_newline_that_ends_segments_is_not_doubled_by_a_line_end() -> None:
    (answer,) = answers(Group(), isa=header(delimiters=Delimiters(segment="\n", line_end="\n")))
    assert answer.interchange.delimiters == Delimiters(segment="\n", line_end="")


def test_delimiters_that_stand_in_an_id_are_passed_over() -> None:
    isa = header(isa_with(e6="BUY*ER>~", e12="00501"), Delimiters(repetition="^"))
    (answer,) = answers(Group(), isa=isa)
    assert answer.interchange.delimiters == Delimiters("|", ":", "'", "^")
    assert "AK1|PO|12'" in sent(answer)


def test_an_id_of_nothing_but_separators_leaves_those_no_id_can_hold() -> None:
    isa = header(isa_with(e6="*|+~'!>:<", e12="00501"), Delimiters(repetition="^"))
    (answer,) = answers(Group(), isa=isa)
    assert answer.interchange.delimiters == Delimiters("\x1d", "\x1f", "\x1c", "^")
    assert "AK1\x1dPO\x1d12\x1c" in sent(answer)


def test_a_sender_without_a_usable_address_or_version_is_answered_all_the_same() -> None:
    isa = header(isa_with(e5="", e6="\x01\x02", e12="9", e15="?"))
    (answer,) = answers(isa=isa, issues=(fault("x12.isa.sender"),))
    assert answer.interchange.receiver == ("ZZ", "UNKNOWN")
    assert (answer.interchange.version, answer.interchange.usage) == ("00401", "P")
    assert body(answer) == ["TA1*000000077*240304*1530*R*006"]


def test_an_unknown_version_of_the_envelope_is_answered_in_00401() -> None:
    (answer,) = answers(isa=header(isa_with(e12="99999")), issues=(fault("x12.isa.version"),))
    assert answer.interchange.version == "00401"
    assert body(answer) == ["TA1*000000077*240304*1530*R*017"]


def test_interchanges_in_one_file_are_answered_one_by_one() -> None:
    builder = AcknowledgmentBuilder(AcknowledgmentTerms(interchange=AcknowledgmentPolicy.ALWAYS))
    for number in ("000000001", "000000002"):
        head = header(isa_with(e13=number))
        assert builder.take(InterchangeStart(head)) == []
        (answer,) = builder.take(InterchangeEnd(head, 0, 0, []))
        assert body(answer) == [f"TA1*{number}*240304*1530*A*000"]


def test_the_notes_on_a_hopeless_file_are_bounded_and_every_set_is_still_answered() -> None:
    bad = [fault("x12.segment.unrecognized", number, "QQQ") for number in range(2, 60_002)]
    found = lines(answers(Group([("850", "0001", bad), ("850", "0002", bad), ("850", "0003", bad)])))
    assert sum(line.startswith("AK3") for line in found) == 100_000
    assert [line for line in found if line.startswith(("AK5", "AK9"))] == ["AK5*R*5"] * 3 + ["AK9*R*3*3*0"]


def test_counts_too_large_for_ak9_are_cut_to_what_it_holds() -> None:
    found = answers(replace(Group(), included=1_000_000))
    assert lines(found)[-1] == "AK9*A*1*1*1"


def test_ak303_names_the_loop_that_ls_and_le_enclose_and_no_other() -> None:
    def loop(name: str, *ids: tuple[str, int], ends: str | None = None) -> Loop:
        made = Loop(name, [Segment([found], ordinal=at, offset=0) for found, at in ids])
        if ends is not None:
            made.segments[0].elements.append(ends)
        return made

    root = loop("850", ("ST", 1), ("SE", 12))
    line = loop("PO1", ("PO1", 2))
    line.loops = [loop("LS", ("LS", 3), ("LE", 6), ends="LDT"), loop("LS", ("LS", 8), ("LE", 10), ends="LEADTIME")]
    unclosed = loop("LS", ("LS", 11), ends="LM")
    root.loops = [line, unclosed]
    builder = AcknowledgmentBuilder()
    head = header()
    gs = GroupHeader(1, 0, Segment(["GS", *Group().gs], ordinal=1, offset=0))
    bad = [fault("x12.segment.unrecognized", at, "QQQ") for at in (2, 3, 4, 5, 6, 7, 9, 12)]
    builder.take(InterchangeStart(head))
    builder.take(GroupStart(head, gs))
    builder.take(TransactionSet(head, gs, 1, "850", "0001", 12, 0, 0, root, bad))
    builder.take(GroupEnd(head, gs, 1, 1, 0, []))
    found = lines(builder.take(InterchangeEnd(head, 1, 0, [])))
    assert [line for line in found if line.startswith("AK3")] == [
        "AK3*QQQ*2**1",
        "AK3*QQQ*3**1",
        "AK3*QQQ*4*LDT*1",
        "AK3*QQQ*5*LDT*1",
        "AK3*QQQ*6**1",
        "AK3*QQQ*7**1",
        "AK3*QQQ*9*LEADTI*1",
        "AK3*QQQ*12**1",
    ]
