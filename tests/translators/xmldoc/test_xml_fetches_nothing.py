"""Nothing outside is opened, by the reader or the schema check: a pipe nobody writes to would block both."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from translators.tree import Node
from translators.xmldoc.reader import read_xml
from translators.xmldoc.schema import SchemaError, XMLSchema

XSD = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="a">
  <xs:complexType mixed="true"><xs:sequence><xs:any minOccurs="0" maxOccurs="9" processContents="lax"/></xs:sequence>
  <xs:anyAttribute processContents="lax"/></xs:complexType></xs:element></xs:schema>"""

pytestmark = pytest.mark.timeout(20)


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize(
    "content",
    [
        '<!DOCTYPE a SYSTEM "file://{pipe}"><a/>',
        '<!DOCTYPE a PUBLIC "-//X//EN" "{pipe}"><a/>',
        '<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:noNamespaceSchemaLocation="file://{pipe}"/>',
        '<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="urn:x {pipe}"/>',
        '<a xmlns:x="http://www.w3.org/2001/XInclude"><x:include href="file://{pipe}" parse="text"/></a>',
        '<?xml-stylesheet href="file://{pipe}" type="text/xsl"?><a/>',
        '<a xml:base="file://{pipe}"/>',
    ],
)
def test_a_document_that_names_a_place_opens_nothing(pipe: Path, content: str) -> None:
    written = content.format(pipe=pipe).encode()
    found = read_xml([written])
    assert isinstance(found.root, Node)
    assert XMLSchema({"a.xsd": XSD}, main="a.xsd").check(written, found.root) == ()


@pytest.mark.parametrize("subset", ['<!ENTITY x SYSTEM "file://{pipe}">', '<!ENTITY % p SYSTEM "{pipe}"> %p;'])
def test_an_entity_that_names_a_place_is_refused_before_it_is_looked_at(pipe: Path, subset: str) -> None:
    found = read_xml([f"<!DOCTYPE a [{subset.format(pipe=pipe)}]><a>&x;</a>".encode()])
    assert [issue.code for issue in found.issues] == ["xml.doctype"]


@pytest.mark.parametrize("place", ["file://{pipe}", "{pipe}"])
@pytest.mark.parametrize("word", ["import", "include"])
def test_a_schema_that_names_a_place_is_refused_before_it_is_looked_at(pipe: Path, place: str, word: str) -> None:
    reference = f'<xs:{word} schemaLocation="{place.format(pipe=pipe)}"/>'.encode()
    with pytest.raises(SchemaError, match="not among the schema's files"):
        XMLSchema({"a.xsd": XSD.replace(b'<xs:element name="a">', reference + b'<xs:element name="a">')}, main="a.xsd")
