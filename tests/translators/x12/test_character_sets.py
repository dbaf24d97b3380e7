"""Basic, extended and UTF-8 text, and lines cut at a width: what is read, what is refused, and at which byte."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translators.errors import Issue
from translators.x12.characters import Charset
from translators.x12.guide import GuideLibrary
from translators.x12.model import GroupEnd, InterchangeEnd, TransactionSet
from translators.x12.reader import ReadOptions, read_x12

ISA = "ISA*00*          *00*          *ZZ*ACME           *ZZ*TRADELANE      *260115*1200*U*00401*000000001*0*P*>~"
BEG = "BEG*00*SA*PO1**20260115"
PO1 = "PO1*1*5*EA*9.25"


def order(*segments: str) -> str:
    """A file with one 850 that begins with BEG and ends with a line and a CTT."""
    body = ["ST*850*0001", BEG, *segments, PO1, "CTT*1"]
    group = ["GS*PO*ACME*TRADELANE*20260115*1200*1*X*004010", *body, f"SE*{len(body) + 1}*0001", "GE*1*1"]
    return ISA + "".join(f"{segment}~" for segment in [*group, "IEA*1*000000001"])


def read(
    data: bytes, *, charset: Charset = Charset.EXTENDED, unwrap: bool = False, keep_tree: bool = True
) -> tuple[list[TransactionSet], list[Issue]]:
    options = ReadOptions(keep_tree=keep_tree, charset=charset, unwrap=unwrap)
    events = list(read_x12([data], guides=GuideLibrary.shipped(), options=options))
    issues = [
        issue
        for event in events
        if isinstance(event, TransactionSet | GroupEnd | InterchangeEnd)
        for issue in event.issues
    ]
    return [event for event in events if isinstance(event, TransactionSet)], issues


def texts(found: TransactionSet) -> list[list[str]]:
    assert found.root is not None
    return [segment.elements for segment in found.root.walk()]


def test_the_names_of_options_are_those_of_the_standard() -> None:
    assert [charset.value for charset in Charset] == ["basic", "extended", "utf-8"]


def test_latin_1_is_read_as_it_is_by_default() -> None:
    sets, issues = read(order("N1*ST*CAFÉ").encode("latin-1"))
    assert issues == []
    assert ["N1", "ST", "CAFÉ"] in texts(sets[0])


@pytest.mark.parametrize("name", ["Zoë & Åse GmbH", "東京商店", "Ünïcødé ~".rstrip("~ "), "ça va? 😀"])
def test_utf_8_is_decoded(name) -> None:
    sets, issues = read(order(f"N1*ST*{name}").encode(), charset=Charset.UTF_8)
    assert issues == []
    assert ["N1", "ST", name] in texts(sets[0])


def test_a_length_counts_characters_of_utf_8_and_not_bytes() -> None:
    good, issues = read(order("N1*ST*" + "é" * 60).encode(), charset=Charset.UTF_8)
    assert issues == []
    assert good[0].accepted
    _, issues = read(order("N1*ST*" + "é" * 61).encode(), charset=Charset.UTF_8)
    assert [issue.code for issue in issues] == ["x12.element.too_long"]


def test_a_fault_after_letters_of_many_bytes_is_at_its_byte() -> None:
    data = order("N1*ST*東京*QQ*12").encode()
    _, (issue,) = read(data, charset=Charset.UTF_8)
    assert (issue.code, issue.position.element) == ("x12.element.code", 3)
    assert issue.position.offset == data.index(b"QQ*12")


def test_an_element_of_the_tree_has_the_bytes_it_has_in_the_file() -> None:
    data = order("N1*ST*Zoë*92*07").encode()
    sets, _ = read(data, charset=Charset.UTF_8)
    assert sets[0].root is not None
    (n1,) = [segment for segment in sets[0].root.walk() if segment.id == "N1"]
    ranges = [data[slice(*n1.element_range(number))] for number in range(5)]
    assert ranges == [b"N1", b"ST", "Zoë".encode(), b"92", b"07"]
    start, end = n1.element_range(9)
    assert start == end == data.index(b"~PO1")


def test_bytes_that_are_no_utf_8_are_a_fault_of_their_element() -> None:
    data = order("N1*ST*CAF\xc9*92*07").encode("latin-1")
    _, (issue,) = read(data, charset=Charset.UTF_8)
    assert (issue.code, issue.position.segment, issue.position.element) == ("x12.element.character", 4 - 1, 2)
    assert issue.position.offset == data.index(b"CAF\xc9")
    assert "UTF-8" in issue.message


def test_a_control_character_within_utf_8_is_refused() -> None:
    _, (issue,) = read(order("N1*ST*A\x85B").encode(), charset=Charset.UTF_8)
    assert issue.code == "x12.element.character"


@pytest.mark.parametrize("text", ["SHOP 7", "A&B (C) 'D' \"E\" F?", "1,2.3-4/5:6;7=8+9!"])
def test_the_basic_set_has_capitals_digits_and_signs(text) -> None:
    assert read(order(f"N1*ST*{text}").encode(), charset=Charset.BASIC)[1] == []


@pytest.mark.parametrize(("text", "at"), [("SHOp 7", 3), ("A_B", 1), ("CAFÉ", 3), ("#7", 0)])
def test_another_character_is_outside_the_basic_set_at_its_byte(text, at) -> None:
    data = order(f"N1*ST*{text}").encode("latin-1")
    assert read(data)[1] == []
    _, (issue,) = read(data, charset=Charset.BASIC)
    assert (issue.code, issue.position.segment, issue.position.element) == ("x12.element.character", 3, 2)
    assert issue.value == text
    assert issue.position.offset == data.index(text.encode("latin-1")) + at


def test_separators_are_not_data_of_the_basic_set() -> None:
    assert read(order("REF*DP*100**PO>1234").encode(), charset=Charset.BASIC)[1] == []


def test_one_element_has_one_fault_of_its_characters() -> None:
    _, issues = read(order("N1*ST*a\x01b").encode(), charset=Charset.BASIC)
    assert [issue.code for issue in issues] == ["x12.element.character"]


WRAPPED = order("N9*ZZ*1", "MSG*" + "TEXT " * 40 + "END", "N1*ST*SHOP OF MANY WORDS THAT FILL A LINE*92*0007")


@pytest.mark.parametrize("width", [3, 7, 79, 80, 100, 104, 105, 106])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_lines_cut_at_a_width_are_put_together(width, line_end) -> None:
    plain, none = read(WRAPPED.encode())
    assert none == []
    cut = line_end.join(WRAPPED[at : at + width] for at in range(0, len(WRAPPED), width)) + line_end
    sets, issues = read(cut.encode(), unwrap=True)
    assert issues == []
    assert [texts(each) for each in sets] == [texts(each) for each in plain]


def test_without_the_option_a_cut_segment_is_refused() -> None:
    cut = "\n".join(WRAPPED[at : at + 80] for at in range(0, len(WRAPPED), 80))
    assert read(cut.encode())[1] != []


def test_with_the_option_a_file_that_is_not_cut_is_read_the_same() -> None:
    for terminator in ("~", "~\n", "~\r\n", "\n"):
        data = WRAPPED.replace("~", terminator).encode()
        assert read(data, unwrap=True)[1] == read(data)[1] == []


def test_what_follows_the_interchange_is_found_when_its_iea_is_cut() -> None:
    text = WRAPPED[:-16] + "I\nEA*1*000000001~" + WRAPPED
    sets, issues = read(text.encode(), unwrap=True)
    assert issues == []
    assert len(sets) == 2


@settings(max_examples=150, deadline=None)
@given(st.integers(3, 120), st.sampled_from(["\n", "\r\n"]), st.sampled_from(["QQ*1", "92*1*X", "92*" + "7" * 90]))
def test_a_fault_in_a_cut_segment_is_at_the_byte_of_its_element(width, line_end, tail) -> None:
    text = order(f"N1*ST*SHOP*{tail}")
    _, plain = read(text.encode())
    assert plain
    cut = line_end.join(text[at : at + width] for at in range(0, len(text), width))
    _, issues = read(cut.encode(), unwrap=True)
    assert [(each.code, each.position.element, each.value) for each in issues] == [
        (each.code, each.position.element, each.value) for each in plain
    ]
    for ours, theirs in zip(issues, plain, strict=True):
        assert ours.position.offset is not None
        assert theirs.position.offset is not None
        before = cut[: ours.position.offset].replace("\r", "").replace("\n", "")
        assert len(before) == theirs.position.offset


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(list(Charset)), st.booleans())
def test_any_bytes_with_any_option_make_issues_inside_the_file(tail, charset, unwrap) -> None:
    data = order("N1*ST*\u00e9").encode("latin-1")[:-40] + tail
    trees = read(data, charset=charset, unwrap=unwrap)[1]
    assert all(issue.position.offset is not None and 0 <= issue.position.offset <= len(data) for issue in trees)
    assert trees == read(data, charset=charset, unwrap=unwrap, keep_tree=False)[1]
