"""The parser of expressions: precedence, exact columns, and bounded time for hostile text."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.expressions import MAX_DEPTH, MAX_LENGTH, ExpressionFault
from mappings.expressions import parse as parse_in
from mappings.syntax import (
    Arithmetic,
    BlockName,
    Both,
    Call,
    Comparison,
    Conditional,
    Either,
    Literal,
    Negative,
    Node,
    Not,
    Outside,
    Reference,
)
from mappings.x12_references import X12_DIALECT, parse_source


def parse(text: str) -> Node:
    return parse_in(text, X12_DIALECT)


def shape(node: Any) -> Any:
    """A node as nested tuples, to compare."""
    match node:
        case Literal():
            return node.value
        case Reference():
            return node.text
        case Outside():
            return f"{node.source}.{node.name}"
        case BlockName():
            return ("block", node.name, node.field_name)
        case Call():
            return (node.name, *map(shape, node.arguments), *((name, shape(held)) for name, held in node.named))
        case Not():
            return ("not", shape(node.operand))
        case Negative():
            return ("-", shape(node.operand))
        case Arithmetic() | Comparison():
            return (node.operator, shape(node.left), shape(node.right))
        case Either():
            return ("or", *map(shape, node.operands))
        case Both():
            return ("and", *map(shape, node.operands))
        case Conditional():
            return ("if", shape(node.condition), shape(node.then), shape(node.otherwise))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("BEG03", "BEG03"),
        ("N1[ST]/N4.02", "N1[ST]/N4.02"),
        ("parent.parent.REF[DP].02", "parent.parent.REF[DP].02"),
        ("'it''s'", "it's"),
        ('"x"', "x"),
        ("1.50", Decimal("1.50")),
        ("true", True),
        ("none", None),
        ("env.GS03", "env.GS03"),
        ("lines.qty", ("block", "lines", "qty")),
        ("a(1, b=2)", ("a", Decimal(1), ("b", Decimal(2)))),
        ("1 + 2 * 3", ("+", Decimal(1), ("*", Decimal(2), Decimal(3)))),
        ("(1 + 2) * 3", ("*", ("+", Decimal(1), Decimal(2)), Decimal(3))),
        ("1 - 2 - 3", ("-", ("-", Decimal(1), Decimal(2)), Decimal(3))),
        ("-1 * 2", ("*", ("-", Decimal(1)), Decimal(2))),
        ("REF02 / 2", ("/", "REF02", Decimal(2))),
        ("not BEG01 == 'x' and BEG02", ("and", ("not", ("==", "BEG01", "x")), "BEG02")),
        ("CUR02 or agreement.currency or 'USD'", ("or", "CUR02", "agreement.currency", "USD")),
        ("BEG03 == 'A' or BEG04 != 'B'", ("or", ("==", "BEG03", "A"), ("!=", "BEG04", "B"))),
        ("BEG03 or BEG04 if BEG05 else BEG06", ("if", "BEG05", ("or", "BEG03", "BEG04"), "BEG06")),
        ("1 if true else 2 if false else 3", ("if", True, Decimal(1), ("if", False, Decimal(2), Decimal(3)))),
        ("not not true", ("not", ("not", True))),
    ],
)
def test_an_expression_reads(text: str, wanted: object) -> None:
    assert shape(parse(text)) == wanted


def test_a_reference_is_taken_apart() -> None:
    node = parse("parent.N1[03=92, ST]/REF[DP][#2].04.01")
    assert isinstance(node, Reference)
    assert (node.parents, node.element, node.component) == (1, 4, 1)
    first, second = node.steps
    assert [(held.element, held.value) for held in first.filters] == [(3, "92"), (None, "ST")]
    assert (second.segment, second.filters[0].value, second.index) == ("REF", "DP", 2)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", 0),
        ("BEG03 BEG04", 6),
        ("num(BEG03", 9),
        ("num(BEG03,)", 10),
        ("(1", 2),
        ("1 +", 3),
        ("'open", 0),
        ("REF[DP", 3),
        ("REF[DP]x", 7),
        ("REF[].02", 4),
        ("REF[a=b=c].02", 4),
        ("REF[#0].02", 4),
        ("REF[#2][DP].02", 7),
        ("REF.0", 4),
        ("REF.xx", 4),
        ("BEG03 == 1 == 2", 11),
        ("a if b", 6),
        ("num(implied=2, BEG03)", 15),
        ("beg03; drop", 5),
        ("__import__('os').system('x')", 16),
        ("BEG03.__class__", 6),
        ("lambda: 1", 6),
        ("[1, 2]", 0),
        ("TOOLONGNAME", 0),
        ("or", 0),
        ("env", 3),
        ("env.", 4),
        ("parent.", 7),
        ("é", 0),
    ],
)
def test_what_is_not_of_the_language_is_refused_at_its_place(text: str, at: int) -> None:
    with pytest.raises(ExpressionFault) as caught:
        parse(text)
    assert caught.value.at == at


@pytest.mark.parametrize("text", ["BEG03", "PO1.01", "parent.PO101", "'PO1'", "num(PO1)", ""])
def test_a_block_is_made_from_a_loop_or_segment_only(text: str) -> None:
    with pytest.raises(ExpressionFault):
        parse_source(text)


HOSTILE = {
    "a megabyte": "BEG03 or " * 120_000 + "BEG03",
    "parentheses": "(" * 2000 + "1" + ")" * 1900,
    "calls": "trim(" * 700 + "BEG03" + ")" * 700,
    "not": "not " * 900 + "true",
    "conditions": "1 if true else " * 250 + "1",
    "operands": " + ".join(["1"] * 900),
    "or": " or ".join(["BEG03"] * 400),
    "path": "/".join(["N1"] * 900),
    "parents": "parent." * 500 + "BEG03",
    "arguments": "concat(" + ", ".join(["BEG03"] * 400) + ")",
    "quotes": "'" * 3999,
    "brackets": "[" * 3999,
    "minus": "-" * 3999 + "1",
    "digits": "9" * 3999 + ".",
    "nul": "BEG03\x00",
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_text_ends_in_a_fault(name: str) -> None:
    with pytest.raises(ExpressionFault):
        parse(HOSTILE[name])


def test_the_limits_themselves_are_still_read() -> None:
    assert parse("(" * (MAX_DEPTH - 1) + "1" + ")" * (MAX_DEPTH - 1)) == parse("1")
    assert isinstance(parse("'" + "x" * (MAX_LENGTH - 2) + "'"), Literal)


def fault_of(text: str) -> ExpressionFault | None:
    try:
        parse(text)
    except ExpressionFault as fault:
        return fault
    return None


@given(st.text(alphabet="BEG03REF[]()'.,=#/+-*<>! orandtifls12nm\n\"", max_size=60))
def test_any_text_reads_or_is_a_fault_within_it(text: str) -> None:
    fault = fault_of(text)
    assert fault is None or (0 <= fault.at <= len(text) and fault.message)
