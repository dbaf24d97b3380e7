"""XML to nodes: names, values, positions, encodings, and what is not well-formed."""

from __future__ import annotations

import codecs

import pytest

from translators.xmldoc.reader import ENCODINGS, read_xml

ORDER = b"""<?xml version="1.0"?>
<Order xmlns="urn:o" xmlns:c="urn:c" id="7">
  <c:Number> 45 </c:Number>
  <Line unit="EA"><Qty>10</Qty></Line>
  <Line unit="CA"><Qty>2</Qty></Line>
</Order>"""


def read(content: bytes):
    return read_xml([content])


def test_names_carry_their_namespace_and_attributes_only_their_own() -> None:
    root = read(ORDER).root
    assert root.name == "{urn:o}Order"
    assert (root.namespace, root.local_name) == ("urn:o", "Order")
    assert root.attributes == {"id": "7"}
    assert [child.name for child in root.children] == ["{urn:c}Number", "{urn:o}Line", "{urn:o}Line"]


def test_text_is_kept_raw_but_the_blanks_between_elements_are_none() -> None:
    root = read(ORDER).root
    assert root.text == ""
    assert root.find("{urn:c}Number").text == " 45 "
    assert read(b"<a> <b/>x<b/> y</a>").root.text == " x y"
    assert read(b"<a>  </a>").root.text == "  "
    assert read(b"<a><![CDATA[<&]]>&amp;&#65;</a>").root.text == "<&&A"


def test_a_node_knows_line_column_and_bytes() -> None:
    quantity = read(ORDER).root.children[2].find("{urn:o}Qty")
    assert (quantity.line, quantity.column) == (5, 19)
    assert ORDER[quantity.offset : quantity.end] == b"<Qty>2"
    assert quantity.ordinal == 6


def test_offsets_are_the_same_however_the_bytes_are_cut() -> None:
    whole = [(node.name, node.text, node.offset, node.end) for node in read(ORDER).root.walk()]
    cut = read_xml([ORDER[at : at + 1] for at in range(len(ORDER))]).root
    assert [(node.name, node.text, node.offset, node.end) for node in cut.walk()] == whole


@pytest.mark.parametrize(
    "content",
    [
        "<a>Käse</a>".encode(),
        b"\xef\xbb\xbf" + "<a>Käse</a>".encode(),
        "\ufeff<a>Käse</a>".encode("utf-16-le"),
        "\ufeff<a>Käse</a>".encode("utf-16-be"),
        "<?xml version='1.0' encoding='ISO-8859-1'?><a>Käse</a>".encode("latin-1"),
        "<?xml version='1.0' encoding='windows-1252'?><a>Käse</a>".encode("cp1252"),
    ],
)
def test_the_encodings_of_partners_read_the_same(content) -> None:
    found = read(content)
    assert found.issues == ()
    assert found.root.text == "Käse"


@pytest.mark.parametrize(
    ("content", "code", "line", "column"),
    [
        (b"", "xml.empty", 1, 1),
        (b"<?xml version='1.0'?>\n", "xml.empty", 2, 1),
        (b"<a>\n <b></a>", "xml.syntax", 2, 7),
        (b"<a>", "xml.syntax", 1, 4),
        (b"<a/><b/>", "xml.syntax", 1, 5),
        (b"<a b='1' b='2'/>", "xml.syntax", 1, 10),
        (b"<a>\x00</a>", "xml.syntax", 1, 4),
        (b"<a>K\xe4se</a>", "xml.syntax", 1, 5),
        (b"<x:a/>", "xml.syntax", 1, 1),
        (b"<a>\n&nbsp;</a>", "xml.entity", 2, 1),
        (b"<?xml version='1.0' encoding='shift_jis'?><a/>", "xml.encoding", 1, 1),
        (b"<?xml version='1.0' encoding='no-such'?><a/>", "xml.encoding", 1, 1),
    ],
)
def test_what_is_no_xml_is_one_issue_with_its_place(content, code, line, column) -> None:
    found = read(content)
    assert found.root is None
    assert not found.accepted
    assert [issue.code for issue in found.issues] == [code]
    position = found.issues[0].position
    assert (position.line, position.column) == (line, column)


def test_a_doctype_that_names_an_external_dtd_is_read_past() -> None:
    found = read(b'<!DOCTYPE cXML SYSTEM "http://127.0.0.1:1/cXML.dtd"><cXML><a/></cXML>')
    assert found.accepted
    assert found.root.name == "cXML"


def test_an_entity_of_a_dtd_that_was_not_read_is_an_issue_never_a_hole_in_the_text() -> None:
    found = read(b'<!DOCTYPE a SYSTEM "a.dtd"><a>before &company; after</a>')
    assert [issue.code for issue in found.issues] == ["xml.entity"]
    assert found.issues[0].value == "company"


def test_no_codec_is_looked_for_under_a_name_of_the_documents() -> None:
    looked: list[str] = []
    look = looked.append
    codecs.register(look)
    try:
        found = read(b"<?xml version='1.0' encoding='x-no-such'?><a/>")
    finally:
        codecs.unregister(look)
    assert [issue.code for issue in found.issues] == ["xml.encoding"]
    assert looked == []


@pytest.mark.parametrize("name", sorted(ENCODINGS - {"utf-16", "utf-16be", "utf-16le"}))
def test_every_encoding_that_is_named_as_read_is_read(name) -> None:
    found = read(f"<?xml version='1.0' encoding='{name}'?><a>K</a>".encode("ascii"))
    assert (found.issues, found.root and found.root.text) == ((), "K")
