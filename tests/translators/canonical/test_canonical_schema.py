"""JSON Schemas of the canonical documents: current in git, and only ever added to within a version."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from translators.canonical.registry import CANONICAL
from translators.canonical.schema import (
    IncompatibleSchemaError,
    incompatible_changes,
    json_schema,
    schema_bytes,
    schema_file,
    write_schemas,
)

PUBLISHED = Path(__file__).parents[3] / "docs" / "canonical"
ORDER = CANONICAL["purchase_order/v1"]


@pytest.mark.parametrize("name", sorted(CANONICAL))
def test_the_schema_in_git_is_the_models(name: str) -> None:
    model = CANONICAL[name]
    assert (PUBLISHED / schema_file(model)).read_bytes() == schema_bytes(model), (
        "run make golden and read the difference"
    )


def test_the_files_are_named_after_schema_and_version(tmp_path: Path) -> None:
    written = [path.name for path in write_schemas(tmp_path / "new")]
    assert len(written) == len(set(written)) == len(CANONICAL)
    assert "purchase_order.v1.schema.json" in written


def test_a_schema_that_breaks_its_published_one_is_not_written(tmp_path: Path) -> None:
    """The seeded break: the published order had a required field, and one of another shape, that the model has not."""
    (path,) = write_schemas(tmp_path, [ORDER])
    published = json.loads(path.read_bytes())
    published["properties"]["colour"] = {"type": "string"}
    published["$defs"]["Contact"]["properties"]["fax"] = {"type": "integer"}
    path.write_text(json.dumps(published))
    before = path.read_bytes()
    with pytest.raises(IncompatibleSchemaError) as told:
        write_schemas(tmp_path, [ORDER])
    assert str(told.value) == (
        "purchase_order.v1.schema.json: document.colour: the field is gone; purchase_order.v1.schema.json: "
        "Contact.fax: what it may hold has changed; want a new version of the schema"
    )
    assert path.read_bytes() == before


def test_an_earlier_schema_with_fewer_fields_is_written_over(tmp_path: Path) -> None:
    (path,) = write_schemas(tmp_path, [ORDER])
    published = json.loads(path.read_bytes())
    del published["properties"]["contract"]
    path.write_text(json.dumps(published))
    write_schemas(tmp_path, [ORDER])
    assert path.read_bytes() == schema_bytes(ORDER)


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
