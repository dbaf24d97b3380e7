"""Outbound maps: a canonical document becomes a transaction set that a validator accepts, or issues with map lines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from mappings.engine import MapContext, run
from translators.canonical.order_acknowledgment import OrderAcknowledgment
from translators.canonical.purchase_order import PurchaseOrder
from translators.datafile import LoadError
from translators.x12.guide import GuideLibrary
from translators.x12.model import Delimiters, TransactionSet
from translators.x12.reader import ReadOptions, read_x12
from translators.x12.writer import ControlNumbers, OutboundGroup, OutboundInterchange, OutboundSet, write_interchange

ORDER = PurchaseOrder.model_validate(
    {
        "number": "4500012",
        "date": "2026-03-02",
        "currency": "USD",
        "partner_data": {"department": "038"},
        "lines": [
            {"number": "1", "qty": Decimal("12"), "unit": "EA", "partner_data": {"unit": "CA"}},
            {"number": "2", "qty": Decimal("4"), "unit": "EA", "partner_data": {"unit": "PC"}},
        ],
    }
)
ANSWER = OrderAcknowledgment.model_validate(
    {
        "answer": "accepted_with_changes",
        "order_number": "4500012",
        "order_date": "2026-03-02",
        "date": "2026-03-03",
        "currency": "USD",
        "promised": "2026-03-16",
        "ship_to": {"code": "0042", "code_type": "92", "name": "Store 42", "address": {"city": "Ames", "region": "IA"}},
        "references": [{"type": "VR", "value": "77"}, {"type": "DP", "value": "038"}],
        "notes": ["first", "second"],
        "lines": [
            {"number": "1", "qty": Decimal("12.50"), "unit": "EA", "price": Decimal("9.500"), "sku": "AB-1",
             "answers": [{"answer": "accepted", "qty": Decimal("12"), "unit": "EA"},
                         {"answer": "backordered", "qty": Decimal("0.5"), "unit": "EA", "date": "2026-04-01"}]},
            {"number": "2", "qty": Decimal("4"), "unit": "EA", "price": Decimal("2"), "gtin": "00012345678905"},
        ],
    }
)  # fmt: skip
MAP = """\
map: order_acknowledgment/v1 -> x12/855@004010
origin: purchase_order/v1
tables:
  answer: {accepted: AD, accepted_with_changes: AC}
  line: {accepted: IA, backordered: IB}
emit:
  BAK01!: ('00')
  BAK02!: code(answer, 'answer')
  BAK03!: order_number
  BAK04!: order_date
  BAK09: date
  CTT01!: count(PO1)
  CTT02: sum(lines.qty)
  DTM[068].02: promised
  N1[ST].02: ship_to.name
  N1[ST].03: ship_to.code_type
  N1[ST].04: ship_to.code
  N1[ST]/N4.01: ship_to.address.city
  N1[ST]/N4.02: ship_to.address.region
  N1[BT].04: bill_to.code
  N1[BT].03: bill_to.code_type
  N1[BT].if: bill_to.code
REF(references):
  REF01: type
  REF02: value
  if: type != 'DP'
N9[L1].MSG(notes):
  MSG01: it
PO1(lines):
  PO101: counter()
  PO102: qty
  PO103: origin.lines[number==number].partner_data.unit
  PO104: price
  PO106: ('VN' if sku else none)
  PO107: sku
  PO108: ('UK' if gtin else none)
  PO109: gtin
PO1.ACK(answers):
  ACK01!: code(answer, 'line')
  ACK02: qty
  ACK03: unit
  ACK04: ('068' if date else none)
  ACK05: date
"""
WANTED = [
    "BAK*00*AC*4500012*20260302*****20260303",
    "REF*VR*77",
    "DTM*068*20260316",
    "N9*L1*X",
    "MSG*first",
    "MSG*second",
    "N1*ST*Store 42*92*0042",
    "N4*Ames*IA",
    "PO1*1*12.5*CA*9.5**VN*AB-1",
    "ACK*IA*12*EA",
    "ACK*IB*0.5*EA*068*20260401",
    "PO1*2*4*PC*2****UK*00012345678905",
    "CTT*2*16.5",
]


@pytest.fixture
def render(workspace: Any) -> Callable[..., Any]:
    def work(text: str, document: Any = ANSWER, *, origin: Any = ORDER, **writing: Any) -> Any:
        workspace.write("trial/855.out", text)
        context = MapContext(agreement={"currency": "USD"}, origin=origin, writing=writing)
        return run(workspace.catalog().find("trial/855.out"), document, context)

    return work


def lines_of(mapped: Any) -> list[str]:
    (made,) = mapped.documents
    return ["*".join(element if isinstance(element, str) else ">".join(element) for element in segment)
            for segment in made.segments]  # fmt: skip


def with_n9(text: str = MAP) -> str:
    return text.replace(
        "N9[L1].MSG(notes):", "N9[L1]:\n  N902: ('X' if count(notes) > 0 else none)\nN9[L1].MSG(notes):"
    )


def test_a_document_becomes_segments_in_the_order_of_the_guide(render: Any) -> None:
    mapped = render(with_n9())
    assert [issue.message for issue in mapped.issues] == []
    assert lines_of(mapped) == WANTED


def test_a_loop_that_counts_stands_also_where_nothing_in_it_does(render: Any) -> None:
    text = with_n9().replace("  CTT02: sum(lines.qty)\n", "  CTT/AMT[TT].02: total\n")
    assert lines_of(render(text))[-1] == "CTT*2"
    assert lines_of(render(text, changed(total=Decimal("126.50"))))[-2:] == ["CTT*2", "AMT*TT*126.5"]


def test_what_is_made_is_accepted_by_the_reader(render: Any) -> None:
    (made,) = render(with_n9()).documents
    group = OutboundGroup(functional_id="PR", sender="US", receiver="THEM", version="004010", sets=[made])
    interchange = OutboundInterchange(sender=("ZZ", "US"), receiver=("ZZ", "THEM"), groups=[group])
    content = write_interchange(interchange, numbers=ControlNumbers(1, (1,)), at=datetime(2026, 3, 3, tzinfo=UTC))
    (found,) = [
        event
        for event in read_x12([content], guides=GuideLibrary.shipped(), options=ReadOptions(keep_tree=True))
        if isinstance(event, TransactionSet)
    ]
    assert isinstance(made, OutboundSet)
    assert found.issues == []
    assert found.segments == len(WANTED) + 2


def test_lineage_names_the_rule_and_the_field_of_every_element(render: Any) -> None:
    lineage = render(with_n9()).lineage
    found = lineage["10:PO103"]
    assert (found.file, found.rule) == ("trial/855.out/map.yaml", "origin.lines[number==number].partner_data.unit")
    assert [held.name for held in found.sources] == ["origin.lines[0].partner_data.unit"]
    assert [held.name for held in lineage["12:ACK05"].sources] == ["lines[0].answers[1].date"]
    assert [held.name for held in lineage["3:REF02"].sources] == ["references[0].value"]
    assert lineage["14:CTT01"].sources == ()


def test_a_missing_origin_is_one_issue(render: Any) -> None:
    for origin, told in ((None, "there is none"), (ANSWER, "it is order_acknowledgment/v1")):
        mapped = render(with_n9(), origin=origin)
        assert [issue.code for issue in mapped.issues] == ["map.origin.missing"]
        assert told in mapped.issues[0].message
        assert mapped.documents == ()


def test_a_map_that_reads_no_origin_needs_none(render: Any) -> None:
    text = with_n9().replace("origin.lines[number==number].partner_data.unit", "unit")
    assert render(text, origin=None).issues == ()


def test_another_document_than_the_map_reads_is_an_issue(render: Any) -> None:
    assert [issue.code for issue in render(with_n9(), ORDER).issues] == ["map.source.mismatch"]


def changed(**fields: Any) -> OrderAcknowledgment:
    return ANSWER.model_copy(update=fields)


def facts(mapped: Any) -> list[tuple[Any, ...]]:
    return [(issue.code, issue.position.segment, issue.position.element, issue.rule and issue.rule.field, issue.value)
            for issue in mapped.issues]  # fmt: skip


def test_a_value_that_does_not_fit_its_element_is_an_issue_with_the_map_line(render: Any) -> None:
    mapped = render(with_n9(), changed(order_number="4" * 23))
    assert facts(mapped) == [("x12.element.too_long", 2, 3, "BAK03", "4" * 23)]
    assert mapped.issues[0].rule.line == 9
    assert mapped.issues[0].rule.file == "trial/855.out/map.yaml"


def test_a_value_that_holds_a_delimiter_is_an_issue(render: Any) -> None:
    assert facts(render(with_n9(), changed(order_number="45*12"))) == [("map.value.delimiter", 2, 3, "BAK03", "45*12")]
    assert render(with_n9(), changed(order_number="45*12"), delimiters=Delimiters(element="|")).issues == ()
    assert facts(render(with_n9(), changed(notes=("a", "b^c")), delimiters=Delimiters(repetition="^"))) == [
        ("map.value.delimiter", 7, 1, "N9[L1].MSG.MSG01", "b^c")
    ]


def test_a_value_that_no_byte_stands_for_is_an_issue(render: Any) -> None:
    assert facts(render(with_n9(), changed(notes=("5 €",)))) == [("map.value.unfit", 6, 1, "N9[L1].MSG.MSG01", "5 €")]


def test_a_code_without_a_row_is_an_issue_that_names_the_field(render: Any) -> None:
    (issue,) = render(with_n9(), changed(answer="rejected")).issues
    assert (issue.code, issue.rule.field) == ("map.code.unknown", "BAK02")
    assert issue.message.startswith("answer is rejected; want a code of table answer")


def test_a_number_with_more_decimals_than_its_element_has_is_an_issue(render: Any) -> None:
    lines = (ANSWER.lines[0].model_copy(update={"number": "1"}),)
    text = with_n9() + "PO1.SAC(charges):\n  SAC01: ('C')\n  SAC02: code\n  SAC05: amount\n"
    for amount, wanted in (("3.50", []), ("3.505", [("map.value.unfit", None, None, "PO1.SAC.SAC05", "3.505")])):
        line = lines[0].model_copy(update={"charges": (charge(amount),)})
        mapped = render(text, changed(lines=(line,)))
        assert facts(mapped) == wanted
        if not wanted:
            assert "SAC*C*D240***350" in lines_of(mapped)


def charge(amount: str) -> Any:
    from translators.canonical.parts import Charge

    return Charge(kind="charge", code="D240", amount=Decimal(amount))


def test_a_required_element_without_a_value_is_an_issue_at_its_field(render: Any) -> None:
    text = with_n9().replace("DTM[068].02:", "DTM[068].02!:")
    (issue,) = render(text, changed(promised=None)).issues
    assert (issue.code, issue.rule.field) == ("map.required.missing", "DTM[068].02")


def test_a_segment_without_values_is_left_out_and_so_is_an_empty_loop(render: Any) -> None:
    bare = changed(promised=None, ship_to=None, references=(), notes=(), lines=())
    text = with_n9().replace("origin.lines[number==number].partner_data.unit", "unit")
    assert lines_of(render(text, bare)) == ["BAK*00*AC*4500012*20260302*****20260303", "CTT*0*0"]


def test_a_loop_without_a_value_of_its_own_stands_for_what_is_in_it(render: Any) -> None:
    ship_to = ANSWER.ship_to.model_copy(update={"code": None, "code_type": None, "name": None})
    assert facts(render(with_n9(), changed(ship_to=ship_to))) == [("x12.element.condition", 8, 2, "N1[ST].02", None)]


def test_an_extending_map_changes_adds_and_drops(render: Any, workspace: Any) -> None:
    workspace.write("one/855.out", with_n9())
    text = (
        "extends: one/855.out\nemit:\n  CTT02: omit\n  BAK08: ('77')\n  REF[CO].02: ('9')\n"
        "PO1:\n  PO104: omit\nN9: omit\nN9[L1]: omit\nPO1.ACK:\n  ACK03: omit\n  ACK02: omit\n"
    )
    with pytest.raises(LoadError, match="nothing is inherited"):
        render(text)
    lines = lines_of(render(text.replace("N9: omit\n", "")))
    assert lines[0] == "BAK*00*AC*4500012*20260302****77*20260303"
    assert lines[1:3] == ["REF*CO*9", "REF*VR*77"] or lines[1:3] == ["REF*VR*77", "REF*CO*9"]
    assert not [line for line in lines if line.startswith(("N9", "MSG"))]
    assert "ACK*IA" in lines
    assert "PO1*1*12.5*CA***VN*AB-1" in lines
    assert lines[-1] == "CTT*2"


def test_a_block_takes_the_parts_that_are_picked(render: Any) -> None:
    text = with_n9().replace("  if: type != 'DP'\n", "")
    for picked, wanted in (("", ["VR*77", "DP*038"]), ("[type=DP]", ["DP*038"]), ("[type!=DP]", ["VR*77"])):
        lines = lines_of(render(text.replace("REF(references):", f"REF(references{picked}):")))
        assert [line for line in lines if line.startswith("REF")] == [f"REF*{each}" for each in wanted]


def test_a_counter_counts_over_the_whole_document(render: Any) -> None:
    text = with_n9().replace("ACK03: unit", "ACK03: unit\n  ACK29: concat('N', num(counter('ack')))")
    acks = [line for line in lines_of(render(text)) if line.startswith("ACK")]
    assert [line.split("*")[-1] for line in acks] == ["N1", "N2"]
    again = [line for line in lines_of(render(text)) if line.startswith("ACK")]
    assert again == acks


def test_several_parts_that_match_one_reference_are_an_issue(render: Any) -> None:
    text = with_n9().replace("CTT02: sum(lines.qty)", "CTT02: sum(lines.qty)\n  BAK08: references.value")
    (issue,) = render(text).issues
    assert issue.code == "map.reference.several"
    assert render(text.replace("references.value", "references[type=DP].value")).issues == ()
    assert render(text.replace("references.value", "first(references.value)")).issues == ()
    assert render(text.replace("references.value", "references[#2].value")).issues == ()
    assert lines_of(render(text.replace("references.value", "references[type!=DP].value")))[0].endswith("*77*20260303")


def test_dates_times_and_numbers_are_written_as_the_map_says_them(render: Any) -> None:
    text = with_n9().replace(
        "BAK09: date\n", "BAK09: date\n  BAK05: date(date, 'YYMMDD')\n  BAK08: num(12.5, implied=2)\n"
    )
    assert lines_of(render(text))[0] == "BAK*00*AC*4500012*20260302*260303***1250*20260303"


FAULTS = [
    ("BAK03!: order_number", "BAK03!: order_numbr", 'did you mean "order_number"'),
    ("BAK03!: order_number", "BAK03!: ship_to", "has parts; name one of them"),
    ("BAK03!: order_number", "BAK33!: order_number", "BAK has 10 elements"),
    ("BAK03!: order_number", "BEG03!: order_number", "BEG does not stand in set 855"),
    ("BAK03!: order_number", "BAX03!: order_number", "BAX is no segment of 004010"),
    ("  BAK03!: order_number\n", "", "BAK cannot be without BAK03"),
    ("BAK01!: ('00')", "BAK01!: ('99')", "99 is no code of BAK01"),
    ("BAK03!: order_number", "BAK03!: lines.number[0]", "found '0' in brackets"),
    ("BAK03!: order_number", "BAK03!: lines", "names parts"),
    ("BAK03!: order_number", "BAK03!: env.GS03", "no envelope"),
    ("BAK03!: order_number", "BAK03!: order_date", "BAK03 takes a text; this is a date"),
    ("BAK03!: order_number", "BAK03!: notes", "BAK03 stands once; make a block"),
    ("N1[ST]/N4.01", "N1[STT]/N4.01", "STT is no code of N101"),
    ("N1[ST].02", "N1[ST].01", "N101 is filled twice"),
    ("N1[BT].if: bill_to.code", "N1[BT].03.if: bill_to.code", "a condition is of a segment"),
    ("PO1(lines):", "PO1(linez):", 'did you mean "lines"'),
    ("PO1(lines):", "PO1(lines[#1]):", "made from every part"),
    ("PO1(lines):", "PO1(order_number):", "is a value; want a list"),
    ("PO1.ACK(answers):", "PO1.ACK(lines.answers):", 'no field "lines"'),
    ("PO1.ACK(answers):", "PO1.REF.ACK(answers):", "REF opens no loop here"),
    ("PO1.ACK(answers):", "POC.ACK(answers):", "POC does not stand in set 855"),
    ("origin: purchase_order/v1\n", "", "say what is answered"),
    ("origin: purchase_order/v1\n", "origin: purchase_ordr/v1\n", 'did you mean "purchase_order/v1"'),
    ("count(PO1)", "count(IT1)", 'no block "IT1" here'),
    ("sum(lines.qty)", "sum(lines.unit)", "unit is a text"),
    ("sum(lines.qty)", "pair('UP')", "pair is not known for this source"),
    ("BAK09: date", "BAK09: counter()", "give it a name here"),
    ("[number==number]", "[number==X]", "write [number=X] for the text X"),
    ("map: order", "emit each: lines\nmap: order", "a map that makes a set makes one"),
    ("map: order", "hl02: infer\nmap: order", "hl02 says nothing"),
]


@pytest.mark.parametrize(("old", "new", "message"), FAULTS)
def test_what_cannot_be_made_is_told_when_the_map_is_loaded(old: str, new: str, message: str, render: Any) -> None:
    text = with_n9()
    assert old in text
    with pytest.raises(LoadError) as caught:
        render(text.replace(old, new, 1))
    assert any(message in fault.message for fault in caught.value.faults), caught.value


SEVEN = """\
map: order_acknowledgment/v1 -> x12/855@004010
emit:
  BAK01!: ('99')
  BAK02!: code(answer, 'answers')
  BAK03!: order_numbr
  BAK04!: num(order_number)
  BAK88: order_number
  N1[STT].04: ship_to.code
PO1(linez):
  PO102: qty
"""


def test_seven_faults_of_an_outbound_map_are_told_in_one_pass_each_at_its_place(render: Any) -> None:
    with pytest.raises(LoadError) as caught:
        render(SEVEN)
    found = [(fault.place.line, fault.place.column, fault.message) for fault in caught.value.faults]
    assert [held[:2] for held in found] == [(3, 11), (4, 24), (5, 11), (6, 11), (7, 3), (8, 6), (9, 5)]
    for (_, _, message), part in zip(
        found,
        ("99 is no code", 'no table "answers"', '"order_number"', "BAK04 takes", "10 elements", "STT", '"lines"'),
        strict=True,
    ):
        assert part in message
