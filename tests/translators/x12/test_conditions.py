"""The conditions P R E C L over every pattern of presence."""

from __future__ import annotations

from itertools import product

import pytest

from translators.errors import TranslationError
from translators.x12.conditions import ConditionKind, parse_condition

RULES = {
    "P": lambda a, b, c: a == b == c,
    "R": lambda a, b, c: a or b or c,
    "E": lambda a, b, c: a + b + c <= 1,
    "C": lambda a, b, c: not a or (b and c),
    "L": lambda a, b, c: not a or b or c,
}


@pytest.mark.parametrize("letter", RULES)
@pytest.mark.parametrize("pattern", list(product([False, True], repeat=3)))
def test_a_condition_holds_where_its_rule_says_so(letter, pattern) -> None:
    condition = parse_condition(f"{letter}010203")
    present = [False, *pattern]
    holds = not condition.missing(present) and not condition.excluded(present)
    assert holds == RULES[letter](*pattern)


@pytest.mark.parametrize(
    ("text", "present", "missing", "excluded"),
    [
        ("P0304", {3}, (4,), ()),
        ("P030405", {4}, (3, 5), ()),
        ("R0203", set(), (2,), ()),
        ("C0302", {3}, (2,), ()),
        ("L130204", {13}, (2,), ()),
        ("E0203", {2, 3}, (), (3,)),
        ("E020304", {2, 3, 4}, (), (3, 4)),
    ],
)
def test_the_positions_at_fault_are_named(text, present, missing, excluded) -> None:
    condition = parse_condition(text)
    sent = [position in present for position in range(15)]
    assert condition.missing(sent) == missing
    assert condition.excluded(sent) == excluded


def test_positions_that_were_not_sent_are_absent() -> None:
    assert parse_condition("P0304").missing([True, True]) == ()
    assert parse_condition("R0203").missing([True]) == (2,)


@pytest.mark.parametrize("text", ["P0304", "R020305", "L130204"])
def test_a_condition_is_written_as_it_was_read(text) -> None:
    assert str(parse_condition(text)) == text
    assert parse_condition(text).kind is ConditionKind(text[0])


@pytest.mark.parametrize("text", ["", "P", "P03", "P030", "X0304", "p0304", "P03a4", "P0003"])
def test_what_is_no_condition_is_refused(text) -> None:
    with pytest.raises(TranslationError):
        parse_condition(text)
