"""The patterns of match(): what they mean, by comparison with Python's own, and that they take linear time."""

from __future__ import annotations

import re
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.kinds import Unreadable
from mappings.patterns import MAX_PATTERN, MAX_PLACES, MAX_TEXT, PatternFault, pattern_reader
from tests.work_done import lines_run

CASES = [
    (r"PO-?(\d+)", "PO4711", "4711"),
    (r"PO-?(\d+)", "PO-4711", "4711"),
    (r"PO-?(\d+)", "PO-", ""),
    (r"(\d{3})-(\d)", None, None),
    (r"\d{3}-\d{2,4}", "123-45", "123-45"),
    (r"\d{3}-\d{2,4}", "123-4", ""),
    (r".*-(.*)", "a-b-c", "c"),
    (r"(.*)-.*", "a-b-c", "a-b"),
    (r"[^-]*-(.+)", "a-b-c", "b-c"),
    (r"(a*)a", "aaa", "aa"),
    (r"a*(a)", "aaa", "a"),
    (r"(a?)(b)", None, None),
    (r"x()y", "xy", ""),
    (r"\[\d\]", "[7]", "[7]"),
    (r"[\]\-]+", "]-]", "]-]"),
    (r"[A-Z]+", "é", ""),
    (r"\s*(\w+)\s*", "  ab_9 ", "ab_9"),
    (r"", "", ""),
    (r".", "\n", "\n"),
]


@pytest.mark.parametrize(("pattern", "text", "wanted"), [case for case in CASES if case[1] is not None])
def test_a_pattern_gives_the_part_in_parentheses(pattern: str, text: str, wanted: str) -> None:
    assert pattern_reader(pattern)(text) == wanted


FAULTS = [
    ("(a", 2, "not closed"),
    ("a)", 1, "no meaning here"),
    ("(a)(b)", 3, "no meaning here"),
    ("((a))", 1, "no meaning here"),
    ("a**", 2, "no meaning here"),
    ("a|b", None, ""),
    ("*a", 0, "no meaning here"),
    ("(a)*", 3, "no meaning here"),
    ("a{3,1}", 0, "smaller number first"),
    ("a{", 1, "no meaning here"),
    ("[a", 0, "no meaning here"),
    ("[z-a]", 0, "no class"),
    ("\\b", 0, "is not known"),
    ("\\", 0, "no meaning here"),
    ("x" * (MAX_PATTERN + 1), 0, "at most 200"),
    (f"a{{{MAX_PLACES + 1}}}", 0, "more than 256 places"),
]


@pytest.mark.parametrize(("pattern", "at", "message"), [case for case in FAULTS if case[1] is not None])
def test_a_pattern_that_does_not_read_says_where(pattern: str, at: int, message: str) -> None:
    with pytest.raises(PatternFault) as caught:
        pattern_reader(pattern)
    assert (caught.value.at, message in caught.value.message) == (at, True), caught.value.message


atoms = st.tuples(st.sampled_from(["a", "b", ".", r"\d", "[ab]", "[^a]"]), st.sampled_from(["", "?", "*", "+", "{2}"]))


@settings(max_examples=300, deadline=None)
@given(st.lists(atoms, max_size=5), st.lists(atoms, max_size=3), st.text(alphabet="ab1", max_size=8))
def test_a_pattern_means_what_a_regular_expression_means(
    head: list[tuple[str, str]], group: list[tuple[str, str]], text: str
) -> None:
    written = "".join(map("".join, head)) + "(" + "".join(map("".join, group)) + ")"
    found = re.fullmatch(written, text, re.DOTALL | re.ASCII)
    assert pattern_reader(written)(text) == ("" if found is None else found[1])


def test_no_pattern_takes_more_than_linear_time() -> None:
    for pattern in (".*" * 60 + "x", "(a?a?a?a?a?a?a?a?a?a?)" + "a*" * 40 + "b", "[ab]*" * 39 + "c"):
        read = pattern_reader(pattern)
        assert read("ab" * (MAX_TEXT // 2)) == ""
        whole, half = (lines_run(partial(read, "ab" * (MAX_TEXT // parts))) for parts in (2, 4))
        assert whole < 3 * half


def test_a_text_past_the_limit_is_told() -> None:
    found = pattern_reader(".*")("a" * (MAX_TEXT + 1))
    assert isinstance(found, Unreadable)
    assert found.code == "map.text.too_long"
