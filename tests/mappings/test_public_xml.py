"""Public UBL and cXML samples, if the corpus is beside the repository: each maps, or its issues are explained."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mappings.catalog import MapCatalog
from mappings.engine import MapContext, run
from mappings.files import read_documents
from translators.tree import Node
from translators.xmldoc.reader import read_xml

CORPUS = Path(os.environ.get("TRADELANE_CORPUS", Path(__file__).parents[3] / "shared" / "corpus")) / "xml"
FILES = sorted(CORPUS.glob("*.xml")) if CORPUS.is_dir() else []
CATALOG = MapCatalog.shipped()
UBL = {
    "Order": "ubl-order",
    "OrderResponse": "ubl-response",
    "DespatchAdvice": "ubl-despatch",
    "Invoice": "ubl-invoice",
}
CXML = {
    "OrderRequest": "cxml-order",
    "ConfirmationRequest": "cxml-response",
    "ShipNoticeRequest": "cxml-despatch",
    "InvoiceDetailRequest": "cxml-invoice",
}
NO_QUANTITIES = {("map.required.missing", "lines.qty"), ("map.required.missing", "lines.unit")}
"""Minimal invoices of BII04 bill amounts only: their lines have no InvoicedQuantity."""
EXPLAINED = {
    # an order of empty elements, its number and units among them
    "CENBII-Order-minimal": {("map.required.missing", "number"), ("map.required.missing", "lines.unit")},
    "ERR-2_BII04_minimal_invoice_example_01": NO_QUANTITIES,
    "ERR-5_BII04_minimal_VAT_invoice_example_01": NO_QUANTITIES,
    "ERR-9_BII04_minimal_VAT_invoice_example_01": NO_QUANTITIES,
    # no OrderResponseCode, no date of the order, and words of its own as line status
    "UBL-OrderResponse-2.1-Example": {
        ("map.required.missing", "answer"),
        ("map.required.missing", "order_date"),
        ("map.code.unknown", "lines.answers.answer"),
    },
}


def map_for(root: Node) -> str | None:
    if root.local_name == "cXML":
        return next((name for child, name in CXML.items() if root.find("Request", child) is not None), None)
    return UBL.get(root.local_name)


@pytest.mark.skipif(not FILES, reason="the public corpus is not beside the repository")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_public_sample_maps_or_its_issues_are_explained(path: Path) -> None:
    read = read_xml([path.read_bytes()])
    assert read.issues == ()
    name = map_for(read.root)
    if name is None:
        return
    compiled = CATALOG.find(f"base/{name}.in")
    (document,) = read_documents(compiled, [path.read_bytes()])
    found = run(compiled, document.root, MapContext(agreement={"currency": "USD"}))
    told = {(issue.code, issue.rule.field) for issue in found.issues if issue.rule is not None}
    assert told == EXPLAINED.get(path.stem.partition("__")[2], set())
    assert len(found.documents) == (0 if told else 1)
    assert all(issue.position.line and issue.position.offset is not None for issue in found.issues)


@pytest.mark.skipif(not FILES, reason="the public corpus is not beside the repository")
def test_the_corpus_has_samples_of_the_maps() -> None:
    names = {map_for(read_xml([path.read_bytes()]).root) for path in FILES}
    assert names >= {"ubl-order", "ubl-response", "ubl-despatch", "ubl-invoice", "cxml-order", "cxml-despatch"}
