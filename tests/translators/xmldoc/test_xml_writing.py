"""Nodes to XML: what was written reads back the same, in the form a partner wants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.errors import WritingError
from translators.tree import Node
from translators.xmldoc.reader import read_xml
from translators.xmldoc.writer import XMLForm, write_xml

NAMES = st.sampled_from(["a", "b", "{urn:x}c", "{urn:y}d"])
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=12)


def nodes() -> st.SearchStrategy[Node]:
    leaf = st.builds(
        lambda name, text, attributes: Node(name, text=text, attributes=attributes),
        NAMES,
        TEXTS,
        st.dictionaries(NAMES, TEXTS, max_size=2),
    )
    return st.recursive(
        leaf,
        lambda below: st.builds(
            lambda name, attributes, children: Node(name, attributes=attributes, children=children),
            NAMES,
            st.dictionaries(NAMES, TEXTS, max_size=2),
            st.lists(below, min_size=1, max_size=3),
        ),
        max_leaves=8,
    )


def plain(node: Node) -> tuple[object, ...]:
    return (node.name, node.text, dict(node.attributes), [plain(child) for child in node.children])


@given(nodes(), st.booleans(), st.sampled_from(["UTF-8", "UTF-16", "ISO-8859-1", "us-ascii"]))
def test_what_is_written_reads_back_the_same(node, indent, encoding) -> None:
    found = read_xml([write_xml(node, form=XMLForm(indent=indent, encoding=encoding))])
    assert found.issues == ()
    assert plain(found.root) == plain(node)


def test_the_form_has_declaration_doctype_prefixes_and_indentation() -> None:
    order = Node("{urn:o}Order", children=[Node("{urn:c}ID", text="4 & 5")], attributes={"unit": '"'})
    written = write_xml(order, form=XMLForm(prefixes={"": "urn:o", "cbc": "urn:c"}, doctype="http://x/cXML.dtd"))
    assert written == (
        b"<?xml version='1.0' encoding='UTF-8'?>\n"
        b'<!DOCTYPE Order SYSTEM "http://x/cXML.dtd">\n'
        b'<Order xmlns="urn:o" xmlns:cbc="urn:c" unit="&quot;">\n'
        b"  <cbc:ID>4 &amp; 5</cbc:ID>\n"
        b"</Order>\n"
    )


@pytest.mark.parametrize(
    "node",
    [
        Node("a", children=[Node("b", text="\x00")]),
        Node("a", children=[Node("b", text="\x1b[0m")]),
        Node("a", children=[Node("b", attributes={"c": "\x08"})]),
        Node("a", children=[Node("b c")]),
        Node("a", children=[Node("")]),
    ],
)
def test_what_xml_cannot_hold_is_refused_with_its_path(node) -> None:
    with pytest.raises(WritingError, match="/a/"):
        write_xml(node)


def test_a_tree_deeper_than_any_reader_takes_is_refused() -> None:
    node = Node("a")
    for _ in range(256):
        node = Node("a", children=[node])
    with pytest.raises(WritingError, match="deeper than 256"):
        write_xml(node)


@pytest.mark.parametrize("form", [XMLForm(encoding="no-such"), XMLForm(doctype="a'b\"c")])
def test_a_form_that_cannot_be_written_is_refused(form) -> None:
    with pytest.raises(WritingError):
        write_xml(Node("a"), form=form)
