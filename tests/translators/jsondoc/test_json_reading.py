"""JSON to nodes: names, kinds, positions, and what is no JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.jsondoc.reader import JSONLimits, read_json
from translators.tree import Node, NodeKind

ORDER = """{
  "number": "45",
  "käse": {"qty": 10.50, "gift": true, "note": null},
  "lines": [{"sku": "A"}, {"sku": "B"}],
  "tags": ["x", ["y"]], "none": []
}""".encode()


def read(content: bytes, **limits: int):
    return read_json([content], limits=JSONLimits(**limits))


def codes(content: bytes, **limits: int) -> list[str]:
    return [issue.code for issue in read(content, **limits).issues]


def plain(node: Node) -> object:
    """What json.loads would give, but numbers as texts in a tuple."""
    match node.kind:
        case NodeKind.NULL:
            return None
        case NodeKind.BOOLEAN:
            return node.text == "true"
        case NodeKind.NUMBER:
            return ("number", node.text)
        case NodeKind.LIST:
            return [plain(child) for child in node.children]
        case NodeKind.TEXT:
            return node.text
    found: dict[str, object] = {}
    for child in node.children:
        if child.listed:
            listed = found.setdefault(child.name, [])
            assert isinstance(listed, list)
            listed.append(plain(child))
        else:
            found[child.name] = plain(child)
    return found


def test_members_become_children_and_the_items_of_an_array_children_of_one_name() -> None:
    root = read(ORDER).root
    assert [child.name for child in root.children] == ["number", "käse", "lines", "lines", "tags", "tags", "none"]
    assert [line.find("sku").text for line in root.children if line.name == "lines"] == ["A", "B"]
    assert root.find("käse", "qty").text == "10.50"
    assert root.find("käse", "note").kind is NodeKind.NULL
    assert root.find("none").kind is NodeKind.LIST


def test_a_value_knows_line_column_and_bytes() -> None:
    quantity = read(ORDER).root.find("käse", "qty")
    assert (quantity.line, quantity.column) == (3, 19)
    assert ORDER[quantity.offset : quantity.end] == b"10.50"
    second = read(ORDER).root.children[3]
    assert ORDER[second.offset : second.end] == b'{"sku": "B"}'
    assert (second.line, second.column) == (4, 27)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
        lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=4), below, max_size=3),
        max_leaves=12,
    ),
    st.booleans(),
)
def test_what_python_writes_is_read_the_same(value, ascii_only) -> None:
    content = json.dumps(value, ensure_ascii=ascii_only, indent=1).encode()
    if "\\u0000" in content.decode():
        return
    found = read(content)
    assert found.issues == ()
    assert plain(found.root) == value
    for node in found.root.walk():
        assert json.loads(content[node.offset : node.end]) is not ...


@pytest.mark.parametrize(
    ("content", "code", "line", "column"),
    [
        (b"", "json.empty", 1, 1),
        (b" \n", "json.empty", 2, 1),
        (b"{", "json.syntax", 1, 2),
        (b'{"a" 1}', "json.syntax", 1, 6),
        (b'{"a": 1,}', "json.syntax", 1, 9),
        (b'{"a": 1 "b": 2}', "json.syntax", 1, 9),
        (b"[1,]", "json.syntax", 1, 4),
        (b"[1 2]", "json.syntax", 1, 4),
        (b"{a: 1}", "json.syntax", 1, 2),
        (b"{} {}", "json.syntax", 1, 4),
        (b"NaN", "json.syntax", 1, 1),
        (b"[Infinity]", "json.syntax", 1, 2),
        (b"01", "json.syntax", 1, 2),
        (b"1.", "json.syntax", 1, 2),
        (b"+1", "json.syntax", 1, 1),
        (b"'a'", "json.syntax", 1, 1),
        (b'"a', "json.syntax", 1, 3),
        (b'"a\nb"', "json.syntax", 1, 3),
        (b'"\\x"', "json.syntax", 1, 2),
        (b'"\\u12"', "json.syntax", 1, 2),
        (b"// no\n1", "json.syntax", 1, 1),
        (b"truely", "json.syntax", 1, 5),
    ],
)
def test_what_is_no_json_is_one_issue_with_its_place(content, code, line, column) -> None:
    found = read(content)
    assert found.root is None
    assert [issue.code for issue in found.issues] == [code]
    assert (found.issues[0].position.line, found.issues[0].position.column) == (line, column)


def test_a_name_that_stands_twice_is_an_issue_and_never_the_last_one_wins() -> None:
    found = read(b'{"qty": 1,\n "qty": 2}')
    assert not found.accepted
    (issue,) = found.issues
    assert (issue.code, issue.value, issue.position.line, issue.position.column) == ("json.duplicate_name", "qty", 2, 2)


@pytest.mark.parametrize("content", [b'"\\u0000"', b'"\\ud800"', b'"\\udc00x"'])
def test_a_text_that_nobody_can_keep_is_an_issue(content) -> None:
    assert codes(content) == ["json.character"]


def test_escapes_are_read_and_pairs_of_surrogates_joined() -> None:
    assert read(rb'"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"').root.text == '"\\/\b\f\n\r\té😀'


def test_numbers_keep_their_digits() -> None:
    assert [child.text for child in read(b"[1.10, -0, 1e400, 12345678901234567890.5]").root.children] == [
        "1.10", "-0", "1e400", "12345678901234567890.5",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "offset"),
    [('"é"'.encode("latin-1"), 1), ('"é"'.encode("utf-16"), 0), (b'{"a":\n"\xff"}', 7)],
)
def test_another_encoding_is_told(content, offset) -> None:
    found = read(content)
    assert [issue.code for issue in found.issues] == ["json.encoding"]
    assert found.issues[0].position.offset == offset


def test_a_byte_order_mark_is_read_past_and_counted() -> None:
    root = read(b"\xef\xbb\xbf[1]").root
    assert (root.offset, root.children[0].offset) == (3, 4)


def test_caps_end_the_reading() -> None:
    assert codes(b"[" * 64 + b"]" * 64) == []
    assert codes(b"[" * 65 + b"]" * 65) == ["json.too_deep"]
    assert codes(b"[" * 1_000_000) == ["json.too_deep"]
    assert codes(b'{"a":' * 100_000) == ["json.too_deep"]
    assert codes(b"[1,1,1]", values=3) == ["json.too_many_values"]
    assert codes(b'"aaaa"', text=3) == ["json.text_too_long"]
    assert codes(b"1" * 101) == ["json.text_too_long"]
    assert codes(b" " * 101, bytes=100) == ["json.too_large"]


@given(st.text(alphabet='{}[]:,"\\ua10.-eE tfn\n', max_size=40).map(str.encode) | st.binary(max_size=40))
def test_any_bytes_end_as_python_says_or_in_an_issue(content) -> None:
    found = read(content)
    try:
        json.loads(content.decode("utf-8-sig"), parse_constant=_refused)
    except (ValueError, RecursionError):
        assert found.issues
    else:
        assert found.root is not None or found.issues[0].code == "json.too_deep"


def _refused(word: str) -> None:
    raise ValueError(word)
