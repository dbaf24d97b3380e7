"""What a 999 says that a 997 does not: the rules of an implementation, CTX, its own version."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from translators.errors import Issue, Position, Severity
from translators.tree import Loop, Segment
from translators.x12.acknowledge import AcknowledgmentBuilder, AcknowledgmentPolicy, AcknowledgmentTerms, Answer
from translators.x12.acknowledge_form import AcknowledgmentForm, is_hipaa
from translators.x12.codes import FAULTS
from translators.x12.model import (
    Delimiters,
    GroupEnd,
    GroupHeader,
    GroupStart,
    InterchangeEnd,
    InterchangeHeader,
    InterchangeStart,
    TransactionSet,
)
from translators.x12.writer import ControlNumbers, write_interchange

AT = datetime(2024, 3, 5, 9, 7, tzinfo=UTC)
FUNCTIONAL, IMPLEMENTATION = AcknowledgmentForm.FUNCTIONAL, AcknowledgmentForm.IMPLEMENTATION
ISA = ["ISA", "00", " " * 10, "00", " " * 10, "ZZ", "BUYER", "01", "987654321"]
ISA += ["240304", "1530", "^", "00501", "000000077", "0", "P", ">"]
ORDER = ["BEG*00*SA*PO-1**20240304", "PO1*1*12*EA*4.25**UP*012345678905"]


def fault(code: str, segment: int, name: str, *, error: bool = True, value: str | None = None, **place: int) -> Issue:
    position = Position(segment=segment, segment_id=name, **place)  # type: ignore[arg-type]
    return Issue(code, "made by hand", position, Severity.ERROR if error else Severity.WARNING, 1, value)


def tree(*segments: str) -> Loop:
    """A set of these segments after ST, all in its root."""
    found = ["ST*850*0001", *segments]
    made = [Segment(text.split("*"), ordinal=number, offset=0) for number, text in enumerate(found, 1)]
    return Loop("850", made)


def answered(
    *issues: Issue,
    root: Loop | None = None,
    terms: AcknowledgmentTerms | None = None,
    version: str = "005010",
    form: AcknowledgmentForm | None = None,
    repetition: str | None = "^",
    isa12: str = "00501",
) -> list[Answer]:
    """The answers to one interchange of one set."""
    isa = [*ISA[:12], isa12, *ISA[13:]]
    head = InterchangeHeader(1, 0, Delimiters(repetition=repetition), Segment(isa, ordinal=1, offset=0))
    gs = ["GS", "PO", "BUYERAPP", "SELLERAPP", "20240304", "1530", "12", "X", version]
    group = GroupHeader(1, 0, Segment(gs, ordinal=1, offset=0))
    builder = AcknowledgmentBuilder(terms or AcknowledgmentTerms(form=IMPLEMENTATION))
    builder.take(InterchangeStart(head))
    builder.take(GroupStart(head, group), form=form)
    one = TransactionSet(head, group, 1, "850", "0001", 9, 0, 0, root, list(issues))
    builder.take(one)
    builder.take(GroupEnd(head, group, 1, 1, int(one.accepted), []))
    return builder.take(InterchangeEnd(head, 1, 0, []))


def written(answer: Answer) -> list[str]:
    numbers = ControlNumbers(5, (6,))
    return write_interchange(answer.interchange, numbers=numbers, at=AT).decode("latin-1").split("~")


def notes(*issues: Issue, root: Loop | None = None) -> list[str]:
    """IK3 to IK5."""
    (answer,) = answered(*issues, root=root)
    return [line for line in written(answer) if line[:2] in ("IK", "CT")]


@pytest.mark.parametrize(
    "code", sorted(code for code, row in FAULTS.items() if code.startswith("x12.partner.") and row.ik4 is None)
)
def test_a_rule_of_the_partner_about_a_segment_has_a_code_of_its_own(code: str) -> None:
    assert notes(fault(code, 3, "N1")) == [f"IK3*N1*3**{FAULTS[code].ik3}", "IK5*R*I5"]


@pytest.mark.parametrize(
    "code", sorted(code for code, row in FAULTS.items() if code.startswith("x12.partner.") and row.ik4 is not None)
)
def test_a_rule_of_the_partner_about_an_element_has_a_code_of_its_own(code: str) -> None:
    found = notes(fault(code, 3, "N1", element=3, value="92"))
    assert found == ["IK3*N1*3**8", f"IK4*3*66*{FAULTS[code].ik4}*92", "IK5*R*I5"]


def test_the_997_has_no_code_for_the_partners_rules_and_accepts_the_set() -> None:
    (answer,) = answered(fault("x12.partner.code", 3, "N1", element=3), form=FUNCTIONAL)
    assert [line for line in written(answer) if line[:2] == "AK"] == [
        "AK1*PO*12",
        "AK2*850*0001",
        "AK5*A",
        "AK9*A*1*1*1",
    ]


def test_a_fault_of_the_standard_beside_one_of_the_partner_gives_both_codes() -> None:
    found = notes(fault("x12.partner.segment_missing", 3, "N1"), fault("x12.segment.unrecognized", 4, "QQQ"))
    assert found == ["IK3*N1*3**I8", "IK3*QQQ*4**1", "IK5*R*5*I5"]


def test_a_warning_about_a_rule_of_the_partner_accepts_with_errors() -> None:
    assert notes(fault("x12.partner.code", 3, "N1", element=3, error=False))[-1] == "IK5*E*I5"


def test_the_trigger_of_a_component_is_a_component() -> None:
    """C001 of 005010 has no condition, C040 has P0304: the fourth is missing beside the third."""
    root = tree("BEG*00*SA*PO-1**20240304", "REF*DP*038**ZZ>1>ZZ")
    found = notes(fault("x12.element.condition", 3, "REF", element=4, component=4), root=root)
    assert found == [
        "IK3*REF*3**8",
        "CTX*BEG03>PO-1",
        "IK4*4>4*127*2",
        "CTX*SITUATIONAL TRIGGER*REF*3**4>3*128",
        "IK5*R*5",
    ]


def test_without_a_tree_there_is_no_context() -> None:
    assert notes(fault("x12.element.condition", 3, "PO1", element=7)) == ["IK3*PO1*3**8", "IK4*7*234*2", "IK5*R*5"]


def test_a_condition_of_a_segment_without_a_guide_has_no_trigger() -> None:
    found = notes(fault("x12.element.condition", 3, "QQQ", element=2), root=tree(ORDER[0], "QQQ*1"))
    assert found == ["IK3*QQQ*3**8", "CTX*BEG03>PO-1", "IK4*2**2", "IK5*R*5"]


@pytest.mark.parametrize("number", ["PO>1", "PO\x071", ""])
def test_a_business_unit_that_cannot_be_copied_is_left_out(number: str) -> None:
    root = tree(f"BEG*00*SA*{number}**20240304", ORDER[1])
    assert notes(fault("x12.segment.too_many", 3, "PO1"), root=root) == ["IK3*PO1*3**5", "IK5*R*5"]


def test_a_fault_before_the_number_of_the_document_is_in_no_business_unit() -> None:
    root = tree("QQQ*1", *ORDER)
    assert notes(fault("x12.segment.unrecognized", 2, "QQQ"), root=root) == ["IK3*QQQ*2**1", "IK5*R*5"]


def test_the_form_agreed_for_a_group_goes_before_the_terms() -> None:
    functional = AcknowledgmentTerms()
    assert [answer.kind for answer in answered(terms=functional)] == ["997"]
    assert [answer.kind for answer in answered(terms=functional, form=IMPLEMENTATION)] == ["999"]
    assert [answer.kind for answer in answered(form=FUNCTIONAL)] == ["997"]


def test_a_997_and_a_999_of_one_interchange_go_back_in_two() -> None:
    head = InterchangeHeader(1, 0, Delimiters(), Segment([*ISA[:11], "U", "00401", *ISA[13:]], ordinal=1, offset=0))
    builder = AcknowledgmentBuilder(AcknowledgmentTerms(interchange=AcknowledgmentPolicy.ALWAYS))
    builder.take(InterchangeStart(head))
    for number, form in enumerate((IMPLEMENTATION, FUNCTIONAL), 1):
        gs = ["GS", "PO", "BUYERAPP", "SELLERAPP", "20240304", "1530", str(number), "X", "004010"]
        group = GroupHeader(number, 0, Segment(gs, ordinal=1, offset=0))
        builder.take(GroupStart(head, group), form=form)
        builder.take(GroupEnd(head, group, 0, 0, 0, []))
    found = builder.take(InterchangeEnd(head, 2, 0, []))
    assert [(each.kind, each.interchange.version) for each in found] == [
        ("TA1", "00401"),
        ("997", "00401"),
        ("999", "00501"),
    ]
    assert [[status.control_number for status in each.group_statuses] for each in found] == [[], ["2"], ["1"]]


@pytest.mark.parametrize(("agreed", "wanted"), [("^", "^"), ("!", "!"), (">", "^"), ("A", "^")])
def test_the_repetition_separator_is_the_agreed_one_where_it_can_be(agreed: str, wanted: str) -> None:
    terms = AcknowledgmentTerms(form=IMPLEMENTATION, repetition=agreed)
    (answer,) = answered(terms=terms, repetition=None, isa12="00401")
    assert answer.interchange.delimiters.repetition == wanted
    assert written(answer)[0][82] == wanted


def test_a_later_envelope_is_kept() -> None:
    (answer,) = answered(isa12="00602")
    assert answer.interchange.version == "00602"


@pytest.mark.parametrize(
    ("version", "wanted"),
    [
        ("005010X222A1", True),
        ("005010X218", True),
        ("005010", False),
        ("005010VICS", False),
        ("004010X098A1", False),
        ("005010XYZ", False),
    ],
)
def test_the_hipaa_guides_of_005010_are_known_by_their_names(version: str, wanted: bool) -> None:
    assert is_hipaa(version) is wanted
    (answer,) = answered(version=version)
    release = "005010X231A1" if wanted else "005010"
    assert answer.interchange.groups[0].version == release
    assert (f"ST*999*0001*{release}" if wanted else "ST*999*0001") in written(answer)
