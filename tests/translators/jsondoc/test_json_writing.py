"""Nodes to JSON: read back the same; what JSON cannot hold is refused with its path."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.errors import WritingError
from translators.jsondoc.reader import read_json
from translators.jsondoc.writer import JSONForm, write_json
from translators.tree import Node, NodeKind

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text("abé", max_size=3), below, max_size=3),
    max_leaves=10,
)


@given(VALUES, st.booleans())
def test_what_was_read_is_written_the_same(value, indent) -> None:
    root = read_json([json.dumps(value).encode()]).root
    assert json.loads(write_json(root, form=JSONForm(indent=indent))) == value


def test_the_form_is_indented_or_one_line() -> None:
    root = Node("$", kind=NodeKind.OBJECT, children=[
        Node("number", text="45"),
        Node("qty", text="10.50", kind=NodeKind.NUMBER),
        Node("lines", children=[Node("sku", text="A")], listed=True),
    ])  # fmt: skip
    assert write_json(root, form=JSONForm(indent=False)) == b'{"number": "45", "qty": 10.50, "lines": [{"sku": "A"}]}\n'
    assert write_json(root).decode().splitlines()[:5] == [
        "{", '  "number": "45",', '  "qty": 10.50,', '  "lines": [', "    {",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("child", "place"),
    [
        (Node("qty", text="1e", kind=NodeKind.NUMBER), "$.qty"),
        (Node("qty", text="NaN", kind=NodeKind.NUMBER), "$.qty"),
        (Node("gift", text="yes", kind=NodeKind.BOOLEAN), "$.gift"),
        (Node("note", text="\ud800"), "the document"),
    ],
)
def test_a_value_json_cannot_hold_is_refused_with_its_path(child, place) -> None:
    with pytest.raises(WritingError) as caught:
        write_json(Node("$", children=[child]))
    assert caught.value.place == place


def test_a_name_that_stands_twice_and_is_no_list_is_refused() -> None:
    with pytest.raises(WritingError, match=r"\$\.a: stands 2 times"):
        write_json(Node("$", children=[Node("a"), Node("a")]))


def test_a_tree_deeper_than_any_reader_takes_is_refused() -> None:
    node = Node("$")
    for _ in range(66):
        node = Node("a", children=[node])
    with pytest.raises(WritingError, match="deeper than 64"):
        write_json(node)
