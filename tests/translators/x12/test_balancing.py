"""Counts and totals that a set states of itself, and when they are left alone."""

from __future__ import annotations

import pytest

from translators.errors import Severity
from translators.x12.balance import CountRule, CountWatch
from translators.x12.document_rules import balance_rules
from translators.x12.guide import GuideError, GuideLibrary

BEG = "BEG*00*SA*PO1**20260115"
BIG = "BIG*20260120*INV-1*20260115*PO-1001"
GROUPS = {"810": "IN", "850": "PO", "940": "OW", "943": "AR", "944": "RE", "945": "SW"}


def issues(x12, code: str, *segments: str):
    """(fault, segment, element, value) of a set of 004010 made of these segments."""
    gs = f"GS*{GROUPS[code]}*ACME*TRADELANE*20260115*1200*1*X*004010"
    seen = x12.read(x12.file(x12.group(x12.set(*segments, st=f"ST*{code}*0001"), gs=gs)))
    return [(each.code, each.position.segment_id, each.position.element, each.value) for each in seen.issues]


def test_a_count_of_lines_that_is_wrong_refuses_the_order_at_ctt01(x12) -> None:
    seen = x12.read(x12.order(BEG, "PO1*1*5*EA*9.25", "CTT*2"))
    (issue,) = seen.issues
    assert (issue.code, issue.severity, issue.level) == ("x12.balance.count", Severity.ERROR, 3)
    assert (issue.position.segment_id, issue.position.segment, issue.position.element) == ("CTT", 4, 1)
    assert issue.message == "CTT01 is 2; the set has 1 PO1"
    assert not seen.sets[0].accepted


def test_leading_zeros_of_a_count_are_no_fault(x12) -> None:
    assert issues(x12, "850", BEG, "PO1*1*5*EA*9.25", "CTT*0001") == []


def test_an_order_without_ctt_states_nothing(x12) -> None:
    assert issues(x12, "850", BEG, "PO1*1*5*EA*9.25") == []


def test_a_line_that_is_faulty_is_still_a_line(x12) -> None:
    assert [each[0] for each in issues(x12, "850", BEG, "PO1*1*five*EA*9.25", "CTT*1*7")] == ["x12.element.character"]


@pytest.mark.parametrize(
    ("quantities", "stated"),
    [
        (["-.0018", ".18", "1.8", "18.01"], "1855"),  # each text's digits, added
        (["9999999999", "2"], "1"),  # the eleventh digit is dropped
        (["1.5", "2.5"], "4.0"),  # a plain sum, as many send it
        (["1.5", "2.5"], "40"),
        (["7"], "007"),
    ],
)
def test_a_hash_total_by_the_standard_and_a_plain_sum_are_both_taken(quantities, stated) -> None:
    watch = CountWatch(CountRule("PO1", ("PO1", 2), certain=True))
    for ordinal, quantity in enumerate(quantities, 3):
        watch.notes["PO1"](["PO1", "", quantity], ordinal, 0, 1)
    watch.notes["CTT"](["CTT", str(len(quantities)), stated], 9, 0, 2)
    assert list(watch.faults()) == []


def test_a_hash_total_that_is_neither_is_a_warning_at_ctt02(x12) -> None:
    seen = x12.read(x12.order(BEG, "PO1*1*5*EA*9.25", "PO1*2*1.5*LB*2", "CTT*2*21"))
    (issue,) = seen.issues
    assert (issue.code, issue.severity, issue.position.element) == ("x12.balance.hash_total", Severity.WARNING, 2)
    assert issue.message == "CTT02 is 21; the hash total of PO102 is 20 (their plain sum 6.5)"


def invoice(x12, *segments: str):
    return issues(x12, "810", BIG, *segments)


LINE = "IT1*1*10*EA*2.5"


@pytest.mark.parametrize(
    "segments",
    [
        (LINE, "TDS*2500"),
        (LINE, "IT1*2*3*EA*.335", "TDS*2601"),  # 1.005, which a sender may round up or down
        (LINE, "IT1*2*3*EA*.335", "TDS*2600"),
        (LINE, "SAC*C*D240***500", "TDS*3000"),
        (LINE, "SAC*A*C310***125", "TDS*2375"),
        (LINE, "TDS*2675", "TXI*ST*1.75"),
        (LINE, "TDS*2375", "SAC*A*C310***125"),
        ("IT1*1*-2*EA*2.5", "TDS*-500"),
    ],
)
def test_an_invoice_that_adds_up(x12, segments) -> None:
    assert invoice(x12, *segments) == []


@pytest.mark.parametrize(
    "segments",
    [
        (LINE, "TDS*2400"),
        (LINE, "SAC*A*C310***125", "TDS*2500"),
        (LINE, "SAC*C*D240***500", "TDS*2500"),
        (LINE, "TDS*2500", "TXI*ST*1.75"),
    ],
)
def test_an_invoice_that_does_not_is_warned_of_at_tds01(x12, segments) -> None:
    found = invoice(x12, *segments)
    assert [each[:3] for each in found] == [("x12.balance.amount", "TDS", 1)]


@pytest.mark.parametrize(
    "segments",
    [
        ("IT1*1*500*EA*9.25*HP", "TDS*4625"),  # price for a hundred
        ("IT1*1****", "TDS*2500"),  # no price
        (LINE, "CTP*RS*RTL*9", "TDS*9000"),  # another price
        (LINE, "SAC*A*C310***125*******01", "TDS*2500"),  # billed back
        (LINE, "SAC*A*C310****3*10", "TDS*2250"),  # a percentage, no amount
        (LINE, "SAC*A*C310***125", "TDS*2375", "SAC*A*C310***125"),  # the summary may repeat the line's
        (LINE, "TDS*2500", "TXI*ST*1.75****A*I"),  # included
    ],
)
def test_an_invoice_that_cannot_be_computed_is_left_alone(x12, segments) -> None:
    assert [each for each in invoice(x12, *segments) if each[0] == "x12.balance.amount"] == []


def test_a_credit_is_left_alone(x12) -> None:
    assert issues(x12, "810", f"{BIG}***CR", LINE, "TDS*100") == []


@pytest.mark.parametrize("code", sorted(balance_rules()))
@pytest.mark.parametrize("version", ["004010", "005010"])
def test_every_segment_and_element_of_the_table_is_in_the_guide(code, version) -> None:
    guide = GuideLibrary.shipped().find(code, version)
    assert guide is not None
    uses = {use.id for use in guide.root.walk()}
    rule = balance_rules()[code]
    if isinstance(rule, CountRule):
        named = [rule.quantity] if rule.quantity is not None else []
        assert {rule.lines, "CTT"} <= uses
    else:
        named = [rule.total, rule.sum, (rule.sum[0], rule.unit)]
    for segment, number in named:
        assert segment in uses
        element = guide.directory[segment].elements[number - 1].element
        # amounts and quantities are numbers; a unit is data element 355
        assert element.type[0] in "NR" or element.number == "355"


@pytest.mark.parametrize("text", ["{", '{"850": {"lines": "PO1"}}', '{"945": {"total": []}}'])
def test_a_broken_table_of_balances_is_said_to_be_one(tmp_path, text) -> None:
    path = tmp_path / "balances.json"
    path.write_text(text)
    with pytest.raises(GuideError, match=r"balances\.json"):
        balance_rules(path)
