"""Canonical documents survive our UBL, cXML and CSV and the way back: every base map pair, over generated values."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.catalog import SHIPPED, MapCatalog
from mappings.engine import MapContext, run
from mappings.files import read_documents
from translators.canonical.common import decimal_text
from translators.canonical.registry import model_named

CATALOG = MapCatalog.shipped()
FORMATS = {"xml", "csv", "json"}
PAIRS = sorted(
    name.removeprefix("base/").removesuffix(".out")
    for name in CATALOG.names()
    if name.startswith("base/") and (sides := CATALOG.sides(name)) is not None and sides.makes.word in FORMATS
)
AGREEMENT = {"currency": "USD", "domain": "beech.example"}

QUANTITIES = st.decimals(min_value="0.001", max_value="999999", places=3).map(decimal_text)
PRICES = st.decimals(min_value="0", max_value="99999.99", places=2).map(lambda value: decimal_text(Decimal(value)))
NAMES = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x2FF, exclude_categories=["Cc", "Zs", "Zl", "Zp", "Cf"]),
    min_size=1,
    max_size=20,
).filter(lambda text: text[0] not in "=+-@")
NUMBERS = st.from_regex(r"[A-Z0-9]{1,12}", fullmatch=True)


def there_and_back(name: str, document: dict[str, Any]) -> dict[str, Any]:
    """A canonical document as the file it becomes and is read from again has it; any issue on the way fails."""
    sent = model_named(document["schema"]).from_json_bytes(json.dumps(document).encode())
    out = run(CATALOG.find(f"base/{name}.out"), sent, MapContext(agreement=AGREEMENT))
    assert [issue.message for issue in out.issues] == []
    inbound = CATALOG.find(f"base/{name}.in")
    (read,) = read_documents(inbound, [out.documents[0].content])
    assert read.issues == ()
    back = run(inbound, read.root, MapContext(agreement=AGREEMENT))
    assert [issue.message for issue in back.issues] == []
    found: dict[str, Any] = json.loads(back.documents[0].to_json_bytes())
    return found


def canonical(document: dict[str, Any]) -> dict[str, Any]:
    """The canonical form of a document."""
    found: dict[str, Any] = json.loads(
        model_named(document["schema"]).from_json_bytes(json.dumps(document).encode()).to_json_bytes()
    )
    return found


def lost(before: Any, after: Any, path: str = "") -> list[str]:
    """What stood in a document and does not any more, or is other."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [gone for key, held in before.items() for gone in lost(held, after.get(key), f"{path}.{key}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [gone for at, (held, found) in pairs for gone in lost(held, found, f"{path}[{at}]")]
    return [] if before == after else [path]


@cache
def template(name: str) -> dict[str, Any]:
    """The pair's sample, with what the map states where a document does not (a list of codes, a kind of invoice)."""
    return there_and_back(name, json.loads((SHIPPED / f"base/{name}.out/samples/plain.document.json").read_bytes()))


@st.composite
def changed(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """The pair's sample with other numbers, quantities, prices and texts, and its lines between one and four."""
    document = copy.deepcopy(template(name))
    for key in ("number", "order_number", "shipment_id"):
        if key in document and "partner_data" not in document:
            document[key] = draw(NUMBERS)
    holders = [document] if "lines" in document else document["orders"]
    for holder in holders:
        key = "lines" if "lines" in holder else "items"
        one = holder[key][0]
        holder[key] = [{**copy.deepcopy(one), "number": str(at + 1)} for at in range(draw(st.integers(1, 4)))]
        for line in holder[key]:
            line["qty"] = draw(QUANTITIES)
            if "sku" in line:
                line["sku"] = draw(NUMBERS)
            if "price" in line:
                line["price"] = draw(PRICES)
            if "description" in line:
                line["description"] = draw(NAMES)
            for answer in line.get("answers", ()):
                answer["qty"] = line["qty"]
            if "order_number" in line:
                line["order_number"] = document["order_number"]
    return document


@pytest.mark.parametrize("name", PAIRS)
def test_nothing_a_sample_says_is_lost_on_the_way(name: str) -> None:
    document = json.loads((SHIPPED / f"base/{name}.out/samples/plain.document.json").read_bytes())
    assert lost(canonical(document), template(name)) == []


@pytest.mark.parametrize("name", PAIRS)
def test_a_document_survives_the_way_out_and_back(name: str) -> None:
    @settings(max_examples=15, deadline=None)
    @given(changed(name))
    def survives(document: dict[str, Any]) -> None:
        assert there_and_back(name, document) == canonical(document)

    survives()


def test_every_base_map_of_a_text_format_has_its_way_back() -> None:
    sides = {name: CATALOG.sides(name) for name in CATALOG.names() if name.startswith("base/")}
    read = {name for name, found in sides.items() if found is not None and found.reads.word in FORMATS}
    assert {name.removeprefix("base/").removesuffix(".in") for name in read} == set(PAIRS)
    assert len(PAIRS) == 11
