"""Agreements for XML, JSON and delimited files: their keys, their schemas, and which of them a file is under."""

from __future__ import annotations

from typing import Any

import pytest

from partners.file_terms import FileAnswer
from partners.files import agreement_for_file, agreements_for_files
from partners.model import Agreement, Syntax
from partners.registry import NotIdentified, Refusal
from translators.tree import Node

PROFILE = """
    name: Beech
    sftp:
      - user: beech
    agreements:
      - {document: order, direction: in, syntax: csv, map: base/csv-order.in, deliver_to: [erp],
         file: {name: "orders-*.csv", encoding: cp1252, answer: json}}
      - {document: ubl-order, direction: in, syntax: xml, map: base/ubl-order.in, deliver_to: [erp],
         file: {root: Order, namespace: "urn:o", schema: order.xsd, answer: xml}}
      - {document: any-xml, direction: in, syntax: xml, pass_through: true, deliver_to: [erp]}
      - {document: request, direction: in, syntax: xml, pass_through: true, deliver_to: [erp],
         file: {root: cXML/Request/OrderRequest}}
"""
XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:o">
  <xs:element name="Order"/></xs:schema>"""


@pytest.fixture
def registry(profiles: Any) -> Any:
    profiles.write("beech/profile.yaml", PROFILE)
    profiles.write("beech/schemas/order.xsd", XSD)
    return profiles.load()


def found(registry: Any, syntax: Syntax, filename: str, root: Node | None) -> Agreement | NotIdentified:
    agreed = agreements_for_files(registry, registry.account("beech"), syntax)
    return agreement_for_file(agreed, filename=filename, root=root)


def test_an_agreement_says_how_its_files_are_told_read_and_answered(registry) -> None:
    order, ubl, *_ = registry.partners["beech"].agreements
    assert (order.syntax, order.file.name, order.file.encoding, order.file.answer) == (
        Syntax.CSV, "orders-*.csv", "cp1252", FileAnswer.JSON,
    )  # fmt: skip
    assert (ubl.file.root, ubl.file.namespace, ubl.file.schema) == (("Order",), "urn:o", "order.xsd")
    assert [schema.name for schema in registry.partners["beech"].schemas] == ["order.xsd"]


@pytest.mark.parametrize(
    ("syntax", "filename", "root", "document"),
    [
        (Syntax.CSV, "ORDERS-0701.CSV", None, "order"),
        (Syntax.XML, "x.xml", Node("{urn:o}Order"), "ubl-order"),
        (Syntax.XML, "x.xml", Node("{urn:other}Order"), "any-xml"),
        (Syntax.XML, "x.xml", Node("cXML", children=[Node("Request", children=[Node("OrderRequest")])]), "request"),
        (Syntax.XML, "x.xml", Node("cXML", children=[Node("Request")]), "any-xml"),
    ],
)
def test_a_file_is_under_the_agreement_that_says_most_of_it(registry, syntax, filename, root, document) -> None:
    agreed = found(registry, syntax, filename, root)
    assert isinstance(agreed, Agreement)
    assert agreed.document == document


def test_a_file_no_agreement_fits_is_refused_and_told(registry) -> None:
    refused = found(registry, Syntax.CSV, "stock.csv", None)
    assert isinstance(refused, NotIdentified)
    assert refused.code is Refusal.NO_AGREEMENT
    assert "stock.csv; agreed: beech order" in refused.reason
    assert agreements_for_files(registry, registry.account("beech"), Syntax.JSON) == []
    assert agreements_for_files(registry, None, Syntax.CSV) == []


def test_two_agreements_that_both_fit_are_no_lucky_choice(profiles) -> None:
    text = PROFILE
    text += "      - {document: stock, direction: in, syntax: csv, pass_through: true, deliver_to: [erp],\n"
    text += "         file: {name: '*orders*.csv'}}\n"
    profiles.write("beech/profile.yaml", text)
    profiles.write("beech/schemas/order.xsd", XSD)
    refused = found(profiles.load(), Syntax.CSV, "orders-1.csv", None)
    assert isinstance(refused, NotIdentified)
    assert refused.code is Refusal.NOT_AS_AGREED
    assert "beech order and beech stock" in refused.reason


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("schema: order.xsd", "schema: ordre.xsd",
         'there is no schema file ordre.xsd; there is order.xsd; did you mean "order.xsd"?'),
        ("encoding: cp1252", "encoding: utf9",
         'encoding is "utf9"; want one of utf-8, cp1252, windows-1252, latin-1, iso-8859-1, utf-16, ascii'),
        ("encoding: cp1252", "schema: a.xsd", "schema is for syntax xml, not csv"),
        ("encoding: cp1252", "root: a", "root is for syntax xml and json, not csv"),
        ("encoding: cp1252", "rooot: a", 'the file of an agreement has no key "rooot"; did you mean "root"?'),
        ("answer: json", "answer: yaml", 'answer is "yaml"; want none or json or xml or csv'),
        ("syntax: csv", "syntax: csv, version: \"004010\"", "version is for syntax x12, not csv"),
        ("syntax: csv", "syntax: x12", "file is for syntax xml, json and csv; X12 says who and what it is itself"),
    ],
)  # fmt: skip
def test_a_mistake_in_such_an_agreement_is_told(profiles, before, after, message) -> None:
    text = PROFILE
    profiles.write("beech/profile.yaml", text.replace(before, after, 1))
    profiles.write("beech/schemas/order.xsd", XSD)
    assert message in [told for _, told in profiles.faults()]


def test_what_lies_among_the_schemas_is_a_schema_that_loads(profiles) -> None:
    profiles.write("beech/profile.yaml", PROFILE)
    profiles.write("beech/schemas/order.xsd", "<broken")
    profiles.write("beech/schemas/notes.txt", "x")
    told = [message for _, message in profiles.faults()]
    assert any("not well-formed XML" in message for message in told)
    assert "want schemas as files NAME.xsd here, and nothing else" in told


def test_a_schema_is_part_of_the_partners_revision(profiles) -> None:
    profiles.write("beech/profile.yaml", PROFILE)
    profiles.write("beech/schemas/order.xsd", XSD)
    before = profiles.load().partners["beech"].revision
    profiles.write("beech/schemas/order.xsd", XSD.replace("Order", "Orders"))
    assert profiles.load().partners["beech"].revision != before
