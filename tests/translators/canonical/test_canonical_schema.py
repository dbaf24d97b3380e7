"""JSON Schemas of the canonical documents: current in git, and only ever added to within a version."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from translators.canonical.registry import CANONICAL
from translators.canonical.schema import incompatible_changes, json_schema, schema_bytes, schema_file, write_schemas

PUBLISHED = Path(__file__).parents[3] / "docs" / "canonical"
ORDER = CANONICAL["purchase_order/v1"]


@pytest.mark.parametrize("name", sorted(CANONICAL))
def test_the_schema_in_git_is_the_models(name: str) -> None:
    model = CANONICAL[name]
    assert (PUBLISHED / schema_file(model)).read_bytes() == schema_bytes(model), (
        "run python -m translators.canonical.schema"
    )


def test_the_files_are_named_after_schema_and_version(tmp_path: Path) -> None:
    assert [path.name for path in write_schemas(tmp_path / "new")] == ["purchase_order.v1.schema.json"]


def test_a_decimal_is_a_string_in_the_schema() -> None:
    kinds = {held["type"] for held in json_schema(ORDER)["properties"]["total"]["anyOf"]}
    assert kinds == {"string", "null"}


def test_the_json_form_names_what_the_schema_requires() -> None:
    schema = json_schema(ORDER)
    assert schema["required"] == ["currency", "date", "lines", "number", "purpose", "schema"]
    assert schema["$defs"]["PurchaseOrderLine"]["required"] == ["qty", "unit"]
    assert schema["additionalProperties"] is False


def changed(change: Any) -> list[str]:
    old = json_schema(ORDER)
    new = copy.deepcopy(old)
    change(new)
    return incompatible_changes(old, json.loads(json.dumps(new)))


def test_the_same_schema_is_compatible_and_so_is_one_more_optional_field() -> None:
    assert changed(lambda new: None) == []
    assert changed(lambda new: new["properties"].update(colour={"type": "string"})) == []
    assert changed(lambda new: new["$defs"].update(Box={"type": "object", "properties": {}})) == []
    assert changed(lambda new: new["properties"]["number"].update(description="said better")) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda new: new["properties"].pop("number"), "document.number: the field is gone"),
        (lambda new: new["$defs"].pop("Party"), "Party: the part is gone"),
        (lambda new: new["required"].append("total"), "document.total: the field has become required"),
        (lambda new: new["required"].remove("currency"), "document.currency: the field is no longer always there"),
        (
            lambda new: new["properties"]["number"].update(type="integer"),
            "document.number: what it may hold has changed",
        ),
        (
            lambda new: new["$defs"]["Purpose"].update(enum=["original"]),
            "Purpose: enum has changed",
        ),
    ],
)
def test_anything_else_needs_a_new_version(change: Any, told: str) -> None:
    assert told in changed(change)
