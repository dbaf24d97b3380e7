"""Every function of the language: what it gives, what it refuses when run, and what when loaded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from mappings.functions import FUNCTIONS
from translators.datafile import LoadError

BEG = "BEG*00*SA*4500012**20260302*CONTRACT-9"
PO1 = "PO1*1*12*EA*9.5**VN*AB-100"

GIVES: list[tuple[str, str, tuple[str, ...], object]] = [
    # function, expression, segments between BEG and PO1, value
    ("trim", "trim(REF[VR].02)", ("REF*VR* a b ",), "a b"),
    ("upper", "upper(REF[VR].02)", ("REF*VR*ab-1c",), "AB-1C"),
    ("lower", "lower(REF[VR].02)", ("REF*VR*AB-1C",), "ab-1c"),
    ("substr", "substr(REF[VR].02, 2, 3)", ("REF*VR*ABCDE",), "BCD"),
    ("substr", "substr(REF[VR].02, 4)", ("REF*VR*ABCDE",), "DE"),
    ("substr", "substr(REF[VR].02, 9, 2)", ("REF*VR*ABCDE",), None),
    ("split", "split(REF[VR].02, '-', 2)", ("REF*VR*A-B-C",), "B"),
    ("split", "split(REF[VR].02, '-', 4)", ("REF*VR*A-B-C",), None),
    ("pad", "pad(REF[VR].02, 6)", ("REF*VR*42",), "000042"),
    ("pad", "pad(REF[VR].02, 6, 'x')", ("REF*VR*42",), "xxxx42"),
    ("num", "num(12.50)", (), "12.5"),
    ("num", "num(12.5, implied=2)", (), "1250"),
    ("date", "date(date(BEG05), 'DD.MM.CCYY')", (), "02.03.2026"),
    ("time", "time(time(REF[VR].02))", ("REF*VR*173059",), "173059"),
    ("pad", "pad(REF[VR].02, 2)", ("REF*VR*4242",), "4242"),
    ("pad", "pad(REF[VR].02, 6)", (), None),
    ("concat", "concat(BEG03, '/', REF[VR].02)", ("REF*VR*7",), "4500012/7"),
    ("pad", "pad(REF[VR].02, 6, '.', side=right)", ("REF*VR*42",), "42...."),
    ("replace", "replace(REF[VR].02, '-', '')", ("REF*VR*1-2-3",), "123"),
    ("replace", "replace(REF[VR].02, '-', ' to ')", ("REF*VR*1-2",), "1 to 2"),
    ("match", "match(REF[VR].02, 'PO-?(\\d+)')", ("REF*VR*PO-4711",), "4711"),
    ("match", "match(REF[VR].02, 'PO-?(\\d+)')", ("REF*VR*XPO-4711",), None),
    ("match", "('yes' if match(REF[VR].02, '[A-Z]{2}.*') else 'no')", ("REF*VR*AB7",), "yes"),
    ("concat", "concat(BEG03, REF[VR].02)", (), "4500012"),
    ("coalesce", "coalesce(REF[VR].02, REF[DP].02, BEG03)", ("REF*DP*038",), "038"),
    ("code", "code(REF[VR].02, 'words')", ("REF*VR*A",), "alpha"),
    ("counter", "concat(num(counter('x')), num(counter('y')), num(counter('x')))", (), "112"),
    ("code", "code(REF[VR].02, 'words')", (), None),
    ("first", "first(REF02)", ("REF*VR*A", "REF*DP*B"), "A"),
    ("first", "first(REF03)", ("REF*VR*A", "REF*DP*B*said"), "said"),
    ("first", "first(REF02)", (), None),
    ("last", "last(REF02)", ("REF*VR*A", "REF*DP*B"), "B"),
    ("join", "join(REF02, '+')", ("REF*VR*A", "REF*DP*B"), "A+B"),
    ("join", "join(N9/MSG.01)", ("N9*L1*X", "MSG*Hello", "MSG*World"), "Hello World"),
    ("join", "join(REF02)", (), None),
]


@pytest.mark.parametrize(("function", "expression", "segments", "value"), GIVES)
def test_a_text_function_gives(
    function: str, expression: str, segments: tuple[str, ...], value: object, workspace: Any, x12: Any, with_rules: Any
) -> None:
    assert function in expression
    text = with_rules(order=f"contract: {expression}", more="tables:\n  words: {A: alpha, B: beta}\n")
    mapped = workspace.run(text, x12(BEG, *segments, PO1))
    assert mapped.issues == ()
    assert mapped.documents[0].contract == value


NUMBERS: list[tuple[str, tuple[str, ...], object]] = [
    ("num(REF[VR].02)", ("REF*VR*12.50",), Decimal("12.50")),
    ("num(REF[VR].02)", ("REF*VR*-.5",), Decimal("-0.5")),
    ("num(REF[VR].02)", ("REF*VR*7.",), Decimal("7")),
    ("num(REF[VR].02)", ("REF*VR*-0",), Decimal("0")),
    ("num(REF[VR].02)", (), None),
    ("num(REF[VR].02, implied=2)", ("REF*VR*1250",), Decimal("12.50")),
    ("num(REF[VR].02, implied=2)", ("REF*VR*-5",), Decimal("-0.05")),
    ("num(REF[VR].02, implied=0)", ("REF*VR*1250",), Decimal("1250")),
    ("num(SAC05)", ("SAC*C*D240***1250",), Decimal("12.50")),
    ("num(SAC05, implied=off)", ("SAC*C*D240***1250",), Decimal("1250")),
    ("min(REF02)", ("REF*VR*7", "REF*DP*-2", "REF*IA*5"), Decimal(-2)),
    ("max(REF02)", ("REF*VR*7", "REF*DP*-2", "REF*IA*5"), Decimal(7)),
    ("max(REF02)", (), None),
    ("min(REF02)", ("REF*VR*7", "REF*DP*x"), ["map.number.unreadable"]),
    ("max(lines.qty)", (), Decimal(12)),
    ("min(lines.qty)", (), Decimal(12)),
    ("convert(num(REF[VR].02), 'LBR', 'KGM')", ("REF*VR*10",), Decimal("4.5359237")),
    ("convert(num(REF[VR].02), 'DZN', 'EA')", ("REF*VR*2.5",), Decimal(30)),
    ("convert(num(REF[VR].02), 'KGM', 'LBR')", ("REF*VR*1",), Decimal("2.2046226218487758072")),
    ("convert(num(REF[VR].02), REF[DP].02, 'KGM')", ("REF*VR*1", "REF*DP*MTR"), ["map.unit.unknown"]),
    ("convert(num(REF[VR].02), REF[DP].02, 'KGM')", ("REF*VR*1",), None),
    ("count(REF)", ("REF*VR*A", "REF*DP*B"), Decimal(2)),
    ("count(REF03)", ("REF*VR*A", "REF*DP*B*said"), Decimal(1)),
    ("count(N1[ST])", (), Decimal(0)),
    ("count(lines)", (), Decimal(1)),
    ("sum(lines.qty)", (), Decimal(12)),
    ("sum(SAC05)", ("SAC*C*D240***1250", "SAC*C*D240***1"), Decimal("12.51")),
    ("sum(SAC05)", (), Decimal(0)),
    ("round(num(REF[VR].02), 1)", ("REF*VR*0.25",), Decimal("0.3")),
    ("round(num(REF[VR].02), 1, mode=half_even)", ("REF*VR*0.25",), Decimal("0.2")),
    ("round(num(REF[VR].02), 1, mode=down)", ("REF*VR*-0.29",), Decimal("-0.2")),
    ("round(num(REF[VR].02), 1, mode=up)", ("REF*VR*0.21",), Decimal("0.3")),
    ("round(10 / 3, 4)", (), Decimal("3.3333")),
    ("round(1 / 8, 2, mode=half_even)", (), Decimal("0.12")),
    ("round(num(REF[VR].02) / 3, 4)", (), None),
    ("-num(REF[VR].02)", ("REF*VR*3",), Decimal(-3)),
    ("num(REF[VR].02) + 1.5 - 0.25 * 2", ("REF*VR*3",), Decimal("4.0")),
]


@pytest.mark.parametrize(("expression", "segments", "value"), NUMBERS)
def test_a_number_expression_gives(
    expression: str, segments: tuple[str, ...], value: object, value_of: Callable[..., object], x12: Any
) -> None:
    found = value_of(expression, x12(BEG, *segments, PO1), field="total")
    assert found == value
    assert found is None or isinstance(found, Decimal | list)


DATES: list[tuple[str, str, object]] = [
    ("date(REF[VR].02)", "20240229", date(2024, 2, 29)),
    ("date(REF[VR].02, 'CCYYMMDD')", "20260302", date(2026, 3, 2)),
    ("date(REF[VR].02, 'YYMMDD')", "490101", date(2049, 1, 1)),
    ("date(REF[VR].02, 'YYMMDD')", "500101", date(1950, 1, 1)),
    ("date(REF[VR].02, 'CCYY-MM-DD')", "2026-03-02", date(2026, 3, 2)),
    ("date(REF[VR].02, 'MM/DD/CCYY')", "03/02/2026", date(2026, 3, 2)),
]


@pytest.mark.parametrize(("expression", "text", "value"), DATES)
def test_a_date_reads(expression: str, text: str, value: object, value_of: Callable[..., object], x12: Any) -> None:
    assert value_of(expression, x12(BEG, f"REF*VR*{text}", PO1), field="requested") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("0000", time(0, 0)), ("2359", time(23, 59)), ("091530", time(9, 15, 30)), ("09153012", time(9, 15, 30, 120000))],
)
def test_a_time_reads(text: str, value: time, value_of: Callable[..., object], x12: Any) -> None:
    assert value_of("time(REF[VR].02)", x12(BEG, f"REF*VR*{text}", PO1), field="requested_time") == value


@pytest.mark.parametrize(
    "text",
    [
        "1e400",
        "1e4",
        "NaN",
        "Infinity",
        "+1",
        "1,000",
        "0x1",
        "--1",
        "-",
        ".",
        "1.2.3",
        " 1",
        "1_0",
        "²",
        "9" * 29 + "E",
    ],
)
def test_a_text_that_is_no_number_is_an_issue_at_its_place(
    text: str, workspace: Any, x12: Any, with_rules: Any
) -> None:
    mapped = workspace.run(with_rules(order="total: num(REF[VR].02)"), x12(BEG, f"REF*VR*{text}", PO1))
    (issue,) = mapped.issues
    assert (issue.code, issue.position.segment_id, issue.position.segment, issue.position.element) == (
        "map.number.unreadable",
        "REF",
        3,
        2,
    )
    assert issue.value == text
    assert mapped.documents == ()


def test_a_number_of_a_thousand_digits_is_an_issue_and_never_a_value(workspace: Any, x12: Any, with_rules: Any) -> None:
    source = x12(BEG, "N9*L1*X", "MSG*" + "9" * 200, PO1)
    mapped = workspace.run(with_rules(order="total: num(first(N9/MSG.01))"), source)
    assert [issue.code for issue in mapped.issues] == ["map.number.unreadable"]
    assert len(mapped.issues[0].message) < 400


@pytest.mark.parametrize(
    "text", ["00000000", "20260230", "20230229", "20261301", "2026032", "202603021", "2026-3-2", "2026030O"]
)
def test_a_text_that_is_no_date_is_an_issue(text: str, value_of: Callable[..., object], x12: Any) -> None:
    found = value_of("date(REF[VR].02)", x12(BEG, f"REF*VR*{text}", PO1), field="requested")
    assert found == ["map.date.unreadable"]


@pytest.mark.parametrize("text", ["2400", "2360", "236060", "9", "930", "12:30", "235999"])
def test_a_text_that_is_no_time_of_day_is_an_issue(text: str, value_of: Callable[..., object], x12: Any) -> None:
    assert value_of("time(REF[VR].02)", x12(BEG, f"REF*VR*{text}", PO1), field="requested_time") == [
        "map.time.unreadable"
    ]


def test_an_explicit_point_where_decimals_are_implied_is_an_issue(value_of: Callable[..., object], x12: Any) -> None:
    assert value_of("num(REF[VR].02, implied=2)", x12(BEG, "REF*VR*12.50", PO1), field="total") == [
        "map.number.unreadable"
    ]


def test_a_division_by_zero_is_an_issue(value_of: Callable[..., object], x12: Any) -> None:
    found = value_of("round(1 / num(REF[VR].02), 2)", x12(BEG, "REF*VR*0", PO1), field="total")
    assert found == ["map.number.division"]


def test_a_result_with_too_many_digits_is_an_issue_not_a_rounded_value(
    value_of: Callable[..., object], x12: Any
) -> None:
    number = "9" * 30
    source = x12(BEG, f"REF*VR*{number}", PO1)
    square = "num(REF[VR].02) * num(REF[VR].02)"
    assert value_of(square, source, field="total") == (10**30 - 1) ** 2
    assert value_of(f"{square} * {square}", source, field="total") == ["map.number.inexact"]


def test_an_unreadable_value_in_a_sum_is_an_issue_at_its_segment(workspace: Any, x12: Any, with_rules: Any) -> None:
    source = x12(BEG, "REF*VR*1", "REF*DP*two", PO1)
    (issue,) = workspace.run(with_rules(order="total: sum(REF02)"), source).issues
    assert (issue.code, issue.position.segment, issue.position.element, issue.value) == (
        "map.number.unreadable",
        4,
        2,
        "two",
    )


def test_pair_takes_the_first_qualifier_that_is_there(workspace: Any, x12: Any, with_rules: Any) -> None:
    lines = "sku: pair('VN', 'VC')\ngtin: pair('UP', 'EN')\nbuyer_item: pair('IN')"
    source = x12(BEG, "PO1*1*1*EA***EN*4006381333931*VC*C-1*UP*012345678905", "PO1*2*1*EA***VN*V-1*VC*C-1")
    first, second = workspace.run(with_rules(lines=lines), source).documents[0].lines
    assert (first.sku, first.gtin, first.buyer_item) == ("C-1", "012345678905", None)
    assert (second.sku, second.gtin) == ("V-1", None)


def test_a_qualifier_that_stands_twice_is_an_issue(workspace: Any, x12: Any, with_rules: Any) -> None:
    source = x12(BEG, "PO1*1*1*EA***VN*V-1*VN*V-2")
    (issue,) = workspace.run(with_rules(lines="sku: pair('VN')"), source).issues
    assert (issue.code, issue.position.segment_id, issue.value) == ("map.pair.several", "PO1", "VN")


def test_a_code_that_is_not_in_its_table_is_an_issue_that_names_the_table(
    workspace: Any, x12: Any, with_rules: Any
) -> None:
    text = with_rules(order="contract: code(REF[VR].02, 'words')", more="tables:\n  words: {A: alpha}\n")
    (issue,) = workspace.run(text, x12(BEG, "REF*VR*a", PO1)).issues
    assert (issue.code, issue.level, issue.value) == ("map.code.unknown", 5, "a")
    assert "table words: A" in issue.message


def test_all_gives_a_list(workspace: Any, x12: Any, with_rules: Any) -> None:
    source = x12(BEG, "N9*L1*X", "MSG*one", "MSG*two", "N9*L1*Y", "MSG*three", PO1)
    (order,) = workspace.run(with_rules(order="notes: all(N9/MSG.01)"), source).documents
    assert order.notes == ("one", "two", "three")


def test_all_of_several_references_gives_one_list_after_the_other(workspace: Any, x12: Any, with_rules: Any) -> None:
    source = x12(BEG, "REF*VR*77*seventy-seven", "REF*DP*38", "REF*CO**none", PO1)
    mapped = workspace.run(with_rules(order="notes: all(REF.02, REF.03)"), source)
    (order,) = mapped.documents
    assert order.notes == ("77", "38", "seventy-seven", "none")
    assert [held.element for held in mapped.lineage["notes"].sources] == [2, 2, 3, 3]


WRONG: list[tuple[str, int, str]] = [
    # expression, column of the fault in it (from 1), part of its message
    ("num()", 1, "found 0 arguments"),
    ("num(BEG03, BEG04)", 12, "found 2 arguments"),
    ("num(date(BEG05))", 5, "found a date; want a text"),
    ("counter()", 1, "give it a name here"),
    ("counter(BEG03)", 9, "want the name in quotes"),
    ("num(BEG03, implied=12)", 20, "whole number from 0 to 9"),
    ("num(BEG03, implied=on)", 20, "whole number from 0 to 9"),
    ("num(BEG03, places=2)", 19, 'num has no "places="'),
    ("date(BEG05, 'YYYYMMDD')", 13, "CCYYMMDD"),
    ("date(BEG05, BEG03)", 13, "want the pattern in quotes"),
    ("code(BEG03, 'wordz')", 13, 'did you mean "words"'),
    ("code(BEG03, words)", 13, "in quotes"),
    ("substr(BEG03, 0)", 15, "want start as a whole number"),
    ("substr(BEG03, 1.5)", 15, "want start as a whole number"),
    ("split(BEG03, '', 1)", 14, "want the separator in quotes"),
    ("pad(BEG03, 5, 'xy')", 15, "with 1 character"),
    ("round(BEG03, 2)", 7, "num(..) reads a number"),
    ("round(1, 2, mode=nearest)", 18, "half_up"),
    ("1 / 2", 3, "a division says how it is rounded"),
    ("pair('UP')", 1, "ST has no pairs of qualifier"),
    ("first(lines)", 7, "wants a reference"),
    ("first('x')", 7, "wants a reference"),
    ("first(REF)", 7, "wants an element"),
    ("count(lines.qty)", 7, "want the block alone"),
    ("count(line)", 7, 'did you mean "lines"'),
    ("sum(lines.qtty)", 5, 'did you mean "qty"'),
    ("sum(lines.unit)", 5, "want a number"),
    ("match(BEG03, '(a')", 7, "the parenthesis is not closed"),
    ("match(BEG03, 'a**')", 7, "has no meaning here"),
    ("match(BEG03, BEG04)", 14, "want the pattern in quotes"),
    ("replace(BEG03, '', 'x')", 16, "want the old in quotes"),
    ("convert(1, 'KGM', 'KG')", 19, 'did you mean "KGM"'),
    ("xref(BEG03, items)", 13, "want the table in quotes"),
    ("datetime(BEG05, BEG05, 'UTC')", 10, "found a text; want a date"),
    ("min(lines.unit)", 5, "want a number"),
    ("max(lines)", 5, "count, sum, min and max"),
    ("trimm(BEG03)", 1, 'did you mean "trim"'),
    ("upper(num(BEG03))", 7, "found a number; want a text"),
    ("BEG03 + 1", 1, "num(..) reads a number"),
    ("BEG03 == 1", 7, "do not compare"),
    ("BEG03 < 'A'", 7, "wants numbers, dates or times"),
    ("BEG03 or 1", 7, "values of one kind"),
    ("BEG03 if BEG04 else 1", 7, "one kind of value"),
    ("lines", 1, "is no value here"),
]


@pytest.mark.parametrize(("expression", "column", "message"), WRONG)
def test_a_wrong_use_is_told_when_the_map_is_loaded(
    expression: str, column: int, message: str, workspace: Any, with_rules: Any
) -> None:
    text = with_rules(order=f"contract: {expression}", more="tables:\n  words: {A: alpha}\n")
    workspace.write("trial/850.in", text)
    with pytest.raises(LoadError) as caught:
        workspace.catalog().find("trial/850.in")
    fault = caught.value.faults[0]
    assert message in fault.message
    assert (fault.place.line, fault.place.column) == (6, len("  contract: ") + column)


def test_every_function_has_a_good_and_a_bad_case_here() -> None:
    good = {row[0] for row in GIVES} | {"pair", "all", "date", "time"}
    good |= {"xref", "datetime", "date_in", "time_in", "today_in"}  # in test_map_surroundings.py
    good |= {name for name in FUNCTIONS if any(f"{name}(" in row[0] for row in NUMBERS)}
    assert good == set(FUNCTIONS)
