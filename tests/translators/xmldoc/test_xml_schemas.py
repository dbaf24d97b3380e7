"""XSD: faults of a document with their places, and schemas that reach outside of what was handed in."""

from __future__ import annotations

import pytest

from translators.xmldoc.reader import read_xml
from translators.xmldoc.schema import SchemaError, XMLSchema

MAIN = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:o" targetNamespace="urn:o"
  xmlns:t="urn:t" elementFormDefault="qualified">
  <xs:import namespace="urn:t" schemaLocation="common/types.xsd"/>
  <xs:element name="Order"><xs:complexType><xs:sequence>
    <xs:element name="Number" type="xs:string"/>
    <xs:element name="Line" maxOccurs="2"><xs:complexType><xs:sequence>
      <xs:element name="Qty" type="t:Quantity"/></xs:sequence>
      <xs:attribute name="unit" use="required"/></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element></xs:schema>"""
TYPES = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:t" targetNamespace="urn:t">
  <xs:simpleType name="Quantity"><xs:restriction base="xs:decimal"><xs:minExclusive value="0"/></xs:restriction>
  </xs:simpleType></xs:schema>"""
FILES = {"order.xsd": MAIN, "common/types.xsd": TYPES}
ENTITY = b"<!DOCTYPE schema [<!ENTITY e %s>]>"
NOTE = b"<xs:annotation><xs:documentation>&e;</xs:documentation></xs:annotation><xs:element name"
BOMB = b'<!DOCTYPE schema [<!ENTITY e0 "aaaaaaaaaa">%s]>' % b"".join(
    b'<!ENTITY e%d "%s">' % (level, b"&e%d;" % (level - 1) * 10) for level in range(1, 10)
)
GOOD = b'<Order xmlns="urn:o"><Number>1</Number>\n<Line unit="EA"><Qty>3</Qty></Line></Order>'


def check(content: bytes):
    return XMLSchema(FILES, main="order.xsd").check(content, read_xml([content]).root)


def test_a_document_its_schema_allows_has_no_issue() -> None:
    assert check(GOOD) == ()


def test_each_fault_is_an_issue_with_line_bytes_and_path() -> None:
    content = GOOD.replace(b">3<", b">-3<").replace(b"<Number>1</Number>\n", b"<Number>1</Number>\n\n")
    content = content.replace(b"</Order>", b"\n<Line><Qty>1</Qty></Line></Order>")
    quantity, unit = check(content)
    assert quantity.code == unit.code == "xml.schema"
    assert (quantity.position.line, unit.position.line) == (3, 4)
    assert content[unit.position.offset :].startswith(b"<Line><Qty>1")
    assert "minExclusive" in quantity.message
    assert "'unit' is required" in unit.message
    assert "{urn:o}" not in unit.message
    assert quantity.position.path is not None


def test_a_missing_element_is_told() -> None:
    (found,) = check(b'<Order xmlns="urn:o"><Number>1</Number></Order>')
    assert "Line" in found.message


def test_more_faults_than_are_listed_end_with_one_that_says_so() -> None:
    content = b'<Order xmlns="urn:o"><Number>1</Number>' + b'<Line unit="1"><Qty>x</Qty></Line>\n' * 2000 + b"</Order>"
    found = check(content)
    assert len(found) <= 1001
    assert found[-1].code in ("xml.issues.capped", "xml.schema")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("order.xsd", MAIN.replace(b"common/types.xsd", b"http://127.0.0.1:1/types.xsd")),
        ("order.xsd", MAIN.replace(b"common/types.xsd", b"../types.xsd")),
        ("order.xsd", MAIN.replace(b"common/types.xsd", b"/etc/passwd")),
        ("order.xsd", MAIN.replace(b"common/types.xsd", b"file:///etc/passwd")),
        ("order.xsd", ENTITY % b'SYSTEM "file:///etc/passwd"' + MAIN.replace(b"<xs:element name", NOTE, 1)),
        ("order.xsd", ENTITY % b'"told"' + MAIN.replace(b"<xs:element name", NOTE, 1)),
        ("order.xsd", BOMB + MAIN.replace(b'"Number"', b'"&e9;"')),
        ("order.xsd", b"<not-a-schema/>"),
        ("order.xsd", b"<broken"),
        ("common/types.xsd", b"<broken"),
        ("common/types.xsd", TYPES.replace(b"xs:decimal", b"xs:no-such")),
    ],
)
def test_a_schema_that_cannot_be_used_is_an_error_at_load(name, content) -> None:
    with pytest.raises(SchemaError):
        XMLSchema({**FILES, name: content}, main="order.xsd")


def test_a_doctype_whose_entities_nothing_uses_is_read_past() -> None:
    declared = b'<!DOCTYPE schema PUBLIC "-//x//EN" "http://127.0.0.1:1/x.dtd" [<!ENTITY e "told"><!ENTITY % p "">]>'
    schema = XMLSchema({name: declared + content for name, content in FILES.items()}, main="order.xsd")
    assert schema.check(GOOD, read_xml([GOOD]).root) == ()


def test_the_main_file_must_be_there() -> None:
    with pytest.raises(SchemaError, match=r"no schema file other.xsd; there is"):
        XMLSchema(FILES, main="other.xsd")


def test_a_schema_location_in_the_document_is_not_followed() -> None:
    hint = b' xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="urn:o http://127.0.0.1:1/o.xsd">'
    content = GOOD.replace(b'xmlns="urn:o">', b'xmlns="urn:o"' + hint)
    assert check(content) == ()
