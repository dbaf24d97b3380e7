"""UBL as OASIS published it: what we write and what our samples read is valid by the schemas of UBL 2.1."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from mappings.catalog import SHIPPED
from tests.interop.peers import required, ubl_schemas
from tests.interop.table import Passed
from translators.errors import Issue
from translators.xmldoc.reader import read_xml
from translators.xmldoc.schema import XMLSchema

pytestmark = pytest.mark.interop

VERSION = "2.1 (OASIS Standard)"
CORPUS = Path(os.environ.get("TRADELANE_CORPUS", Path(__file__).parents[3] / "shared" / "corpus")) / "xml"
PUBLIC = sorted(CORPUS.glob("*__*UBL-*.xml")) + sorted(CORPUS.glob("ph-ubl__*BII*.xml")) if CORPUS.is_dir() else []
SAMPLES = sorted((SHIPPED / "base").glob("ubl-*/samples/*.xml"))
READ = [path for path in SAMPLES if path.with_suffix(".expected.json").is_file()]
WRITTEN = [path for path in SAMPLES if path.name.endswith(".expected.xml")]


@cache
def schema(document: str) -> XMLSchema:
    """The published schema of a document, in the product's own validator."""
    folder = ubl_schemas()
    required(folder, "the schemas of UBL 2.1")
    assert folder is not None
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("*/*.xsd")}
    return XMLSchema(files, main=f"maindoc/UBL-{document}-2.1.xsd")


def faults(content: bytes) -> tuple[Issue, ...]:
    """What its schema does not allow of a document."""
    root = read_xml([content]).root
    return schema(root.local_name).check(content, root)


def told(found: tuple[Issue, ...]) -> list[str]:
    return [f"line {issue.position.line}: {issue.message}" for issue in found]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: f"{path.parents[1].name}-{path.name}")
def test_what_a_base_map_writes_is_valid(path: Path, passed: Passed) -> None:
    assert told(faults(path.read_bytes())) == []
    passed("UBL schemas", VERSION, "from us", "what base maps write is valid")


@pytest.mark.parametrize("path", READ, ids=lambda path: f"{path.parents[1].name}-{path.name}")
def test_what_a_base_map_is_shown_to_read_is_valid(path: Path, passed: Passed) -> None:
    assert told(faults(path.read_bytes())) == []
    passed("UBL schemas", VERSION, "to us", "what samples of base maps read is valid")


@pytest.mark.skipif(not PUBLIC, reason="the public corpus is not beside the repository")
@pytest.mark.parametrize("path", PUBLIC, ids=lambda path: path.stem)
def test_a_public_sample_is_valid(path: Path) -> None:
    assert told(faults(path.read_bytes())) == []


def test_a_document_out_of_sequence_or_without_a_party_is_told() -> None:
    content = (SHIPPED / "base/ubl-order.out/samples/plain.expected.xml").read_bytes()
    number = b"  <cbc:ID>4500012</cbc:ID>\n"
    (late,) = faults(content.replace(number, b"").replace(b"</Order>", number + b"</Order>"))
    assert (late.code, late.position.line) == ("xml.schema", 6)
    begin, end = content.index(b"  <cac:SellerSupplierParty>"), content.index(b"  <cac:Delivery>")
    (missing,) = faults(content[:begin] + content[end:])
    assert "Expected is ( SellerSupplierParty )" in missing.message


def test_there_are_samples_of_every_document() -> None:
    documents = {"ubl-order", "ubl-response", "ubl-despatch", "ubl-invoice"}
    assert {path.parents[1].name for path in WRITTEN} == {f"{name}.out" for name in documents}
    assert {path.parents[1].name for path in READ} == {f"{name}.in" for name in documents}
