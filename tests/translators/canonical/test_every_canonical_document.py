"""Every canonical document: its JSON form, its schema, what it is the same as, and how it is found."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from tests.canonical_documents import Shape, random_document
from translators.canonical.common import Purpose
from translators.canonical.registry import CANONICAL
from translators.canonical.schema import Schema, json_schema

EXAMPLES = Path(__file__).parents[3] / "docs" / "canonical"
NAMES = sorted(CANONICAL)
FULL = Shape(density=1.0)
SPARSE = Shape(density=0.0)


def parts_of(model: type[BaseModel], found: set[type[BaseModel]] | None = None) -> set[type[BaseModel]]:
    """The models a document is made of, itself too."""
    found = set() if found is None else found
    if model not in found:
        found.add(model)
        for info in model.model_fields.values():
            for part in models_in(info.annotation):
                parts_of(part, found)
    return found


def models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in models_in(part)]


ALL_PARTS = sorted({part for model in CANONICAL.values() for part in parts_of(model)}, key=lambda part: part.__name__)


@pytest.mark.parametrize("name", NAMES)
def test_a_document_reads_back_from_its_json_form_unchanged(name: str) -> None:
    model = CANONICAL[name]
    for seed in range(20):
        for shape in (Shape(), FULL, SPARSE):
            document = random_document(model, seed, shape)
            again = model.from_json_bytes(document.to_json_bytes())
            assert again == document
            assert again.form() == document.form()


@pytest.mark.parametrize("name", NAMES)
def test_the_json_form_is_what_the_schema_says(name: str) -> None:
    schema = json_schema(CANONICAL[name])
    for seed in range(10):
        for shape in (Shape(), FULL, SPARSE):
            written = json.loads(random_document(CANONICAL[name], seed, shape).to_json_bytes())
            assert list(faults(written, schema, schema["$defs"], "")) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_the_schema_refuses_the_model_refuses(name: str) -> None:
    model, schema = CANONICAL[name], json_schema(CANONICAL[name])
    whole = json.loads(random_document(model, 1, FULL).to_json_bytes())
    for field in schema["required"]:
        if field not in ("purpose", "schema"):
            without = {key: value for key, value in whole.items() if key not in (field, "schema")}
            assert list(faults(without | {"schema": name}, schema, schema["$defs"], "")) == [f": no {field}"]
            with pytest.raises(ValidationError):
                model.model_validate_json(json.dumps(without))
    surprised = whole | {"surprise": "x"}
    assert list(faults(surprised, schema, schema["$defs"], "")) == [".surprise: not in the schema"]


@pytest.mark.parametrize("name", NAMES)
def test_the_worked_example_is_a_document_in_canonical_form(name: str) -> None:
    path = EXAMPLES / (name.replace("/", ".") + ".example.json")
    model, written = CANONICAL[name], json.loads(path.read_bytes())
    document = model.from_json_bytes(path.read_bytes())
    assert json.loads(document.to_json_bytes()) == written
    assert list(faults(written, json_schema(model), json_schema(model)["$defs"], "")) == []


@pytest.mark.parametrize("name", NAMES)
def test_identity_and_keys_are_texts_and_the_first_part_names_the_business_number(name: str) -> None:
    for seed in range(10):
        for shape in (Shape(), FULL, SPARSE):
            document = random_document(CANONICAL[name], seed, shape)
            assert document.identity
            assert all(isinstance(part, str) for part in document.identity)
            assert document.identity[0]
            keys = document.business_keys()
            assert len(keys) == len(set(keys))
            assert all(key.name and key.value for key in keys)
            assert document.identity[0] in [key.value for key in keys]


@pytest.mark.parametrize("name", NAMES)
def test_another_content_has_the_same_identity_and_another_hash(name: str) -> None:
    document = random_document(CANONICAL[name], 3, FULL)
    other = document.model_copy(update={"partner_data": {"changed": "yes"}})
    assert other.identity == document.identity
    assert other.content_hash() != document.content_hash()
    original = document.model_copy(update={"purpose": Purpose.ORIGINAL})
    again = document.model_copy(update={"purpose": Purpose.DUPLICATE})
    assert again.content_hash() == original.content_hash()


@pytest.mark.parametrize("part", ALL_PARTS, ids=lambda part: part.__name__)
def test_every_part_is_frozen_closed_described_and_without_floats(part: type[BaseModel]) -> None:
    assert part.model_config["frozen"]
    assert part.model_config["extra"] == "forbid"
    assert part.__doc__
    assert "float" not in str({name: info.annotation for name, info in part.model_fields.items()})


def test_kinds_blocks_and_schemas_are_each_their_own() -> None:
    for wanted in ("schema_name", "kind"):
        assert len({getattr(model, wanted) for model in CANONICAL.values()}) == len(CANONICAL) == 20
    for name, model in CANONICAL.items():
        assert name == f"{model.kind}/v1"
        assert model.header_block.isidentifier()
        assert model.header_block not in model.model_fields


def faults(value: Any, schema: Schema, parts: dict[str, Schema], where: str) -> list[str]:
    """What a JSON value has against a schema; of JSON Schema 2020-12 the words that our schemas use, no others."""
    unknown = schema.keys() - WORDS
    assert not unknown, f"a word this reader does not know: {unknown}"
    if "$ref" in schema:
        return faults(value, parts[schema["$ref"].removeprefix("#/$defs/")], parts, where)
    if "anyOf" in schema:
        ways = [faults(value, way, parts, where) for way in schema["anyOf"]]
        return min(ways, key=len)
    found = []
    if "const" in schema and value != schema["const"]:
        found.append(f"{where}: not {schema['const']}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where}: none of the list")
    if (kind := schema.get("type")) is not None and not isinstance(value, KINDS[kind]):
        return [*found, f"{where}: no {kind}"]
    if isinstance(value, str):
        found += _text_faults(value, schema, where)
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            found.append(f"{where}: too few")
        for place, item in enumerate(value):
            found += faults(item, schema["items"], parts, f"{where}[{place}]")
    if isinstance(value, dict):
        found += [f"{where}: no {name}" for name in schema.get("required", []) if name not in value]
        properties, others = schema.get("properties", {}), schema["additionalProperties"]
        for name, held in value.items():
            if name in properties:
                found += faults(held, properties[name], parts, f"{where}.{name}")
            elif others is False:
                found.append(f"{where}.{name}: not in the schema")
            else:
                found += faults(held, others, parts, f"{where}.{name}")
    return found


def _text_faults(value: str, schema: Schema, where: str) -> list[str]:
    found = []
    if len(value) < schema.get("minLength", 0):
        found.append(f"{where}: too short")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{where}: not like {schema['pattern']}")
    if "format" in schema:
        try:
            FORMATS[schema["format"]](value)
        except ValueError:
            found.append(f"{where}: no {schema['format']}")
    return found


WORDS = {
    *("$defs", "$ref", "$schema", "additionalProperties", "anyOf", "const", "default", "description", "enum", "format"),
    *("items", "minItems", "minLength", "pattern", "properties", "required", "title", "type"),
}
KINDS: dict[str, type] = {"string": str, "object": dict, "array": list, "null": type(None)}
FORMATS = {"date": date.fromisoformat, "time": time.fromisoformat, "date-time": datetime.fromisoformat}


def test_the_reader_of_schemas_used_here_finds_faults() -> None:
    schema = json_schema(CANONICAL["purchase_order/v1"])
    order = json.loads(random_document(CANONICAL["purchase_order/v1"], 1, SPARSE).to_json_bytes())

    def told(**changes: Any) -> list[str]:
        return faults(order | changes, schema, schema["$defs"], "")

    assert told() == []
    assert told(number=1) == [".number: no string"]
    assert told(number="") == [".number: too short"]
    assert told(lines=[]) == [".lines: too few"]
    assert told(lines=[{"qty": "1"}]) == [".lines[0]: no unit"]
    assert told(currency="usd") == [".currency: not like ^[A-Z]{3}$"]
    assert told(date="2026-02-30") == [".date: no date"]
    assert told(purpose="maybe") == [".purpose: none of the list"]
    assert told(schema="purchase_order/v2") == [".schema: not purchase_order/v1"]


def test_a_number_of_the_json_form_is_exact() -> None:
    invoice = random_document(CANONICAL["invoice/v1"], 5, FULL).model_copy(update={"total": Decimal("0.10")})
    assert json.loads(invoice.to_json_bytes())["total"] == "0.1"
